"""Hosts that share the telling and the sending of 5,000 subscriptions, and daemons that are killed meanwhile.

They share a PostgreSQL server of their own, with PgBouncer in transaction mode before it, and a mail server that
writes down what it took. What is measured are the processes that the daemons start for it, begun all at once; what
is killed are whole daemons.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import select

from benchmarks.fast import FastClock
from benchmarks.figures import Hosts, KilledHosts, SeveralHosts
from benchmarks.institute import NOON, SUBSCRIPTIONS, Taking, asked, configuration, fill, remake
from benchmarks.many_messages import sink
from benchmarks.measuring import hand_back, without_log_lines
from benchmarks.subscribers import NOBODY
from daemon_process import children
from pedigreed.config.load import load_config
from pedigreed.model.failure import PedigreedError
from pedigreed.service.cycle import tell
from pedigreed.store.database import Store
from pedigreed.store.live_processes import Life, held
from pedigreed.store.tables import deliveries
from pgbouncer import pgbouncer
from postgresql_servers import is_postgresql_installed, one_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from postgresql_servers import Server

_DUE = NOON + timedelta(days=2, minutes=1)
_AT = f"{_DUE:%H:%M}"
_DAY = timedelta(days=1)
_MAIL = "mail: {smtp}"
_CONNECTIONS = 40
_LOOK = 0.02
"""Seconds from one look at who waits to the next."""
_GLANCE = 0.25
_READ_TIMES = 10
_PATIENCE = 1200.0

_DAEMONS, _EVERY, _RESTARTS_AT = 4, 8.0, (3, 6)
"""Of the killed ones: how many, least seconds between two kills, and after which kills the server is restarted."""
_SEED = 7


@dataclass
class Hall:
    """Where all of it is. `pooled` and `direct` are addresses that lack the name of a database."""

    folder: Path
    server: Server
    pooled: str
    direct: str
    mail: int
    record: Path
    hosts: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self.direct + database, autocommit=True)

    def copied(self, name: str) -> str:
        """A database in which the digests of all subscriptions are to be told."""
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE prepared".encode())
        return name

    def done(self, database: str) -> tuple[int, int]:
        """How many messages of this day are in the outbox, and how many were sent."""
        query = "SELECT count(*), count(*) FILTER (WHERE state = 'sent') FROM deliveries"
        with self.connect(database) as connection:
            ((told, sent),) = connection.execute(query)
        # Those of the day before are among them.
        return int(told) - SUBSCRIPTIONS, int(sent) - SUBSCRIPTIONS

    def begin(self, number: int, database: str, clock: FastClock) -> subprocess.Popen[bytes]:
        """A telling, as a daemon begins it."""
        config = self._of_host(number, database)
        with (self.folder / f"host-{number}.log").open("ab") as log, config.open("rb") as text:
            command = [*clock.command(), "work", "tell", "--name", str(config)]
            return subprocess.Popen(command, stdin=text, stdout=log, stderr=log)

    def start(self, number: int, database: str, clock: FastClock) -> subprocess.Popen[bytes]:
        """A daemon."""
        config = self._of_host(number, database)
        with (self.folder / f"host-{number}.log").open("ab") as log:
            host = subprocess.Popen([*clock.command(), "run", "--config", str(config)], stdout=log, stderr=log)
        self.hosts.append(host)
        return host

    def _of_host(self, number: int, database: str) -> Path:
        return self.configured(f"host-{number}", f"{self.pooled}{database}?application_name=host-{number}")

    def configured(self, name: str, store_url: str) -> Path:
        file = self.folder / f"{name}.yaml"
        channel = f"email: {{from: p@pedigreed.test, host: 127.0.0.1, port: {self.mail}, security: plain}}"
        each = f"digest: {{at: '{_AT}'}}, deliver: [{{email: NAME@pedigreed.test}}]"
        file.write_text(configuration(store_url, channel, each, f"mast: {{url: '{NOBODY}'}}, crds: {{url: none}}"))
        return file

    def end(self) -> None:
        """All that was started, with what those have at work."""
        while self.hosts:
            _kill(self, self.hosts[0])


def main() -> None:
    folder = Path(sys.argv[1]) / "hosts"
    folder.mkdir()
    without_log_lines()
    if not shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") or not is_postgresql_installed():
        hand_back(SeveralHosts())
        return
    with _hall(folder.resolve()) as hall:
        _prepare(hall)
        one, two, four = (_shared_by(hall, count) for count in (1, 2, 4))
        # All of that day is told and sent.
        idle = _ended(hall.begin(0, "shared_by_1", FastClock(_DUE, time.monotonic(), 1.0)))
        alone, as_two, as_four = (_at_once(hall, count) for count in (1, 2, 4))
        hand_back(SeveralHosts(SUBSCRIPTIONS, one, two, four, _killed(hall), idle, (alone, as_two, as_four)))


@contextmanager
def _hall(folder: Path) -> Iterator[Hall]:
    with ExitStack() as stack:
        server = stack.enter_context(one_server())
        direct = f"postgresql://postgres@127.0.0.1:{server.port}/"
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp", prefix="pedigreed-pooler-")))
        pooled = stack.enter_context(pgbouncer(own, f"{direct}postgres", _CONNECTIONS))
        record = folder / "taken"
        mail = stack.enter_context(sink(0, record))
        hall = Hall(folder, server, pooled.removesuffix("postgres"), direct, mail, record)
        stack.callback(hall.end)
        yield hall


def _prepare(hall: Hall) -> None:
    """A database on whose baseline was told, and in which half of the products were made anew since."""
    with hall.connect("postgres") as connection:
        connection.execute("CREATE DATABASE prepared")
    file = hall.configured("prepared", f"{hall.direct}prepared")
    config = load_config(file, {}).config
    with Store(config.store.reveal()) as store:
        fill(store)
        tell(config, file.name, store, {"email": Taking()}, now=_DUE - _DAY + timedelta(minutes=5))
        remake(store)
        asked(store, _DUE - timedelta(minutes=1))


def _shared_by(hall: Hall, count: int) -> Hosts:
    database = hall.copied(f"shared_by_{count}")
    server_before = _processor_of(hall.server)
    clock = FastClock(_DUE, time.monotonic(), 1.0)
    with _waiting(hall, database) as waited:
        hosts = [hall.begin(number, database, clock) for number in range(count)]
        processor = [_ended(host) for host in hosts]
    assert hall.done(database) == (SUBSCRIPTIONS, SUBSCRIPTIONS)
    server = _processor_of(hall.server) - server_before
    return Hosts(processor, [waited[f"host-{number}"] for number in range(count)], server)


def _at_once(hall: Hall, count: int) -> float:
    """Seconds of the busiest of processes that share nothing but the machine: each reads the configuration."""
    read = "import sys; from pathlib import Path; from pedigreed.config.load import load_config"
    again = f"[load_config(Path(sys.argv[1]), {{}}) for _ in range({_READ_TIMES})]"
    command = [sys.executable, "-c", f"{read}; {again}", str(hall.folder / "prepared.yaml")]
    return max([_ended(each) for each in [subprocess.Popen(command) for _ in range(count)]])


def _ended(worker: subprocess.Popen[bytes]) -> float:
    """Wait for its end. Gives the seconds of the processor that it used."""
    _, status, used = os.wait4(worker.pid, 0)
    worker.returncode = os.waitstatus_to_exitcode(status)
    assert worker.returncode == 0
    return used.ru_utime + used.ru_stime


def _until_sent(hall: Hall, database: str) -> Iterator[tuple[int, int]]:
    """As long as a digest of this day is not told, or a message is not sent. Gives what is done."""
    end, done = time.monotonic() + _PATIENCE, (0, 0)
    while time.monotonic() < end:
        with suppress(psycopg.OperationalError):
            done = hall.done(database)
            if done == (SUBSCRIPTIONS, SUBSCRIPTIONS):
                return
        yield done
    raise TimeoutError("not all was sent")


def _processor_of(server: Server) -> float:
    """Seconds of the processor that a server used, with all of its processes."""
    leader = int((server.folder / "postmaster.pid").read_text().split()[0])
    return sum(map(_used, [leader, *children(leader)]))


def _used(pid: int) -> float:
    """By a process and by those of its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _waiting(hall: Hall, database: str) -> Iterator[Mapping[str, float]]:
    """Look again and again whose connections wait for a lock. Gives the seconds of each daemon."""
    waited: defaultdict[str, float] = defaultdict(float)
    is_over = Event()
    query = "SELECT application_name FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"

    def look() -> None:
        with hall.connect("postgres") as connection:
            before = time.monotonic()
            while not is_over.wait(_LOOK):
                names = [name for (name,) in connection.execute(query, (database,))]
                now = time.monotonic()
                for name in names:
                    waited[name] += now - before
                before = now

    thread = Thread(target=look)
    thread.start()
    try:
        yield waited
    finally:
        is_over.set()
        thread.join()


