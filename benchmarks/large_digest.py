"""A digest of 200,000 changes, and five subscriptions to one program of which 20,000 products changed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from benchmarks.figures import LargeDigest, Telling
from benchmarks.measuring import hand_back, without_log_lines
from pedigreed.changes.compare import change_of
from pedigreed.config.load import load_config
from pedigreed.model.change import ChangeKind
from pedigreed.model.coverage import Coverage
from pedigreed.model.delivery import Sent
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct, Product
from pedigreed.model.work import Run, Work
from pedigreed.service.cycle import tell
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import products as stored_products
from pedigreed.store import runs as stored_runs
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.config.settings import Config
    from pedigreed.model.delivery import Message

_MANY, _FEWER, _SUBSCRIPTIONS = 200_000, 20_000, 5
_TURNS = 3
_PROGRAM, _INSTRUMENT = 1180, Instrument.NIRCAM
_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


class _Taking:
    """A channel that takes everything."""

    async def send(self, message: Message) -> Sent:  # noqa: ARG002  # it keeps nothing
        return Sent()

    async def close(self) -> None:
        """Nothing is open."""


def main() -> None:
    without_log_lines()
    folder, *one_telling = sys.argv[1:]
    if one_telling:
        step, changes, subscriptions = one_telling
        config = _config(Path(folder), int(changes), int(subscriptions))
        if step == "fill":
            _fill(config, int(changes))
        else:
            hand_back(_told(config, int(subscriptions)))
        return
    many = _telling(folder, _MANY, 1)
    by_turns = [(_telling(folder, _FEWER, 1), _telling(folder, _FEWER, _SUBSCRIPTIONS)) for _ in range(_TURNS)]
    one, several = (
        sorted(tellings, key=attrgetter("seconds"))[_TURNS // 2] for tellings in zip(*by_turns, strict=True)
    )
    hand_back(LargeDigest(_MANY, many, _FEWER, one, _SUBSCRIPTIONS, several))


def _telling(place: str, changes: int, subscriptions: int) -> Telling:
    """Each step in a process of its own, so that none has the other's memory."""
    folder = tempfile.mkdtemp(dir=place)
    command = [sys.executable, "-m", "benchmarks.large_digest", folder]
    arguments = [str(changes), str(subscriptions)]
    subprocess.run([*command, "fill", *arguments], check=True)
    done = subprocess.run([*command, "tell", *arguments], check=True, stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Telling)


def _config(folder: Path, changes: int, subscriptions: int) -> Config:
    place = folder.resolve() / f"digest-{changes}-{subscriptions}"
    file = place.with_suffix(".yaml")
    lines = [
        f"store: sqlite:///{place}.db",
        "sources: {crds: {url: none}}",
        "channels: {keep: {folder: {path: /nowhere}}}",
        "subscriptions:",
        *(
            f"  - {{name: team-{number}, watch: {{programs: [{_PROGRAM}], instruments: [nircam]}}, "
            "deliver: [{channel: keep}]}"
            for number in range(subscriptions)
        ),
    ]
    file.write_text("\n".join(lines) + "\n")
    return load_config(file, {}).config


def _fill(config: Config, changes: int) -> None:
    with Store(config.store.reveal()) as store:
        with store.writing() as connection:
            stored_products.keep(connection, map(KnownProduct, _products(changes)), {})
        _ask(store, _NOON)
        tell(config, "pedigreed.yaml", store, {"keep": _Taking()}, now=_NOON)
        with store.writing() as connection:
            news = (
                change_of(ChangeKind.REPROCESSED, _remade(each), 1, each.pedigree, _NOON + _DAY)
                for each in _products(changes)
            )
            stored_changes.record(connection, news)
            known = (KnownProduct(_remade(each), 1) for each in _products(changes))
            before = {each.filename: KnownProduct(each) for each in _products(changes)}
            stored_products.keep(connection, known, before)
        _ask(store, _NOON + _DAY)


def _told(config: Config, subscriptions: int) -> Telling:
    with Store(config.store.reveal()) as store:
        before = getrusage(RUSAGE_SELF).ru_maxrss * 1024
        began = time.process_time()
        told = tell(config, "pedigreed.yaml", store, {"keep": _Taking()}, now=_NOON + _DAY)
        seconds = time.process_time() - began
    assert len(told.deliveries) == subscriptions
    return Telling(seconds, before, getrusage(RUSAGE_SELF).ru_maxrss * 1024)


def _products(count: int) -> Iterator[Product]:
    for number in range(count):
        observation, exposure = number // 5_000 + 1, number % 5_000
        fileset = f"jw{_PROGRAM:05d}{observation:03d}001_02101_{exposure:05d}"
        name = f"{fileset}_nrcb{number % 4 + 1}_cal.fits"
        yield Product(
            filename=name,
            instrument=_INSTRUMENT,
            program=_PROGRAM,
            observation=observation,
            level="2b",
            fileset=fileset,
            pedigree=Pedigree("1.20.2", "jwst_1464.pmap", _NOON - 90 * _DAY + number * _SECOND),
            is_stale=False,
            archived_at=_NOON - 89 * _DAY + number * _SECOND,
            fingerprint=number.to_bytes(8, "big"),
        )


def _remade(product: Product) -> Product:
    assert product.pedigree.date is not None
    later = product.pedigree.date + 90 * _DAY
    return replace(product, pedigree=Pedigree("2.0.1", "jwst_1535.pmap", later), archived_at=later)


def _ask(store: Store, now: datetime) -> None:
    """An asking that was answered completely."""
    with store.writing() as connection:
        number = stored_runs.begin(connection, Work.ASK, now)
        assert number is not None
        stored_coverage.save(connection, Coverage(_INSTRUMENT, _PROGRAM, _NOON, now, now, now, None))
        stored_runs.end(connection, Run(number, Work.ASK, now, now))


if __name__ == "__main__":
    main()
