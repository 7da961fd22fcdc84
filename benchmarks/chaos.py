"""`python -m benchmarks.chaos MINUTES [SEED]`: days of the daemon with kills, crashing replies and jumping clocks.

Half of the time goes to one daemon on SQLite, and half to two on the PostgreSQL server of the tests, which
``PEDIGREED_TEST_POSTGRESQL`` names. Archive, CRDS, its list, mail server and webhook are real servers on loopback,
and the daemons go by libfaketime's clock. What was promised is checked from outside, on what arrived: see
`chaos_checks`. A seed makes the same plan again; what the processes make of it is up to the machine.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

import archive_faults
import commands
import faults
from benchmarks.chaos_checks import Change, findings
from benchmarks.figures import ChaosRun
from daemon_process import DaemonProcess, daemon_process
from hooks import DROP, answer
from mail_server import DIES
from misbehaving import FaultyCrds, FaultyListserv
from observatory import OPERATOR, TO_FEED, Observatory, observatory, to
from pedigreed.demo.crds_story import CrdsState, Delivered, Reference
from pedigreed.demo.list_posts import NIRCAM_LIST, ListPost
from set_clock import SetClock, find_library
from watcher import DAY_0

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from faults import Fault

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PROGRAMS = (1180, 1181, 1182)
FIRST_CONTEXT = 1600
FIRST_DELIVERY = 1500
CALM_DAYS = 4
_ENDS, _WEIGHTS = ("worker", "daemon", "restart", "nothing"), (45, 15, 5, 35)
_REST_S = 12.0
"""Seconds of the machine's that daemons have to come to rest."""
_FAULTS: tuple[Fault, ...] = (
    faults.ServerError(),
    faults.ResetMidBody(),
    faults.TruncatedJson(),
    faults.StrangeHead("Content-Length: 1826, 1826"),
    faults.StrangeHead("Content-Length: abc"),
    faults.StrangeHead("Location: http://[::1", status=302),
    archive_faults.ErrorReply("no such table \x00"),
    archive_faults.NoRows(),
    archive_faults.TruncatedPage(),
)
_FAULTS_OF_ANY = _FAULTS[:6]
"""Those that are no archive's own."""

LONG_AGO = DAY_0 - 30 * DAY
KINDS = ("flat", "dark", "photom", "mask", "gain")


