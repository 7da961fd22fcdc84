"""An archive, a store, and a server for each kind of channel: all that the program has to do with, on loopback."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from background import in_background
from commands import Ended, killed_at, pedigreed
from daemon_process import DaemonProcess, daemon_process
from hooks import HookServer, hook_server
from mail_server import Mail, MailServer, mail_server
from misbehaving import FaultyArchive
from pedigreed.config.load import load_config
from pedigreed.delivery.channels import open_channels
from pedigreed.model.instant import iso
from pedigreed.service.cycle import Cycle, run_cycle
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store.database import Store
from pedigreed.store.tables import contents, deliveries
from watcher import DAY_0, QUICK, Holdings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from kill_points import Point

KEY = "correct horse battery"
SENDER = "pedigreed <pedigreed@obs.example>"
OPERATOR = "ops@obs.example"
TO_SLACK, TO_FEED = {"channel": "team"}, {"channel": "feed"}


def to(*addresses: str) -> dict[str, list[str]]:
    """A destination in the configuration."""
    return {"email": list(addresses)}


@dataclass(frozen=True)
class Arrival:
    """What a server was handed over whole. Slack is told no identity."""

    identity: str
    content: bytes


@dataclass
class Observatory:
    """Configures the program, runs it, and knows what arrived where."""

    folder: Path
    store_url: str
    archive: FaultyArchive
    mail: MailServer
    slack: HookServer
    feed: HookServer
    holdings: Holdings
    servers: ExitStack
    email: dict[str, Any] = field(default_factory=dict)
    mast: dict[str, Any] = field(default_factory=dict)
    crds: dict[str, Any] = field(default_factory=lambda: {"url": "none"})
    mailbox: dict[str, Any] = field(default_factory=dict)
    digest: dict[str, Any] = field(default_factory=lambda: {"at": "06:00"})
    environ: dict[str, str] = field(default_factory=lambda: {"NO_PROXY": "*"})

    @property
    def config(self) -> Path:
        return self.folder / "pedigreed.yaml"

    @property
    def _secrets(self) -> Path:
        return self.folder / "secrets"

    def configure(self, *deliver: dict[str, Any], subscriptions: int = 1, operator: Any = None) -> None:  # noqa: ANN401  # YAML
        """Write a configuration whose subscriptions a, b, c, ... all deliver alike."""
        self._secrets.mkdir(exist_ok=True)
        for name, secret in {
            "store": self.store_url,
            "slack": self.slack.url,
            "feed": self.feed.url,
            "key": KEY,
        }.items():
            (self._secrets / name).write_text(f"{secret}\n", encoding="utf-8")
        channels = {
            "email": {
                "from": SENDER,
                "host": "127.0.0.1",
                "port": self.mail.port,
                "security": "plain",
                **self.email,
            },
            "team": {"slack": {"webhook": self._secret("slack")}},
            "feed": {"webhook": {"url": self._secret("feed"), "secret": self._secret("key")}},
            "keep": {"maildir": {"path": str(self.folder / "kept")}},
        }
        document = {
            "store": self._secret("store"),
            "sources": {
                **({"mailbox": self.mailbox} if self.mailbox else {}),
                "mast": {"url": self.archive.url, "sweep": "1h", **self.mast},
                "crds": self.crds,
            },
            "channels": channels,
            "subscriptions": [
                {
                    "name": "abcdefgh"[number],
                    "watch": {"programs": [1180 + number], "instruments": ["nircam"]},
                    "digest": self.digest,
                    "deliver": list(deliver),
                }
                for number in range(subscriptions)
            ],
            **({"operator": operator} if operator else {}),
        }
        self.config.write_text(json.dumps(document), encoding="utf-8")

    def is_now(self) -> None:
        """Let the archive's clock be that of the machine, and the next digest of a day be half a day away."""
        self.archive.now = datetime.now(UTC)
        self.digest = {"at": f"{self.archive.now + timedelta(hours=12):%H}:00"}

    def opens(self, **options: Any) -> MailServer:  # noqa: ANN401  # for mail_server()
        """One more mail server."""
        return self.servers.enter_context(in_background(mail_server(**options)))

    def once(self, now: datetime) -> Ended:
        """One cycle in a process of its own."""
        self.archive.now = now
        return pedigreed("once", "--config", self.config, "--now", iso(now), environ=self.environ)

    def killed(self, point: Point, now: datetime, number: int = 1) -> int:
        """One cycle in a process that is killed when it comes to a point for so many times. Gives how it ended."""
        self.archive.now = now
        return killed_at(point, number, "once", "--config", self.config, "--now", iso(now), environ=self.environ)

    def cycle(self, now: datetime) -> Cycle:
        """One cycle in this process, with channels that know nothing of the cycles before."""
        self.archive.now = now
        config = load_config(self.config, self.environ).config
        with (
            Store(config.store.reveal()) as store,
            store.at_work() as at_work,
            MastArchive(self.archive.url, "pedigreed/test", patience=QUICK) as archive,
        ):
            return run_cycle(
                config,
                self.config.name,
                store,
                archive,
                open_channels(config.channels),
                now=now,
                is_alone=at_work.is_alone,
            )

    def daemon(self) -> AbstractContextManager[DaemonProcess]:
        """The daemon, until the test ends it."""
        return daemon_process(self.config, self.folder, self.environ)

    def outbox(self) -> list[Any]:
        """Every row of it."""
        with Store(self.store_url) as store, store.reading() as connection:
            query = select(deliveries, contents.c.content).join(contents).order_by(deliveries.c.id)
            return list(connection.execute(query))

    def arrived(self, channel: str) -> list[Arrival]:
        match channel:
            case "email":
                return [Arrival(mail.message_id, mail.content) for mail in self.mail.mails]
            case "team":
                return [Arrival("", post.body) for post in self.slack.posts]
            case _:
                return [Arrival(post.headers["idempotency-key"], post.body) for post in self.feed.posts]

    def kept(self) -> list[str]:
        """The subjects of what was put into the Maildir, in no order: where the operator may be told."""
        folder = self.folder / "kept" / "new"
        return sorted(subject_of(path.read_bytes()) for path in folder.iterdir()) if folder.exists() else []

    def _secret(self, name: str) -> dict[str, str]:
        return {"file": str(self._secrets / name)}


def subject_of(content: bytes) -> str:
    """A mail's subject."""
    return str(Mail("", content).read["Subject"])


@contextmanager
def observatory(folder: Path, store_url: str) -> Iterator[Observatory]:
    """All of it, with a few products of programs 1180, 1181 and 1182."""
    holdings = Holdings()
    for program in (1180, 1181, 1182):
        holdings.add(program, 3)
    with ExitStack() as servers:
        yield Observatory(
            folder,
            store_url,
            servers.enter_context(FaultyArchive(holdings.at, DAY_0)),
            servers.enter_context(in_background(mail_server())),
            servers.enter_context(in_background(hook_server())),
            servers.enter_context(in_background(hook_server())),
            holdings,
            servers,
        )
