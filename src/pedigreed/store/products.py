"""Products as they were last seen, and what the watch remembers of them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import BigInteger, Row, bindparam, exists, func, insert, select, type_coerce, update

from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import ExposureUse, Holding, KnownProduct, Product
from pedigreed.store.statements import batches, insert_or_skip
from pedigreed.store.tables import coverage, parameter_sets, products

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from pedigreed.model.product import Parameter


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(dict[str, str | int | float | bool])


def canonical(parameters: Mapping[str, Parameter]) -> str:
    """One text for equal sets: JSON with sorted keys."""
    return _ENCODER.encode(dict(parameters)).decode()


@lru_cache(maxsize=4096)
def decoded(text: str) -> Mapping[str, Parameter]:
    """The set that a canonical text stands for. Equal texts share one."""
    return _DECODER.decode(text)


def ids_of(connection: Connection, texts: Iterable[str]) -> dict[str, int]:
    """Canonical text -> row id, adding the sets that are new."""
    wanted = sorted(set(texts))
    found: dict[str, int] = {}
    statement = insert_or_skip(connection, parameter_sets)
    for batch in batches(wanted, 500):
        rows = [{"parameters": text} for text in batch]
        connection.execute(statement, rows)
        chosen = select(parameter_sets.c.parameters, parameter_sets.c.id).where(
            parameter_sets.c.parameters.in_(batch)
        )
        found.update((text, key) for text, key in connection.execute(chosen))
    return found


_NAMES_A_STATEMENT = 500


def fingerprints(connection: Connection, instrument: Instrument, programs: Collection[int]) -> dict[bytes, str]:
    """Fingerprint -> file name of the products that are there, in one instrument and some programs."""
    found = connection.execute(
        select(products.c.fingerprint, products.c.filename).where(
            products.c.program.in_(programs),
            products.c.instrument == instrument.value,
            products.c.withdrawn_at.is_(None),
        )
    )
    # In pieces, so that the garbage collector has no rows to look through.
    return {fingerprint: filename for rows in found.partitions(500) for fingerprint, filename in rows}


def known_by_name(connection: Connection, filenames: Iterable[str]) -> dict[str, KnownProduct]:
    """File name -> what is known of it, for those that are known."""
    return {
        known.product.filename: known
        for names in batches(filenames, _NAMES_A_STATEMENT)
        for known in _known(connection, products.c.filename.in_(names))
    }


def there_by_name(connection: Connection, filenames: Iterable[str]) -> dict[str, Product]:
    """File name -> the product, for those that are there. What CRDS matches by is left out."""
    return {
        row.filename: _product_of(row)
        for names in batches(filenames, _NAMES_A_STATEMENT)
        for row in connection.execute(
            select(products).where(products.c.filename.in_(names), products.c.withdrawn_at.is_(None))
        )
    }


def started(connection: Connection, programs: Collection[int]) -> Iterator[Sequence[Any]]:
    """What of the products that are there tells which reference files they get, for some programs, in pieces.

    A row: file name, instrument, program, observation, level, CRDS_CTX, the observation's start in milliseconds
    since 1970 UTC, and the number of its set of header values, for `parameters_by_id`.
    """
    of = products.c
    query = select(
        of.filename,
        of.instrument,
        of.program,
        of.observation,
        of.level,
        of.crds_ctx,
        type_coerce(of.observation_start, BigInteger),
        of.parameters_id,
    ).where(of.program.in_(programs), of.withdrawn_at.is_(None))
    # In pieces, so that the garbage collector has no rows to look through.
    return connection.execute(query).partitions(250)


def parameters_by_id(connection: Connection, keys: Collection[int]) -> dict[int, Mapping[str, Parameter]]:
    """The sets of header values by the number of their row."""
    chosen = parameter_sets.c
    return {
        key: _DECODER.decode(text)
        for some in batches(sorted(keys), 500)
        for key, text in connection.execute(select(chosen.id, chosen.parameters).where(chosen.id.in_(some)))
    }


def instruments(connection: Connection, programs: Collection[int]) -> frozenset[Instrument]:
    """The instruments that some programs have or had products of."""
    query = select(products.c.instrument).where(products.c.program.in_(programs)).distinct()
    return frozenset(map(Instrument, connection.execute(query).scalars()))


def missed(connection: Connection, programs: Collection[int]) -> Iterator[KnownProduct]:
    """The products that are missing from sweeps and are not withdrawn yet."""
    return _known(
        connection,
        products.c.program.in_(programs),
        products.c.missed_since.is_not(None),
        products.c.withdrawn_at.is_(None),
    )


def marked_stale(connection: Connection, instrument: Instrument, programs: Collection[int]) -> set[str]:
    """The file names of products that are there and marked as stale, in one instrument and some programs."""
    query = select(products.c.filename).where(
        products.c.program.in_(programs),
        products.c.instrument == instrument.value,
        products.c.is_stale.is_(True),
        products.c.missed_since.is_(None),
        products.c.withdrawn_at.is_(None),
    )
    return set(connection.execute(query).scalars())


def released(
    connection: Connection, programs: Collection[int], now: datetime, *, for_update: bool = False
) -> list[KnownProduct]:
    """The products that are there and were exclusive, and whose release has passed at `now` (UTC).

    With `for_update`, no other transaction finds them until this one ends.
    """
    return list(
        _known(
            connection,
            products.c.program.in_(programs),
            products.c.is_restricted.is_(True),
            products.c.public_at <= now,
            products.c.missed_since.is_(None),
            products.c.withdrawn_at.is_(None),
            for_update=for_update,
        )
    )


def found_again(connection: Connection, filenames: AbstractSet[str]) -> None:
    """Forget that these products were missed."""
    for names in batches(filenames, _NAMES_A_STATEMENT):
        connection.execute(
            update(products).where(products.c.filename.in_(names)).values(missed=0, missed_since=None)
        )


def counts(
    connection: Connection, programs: Collection[int], instrument: Instrument | None = None
) -> dict[int, int]:
    """Program -> how many products are there, in one instrument or in all."""
    query = (
        select(products.c.program, func.count())
        .where(products.c.program.in_(programs), products.c.withdrawn_at.is_(None))
        .group_by(products.c.program)
    )
    if instrument is not None:
        query = query.where(products.c.instrument == instrument.value)
    return dict(connection.execute(query).all())


def with_data(connection: Connection, programs: Collection[int], instrument: Instrument | None = None) -> set[int]:
    """Those of some programs that ever had a product, in one instrument or in any."""
    has_product = exists().where(products.c.program == coverage.c.program)
    if instrument is not None:
        has_product = has_product.where(products.c.instrument == instrument.value)
    query = select(coverage.c.program).where(coverage.c.program.in_(programs), has_product).distinct()
    return set(connection.execute(query).scalars())


def holdings(connection: Connection, programs: Collection[int]) -> list[Holding]:
    """The products of some programs that are there, counted by what a subscription selects and by pedigree."""
    by = (
        products.c.instrument,
        products.c.program,
        products.c.observation,
        products.c.level,
        products.c.cal_ver,
        products.c.crds_ctx,
    )
    query = (
        select(*by, func.count(), func.min(products.c.date), func.max(products.c.date))
        .where(products.c.program.in_(programs), products.c.withdrawn_at.is_(None))
        .group_by(*by)
    )
    return [
        Holding(Instrument(instrument), program, observation, level, *rest)
        for instrument, program, observation, level, *rest in connection.execute(query)
    ]


def exposure_uses(connection: Connection, programs: Collection[int]) -> set[ExposureUse]:
    """The kinds of exposure that products of some programs are made of."""
    of = products.c
    query = (
        select(of.instrument, of.program, of.observation, of.level, parameter_sets.c.parameters)
        .join(parameter_sets, parameter_sets.c.id == of.parameters_id)
        .where(of.program.in_(programs), of.withdrawn_at.is_(None))
        .distinct()
    )
    found = set()
    for row in connection.execute(query):
        exp_type = decoded(row.parameters).get("exp_type")
        found.add(
            ExposureUse(
                Instrument(row.instrument),
                row.program,
                row.observation,
                row.level,
                None if exp_type is None else str(exp_type),
            )
        )
    return found


def keep(connection: Connection, known: Iterable[KnownProduct], already: AbstractSet[str]) -> None:
    """Keep the state of products.

    Args:
        connection: a writing transaction.
        known: the states.
        already: the file names that the store has. The others are added.
    """
    for batch in batches(known):
        texts = [canonical(state.product.parameters) for state in batch]
        ids = ids_of(connection, texts)
        added: list[dict[str, Any]] = []
        moved: list[dict[str, Any]] = []
        for state, text in zip(batch, texts, strict=True):
            row = _row_of(state, ids[text])
            if state.product.filename in already:
                moved.append({"the_filename": row.pop("filename"), **row})
            else:
                added.append(row)
        if added:
            connection.execute(insert(products), added)
        if moved:
            connection.execute(update(products).where(products.c.filename == bindparam("the_filename")), moved)


def _known(
    connection: Connection, *conditions: ColumnElement[bool], for_update: bool = False
) -> Iterator[KnownProduct]:
    query = (
        select(products, parameter_sets.c.parameters)
        .join(parameter_sets, parameter_sets.c.id == products.c.parameters_id)
        .where(*conditions)
        .order_by(products.c.filename)
    )
    if for_update:
        query = query.with_for_update(of=products)
    for row in connection.execute(query):
        yield _known_of(row)


def _known_of(row: Row[Any]) -> KnownProduct:
    product = replace(_product_of(row), parameters=decoded(row.parameters))
    return KnownProduct(
        product, row.revision, row.missed, row.missed_since, row.withdrawn_at, is_exclusive=bool(row.is_restricted)
    )


def _product_of(row: Row[Any]) -> Product:
    return Product(
        filename=row.filename,
        instrument=Instrument(row.instrument),
        program=row.program,
        observation=row.observation,
        level=row.level,
        fileset=row.fileset,
        pedigree=Pedigree(row.cal_ver, row.crds_ctx, row.date),
        is_stale=row.is_stale,
        public_at=row.public_at,
        archived_at=row.archived_at,
        observation_start=row.observation_start,
        size=row.size,
        checksum=row.checksum,
        fingerprint=row.fingerprint,
    )


def _row_of(state: KnownProduct, parameters_id: int) -> dict[str, Any]:
    product = state.product
    return {
        "filename": product.filename,
        "instrument": product.instrument.value,
        "program": product.program,
        "observation": product.observation,
        "level": product.level,
        "fileset": product.fileset,
        "cal_ver": product.pedigree.cal_ver,
        "crds_ctx": product.pedigree.crds_ctx,
        "date": product.pedigree.date,
        "is_stale": product.is_stale,
        "is_restricted": state.is_exclusive,
        "public_at": product.public_at,
        "archived_at": product.archived_at,
        "observation_start": product.observation_start,
        "size": product.size,
        "checksum": product.checksum,
        "fingerprint": product.fingerprint,
        "parameters_id": parameters_id,
        "revision": state.revision,
        "missed": state.missed,
        "missed_since": state.missed_since,
        "withdrawn_at": state.withdrawn_at,
    }