@dataclass
class Chaos:
    """One store, the daemons on it, and what is done to them.

    Attributes:
        now: the true moment of the story, UTC. A daemon's clock may be set back from it.
        changes: what the archive was given, in order.
        deliveries: what CRDS was given, in order; the first was there before.
        counts: what was done, and what came of it.
    """

    obs: Observatory
    crds: FaultyCrds
    lists: FaultyListserv
    clock: SetClock
    size: int
    dice: random.Random
    now: datetime = DAY_0 + HOUR
    changes: list[Change] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=lambda: [_delivered(LONG_AGO, FIRST_DELIVERY)])
    counts: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    _daemons: list[tuple[ExitStack, DaemonProcess]] = field(default_factory=list)
    _set_at: float = 0.0
    _is_calm: bool = False

    def play(self, seconds: float) -> None:
        """So long, and then some days without trouble."""
        try:
            self._move_to(self.now)
            self._introduce()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self._day()
            self._calm()
        finally:
            self._end()

    def _introduce(self) -> None:
        """Wait for the first digests: what the archive has by then is told as a whole, and not one by one."""
        end = time.monotonic() + 25 * _REST_S
        while len(set(self.obs.feed.bodies)) < len(PROGRAMS) and time.monotonic() < end:
            self._rest(_REST_S)
        assert len(set(self.obs.feed.bodies)) == len(PROGRAMS), "the daemons did not tell what there is at first"

    def _day(self) -> None:
        """Until a little after the next digest."""
        self.counts["days"] += 1
        morning = self._next_morning()
        for at in sorted(self.now + (morning - self.now) * self.dice.random() for _ in range(3)):
            self._trouble()
            self._move_to(max(at, self.now))
            self._kill_something()
            self._rest(3.0)
        if self._happens(0.15):
            self.counts["nights slept through"] += 1
            morning += self.dice.randint(1, 2) * DAY
        self._trouble()
        self._move_to(morning)
        self._kill_something()
        self._rest(_REST_S)

    def _calm(self) -> None:
        """Some days without trouble, in which everything arrives that is still owed."""
        self._is_calm = True
        for server in (self.obs.archive, self.crds, self.lists):
            server.well_behaved()
        self.obs.mail.answers.clear()
        del self.obs.feed.answers[:-1]
        for _ in range(CALM_DAYS):
            for at in (self._next_morning(), self._next_morning() + 4 * HOUR):
                self._move_to(at)
                self._rest(15 * _REST_S)

    def _end(self) -> None:
        for stack, daemon in self._daemons:
            with suppress(AssertionError):
                daemon.end()
            stack.close()
        self._daemons.clear()

    def _happens(self, chance: float) -> bool:
        return self.dice.random() < chance

    def _next_morning(self) -> datetime:
        morning = self.now.replace(hour=6, minute=2, second=0, microsecond=0)
        return morning if morning > self.now else morning + DAY

    def _story_now(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self._set_at) if self._set_at else self.now

    def _move_to(self, moment: datetime) -> None:
        """Let it be another moment, with daemons up. Their clock may go back for the time being."""
        self.now = max(moment, self._story_now())
        self._set_at = time.monotonic()
        self.obs.archive.now = self.crds.now = self.lists.now = self.now
        behind = timedelta(0)
        if not self._is_calm and self._happens(0.1):
            behind = self.dice.randint(1, 5) * HOUR
            self.counts["clocks set back"] += 1
        self.clock.set(self.now - behind)
        self._start()

    def _trouble(self) -> None:
        """Change the archive, deliver to CRDS, and let servers fail."""
        for _ in range(self.dice.choice((0, 0, 1, 2))):
            self._remake()
        if self._happens(0.3):
            self._deliver()
        for server in (self.crds, self.lists):
            if self._happens(0.2):
                server.misbehave(self.dice.choice(_FAULTS_OF_ANY), times=self.dice.randint(1, 4))
                self.counts["bad replies of CRDS and its list"] += 1
        if self._happens(0.3):
            self.obs.archive.misbehave(self.dice.choice(_FAULTS), times=self.dice.randint(1, 4))
            self.counts["bad replies of the archive"] += 1
        elif self._happens(0.3):
            self.obs.archive.well_behaved()
        if self._happens(0.2):
            self.obs.mail.answers.append(self.dice.choice(("451 4.3.0 later", DIES)))
            self.counts["bad answers of the mail server"] += 1
        if self._happens(0.2):
            self.obs.feed.answers.insert(0, self.dice.choice((DROP, answer(503))))
            self.counts["bad answers of the webhook"] += 1

    def _remake(self) -> None:
        name = self.dice.choice(sorted(self.obs.holdings.rows))
        context = FIRST_CONTEXT + len(self.changes)
        at = self._story_now()
        self.obs.holdings.remake([name], at, context=context)
        self.changes.append(Change(int(name[2:7]), name, f"jwst_{context}.pmap", at))
        self.counts["changes"] += 1

    def _deliver(self) -> None:
        """Let CRDS have another context, and the list and the mailbox a mail of it, in any order."""
        at = self._story_now()
        # One that came before an older one would be a rollback to that.
        active_at = max(at + self.dice.choice((0, 0, 7)) * HOUR, self.deliveries[-1].at + MINUTE)
        delivered = _delivered(active_at, FIRST_DELIVERY + len(self.deliveries))
        self.deliveries.append(delivered)
        said_at = at + self.dice.choice((0, 0, 5)) * HOUR
        subject = f"{delivered.context} in CRDS"
        self.lists.post(ListPost(NIRCAM_LIST, said_at, subject, delivered.description))
        if self._happens(0.5):
            mail = EmailMessage()
            mail["From"], mail["Subject"], mail["Date"] = "list@lists.example", subject, format_datetime(at)
            mail["Message-ID"] = f"<{delivered.context}@lists.example>"
            mail.set_content(delivered.description)
            (self.mailbox / f"{delivered.context}.eml").write_bytes(bytes(mail))
        self.counts["deliveries to CRDS"] += 1

    @property
    def mailbox(self) -> Path:
        return self.obs.folder / "mailbox"

    def _kill_something(self) -> None:
        """A worker, or a daemon with or without its workers; or ask a daemon to end, as a restart does."""
        _, daemon = self.dice.choice(self._daemons)
        pause, what = self.dice.random() * 0.6, self.dice.choices(_ENDS, _WEIGHTS)[0]
        with_its_workers = self._happens(0.5)
        if what == "worker" and (workers := _when_at_work(daemon)):
            time.sleep(pause)
            self._kill(workers[0])
        elif what == "daemon" and daemon.is_up:
            time.sleep(pause)
            workers = daemon.workers
            daemon.send(signal.SIGKILL)
            self.counts["daemons killed"] += 1
            for worker in workers if with_its_workers else ():
                self._kill(worker)
        elif what == "restart" and daemon.is_up:
            with suppress(subprocess.TimeoutExpired):
                daemon.end()
            self.counts["daemons restarted"] += 1

    def _kill(self, pid: int) -> None:
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            os.kill(pid, signal.SIGKILL)
            work = next((each.decode() for each in words if each in {b"ask", b"listen", b"tell"}), "other")
            self.counts[f"workers killed: {work}"] += 1

    def _start(self) -> None:
        """Have every daemon up. One that a killed one's worker keeps away is tried again with the next move."""
        for stack, daemon in [each for each in self._daemons if not each[1].is_up]:
            code = daemon.process.returncode
            if code not in {0, 75, -signal.SIGKILL, -signal.SIGTERM}:
                self.unexpected.append(f"a daemon ended with {code}: {daemon.errors.name}")
            stack.close()
            self._daemons.remove((stack, daemon))
        while len(self._daemons) < self.size:
            stack = ExitStack()
            daemon = stack.enter_context(daemon_process(self.obs.config, self.obs.folder, self.obs.environ))
            self._daemons.append((stack, daemon))
        commands.outputs.clear()

    def _rest(self, seconds: float) -> None:
        """Wait until every daemon has looked at the clock and has no work, at most so long."""
        end = time.monotonic() + seconds
        seen = {daemon.process.pid: len(daemon.manager.statuses) for _, daemon in self._daemons}
        idle_since = time.monotonic()
        while time.monotonic() < end and time.monotonic() < idle_since + 0.5:
            if any(_is_busy(daemon, seen[daemon.process.pid]) for _, daemon in self._daemons):
                idle_since = time.monotonic()
            time.sleep(0.05)


