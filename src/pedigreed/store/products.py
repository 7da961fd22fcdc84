"""Products as they were last seen, and what the watch remembers of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    any_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    type_coerce,
    update,
)

from pedigreed.model.instant import from_milliseconds, to_milliseconds
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import WITHOUT_START, ExposureUse, KnownProduct, Product
from pedigreed.store import holdings as stored_holdings
from pedigreed.store.database import Direct, batches, insert_or_skip, own_rows
from pedigreed.store.tables import Instant, coverage, parameter_sets, products

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


_SETS_A_STATEMENT = 500
_THERE = (products.c.missed_since.is_(None), products.c.withdrawn_at.is_(None))
_MICROSECONDS = 1_000


def fingerprints(
    connection: Connection,
    instrument: Instrument,
    programs: Collection[int],
    archived_since: datetime | None = None,
) -> dict[bytes, str]:
    """Fingerprint -> file name of the products that are there, in one instrument and some programs.

    With `archived_since` (UTC), of those alone that were taken in then or later.
    """
    query = select(products.c.fingerprint, products.c.filename).where(
        products.c.program.in_(programs),
        products.c.instrument == instrument.value,
        products.c.withdrawn_at.is_(None),
    )
    if archived_since is not None:
        query = query.where(products.c.archived_at >= archived_since)
    found: dict[bytes, str] = {}
    for rows in own_rows(connection, query):
        found.update(rows)
    return found


def known_by_name(connection: Connection, filenames: Iterable[str]) -> dict[str, KnownProduct]:
    """File name -> what is known of it, for those that are known."""
    return {
        known.product.filename: known
        for names in batches(filenames)
        for known in _known(connection, _named(connection, names))
    }


def _named(connection: Connection, filenames: list[str]) -> ColumnElement[bool]:
    """Whether a product has one of some names. They are one value: to bind each takes longer than to find it."""
    column = products.c.filename
    if connection.dialect.name == "sqlite":
        listed = func.json_each(msgspec.json.encode(filenames).decode()).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(filenames, ARRAY(Text)))


def there_by_name(connection: Connection, filenames: Iterable[str]) -> dict[str, Product]:
    """File name -> the product, for those that are there. What CRDS matches by is left out."""
    return {
        row[0]: _product_of(row, {})
        for names in batches(filenames)
        for rows in own_rows(
            connection,
            select(*_AS_KEPT).where(_named(connection, names), products.c.withdrawn_at.is_(None)),
        )
        for row in rows
    }


def archived(
    connection: Connection, filenames: Iterable[str]
) -> Iterator[tuple[str, Instrument, int, datetime | None]]:
    """File name, instrument, program and end of ingest (UTC) of those products that are there."""
    of = products.c
    for names in batches(filenames):
        query = select(of.filename, of.instrument, of.program, of.archived_at)
        for row in connection.execute(query.where(_named(connection, names), of.withdrawn_at.is_(None))):
            yield row.filename, Instrument(row.instrument), row.program, row.archived_at


def withdrawn(connection: Connection, filenames: Iterable[str]) -> set[str]:
    """Those of some file names that the archive had, and lists no more."""
    of = products.c
    return {
        filename
        for names in batches(filenames)
        for filename in connection.execute(
            select(of.filename).where(_named(connection, names), of.withdrawn_at.is_not(None))
        ).scalars()
    }


def started(
    connection: Connection, program: int, *, with_contexts: bool = False
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """What of a program's products that are there tells which reference files they get, in pieces.

    A row: instrument, observation, level, the number of its set of header values for `parameters_by_id`,
    CRDS_CTX (None unless it is wanted), file name, and the observation's start in microseconds since 1970 UTC, or
    `WITHOUT_START`.
    """
    of = products.c
    query = select(
        of.instrument,
        of.observation,
        of.level,
        of.parameters_id,
        of.crds_ctx if with_contexts else null(),
        of.filename,
        func.coalesce(type_coerce(of.observation_start, BigInteger) * _MICROSECONDS, WITHOUT_START),
    ).where(of.program == program, of.withdrawn_at.is_(None))
    # A million objects of another kind take longer than all else.
    return own_rows(connection, query)


def parameters_by_id(connection: Connection, keys: Collection[int]) -> dict[int, Mapping[str, Parameter]]:
    """The sets of header values by the number of their row."""
    chosen = parameter_sets.c
    return {
        key: decoded(text)
        for some in batches(sorted(keys), 500)
        for key, text in connection.execute(select(chosen.id, chosen.parameters).where(chosen.id.in_(some)))
    }


def of_file_sets(
    connection: Connection, instrument: Instrument, programs: Collection[int], names: Collection[str]
) -> list[KnownProduct]:
    """The products of some file sets that are there, in one instrument and some programs."""
    return [
        known
        for some in batches(sorted(names), _SETS_A_STATEMENT)
        for known in _known(
            connection,
            products.c.program.in_(programs),
            products.c.instrument == instrument.value,
            products.c.fileset.in_(some),
            *_THERE,
        )
    ]


def keywords_by_file_set(
    connection: Connection, instrument: Instrument, programs: Collection[int]
) -> dict[tuple[int, str], set[tuple[str | None, str | None]]]:
    """Program and file set -> CAL_VER and CRDS_CTX of its products that are there, in one instrument."""
    of = products.c
    query = (
        select(of.program, of.fileset, of.cal_ver, of.crds_ctx)
        .where(of.program.in_(programs), of.instrument == instrument.value, *_THERE)
        .distinct()
    )
    found: dict[tuple[int, str], set[tuple[str | None, str | None]]] = {}
    for program, fileset, cal_ver, crds_ctx in connection.execute(query):
        found.setdefault((program, fileset), set()).add((cal_ver, crds_ctx))
    return found


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
    for names in batches(filenames):
        connection.execute(update(products).where(_named(connection, names)).values(missed=0, missed_since=None))


def counts(
    connection: Connection, programs: Collection[int], instrument: Instrument | None = None
) -> dict[int, int]:
    """Program -> how many products are there, in one instrument or in all; absent where none is."""
    found: Counter[int] = Counter()
    for held in stored_holdings.load(connection, programs):
        if instrument in {None, held.instrument}:
            found[held.program] += held.products
    return dict(found)


def with_data(connection: Connection, programs: Collection[int], instrument: Instrument | None = None) -> set[int]:
    """Those of some programs that ever had a product, in one instrument or in any."""
    has_product = exists().where(products.c.program == coverage.c.program)
    if instrument is not None:
        has_product = has_product.where(products.c.instrument == instrument.value)
    query = select(coverage.c.program).where(coverage.c.program.in_(programs), has_product).distinct()
    return set(connection.execute(query).scalars())


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


def keep(connection: Connection, known: Iterable[KnownProduct], before: Mapping[str, KnownProduct]) -> None:
    """Keep the state of products, and how many there are of each kind.

    Args:
        connection: a writing transaction.
        known: the states.
        before: file name -> what the store has of it. What it has not is added.
    """
    counting = stored_holdings.Counting()
    for batch in batches(known):
        texts = _canonical_of(batch)
        ids = ids_of(connection, texts)
        rows: defaultdict[Direct, list[tuple[Any, ...]]] = defaultdict(list)
        for state, text in zip(batch, texts, strict=True):
            was = before.get(state.product.filename)
            statement = _ADD if was is None else _REMAKE if _has_place_of(state, was) else _MOVE
            rows[statement].append(_row_of(state, ids[text]))
            counting.take(state, was)
        for statement, its in rows.items():
            statement.run(connection, its)
    counting.keep(connection)


def _has_place_of(state: KnownProduct, was: KnownProduct) -> bool:
    """Whether it is found by `_PLACE` where it was."""
    product, before = state.product, was.product
    return (
        product.program == before.program
        and product.instrument is before.instrument
        and state.is_exclusive is was.is_exclusive
        and state.missed_since == was.missed_since
    )


def _canonical_of(known: Sequence[KnownProduct]) -> list[str]:
    """The canonical text of each one's parameters. Many share one mapping."""
    found: dict[int, str] = {}
    for state in known:
        parameters = state.product.parameters
        if id(parameters) not in found:
            found[id(parameters)] = canonical(parameters)
    return [found[id(state.product.parameters)] for state in known]


