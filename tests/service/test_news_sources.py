"""Which sources of CRDS's news a configuration names."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from pedigreed.config.settings import Config
from pedigreed.service.news_sources import news_sources
from pedigreed.sources.crds.name import NAME as SERVER

LISTS = "https://lists.example/scripts/wa.exe?RSS&L={}&v=2.0"
URL = "https://crds.example"
MAILS = "/var/mail/p"


def config(*reports: str, **sources: Any) -> Config:  # noqa: ANN401  # YAML
    return Config.model_validate(
        {
            "sources": sources,
            "channels": {"keep": {"folder": {"path": "/kept"}}},
            "subscriptions": [
                {
                    "name": f"s{number}",
                    "watch": {"programs": [1180]},
                    "crds": {"report": report},
                    "deliver": [{"channel": "keep"}],
                }
                for number, report in enumerate(reports or ("affected",))
            ],
        },
        strict=False,
    )


def names(found: Config) -> list[str]:
    return [each.name for each in news_sources(found)]


def test_without_a_word_of_it_the_server_alone_is_asked() -> None:
    [server] = news_sources(config())
    assert (server.name, server.every) == (SERVER, timedelta(hours=6))


def test_the_server_is_first_and_the_mailbox_last() -> None:
    feeds = [{"url": LISTS.format(name)} for name in ("NIRCAM", "MIRI")]
    found = config(crds={"url": URL, "feeds": feeds}, mailbox={"mbox": MAILS})
    assert names(found) == [SERVER, "NIRCAM at lists.example", "MIRI at lists.example", f"mailbox {MAILS}"]


def test_a_server_that_is_not_to_be_asked_is_not() -> None:
    assert names(config(crds={"url": "none"})) == []


def test_a_feed_that_is_named_twice_is_read_once() -> None:
    feeds = [{"url": LISTS.format("MIRI")}, {"url": LISTS.format("MIRI")}]
    assert names(config(crds={"url": "none", "feeds": feeds})) == ["MIRI at lists.example"]


def test_where_nobody_wants_to_hear_of_crds_only_mails_are_read() -> None:
    """They tell of MAST's products too."""
    sources = {"crds": {"url": URL, "feeds": [{"url": LISTS.format("MIRI")}]}, "mailbox": {"mbox": MAILS}}
    assert names(config("none", "none", **sources)) == [f"mailbox {MAILS}"]
    assert len(names(config("none", "all", **sources))) == 3


def test_each_has_its_own_rhythm() -> None:
    found = config(
        crds={"every": "2h", "feeds": [{"url": LISTS.format("MIRI")}]}, mailbox={"mbox": MAILS, "every": "1m"}
    )
    rhythms = [each.every for each in news_sources(found)]
    assert rhythms == [timedelta(hours=2), timedelta(hours=2), timedelta(minutes=1)]


@pytest.mark.parametrize("place", [0.0, 0.3, 0.999])
def test_each_has_a_turn_of_its_own_that_follows_from_the_installation(place: float) -> None:
    found = config(crds={"feeds": [{"url": LISTS.format("MIRI")}]}, mailbox={"mbox": MAILS})
    here = [each.place for each in news_sources(found, place=place)]
    assert len(set(here)) == 3
    assert all(0 <= each < 1 for each in here)
    there = [each.place for each in news_sources(found, place=(place + 0.1) % 1)]
    assert {round((b - a) % 1, 9) for a, b in zip(here, there, strict=True)} == {0.1}


def test_what_reads_them_is_not_loaded_before_they_are_read() -> None:
    script = "import sys, pedigreed.service.news_sources; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"feedparser", "imap_tools", "requests", "httpx", "lxml"} == set()
