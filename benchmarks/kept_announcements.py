"""The facts and the digest of one subscription whose store has kept 10,000 announcements of three years.

A server, a feed and two lists told of each delivery. All of it was told, but for what came on the last day.
Beside it is what a telling would take that puts all of them together again.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import KeptAnnouncements
from benchmarks.measuring import alternated, hand_back, timed, without_log_lines
from pedigreed.config.settings import Config
from pedigreed.digests.compose import compose
from pedigreed.model.notice import Announcement, Facts, Medium, NoticeKind
from pedigreed.notices.merging import notices_of
from pedigreed.notices.reading import facts_of, reader
from pedigreed.service.facts_reader import FactsReader
from pedigreed.store import announcements
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

ANNOUNCEMENTS = 10_000
TIMES = 5
_NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
_THREE_YEARS = timedelta(days=1_096)
_TELLERS = 4
_TEXTS = Path(__file__).parents[1] / "tests" / "notices" / "announcements.jsonl"


def main() -> None:
    without_log_lines()
    folder = Path(sys.argv[1])
    config = Config.model_validate(
        {
            "store": f"sqlite:///{folder / 'announcements.db'}",
            "channels": {"keep": {"folder": {"path": str(folder / "sent")}}},
            "subscriptions": [
                {
                    "name": "everything",
                    "watch": {"programs": [1180]},
                    "crds": {"report": "all", "instruments": ["fgs", "miri", "nircam", "niriss", "nirspec"]},
                    "deliver": [{"channel": "keep"}],
                }
            ],
        },
        strict=False,
    )
    with Store(config.store.reveal()) as store:
        _fill(store)
        timings = alternated(
            {"telling": lambda: timed(lambda: _tell(config, store)), "all": lambda: timed(lambda: _all(store))},
            TIMES,
        )
        told = _tell(config, store)
    hand_back(KeptAnnouncements(ANNOUNCEMENTS, told, timings["telling"], timings["all"]))


def _fill(store: Store) -> None:
    with store.writing() as connection:
        announcements.begin(connection, ["everything"])
        for said in _said():
            assert said.said_at is not None
            announcements.keep(connection, [said], said.said_at, was_there=False)
        heard = announcements.load(connection)
        read = {each.key: facts_of(each.announcement) for each in heard}
        announcements.keep_read(connection, read, reader())
        told = [each.key for each in heard if each.heard_at < _NOW - timedelta(days=1)]
        announcements.mark_covered(connection, "everything", "before", told)


def _said() -> Iterator[Announcement]:
    texts = [json.loads(line)["text"] for line in _TEXTS.read_text(encoding="utf-8").splitlines()]
    deliveries = ANNOUNCEMENTS // _TELLERS
    for number in range(deliveries):
        at = _NOW - _THREE_YEARS * (1 - number / deliveries)
        before, context = (f"jwst_{2 * each + 1000:04d}" for each in (number - 1, number))
        one, other = (texts[each % len(texts)] for each in (number, 7 * number))
        words = f"{one} {other} Ticket {number} of group {number % 89}."
        facts = Facts(kind=NoticeKind.DELIVERY, context=context, before=before, activated_at=at)
        yield Announcement("CRDS", Medium.SERVER, context, at, f"{context} is the latest", words, facts=facts)
        yield Announcement("feed", Medium.FEED, f"https://lists.example/{number}", at, f"In {context}", words)
        for name in ("one", "other"):
            yield Announcement(
                name, Medium.MAIL, f"<{name}-{number}@x>", at, "News", f"Dear all,\n\n{words}\n\nThe desk"
            )


def _tell(config: Config, store: Store) -> int:
    """How many notices the digest tells."""
    with store.reading() as connection:
        facts = FactsReader(config, _NOW).read(connection, config.subscriptions[0])
    return len(compose(facts).notices)


def _all(store: Store) -> int:
    with store.reading() as connection:
        return len(notices_of(announcements.load(connection)))


if __name__ == "__main__":
    main()