_COLUMNS = tuple(column.name for column in products.columns if column is not products.c.id)
_PLACE = frozenset(("program", "instrument", "is_restricted", "missed_since"))
"""What indexes go by. SQLite writes an index anew where one of its columns is named, be its value the same."""


def _update(*but: str) -> Direct:
    """All columns but some, of the product that has the file name."""
    return Direct(
        [f"new_{name}" for name in _COLUMNS],
        lambda _: (
            update(products)
            .where(products.c.filename == bindparam("new_filename"))
            .values({name: bindparam(f"new_{name}") for name in _COLUMNS if name not in but})
        ),
    )


_ADD = Direct(_COLUMNS, lambda _: insert(products))
_MOVE = _update("filename")
_REMAKE = _update("filename", *_PLACE)


_AS_KEPT = tuple(
    type_coerce(column, BigInteger).label(column.name) if isinstance(column.type, Instant) else column
    for column in products.columns
    if column.name not in {"id", "parameters_id"}
)
"""The columns without conversion: an instant is its milliseconds."""


def _known(
    connection: Connection, *conditions: ColumnElement[bool], for_update: bool = False
) -> Iterator[KnownProduct]:
    query = select(*_AS_KEPT, products.c.parameters_id).where(*conditions).order_by(products.c.filename)
    if for_update:
        query = query.with_for_update(of=products)
    # Few, which a join would bring anew with each product.
    parameters: dict[int, Mapping[str, Parameter]] = {}
    for rows in own_rows(connection, query):
        if new := {row[-1] for row in rows} - parameters.keys():
            parameters |= parameters_by_id(connection, new)
        for row in rows:
            is_exclusive, (revision, missed, missed_since, withdrawn_at, parameters_id) = row[10], row[17:]
            yield KnownProduct(
                _product_of(row, parameters[parameters_id]),
                revision,
                missed,
                _instant(missed_since),
                _instant(withdrawn_at),
                is_exclusive=bool(is_exclusive),
            )


