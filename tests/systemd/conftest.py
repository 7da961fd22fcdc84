"""pedigreed installed, and a machine that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from background import in_background
from certificates import Certified, certificate_for
from hooks import answer, hook_server
from name_server import ADDRESS, NameServer, name_server
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_2, archive_at
from real_servers import missing
from service_host import HOOKS, ServiceHost, begin, end, make, python
from systemd_machine import Machine, NotBooted, systemd_machine, what_is_missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make install` puts on a machine."""
    folder = tmp_path_factory.mktemp("installed")
    make("install", folder, PYTHON=python())
    return folder


@pytest.fixture(scope="session")
def names() -> Iterator[NameServer]:
    with name_server() as server:
        yield server


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certificate_for("127.0.0.1", tmp_path_factory.mktemp("certificate"), HOOKS)


@pytest.fixture(scope="session")
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that runs systemd, on which pedigreed is installed."""
    if reason := what_is_missing():
        missing(reason)
    folder: Path = request.getfixturevalue("installed")
    certified: Certified = request.getfixturevalue("certified")
    try:
        with systemd_machine(folder, tmp_path_factory.mktemp("machine") / "log") as opened:
            resolver = opened.path("/etc/resolv.conf")
            resolver.unlink(missing_ok=True)
            resolver.write_text(f"nameserver {ADDRESS}\n")
            opened.path("/usr/local/share/ca-certificates/trial.crt").write_bytes(certified.public.read_bytes())
            assert opened.run("update-ca-certificates").code == 0
            yield opened
    except NotBooted as why:
        # Nothing is missing that could be installed: a container may not make namespaces of its own.
        pytest.skip(f"systemd does not boot here: {why}")


@pytest.fixture
def host(machine: Machine, names: NameServer, certified: Certified) -> Iterator[ServiceHost]:
    """The same, with a configuration and secrets. pedigreed has never run on it."""
    feed = in_background(hook_server(answer(204), tls=certified.server))
    with DemoArchive(archive_at, DAY_2) as archive, feed as hooks:
        opened = ServiceHost(machine, archive, hooks, names, machine.now_in_journal())
        begin(opened)
        yield opened
        end(machine)