def _delivered(at: datetime, number: int) -> Delivered:
    kind = KINDS[number % len(KINDS)]
    words = f"NIRCam {kind} files were made anew for jwst_{number}.pmap. Change level: MODERATE."
    return Delivered(at, f"jwst_{number}", words, (Reference(f"jwst_nircam_{kind}_{number}.fits"),))


def _is_busy(daemon: DaemonProcess, seen: int) -> bool:
    """Whether it works, or has not yet looked at the clock twice since so many looks."""
    return daemon.is_up and bool(daemon.workers or len(daemon.manager.statuses) < seen + 2)


def _when_at_work(daemon: DaemonProcess) -> list[int]:
    """The processes that it has at work, as soon as there are some, within two seconds."""
    end = time.monotonic() + 2.0
    while not (workers := daemon.workers) and daemon.is_up and time.monotonic() < end:
        time.sleep(0.02)
    return workers


def _played(folder: Path, store_url: str, size: int, seed: str, seconds: float) -> tuple[Chaos, list[str]]:
    """Chaos for so long. What came of it, and what broke a promise."""
    library = find_library()
    assert library, "libfaketime is not installed"
    with (
        observatory(folder, store_url) as obs,
        FaultyCrds(lambda now: _crds_at(chaos, now), DAY_0) as crds,
        FaultyListserv([ListPost(NIRCAM_LIST, LONG_AGO, "Welcome", "The list is open.")], now=DAY_0) as lists,
    ):
        chaos = Chaos(obs, crds, lists, SetClock(folder / "clock", library), size, random.Random(seed))
        obs.environ |= chaos.clock.environ
        obs.digest = {"at": "06:00", "empty": "always"}
        obs.mast = {"every": "2h", "request_timeout": "30s", "timeout": "2m"}
        obs.crds = {"url": crds.url, "every": "3h", "feeds": [{"url": lists.feed_url(NIRCAM_LIST)}]}
        obs.mailbox = {"eml": str(chaos.mailbox), "every": "1h"}
        chaos.mailbox.mkdir()
        obs.configure(to("a@x.example"), TO_FEED, subscriptions=len(PROGRAMS), operator={"email": OPERATOR})
        chaos.play(seconds)
        (folder / "changes.json").write_text(json.dumps([each.told for each in chaos.changes], indent=1))
        (folder / "deliveries.json").write_text(
            json.dumps([[each.context, each.at.isoformat()] for each in chaos.deliveries], indent=1)
        )
        (folder / "digests.json").write_text(json.dumps([json.loads(body) for body in obs.feed.bodies], indent=1))
        delivered = [each.context for each in chaos.deliveries[1:]]
        broken = [*chaos.unexpected, *findings(obs, PROGRAMS, chaos.changes, delivered, chaos.counts)]
        return chaos, broken


