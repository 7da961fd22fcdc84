"""Many subscriptions take no more statements than a few, and the first is told before the last is composed."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from pedigreed.delivery.folder import FolderChannel
from pedigreed.digests.compose import compose
from pedigreed.service import periods
from pedigreed.service.cycle import tell
from pedigreed.service.status import read_status
from pedigreed.web.metrics import figures
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.config.settings import Config
    from pedigreed.model.delivery import Message, Outcome

DAY = timedelta(days=1)
MANY = 40

pytestmark = pytest.mark.long


def day(number: float) -> datetime:
    return DAY_0 + number * DAY


@contextmanager
def noted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("PRAGMA"):
            statements.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def watching(watcher: Watcher, count: int) -> Config:
    return watcher.configured(*({"programs": [1180 + number % 3]} for number in range(count)))


@pytest.fixture
def asked(watcher: Watcher) -> Watcher:
    for program in (1180, 1181, 1182):
        watcher.holdings.add(program, 4)
    watcher.cycle(day(0), watching(watcher, MANY))
    return watcher


def test_status_and_figures_of_many_take_as_many_statements_as_those_of_one(asked: Watcher) -> None:
    counts = []
    for config in (watching(asked, 1), watching(asked, MANY)):
        with noted() as statements, asked.store.reading() as connection:
            status = read_status(connection, config, day(0.5))
            figures(connection, asked.store, config, day(0.5))
        assert [each.products for each in status.subscriptions] == [4] * len(config.subscriptions)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_a_quiet_day_of_many_takes_as_many_statements_as_that_of_a_few(asked: Watcher) -> None:
    counts = []
    for number, count in ((1, 3), (2, MANY)):
        asked.cycle(day(number - 0.1), watching(asked, MANY))
        with noted() as statements:
            told = tell(watching(asked, count), "pedigreed.yaml", asked.store, {}, now=day(number))
        assert [closed.rendered for closed in told.closed] == [None] * count
        tell(watching(asked, MANY), "pedigreed.yaml", asked.store, {}, now=day(number))
        counts.append(len(statements))
    assert counts[0] == counts[1]


class Stopped(BaseException):
    """As if the process were ended."""


class Watched(FolderChannel):
    """A folder that says how many messages it has, and may end the process."""

    def __init__(self, watcher: Watcher, *, last: int | None = None) -> None:
        super().__init__(watcher.folder)
        self.taken: list[str] = []
        self.last = last

    async def send(self, message: Message) -> Outcome:
        if len(self.taken) == self.last:
            raise Stopped
        self.taken.append(message.subject)
        return await super().send(message)


def remade(watcher: Watcher) -> Config:
    watcher.holdings.remake(list(watcher.holdings.rows)[::2], at=day(0.5))
    config = watching(watcher, MANY)
    watcher.cycle(day(0.9), config)
    return config


def test_the_first_digest_leaves_before_the_last_is_composed(
    asked: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = remade(asked)
    monkeypatch.setattr(periods, "AT_ONCE", 5)
    channel = Watched(asked)
    taken_before = []

    def noting(facts: object) -> object:
        taken_before.append(len(channel.taken))
        return compose(facts)  # type: ignore[arg-type]

    monkeypatch.setattr(periods, "compose", noting)
    told = tell(config, "pedigreed.yaml", asked.store, {"keep": channel}, now=day(1))
    assert len(told.deliveries) == MANY
    assert taken_before == [number // 5 * 5 for number in range(MANY)]


@pytest.mark.parametrize("last", [0, 7, 12])
def test_a_telling_that_was_ended_goes_on_where_it_was(
    asked: Watcher, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    config = remade(asked)
    monkeypatch.setattr(periods, "AT_ONCE", 5)
    ended, again = Watched(asked, last=last), Watched(asked)
    with pytest.raises(Stopped):
        tell(config, "pedigreed.yaml", asked.store, {"keep": ended}, now=day(1))
    told = tell(config, "pedigreed.yaml", asked.store, {"keep": again}, now=day(1.01), is_alone=True)
    assert len(told.closed) == MANY - (last // 5 + 1) * 5
    subjects = ended.taken + again.taken
    assert len(subjects) == MANY
    names = {subject.partition(":")[0] for subject in subjects}
    assert len(names) == MANY


def test_a_digest_that_can_not_be_composed_stops_none_of_those_beside_it(
    asked: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = remade(asked)

    def failing(facts: object) -> object:
        if facts.subscription.name in {"c", "i17"}:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return compose(facts)  # type: ignore[arg-type]

    monkeypatch.setattr(periods, "compose", failing)
    channel = Watched(asked)
    told = tell(config, "pedigreed.yaml", asked.store, {"keep": channel}, now=day(1))
    assert {pause.name for pause in told.stalled} == {"c", "i17"}
    assert len(told.closed) == len(channel.taken) == MANY - 2
    monkeypatch.undo()
    told = tell(config, "pedigreed.yaml", asked.store, {"keep": channel}, now=day(1.5))
    assert {closed.period.subscription for closed in told.closed} == {"c", "i17"}


def test_those_with_many_changes_are_closed_one_after_the_other(
    asked: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = remade(asked)
    monkeypatch.setattr(periods, "MOST_CHANGES", 3)
    with noted() as statements:
        told = tell(config, "pedigreed.yaml", asked.store, {"keep": Watched(asked)}, now=day(1))
    assert len(told.closed) == len({closed.period.subscription for closed in told.closed}) == MANY
    assert sum(each.startswith("UPDATE periods") for each in statements) == MANY
