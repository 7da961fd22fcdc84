"""A small archive, a store and whole cycles between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bulk_rows import bulk_rows
from pedigreed.config.settings import ChannelDestination, Config, SlackChannel
from pedigreed.config.sources import Fallback
from pedigreed.delivery.folder import FolderChannel
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.service.cycle import Cycle, run_cycle
from pedigreed.sources.mast.archive import MOST_ROWS, PAGE_ROWS, MastArchive
from pedigreed.sources.mast.missions import MissionsSearch
from pedigreed.sources.mast.session import QueryLimits

if TYPE_CHECKING:
    from pathlib import Path

    from misbehaving import FaultyArchive
    from pedigreed.demo.filters import Row
    from pedigreed.store.database import Store

Value = str | int | float | None
DAY_0 = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
QUICK = QueryLimits(exchange_timeout=2.0, total_timeout=5.0, attempts=2, first_pause=0.001, first_poll=0.001)


@dataclass
class Holdings:
    """The rows of an archive, which a test changes between cycles."""

    rows: dict[str, Row] = field(default_factory=dict)

    def add(
        self, program: int, count: int, instrument: Instrument = Instrument.NIRCAM, **values: Value
    ) -> list[str]:
        """Add products, made and ingested long ago unless said otherwise. Gives their names."""
        made = datetime(2025, 11, 2, tzinfo=UTC)
        added = []
        for row in bulk_rows(program, instrument, count):
            name = str(row["filename"])
            self.rows[name] = {
                **row,
                "instrume": instrument.value.upper(),
                "cal_ver": "1.20.2",
                "crds_ctx": "jwst_1464.pmap",
                "date_mjd": to_mjd(made),
                "ingestCompletionDate_mjd": to_mjd(made),
                "isStale": False,
                **values,
            }
            added.append(name)
        return added

    def remake(self, names: list[str], at: datetime, cal_ver: str = "2.0.1", context: int = 1535) -> None:
        """Reprocess products: made and ingested at a moment (UTC)."""
        for name in names:
            self.rows[name] = {
                **self.rows[name],
                "cal_ver": cal_ver,
                "crds_ctx": f"jwst_{context:04d}.pmap",
                "date_mjd": to_mjd(at),
                "ingestCompletionDate_mjd": to_mjd(at),
            }

    def set(self, names: list[str], **values: Value) -> None:
        for name in names:
            self.rows[name] = {**self.rows[name], **values}

    def at(self, _now: datetime) -> list[Row]:
        return list(self.rows.values())


def told_in_slack(config: Config) -> Config:
    """The same with a Slack channel beside the folder, which takes nothing in."""
    chat = SlackChannel.model_validate({"webhook": "https://hooks.slack.com/services/T0/B0/x"}, strict=False)
    subscriptions = tuple(
        each.model_copy(update={"deliver": (*each.deliver, ChannelDestination(channel="chat"))})
        for each in config.subscriptions
    )
    return config.model_copy(
        update={"channels": {**config.channels, "chat": chat}, "subscriptions": subscriptions}
    )


class Watcher:
    """Runs cycles on one store against one archive."""

    def __init__(self, store: Store, recorded: FaultyArchive, holdings: Holdings, folder: Path) -> None:
        self.store = store
        self.recorded = recorded
        self.holdings = holdings
        self.folder = folder
        self.news: dict[str, Any] = {"crds": {"url": "none"}}
        self.fallback = "none"
        self.page_rows = PAGE_ROWS
        self.most_rows = MOST_ROWS
        self.config = self.configured({"programs": [1180]})

    def configured(self, *watches: dict[str, Any], sweep: str = "7d", **digest: Any) -> Config:  # noqa: ANN401  # YAML
        """A configuration with a subscription for each watch: a, b, c, ..., h, i8, i9, ..."""
        return Config.model_validate(
            {
                "sources": {
                    "mast": {"url": self.recorded.url, "sweep": sweep, "fallback": self.fallback},
                    **self.news,
                },
                "channels": {"keep": {"folder": {"path": str(self.folder)}}},
                "subscriptions": [
                    {
                        "name": "abcdefgh"[number] if number < 8 else f"i{number}",  # letters
                        "watch": {"instruments": ["nircam"], **watch},
                        "digest": {"at": "06:00", **digest},
                        "deliver": [{"channel": "keep"}],
                    }
                    for number, watch in enumerate(watches)
                ],
            },
            strict=False,
        )

    def cycle(self, now: datetime, config: Config | None = None) -> Cycle:
        self.recorded.now = now
        config = config or self.config
        fallback = None
        if config.sources.mast.fallback is Fallback.MISSIONS:
            fallback = MissionsSearch(self.recorded.url, "pedigreed/test", patience=QUICK)
        with MastArchive(
            self.recorded.url,
            "pedigreed/test",
            patience=QUICK,
            fallback=fallback,
            page_rows=self.page_rows,
            most_rows=self.most_rows,
        ) as archive:
            return run_cycle(
                config,
                "pedigreed.yaml",
                self.store,
                archive,
                {"keep": FolderChannel(self.folder)},
                now=now,
            )

    def told(self, now: datetime, config: Config | None = None) -> dict[str, str]:
        """Subscription -> the text that one cycle told it."""
        return {
            closed.period.subscription: closed.rendered.text
            for closed in self.cycle(now, config).outgoing.closed
            if closed.rendered
        }
