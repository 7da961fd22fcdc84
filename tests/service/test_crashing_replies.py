"""Replies that break what reads them: each part of an asking fails alone, and is told as not checked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import text

from asking_mast import AGENT, QUICK
from pedigreed.model.instrument import Instrument
from pedigreed.model.news_source import Reading
from pedigreed.service.cycle import ask
from pedigreed.service.news import read_news
from pedigreed.service.news_sources import Listed
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import coverage as stored_coverage
from pedigreed.store.database import Store
from raw_server import raw_server
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from datetime import datetime

    from misbehaving import FaultyArchive
    from pedigreed.config.settings import Config
    from pedigreed.service.kept_answer import KeptAnswer
    from pedigreed.sources.mast.session import QueryLimits

DAY = timedelta(days=1)
BOTH = {"instruments": ["nircam", "miri"], "programs": [1180]}
NOTHING = {
    "status": "COMPLETE",
    "msg": "",
    "data": [],
    "paging": {"page": 1, "pagesFiltered": 1, "rowsFiltered": 0},
}
ERROR = {"status": "ERROR", "msg": "no \0such\x1b[31m \r\nservice"}


def reply(content: object, *headers: str, status: str = "200 OK") -> bytes:
    body = json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status}", "Connection: close", *(line.replace("N", str(len(body))) for line in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def configured(watcher: Watcher, url: str) -> Config:
    watcher.recorded = cast("FaultyArchive", type("Elsewhere", (), {"url": url, "now": DAY_0}))
    return watcher.configured(BOTH)


def asked(watcher: Watcher, *pieces: bytes, patience: QueryLimits = QUICK) -> tuple[KeptAnswer, ...]:
    """What comes of asking a server that answers everything alike, by instrument."""
    with raw_server(pieces) as server, MastArchive(server.url, AGENT, patience=patience) as archive:
        config = configured(watcher, server.url)
        answers = ask(config, watcher.store, archive, now=DAY_0)
    assert {answer.query.instrument for answer in answers} == {Instrument.NIRCAM, Instrument.MIRI}
    return answers


def kept_problems(watcher: Watcher) -> set[str | None]:
    with watcher.store.reading() as connection:
        states = stored_coverage.load(connection, [1180])
    return {state.problem for state in states.values() if state.asked_at}


@pytest.mark.parametrize(
    "header", ["Content-Length: N, N", "Content-Length: abc", "X-None: 1", "Content-Length: N"]
)
def test_an_odd_length_or_none_takes_nothing_from_an_answer(watcher: Watcher, header: str) -> None:
    answers = asked(watcher, reply(NOTHING, header))
    assert all(answer.fetched.is_complete for answer in answers), answers
    assert kept_problems(watcher) == {None}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(NOTHING, "Location: http://[::1", status="302 Found"), "redirects to what is no web address"),
        (reply(NOTHING, "Location: http://[::1]:x/", status="302 Found"), "MAST"),
        (reply(ERROR, "Content-Length: N"), "MAST answered ERROR: no such service"),
        (reply(ERROR, "Content-Length: N", status="500 Oh"), "MAST answered HTTP 500"),
        (reply({**ERROR, "msg": "a \0column"}, "Content-Length: N", status="500 Oh"), "HTTP 500: a column"),
        (reply({**NOTHING, "status": "\0ODD"}, "Content-Length: N"), "'\\x00ODD'"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8bno",
            "does not decompress",
        ),
        (b"\0\0\0\0", "MAST did not answer"),
    ],
)
def test_a_reply_that_is_of_no_use_is_told_with_its_reason(watcher: Watcher, answer: bytes, reason: str) -> None:
    patience = replace(QUICK, total_timeout=0.5)
    for each in asked(watcher, answer, patience=patience):
        assert not each.fetched.is_complete
    problems = kept_problems(watcher)
    assert all(problem is not None and reason in problem and problem.isprintable() for problem in problems), (
        problems
    )


@pytest.mark.failure("a reply breaks what reads it")
def test_what_can_not_be_asked_is_told_as_not_checked(watcher: Watcher) -> None:
    with raw_server((reply(NOTHING, "Location: http://[::1", status="302 Found"),)) as server:
        told = watcher.told(DAY_0, configured(watcher, server.url))["a"]
    assert "NOT CHECKED" in told
    assert "redirects to what is no web address" in " ".join(told.split())


def test_a_fault_of_our_own_in_one_part_takes_nothing_from_the_others(watcher: Watcher) -> None:
    def fail(_: float) -> None:
        raise KeyError("a fault")

    answers = asked(
        watcher, reply({"status": "EXECUTING"}, "Content-Length: N"), patience=replace(QUICK, sleep=fail)
    )
    assert [answer.fetched.problems for answer in answers] == [("pedigreed failed: KeyError",)] * 2
    assert kept_problems(watcher) == {"pedigreed failed: KeyError"}


def test_an_answer_that_can_not_be_kept_takes_nothing_from_the_others(watcher: Watcher, database: str) -> None:
    watcher.holdings.add(1180, 3)
    watcher.holdings.add(1180, 2, Instrument.MIRI)
    refusals = {
        "sqlite": "CREATE TRIGGER refusal BEFORE INSERT ON products WHEN NEW.instrument = 'nircam' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END",
        "postgresql": "ALTER TABLE products ADD CONSTRAINT refusal CHECK (instrument <> 'nircam')",
    }
    with watcher.store.writing() as connection:
        connection.execute(text(refusals[database]))
    told = watcher.told(DAY_0, watcher.configured(BOTH))["a"]
    assert "NOT CHECKED" in told
    assert "pedigreed failed: IntegrityError" in " ".join(told.split())
    with watcher.store.reading() as connection:
        states = stored_coverage.load(connection, [1180])
    assert states[Instrument.MIRI, 1180].complete_at == DAY_0
    assert states[Instrument.NIRCAM, 1180].complete_at is None


def test_a_source_whose_words_can_not_be_kept_takes_nothing_from_the_others(store_url: str) -> None:
    class Saying:
        def __init__(self, name: str, *bookmarks: str) -> None:
            self.name = name
            self.bookmarks = list(bookmarks)

        def read(self, bookmark: str | None, now: datetime) -> Reading:
            del bookmark, now
            problems = () if self.name == "good" else ("it \0says\x1b[31m no",)
            return Reading((), is_complete=not problems, bookmark=self.bookmarks.pop(0), problems=problems)

    good, bad = Saying("good", "g1", "g2"), Saying("bad", "b1", "\ud800")
    listed = [Listed(each.name, DAY, 0.5, lambda each=each: each) for each in (bad, good)]  # type: ignore[misc]
    with Store(store_url) as store:
        for now in (DAY_0, DAY_0 + DAY):
            read_news(listed, (), store, now)
            with store.reading() as connection:
                states = stored_announcements.load_sources(connection)
            assert states["good"].complete_at == now
            if now == DAY_0:
                assert states["bad"].problem == "it says no"
    assert states["bad"].problem == "pedigreed failed: UnicodeEncodeError"
    assert (states["bad"].bookmark, states["bad"].failures) == ("b1", 2)