def _killed(hall: Hall) -> KilledHosts:
    database, dice = hall.copied("killed"), random.Random(_SEED)
    hall.record.write_bytes(b"")
    clock = FastClock(_DUE, time.monotonic(), 1.0)
    hosts = [hall.start(number, database, clock) for number in range(_DAEMONS)]
    began, kills, due, before = time.monotonic(), 0, time.monotonic() + _EVERY, (0, 0)
    with _in_dead_hands(hall, database) as longest:
        for done in _until_sent(hall, database):
            time.sleep(0.2)
            for number, host in enumerate(hosts):
                if host.poll() is not None:
                    # It ended since the server was away, and a service manager would begin it anew.
                    hall.hosts.remove(host)
                    hosts[number] = hall.start(number, database, clock)
            at_work = [number for number, host in enumerate(hosts) if children(host.pid)]
            # On a slow machine who is killed would else only be beginning, each time.
            if time.monotonic() < due or not at_work or done == before:
                continue
            number = dice.choice(at_work)
            _kill(hall, hosts[number])
            hosts[number] = hall.start(number, database, clock)
            kills, due, before = kills + 1, time.monotonic() + _EVERY, done
            if kills in _RESTARTS_AT:
                hall.server.stop()
                hall.server.start()
        seconds = time.monotonic() - began
    hall.end()
    lost, doubled, repeated = _arrived(hall, database)
    return KilledHosts(
        _DAEMONS,
        _EVERY,
        kills,
        sum(each <= kills for each in _RESTARTS_AT),
        seconds,
        lost,
        doubled,
        repeated,
        max(longest, default=0.0),
    )


