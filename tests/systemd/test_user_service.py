"""The service of one user, under that user's own manager."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import restrictions
from real_servers import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from service_host import ServiceHost
    from systemd_machine import Machine, Said

USER, HOME = "ada", "/home/ada"


@contextmanager
def user(machine: Machine) -> Iterator[str]:
    """A user who lingers; gives the number."""
    if machine.run("systemctl", "start", "dbus.service", "systemd-logind.service").code != 0:
        missing("a user's own service manager (dbus and libpam-systemd)")
    assert machine.run("useradd", "--create-home", USER).code == 0
    number = machine.run("id", "--user", USER).out.strip()
    try:
        said = machine.run("loginctl", "enable-linger", USER)
        assert said.code == 0, said.err
        yield number
    finally:
        machine.run("loginctl", "disable-linger", USER)
        machine.run("loginctl", "terminate-user", USER)
        machine.systemctl("stop", f"user@{number}.service")
        machine.run("userdel", "--force", "--remove", USER)


@contextmanager
def logged_in(host: ServiceHost) -> Iterator[Callable[..., Said]]:
    """A user with a manager of their own; gives what runs a command as the user."""
    with user(host.machine) as number:
        environ = {"HOME": HOME, "XDG_RUNTIME_DIR": f"/run/user/{number}"}

        def run(*command: str) -> Said:
            as_user = ("setpriv", f"--reuid={number}", "--regid", number, "--clear-groups")
            return host.machine.run(*as_user, *command, environ=environ)

        host.until(lambda: run("systemctl", "--user", "is-system-running").out.strip() == "running")
        yield run


def give(host: ServiceHost) -> None:
    """Let all that is in the home folder be the user's."""
    host.machine.run("chown", "-R", f"{USER}:{USER}", HOME)


def test_it_does_its_work_without_root(host: ServiceHost) -> None:
    with logged_in(host) as run:
        text = host.machine.path("/etc/pedigreed/pedigreed.yaml").read_text()
        own = f"{HOME}/.config/pedigreed"
        host.write(f"{own}/pedigreed.yaml", text)
        host.write(f"{own}/credentials/webhook_secret", "correct horse battery\n", 0o600)
        # What a service finds in its own folder must not be taken for what it imports.
        host.write(f"{HOME}/yaml.py", "raise ImportError")
        give(host)
        started = run("systemctl", "--user", "start", "pedigreed")
        assert started.code == 0, started.err
        host.until(host.told)
        assert "next digest jades" in run("systemctl", "--user", "status", "pedigreed").out
        assert "jades" in run("/opt/pedigreed/bin/pedigreed", "status").out
        assert run("systemctl", "--user", "stop", "pedigreed").code == 0
        assert host.machine.path(f"{HOME}/.local/state/pedigreed/pedigreed.db").exists()


PROBE = "/usr/local/lib/restrictions.py"
OF_THE_HOME = f"""
/opt/pedigreed/lib/pedigreed/bin/python {PROBE}
cat ~/.ssh/id ~/notes
ls /tmp
grep CapBnd /proc/self/status
sh -c 'echo evil >>~/.bashrc'
true
"""


def test_it_is_let_do_what_it_needs_and_no_more_than_a_users_manager_can_help(host: ServiceHost) -> None:
    host.write(PROBE, Path(restrictions.__file__).read_text(encoding="utf-8"))
    host.write("/usr/local/lib/of_the_home.sh", OF_THE_HOME)
    host.write("/tmp/another's", "")
    with logged_in(host) as run:
        for name in (".ssh/id", ".bashrc", "notes", ".config/pedigreed/credentials/x", ".local/state/pedigreed/x"):
            host.write(f"{HOME}/{name}", f"{name} is read\n")
        host.write(
            f"{HOME}/.config/systemd/user/pedigreed.service.d/trial.conf",
            "[Service]\nType=oneshot\nRestart=no\nEnvironment=STATE_DIRECTORY=%h/.local/state/pedigreed\n"
            "StandardOutput=append:%h/said\nStandardError=append:%h/said\nExecStart=\n"
            "ExecStart=/bin/sh /usr/local/lib/of_the_home.sh\n",
        )
        give(host)
        run("systemctl", "--user", "daemon-reload")
        started = run("systemctl", "--user", "start", "pedigreed")
        assert started.code == 0, host.machine.path(f"{HOME}/said").read_text()
        [line, *said] = host.machine.path(f"{HOME}/said").read_text().splitlines()
        bashrc = host.machine.path(f"{HOME}/.bashrc").read_text()
    outcomes = json.loads(line)["outcomes"]
    was_let = {name for name, refusal in outcomes.items() if not refusal}
    # A user's manager can't hide these, and the credentials are files of the user's own.
    seen = {"see other processes", "see the hardware", "see other homes", "write to the credentials"}
    assert was_let == {*restrictions.ALLOWED, *seen}, outcomes
    assert ".ssh/id is read" not in said
    assert "notes is read" in said, "the rest of the home folder is there"
    assert "evil" not in bashrc
    assert "another's" not in said
    assert "CapBnd:\t0000000000000000" in said