def _product_of(row: Sequence[Any], parameters: Mapping[str, Parameter]) -> Product:
    """Of a row's values as `_AS_KEPT` has them; what comes after the fingerprint is passed over."""
    is_stale, date, public_at, archived_at, observation_start = row[9], row[8], row[11], row[12], row[13]
    return Product(
        row[0],
        _INSTRUMENTS[row[1]],
        row[2],
        row[3],
        row[4],
        row[5],
        Pedigree(row[6], row[7], None if date is None else from_milliseconds(date)),
        None if is_stale is None else bool(is_stale),
        _instant(public_at),
        None if archived_at is None else from_milliseconds(archived_at),
        _instant(observation_start),
        row[14],
        row[15],
        row[16],
        parameters=parameters,
    )


_INSTRUMENTS = {instrument.value: instrument for instrument in Instrument}


@lru_cache(maxsize=4096)
def _instant(milliseconds: int | None) -> datetime | None:
    """An instant that many products share."""
    return None if milliseconds is None else from_milliseconds(milliseconds)


def _milliseconds(instant: datetime | None) -> int | None:
    return None if instant is None else to_milliseconds(instant)


def _row_of(state: KnownProduct, parameters_id: int) -> tuple[Any, ...]:
    """In the order of the table's columns, as the database keeps them."""
    product = state.product
    pedigree = product.pedigree
    return (
        product.filename,
        str(product.instrument),
        product.program,
        product.observation,
        product.level,
        product.fileset,
        pedigree.cal_ver,
        pedigree.crds_ctx,
        _milliseconds(pedigree.date),
        product.is_stale,
        state.is_exclusive,
        _milliseconds(product.public_at),
        _milliseconds(product.archived_at),
        _milliseconds(product.observation_start),
        product.size,
        product.checksum,
        product.fingerprint,
        parameters_id,
        state.revision,
        state.missed,
        _milliseconds(state.missed_since),
        _milliseconds(state.withdrawn_at),
    )