def _kill(hall: Hall, host: subprocess.Popen[bytes]) -> None:
    """With all that it has at work, as by a loss of power."""
    workers = children(host.pid)
    host.kill()
    for pid in workers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    host.wait()
    hall.hosts.remove(host)


@contextmanager
def _in_dead_hands(hall: Hall, database: str) -> Iterator[list[float]]:
    """Look again and again which messages a process has that is gone. Gives how long each was seen so."""
    longest: list[float] = []
    is_over = Event()
    query = select(deliveries.c.id, deliveries.c.owner).where(deliveries.c.state == "sending")

    def look() -> None:
        since: dict[tuple[int, int], float] = {}
        with Store(hall.direct + database) as store:
            while not is_over.wait(_GLANCE):
                with suppress(PedigreedError), store.reading() as connection:
                    taken = {(row.id, row.owner) for row in connection.execute(query)}
                    living = held(connection, Life.SENDING)
                    now = time.monotonic()
                    lost = {each for each in taken if each[1] not in living}
                    longest.extend(now - since.pop(each) for each in since.keys() - lost)
                    for each in lost:
                        since.setdefault(each, now)

    thread = Thread(target=look)
    thread.start()
    try:
        yield longest
    finally:
        is_over.set()
        thread.join()


def _arrived(hall: Hall, database: str) -> tuple[int, int, int]:
    """How many got nothing, how many two digests or one again for no reason, and how many came again."""
    mails = Counter(tuple(line.split()) for line in hall.record.read_text().splitlines())
    digests = Counter(recipient for recipient, _ in mails)
    with hall.connect(database) as connection:
        found = connection.execute("SELECT message_id FROM deliveries WHERE maybe_repeated")
        known = {message_id for (message_id,) in found}
    again = {message_id.strip("<>"): count - 1 for (_, message_id), count in mails.items() if count > 1}
    lost = SUBSCRIPTIONS - len(digests)
    doubled = sum(count > 1 for count in digests.values()) + len(again.keys() - known)
    return lost, doubled, sum(again.values())


if __name__ == "__main__":
    main()
