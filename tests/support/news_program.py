"""Who runs the real program on all that there is to be heard of CRDS."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from commands import Ended, pedigreed
from daemon_process import DaemonProcess, daemon_process
from imap_host import USER
from pedigreed.config.channels import Security
from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from imap_host import ImapHost
    from news_watcher import NewsWatcher


@dataclass
class NewsProgram:
    """Configures the program, runs it, and knows what it told. Without an IMAP server the mailbox is a folder."""

    folder: Path
    store_url: str
    heard: NewsWatcher
    imap: ImapHost | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    """The `sources` that differ."""
    programs: list[int] = field(default_factory=lambda: [1180])
    at: str = "06:00"
    clock: dict[str, str] = field(default_factory=dict)
    """The environment of a process whose clock the test sets."""

    @property
    def config(self) -> Path:
        return self.folder / "pedigreed.yaml"

    @property
    def environ(self) -> dict[str, str]:
        trust = {"SSL_CERT_FILE": str(self.imap.certified.public)} if self.imap else {}
        return {"NO_PROXY": "*", **trust, **self.clock}

    def configure(self) -> None:
        """Write the configuration."""
        secrets = self.folder / "secrets"
        secrets.mkdir(exist_ok=True)
        for name, secret in {"store": self.store_url, "imap": USER.password, "wrong": "hunter2-and-more"}.items():
            (secrets / name).write_text(f"{secret}\n", encoding="utf-8")
        document = self.heard.document()
        document["store"] = {"file": str(secrets / "store")}
        if self.imap:
            document["sources"]["mailbox"] = {"imap": self.mailbox()}
        document["sources"] |= self.changes
        [subscription] = document["subscriptions"]
        subscription["watch"]["programs"] = self.programs
        subscription["digest"]["at"] = self.at
        self.config.write_text(json.dumps(document), encoding="utf-8")

    def mailbox(self, secret: str = "imap") -> dict[str, Any]:
        """The mailbox in the configuration, over TLS."""
        assert self.imap
        return {
            "host": "127.0.0.1",
            "port": self.imap.server.tls,
            "security": Security.TLS.value,
            "username": USER.name,
            "password": {"file": str(self.folder / "secrets" / secret)},
        }

    def mail(self, mail: Any, at: datetime) -> None:  # noqa: ANN401  # EmailMessage
        """A mail that the mailbox got at a moment, UTC."""
        assert self.imap
        self.imap.append(mail.as_bytes(), at=at)

    def once(self, now: datetime, *arguments: str) -> Ended:
        self.heard.is_now(now)
        return self.runs("once", "--now", iso(now), *arguments)

    def runs(self, verb: str, *arguments: str) -> Ended:
        first, *rest = verb.split()
        return pedigreed(first, *rest, "--config", self.config, *arguments, environ=self.environ)

    def asked(self, verb: str, *arguments: str) -> Any:  # noqa: ANN401  # JSON
        ended = self.runs(verb, *arguments, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def daemon(self) -> AbstractContextManager[DaemonProcess]:
        """The daemon, until the test ends it."""
        return daemon_process(self.config, self.folder, self.environ)

    def told(self, now: datetime) -> list[str]:
        """The texts of the digests that were sent on a day."""
        found = sorted((self.folder / "sent").glob(f"{now:%Y-%m-%d}-*"))
        return [(place / "digest.txt").read_text(encoding="utf-8") for place in found]
