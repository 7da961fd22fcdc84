"""5,000 subscriptions to 2,000 programs: `status`, a quiet day, a day on which all are told, the configuration."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from msgspec.structs import replace
from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.figures import Cost, Institute
from benchmarks.measuring import hand_back, without_log_lines
from pedigreed.config.load import load_config
from pedigreed.config.secret import PRIVATE_KEYS
from pedigreed.config.settings import Config
from pedigreed.config.yaml_node import plain
from pedigreed.config.yaml_reader import read_yaml
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.coverage import Coverage
from pedigreed.model.delivery import Sent
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct, Product
from pedigreed.model.work import Run, Work
from pedigreed.service.cycle import tell
from pedigreed.service.status import read_status
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import products as stored_products
from pedigreed.store import runs as stored_runs
from pedigreed.store.database import Store
from pedigreed.web.pages import status_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.model.delivery import Message

SUBSCRIPTIONS, PROGRAMS = 5_000, range(1001, 3001)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_DAY = timedelta(days=1)
_OLD = Pedigree("1.20.2", "jwst_1464.pmap", NOON - 90 * _DAY)
_NEW = Pedigree("2.0.1", "jwst_1535.pmap", NOON + _DAY)
_INSTRUMENTS = (Instrument.NIRCAM, Instrument.MIRI)


class Taking:
    """A channel that takes everything, and notes when it took the first."""

    def __init__(self) -> None:
        self.first = 0.0

    async def send(self, message: Message) -> Sent:  # noqa: ARG002  # it keeps nothing
        self.first = self.first or time.process_time()
        return Sent()

    async def close(self) -> None:
        """Nothing is open."""


def main() -> None:
    folder = Path(sys.argv[1]) / "institute"
    folder.mkdir()
    without_log_lines()
    file = folder / "pedigreed.yaml"
    store_url = f"sqlite:///{folder.resolve()}/pedigreed.db"
    file.write_text(configuration(store_url, "keep: {folder: {path: /nowhere}}", "deliver: [{channel: keep}]"))
    with _measured() as reading:
        config = load_config(file, {}).config
    libraries = _of_the_libraries(file.read_text())
    channel = Taking()
    with Store(config.store.reveal()) as store:
        fill(store)
        tell(config, file.name, store, {"keep": channel}, now=NOON)
        asked(store, NOON + _DAY)
        with _measured() as quiet:
            told = tell(config, file.name, store, {"keep": channel}, now=NOON + _DAY)
        assert len(told.closed) == SUBSCRIPTIONS
        assert not told.deliveries
        with _measured() as status, store.reading() as connection:
            assert len(read_status(connection, config, NOON + _DAY).subscriptions) == SUBSCRIPTIONS
        with _measured() as page, store.reading() as connection:
            status_page(connection, config, store.size(), NOON + _DAY)
        remake(store)
        asked(store, NOON + 2 * _DAY)
        channel.first = 0.0
        began = time.process_time()
        with _measured() as digests:
            told = tell(config, file.name, store, {"keep": channel}, now=NOON + 2 * _DAY)
        assert len(told.deliveries) == SUBSCRIPTIONS
    hand_back(
        Institute(
            SUBSCRIPTIONS,
            len(PROGRAMS),
            reading,
            libraries,
            status,
            page,
            quiet,
            digests,
            channel.first - began,
        )
    )


def _of_the_libraries(text: str) -> Cost:
    """What libyaml takes for the events of a configuration, and pydantic for its values."""
    root, _ = read_yaml(text, "", PRIVATE_KEYS)
    assert root is not None
    values = plain(root)
    with _measured() as libraries:
        for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
            pass
        Config.model_validate(values, context={"environ": {}})
    return libraries


def configuration(store_url: str, channel: str, each: str, sources: str = "crds: {url: none}") -> str:
    """All subscriptions, with one channel. `each` is how they deliver, and may have the NAME of each in it."""
    lines = [f"store: {store_url}", f"sources: {{{sources}}}", f"channels: {{{channel}}}", "subscriptions:"]
    for number in range(SUBSCRIPTIONS):
        programs = sorted({PROGRAMS[number % len(PROGRAMS)], PROGRAMS[number * 7 % len(PROGRAMS)]})
        name = f"team-{number}"
        lines.append(
            f"  - {{name: {name}, watch: {{programs: {programs}, instruments: [nircam, miri]}}, "
            f"{each.replace('NAME', name)}}}"
        )
    return "\n".join(lines) + "\n"


@contextmanager
def _measured() -> Iterator[Cost]:
    """What is done within: seconds of the processor, and statements."""
    cost = Cost()

    def count(*_: object) -> None:
        cost.statements += 1

    event.listen(Engine, "before_cursor_execute", count)
    began = time.process_time()
    try:
        yield cost
    finally:
        cost.seconds = time.process_time() - began
        event.remove(Engine, "before_cursor_execute", count)


def fill(store: Store) -> None:
    """The products of all programs, asked for at NOON."""
    with store.writing() as connection:
        stored_products.keep(connection, map(KnownProduct, _products()), {})
    asked(store, NOON)


def _products() -> Iterator[Product]:
    for program in PROGRAMS:
        for instrument in _INSTRUMENTS:
            for number in range(4):
                name = f"jw{program:05d}001001_02101_{number:05d}_{instrument.value}_cal.fits"
                yield Product(
                    filename=name,
                    instrument=instrument,
                    program=program,
                    observation=1,
                    level="2b",
                    fileset=name.removesuffix(".fits"),
                    pedigree=_OLD,
                    is_stale=False,
                    public_at=None,
                    archived_at=_OLD.date,
                    fingerprint=name.encode(),
                )


def asked(store: Store, now: datetime) -> None:
    """An asking that was answered completely."""
    with store.writing() as connection:
        number = stored_runs.begin(connection, Work.ASK, now)
        assert number is not None
        for program in PROGRAMS:
            for instrument in _INSTRUMENTS:
                stored_coverage.save(connection, Coverage(instrument, program, NOON, now, now, now, None))
        stored_runs.end(connection, Run(number, Work.ASK, now, now))


def remake(store: Store) -> None:
    """Half of the products of each program are made anew."""
    moved = [replace(each, pedigree=_NEW) for number, each in enumerate(_products()) if number % 2]
    with store.writing() as connection:
        stored_changes.record(connection, map(_change, moved))
        before = {each.filename: KnownProduct(each) for each in _products()}
        stored_products.keep(connection, (KnownProduct(each, 1) for each in moved), before)


def _change(product: Product) -> Change:
    return Change(
        ChangeKind.REPROCESSED,
        product.filename,
        product.instrument,
        product.program,
        product.observation,
        product.level,
        product.fileset,
        1,
        _OLD,
        _NEW,
        NOON + 2 * _DAY,
        _NEW.date,
        None,
    )


if __name__ == "__main__":
    main()
