"""Mails to a server on loopback, a quick and a slower one: the outbox, durably, beside a bare loop.

Between them is what durability costs at the least: the bare loop with one commit after each message.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtplib import SMTP

from benchmarks.figures import ManyMessages, Timing
from benchmarks.measuring import alternated, hand_back, without_log_lines
from pedigreed.config.address import Sender
from pedigreed.config.channels import Security
from pedigreed.delivery.digest_mail import build_mail
from pedigreed.delivery.smtp import MOST_MESSAGES, SmtpChannel
from pedigreed.model.digest import Attachment, RenderedDigest
from pedigreed.service.outbox import deliver
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pedigreed.model.delivery import Message

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
MESSAGES = 5_000
SLOWLY = 1_000
SECONDS = 0.005
"""What a mail server takes for a message that is scanned and written to disk, at the least."""

ROUNDS = 3


def messages(count: int) -> list[Message]:
    """Mails as a small digest makes them, each to another address."""
    line = "  1180  66 products   NIRCam, obs 7, 9-10: 30 cal, 30 rate, 6 i2d\n"
    attachment = Attachment("jades-2026-11-22.csv", "text/csv", b"jw01180007001_02101_00001_nrcb1_cal.fits\n" * 60)
    digest = RenderedDigest("0" * 32, "jades", "[pedigreed] jades: 66 reprocessed", line * 15, (attachment,))
    sender = Sender("pedigreed", "pedigreed@obs.example")
    return [
        build_mail(digest, channel="email", sender=sender, recipient=f"reader{number}@x.example", now=NOW)
        for number in range(count)
    ]


@contextmanager
def sink(seconds: float, record: Path | None = None) -> Iterator[int]:
    """A mail server in a process of its own that takes so long for a message; gives its port."""
    command = [sys.executable, "-m", "benchmarks.mail_sink", str(seconds), *map(str, filter(None, [record]))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        assert process.stdin is not None
        process.stdin.close()


async def bare(port: int, mails: Sequence[Message], after_each: Callable[[], object]) -> None:
    """As many messages a connection as the product sends."""
    for start in range(0, len(mails), MOST_MESSAGES):
        client = SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="[127.0.0.1]")
        await client.connect()
        for mail in mails[start : start + MOST_MESSAGES]:
            await client.sendmail(mail.sender, mail.recipient, mail.content)
            after_each()
        await client.quit()


def run_bare(port: int, mails: Sequence[Message], after_each: Callable[[], object] = lambda: None) -> float:
    started = time.perf_counter()
    asyncio.run(bare(port, mails, after_each))
    return time.perf_counter() - started


def run_committing(port: int, file: Path, mails: Sequence[Message]) -> float:
    """The bare loop that keeps of each message that it was sent, as plainly as SQLite can."""
    _make_due(file, len(mails))
    keys = iter(range(1, len(mails) + 1))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")

        def keep() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "UPDATE deliveries SET state = 'sent', next_attempt_at = NULL, finished_at = created_at, "
                "last_outcome = '250 taken' WHERE id = ?",
                (next(keys),),
            )
            connection.execute("COMMIT")

        return run_bare(port, mails, keep)


def run_outbox(port: int, store: Store, count: int) -> float:
    _make_due(Path(store.name), count)
    channel = SmtpChannel("127.0.0.1", port, Security.PLAIN)
    started = time.perf_counter()
    sent = deliver(store, {"email": channel}, NOW)
    taken = time.perf_counter() - started
    assert [delivery.state for delivery in sent] == ["sent"] * count
    return taken


def _make_due(file: Path, count: int) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "UPDATE deliveries SET state = 'waiting', finished_at = NULL, next_attempt_at = created_at "
            "WHERE id <= ?",
            (count,),
        )


def timed_on(server: float, store: Store, mails: Sequence[Message], count: int) -> dict[str, Timing]:
    """Each loop with a server that takes so many seconds for a message."""
    with sink(server) as port:
        return alternated(
            {
                "bare": partial(run_bare, port, mails[:count]),
                "committing": partial(run_committing, port, Path(store.name), mails[:count]),
                "outbox": partial(run_outbox, port, store, count),
            },
            ROUNDS,
        )


def main() -> None:
    without_log_lines()
    mails = messages(MESSAGES)
    file = Path(sys.argv[1]) / "many-messages.db"
    with Store(f"sqlite:///{file}") as store:
        with store.writing() as connection:
            stored_deliveries.enqueue(connection, None, mails, NOW)
        quick = timed_on(0, store, mails, MESSAGES)
        slow = timed_on(SECONDS, store, mails, SLOWLY)
    hand_back(
        ManyMessages(
            count=MESSAGES,
            size=len(mails[0].content),
            a_session=MOST_MESSAGES,
            bare=quick["bare"],
            committing=quick["committing"],
            outbox=quick["outbox"],
            slow_count=SLOWLY,
            slow_seconds=SECONDS,
            slow_bare=slow["bare"],
            slow_committing=slow["committing"],
            slow_outbox=slow["outbox"],
        )
    )


if __name__ == "__main__":
    main()