def _crds_at(chaos: Chaos, now: datetime) -> CrdsState:
    return CrdsState(
        tuple(each for each in chaos.deliveries if each.at <= now), {"2.0.1": f"jwst_{FIRST_DELIVERY}"}
    )


@contextmanager
def _schema(server: str) -> Iterator[str]:
    """A store's URL on PostgreSQL, in a database of its own: daemons of others would take each other's locks."""
    name = f"chaos_{uuid4().hex}"
    direct = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(direct, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def runs(minutes: float, seed: str) -> Iterator[ChaosRun]:
    """On SQLite, and on PostgreSQL where there is a server: for so many minutes in all."""
    building = Path(__file__).parents[1] / "build"
    building.mkdir(exist_ok=True)
    server = os.environ.get("PEDIGREED_TEST_POSTGRESQL", "")
    with ExitStack() as stack:
        scenes = {"one daemon on SQLite": ("", 1)}
        if server:
            scenes["two daemons on PostgreSQL"] = (stack.enter_context(_schema(server)), 2)
        for name, (url, size) in scenes.items():
            folder = Path(tempfile.mkdtemp(dir=building, prefix=f"chaos-{seed}-"))
            seconds = minutes * 60 / len(scenes)
            chaos, broken = _played(folder, url or f"sqlite:///{folder}/pedigreed.db", size, seed, seconds)
            yield ChaosRun(
                name, seed, minutes / len(scenes), str(folder), dict(sorted(chaos.counts.items())), broken
            )


def main() -> int:
    minutes, seed = float(sys.argv[1]), (sys.argv[2:] or [str(random.randrange(10**6))])[0]
    if "PEDIGREED_TEST_POSTGRESQL" not in os.environ:
        print("PEDIGREED_TEST_POSTGRESQL is not set: SQLite alone")
    is_good = True
    for run in runs(minutes, seed):
        print(f"{run.name}, seed {run.seed}, {run.minutes:g} minutes; kept in {run.folder}")
        for what, count in run.counts.items():
            print(f"  {count:6}  {what}")
        print(f"  {len(run.broken):6}  promises broken")
        for line in run.broken:
            print(f"          {line}")
        is_good &= not run.broken
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
