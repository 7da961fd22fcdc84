"""The service of one user, under that user's own manager."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from real_servers import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from booted import Machine, Said
    from service_host import ServiceHost

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


def test_it_does_its_work_without_root(host: ServiceHost) -> None:
    with user(host.machine) as number:
        environ = {"HOME": HOME, "XDG_RUNTIME_DIR": f"/run/user/{number}"}

        def run(*command: str) -> Said:
            as_user = ("setpriv", f"--reuid={number}", "--regid", number, "--clear-groups")
            return host.machine.run(*as_user, *command, environ=environ)

        text = host.machine.path("/etc/pedigreed/pedigreed.yaml").read_text()
        own = f"{HOME}/.config/pedigreed"
        host.write(f"{own}/pedigreed.yaml", text)
        host.write(f"{own}/credentials/webhook_secret", "correct horse battery\n", 0o600)
        # What a service finds in its own folder must not be taken for what it imports.
        host.write(f"{HOME}/yaml.py", "raise ImportError")
        host.machine.run("chown", "-R", f"{number}:{number}", HOME)
        host.until(lambda: run("systemctl", "--user", "is-system-running").out.strip() == "running")
        started = run("systemctl", "--user", "start", "pedigreed")
        assert started.code == 0, started.err
        host.until(host.told)
        assert "next digest jades" in run("systemctl", "--user", "status", "pedigreed").out
        assert "jades" in run("/opt/pedigreed/bin/pedigreed", "status").out
        assert run("systemctl", "--user", "stop", "pedigreed").code == 0
        assert host.machine.path(f"{HOME}/.local/state/pedigreed/pedigreed.db").exists()
