"""What Prometheus reads, from a store on each database."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed

from pedigreed.model.news_source import SourceState
from pedigreed.model.pause import Mute, Pause, Paused
from pedigreed.model.problem import KnownProblem, Problem, ProblemKind
from pedigreed.store import announcements, pauses, problems
from pedigreed.web.metrics import FiguresCollector, exposition, figures
from watcher import DAY_0

if TYPE_CHECKING:
    from datetime import datetime

    from prometheus_client.metrics_core import Metric

    from pedigreed.config.settings import Config
    from pedigreed.store.database import Store
    from watcher import Watcher

DOCS = Path(__file__).parents[2] / "docs" / "http.md"
DAY = timedelta(days=1)
Samples = dict[tuple[str, tuple[str, ...]], float]


def scraped(store: Store, config: Config, now: datetime) -> list[Metric]:
    with store.reading() as connection:
        found = figures(connection, store, config, now)
    text, media_type = exposition(FiguresCollector(found, DAY_0.timestamp()), "text/plain;version=0.0.4")
    assert media_type.startswith("text/plain; version=0.0.4")
    return list(parsed(text.decode()))


def samples(families: list[Metric]) -> Samples:
    return {
        (sample.name.removeprefix("pedigreed_"), tuple(sorted(sample.labels.values()))): sample.value
        for family in families
        for sample in family.samples
    }


def full(watcher: Watcher) -> Samples:
    """The figures of a store that has something of everything."""
    watcher.holdings.add(1180, 5)
    watcher.cycle(DAY_0)
    return samples(scraped(watcher.store, watcher.config, DAY_0))


def test_they_count_what_the_cycles_did(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 5)
    watcher.cycle(DAY_0)
    watcher.holdings.remake(names[:3], DAY_0 + timedelta(hours=3))
    watcher.cycle(DAY_0 + DAY)
    found = samples(scraped(watcher.store, watcher.config, DAY_0 + DAY))
    assert found["up", ()] == 1
    assert found["runs_total", ("ask", "complete")] == 2
    assert found["runs_total", ("ask", "incomplete")] == 0
    assert found["runs_total", ("complete", "tell")] == 2
    assert found["changes_total", ()] == 3
    assert found["digests_total", ()] == 2
    assert found["rows_total", ()] >= 8
    assert found["requests_total", ()] >= 2
    assert found["run_seconds_total", ("ask",)] > 0
    assert found["delivery_attempts_total", ("sent",)] == 2
    assert found["deliveries", ("sent",)] == 2
    assert found["deliveries", ("waiting",)] == 0
    assert found["source_programs", ("mast", "nircam")] == 1
    assert found["source_programs_complete", ("mast", "nircam")] == 1
    assert found["source_last_complete_timestamp_seconds", ("mast", "nircam")] == (DAY_0 + DAY).timestamp()
    assert found["products", ("1180", "2.0.1")] == 3
    assert found["products", ("1.20.2", "1180")] == 2
    assert found["subscription_last_digest_timestamp_seconds", ("a",)] == (DAY_0 + DAY).timestamp()
    assert found["subscription_next_digest_timestamp_seconds", ("a",)] == (DAY_0 + 2 * DAY).timestamp()
    products = {labels: value for (name, labels), value in found.items() if name == "products"}
    assert sorted(products.values()) == [2, 3]
    assert all("1180" in labels for labels in products)


def test_they_tell_when_each_source_of_news_was_read(watcher: Watcher) -> None:
    full(watcher)
    watcher.news = {"crds": {"url": "https://crds.example"}, "mailbox": {"mbox": "/var/mail/p"}}
    hour = timedelta(hours=1)
    with watcher.store.writing() as connection:
        announcements.save_source(connection, SourceState("CRDS", DAY_0 + hour, DAY_0, 1, "it is down"))
    found = samples(scraped(watcher.store, watcher.configured({"programs": [1180]}), DAY_0 + hour))
    assert found["source_last_asked_timestamp_seconds", ("", "CRDS")] == (DAY_0 + hour).timestamp()
    assert found["source_last_complete_timestamp_seconds", ("", "CRDS")] == DAY_0.timestamp()
    assert ("source_last_asked_timestamp_seconds", ("", "mailbox /var/mail/p")) not in found, "it never was"


def test_a_digest_that_is_overdue_is_due_in_the_past(watcher: Watcher) -> None:
    full(watcher)
    found = samples(scraped(watcher.store, watcher.config, DAY_0 + 3 * DAY + timedelta(hours=1)))
    assert found["subscription_next_digest_timestamp_seconds", ("a",)] == (DAY_0 + 3 * DAY).timestamp()


def test_they_tell_what_is_wrong_and_what_is_quiet(watcher: Watcher) -> None:
    full(watcher)
    until = DAY_0 + 9 * DAY
    broken = Problem(ProblemKind.CHANNEL, "team", "404", DAY_0, DAY_0)
    with watcher.store.writing() as connection:
        problems.keep(connection, KnownProblem(broken, 1, None))
        pauses.begin(connection, Pause(Paused.CHANNEL, "team", DAY_0, DAY_0 + DAY, 1, "404"))
        pauses.mute(connection, Mute("a", DAY_0, until))
    found = samples(scraped(watcher.store, watcher.config, DAY_0 + timedelta(hours=1)))
    assert found["problems", ("channel",)] == 1
    assert found["problems", ("source",)] == 0
    assert found["channel_paused_until_timestamp_seconds", ("team",)] == (DAY_0 + DAY).timestamp()
    assert found["subscription_muted", ("a",)] == 1
    assert found["subscription_next_digest_timestamp_seconds", ("a",)] == until.timestamp()


def test_no_counter_becomes_less_when_old_runs_are_forgotten(watcher: Watcher) -> None:
    before = full(watcher)
    watcher.cycle(DAY_0 + 200 * DAY)
    after = samples(scraped(watcher.store, watcher.config, DAY_0 + 200 * DAY))
    counters = [key for key in before if key[0].endswith("_total")]
    assert len(counters) > 10
    assert [key for key in counters if after[key] < before[key]] == []
    assert after["runs_total", ("ask", "complete")] == 2


def test_a_store_that_does_not_answer_leaves_what_is_known_without_it() -> None:
    text, _ = exposition(FiguresCollector(None, None), "")
    found = samples(list(parsed(text.decode())))
    assert found["up", ()] == 0
    assert ("runs_total", ("ask", "complete")) not in found
    assert ("process_resident_memory_bytes", ()) in found


def test_openmetrics_is_spoken_to_who_asks_for_it(watcher: Watcher) -> None:
    watcher.cycle(DAY_0)
    with watcher.store.reading() as connection:
        found = figures(connection, watcher.store, watcher.config, DAY_0)
    text, media_type = exposition(FiguresCollector(found, None), "application/openmetrics-text;version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    families = openmetrics.text_string_to_metric_families(text.decode())  # type: ignore[no-untyped-call]
    assert "pedigreed_runs" in [family.name for family in families]


def test_names_follow_the_conventions(watcher: Watcher) -> None:
    full(watcher)
    families = [
        each for each in scraped(watcher.store, watcher.config, DAY_0) if each.name.startswith("pedigreed")
    ]
    for family in families:
        assert re.fullmatch("[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        assert family.type in {"counter", "gauge"}
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")
    assert max(Counter(family.name for family in families).values()) == 1


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_table_in_the_documentation_has_each_of_them(watcher: Watcher) -> None:
    full(watcher)
    with watcher.store.writing() as connection:
        pauses.begin(connection, Pause(Paused.CHANNEL, "team", DAY_0, DAY_0 + DAY, 1, "404"))
    table = [
        tuple(cell.strip(" `") for cell in line.strip("|").split("|"))
        for line in DOCS.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `pedigreed_")
    ]
    shown = [
        (each.samples[0].name, each.type, ", ".join(each.samples[0].labels), each.documentation.removesuffix("."))
        for each in scraped(watcher.store, watcher.config, DAY_0)
        if each.name.startswith("pedigreed")
    ]
    assert table == shown
