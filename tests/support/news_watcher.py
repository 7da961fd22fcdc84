"""An archive, a CRDS server, a mailing list and a mailbox, and whole cycles that listen to them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from misbehaving import FaultyArchive, FaultyCrds, FaultyListserv
from pedigreed.config.settings import Config
from pedigreed.config.sources import Feed, MailboxSource
from pedigreed.delivery.folder import FolderChannel
from pedigreed.demo.crds_story import CrdsState, Delivered, Reference
from pedigreed.demo.list_posts import ListPost
from pedigreed.model.instrument import Instrument
from pedigreed.net.patience import Patience
from pedigreed.service.cycle import run_cycle
from pedigreed.service.news_sources import news_sources
from pedigreed.sources.crds.server import CrdsServer
from pedigreed.sources.feeds.feed_source import FeedSource
from pedigreed.sources.mailbox.open_mailbox import open_mailbox
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.sources.source import CRDS_SERVER
from pedigreed.store.announcements import newest_build
from watcher import QUICK, Holdings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from pedigreed.service.cycle import Cycle
    from pedigreed.service.news_sources import Listed
    from pedigreed.sources.source import Source
    from pedigreed.store.database import Store

DAY = timedelta(days=1)
DAY_0 = datetime(2026, 11, 20, 6, tzinfo=UTC)
LIST = "MIRI_REFFILES"

TEXT = (
    "The MIRI MRS photom files were derived from standard stars of three cycles, since the old ones did not "
    "follow the loss of throughput in channel 4. Fluxes of channel 4 rise by up to 6 percent."
)


@dataclass
class NewsWatcher:
    """What there is to be heard, and who listens."""

    folder: Path
    store: Store
    archive: FaultyArchive
    crds: FaultyCrds
    lists: FaultyListserv
    holdings: Holdings
    deliveries: list[Delivered]
    builds: dict[str, str] = field(default_factory=lambda: {"2.0.1": "jwst_1535"})
    bad_files: list[str] = field(default_factory=list)
    mails: int = 0
    mailbox_rules: dict[str, Any] = field(default_factory=dict)

    @property
    def mailbox(self) -> Path:
        return self.folder / "mailbox"

    def deliver(self, at: datetime, context: str, text: str = TEXT, *references: Reference) -> None:
        """Let a context become the latest at a moment, UTC."""
        self.deliveries.append(Delivered(at, context, text, references))

    def post(self, at: datetime, text: str, subject: str = "New reference files") -> None:
        """Let the list have a mail."""
        self.lists.post(ListPost(LIST, at, subject, text))

    def mail(self, mail: EmailMessage) -> None:
        """Let the mailbox have a mail."""
        self.mails += 1
        (self.mailbox / f"{self.mails}.eml").write_bytes(bytes(mail))

    def document(self, *subscriptions: dict[str, Any]) -> dict[str, Any]:
        """A configuration; each subscription is its `crds` part and the instrument that it watches, as `miri`."""
        chosen = subscriptions or ({},)
        return {
            "sources": {
                "mast": {"url": self.archive.url},
                "crds": {"url": self.crds.url, "feeds": [{"url": self.lists.feed_url(LIST)}]},
                "mailbox": {"eml": str(self.mailbox)},
            },
            "channels": {"keep": {"folder": {"path": str(self.folder / "sent")}}},
            "subscriptions": [
                {
                    "name": "abcdefgh"[number],
                    "watch": {"programs": [1180], "instruments": [each.get("instrument", "miri")]},
                    "crds": {key: value for key, value in each.items() if key != "instrument"},
                    "digest": {"at": "06:00"},
                    "deliver": [{"channel": "keep"}],
                }
                for number, each in enumerate(chosen)
            ],
        }

    def config(self, *subscriptions: dict[str, Any]) -> Config:
        """As `document`, read."""
        return Config.model_validate(self.document(*subscriptions), strict=False)

    def is_now(self, now: datetime) -> None:
        """Set every server's clock, UTC."""
        self.archive.now = self.crds.now = self.lists.now = now

    def sources(self, config: Config) -> tuple[Listed, ...]:
        """Those of the configuration, which give up at once."""
        opened: list[Source] = [
            FeedSource(Feed(url=self.lists.feed_url(LIST)), "pedigreed/test", Patience(attempts=1)),
            open_mailbox(MailboxSource.model_validate({"eml": self.mailbox, **self.mailbox_rules}, strict=False)),
        ]
        opens: dict[str, Callable[[], Source]] = {source.name: partial(_as_it_is, source) for source in opened}
        opens[CRDS_SERVER] = self._server
        return tuple(replace(listed, open=opens[listed.name]) for listed in news_sources(config))

    def _server(self) -> Source:
        with self.store.reading() as connection:
            build = newest_build(connection, [1180])
        return CrdsServer(self.crds.url, "pedigreed/test", *build, patience=Patience(5, 10, attempts=1))

    def cycle(self, now: datetime, config: Config | None = None) -> Cycle:
        config = config or self.config()
        self.is_now(now)
        with MastArchive(self.archive.url, "pedigreed/test", patience=QUICK) as archive:
            return run_cycle(
                config,
                "pedigreed.yaml",
                self.store,
                archive,
                {"keep": FolderChannel(self.folder / "sent")},
                now=now,
                sources=self.sources(config),
            )

    def told(self, now: datetime, config: Config | None = None) -> dict[str, str]:
        """Subscription -> the text that one cycle told it."""
        cycle = self.cycle(now, config)
        return {
            each.period.subscription: f"{each.rendered.subject}\n{each.rendered.text}"
            for each in cycle.outgoing.closed
            if each.rendered
        }


def _as_it_is(source: Source) -> Source:
    return source


@contextmanager
def news_watcher(folder: Path, store: Store) -> Iterator[NewsWatcher]:
    """The archive has ten exposures of MIRI's MRS and ten of NIRCam, and CRDS one old delivery."""
    holdings = Holdings()
    old = (Reference("jwst_niriss_specwcs_0051.fits"),)
    deliveries = [Delivered(datetime(2026, 4, 7, 14, tzinfo=UTC), "jwst_1535", "NIRISS trace files.", old)]
    with ExitStack() as stack:
        heard = NewsWatcher(
            folder,
            store,
            stack.enter_context(FaultyArchive(holdings.at, DAY_0)),
            stack.enter_context(FaultyCrds(lambda now: _state(heard, now), DAY_0)),
            stack.enter_context(FaultyListserv([], now=DAY_0)),
            holdings,
            deliveries,
        )
        heard.mailbox.mkdir()
        heard.post(DAY_0 - 30 * DAY, "The list is open again.", "Welcome back")
        made = {"cal_ver": "2.0.1", "crds_ctx": "jwst_1535.pmap"}
        holdings.add(1180, 10, Instrument.MIRI, exp_type="MIR_MRS", **made)
        holdings.add(1180, 10, Instrument.NIRCAM, exp_type="NRC_IMAGE", **made)
        yield heard


def _state(heard: NewsWatcher, now: datetime) -> CrdsState:
    return CrdsState(
        tuple(each for each in heard.deliveries if each.at <= now), dict(heard.builds), tuple(heard.bad_files)
    )
