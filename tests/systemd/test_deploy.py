"""The commands of docs/deploy.md, as they stand there, on a machine of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from service_host import CONFIG, DAEMON, STATE, TIMER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service_host import ServiceHost
    from systemd_machine import Said

DEPLOY = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
ASKED = 'systemd-ask-password -n "SMTP password:"'
INSTEAD = {ASKED: "printf hunter2", "send-test email --to me@obs.example": "send-test feed"}
"""Nobody is there to type, and the machine has no mail server."""

DONE_ALREADY = ("apt-get ", "make install", "make uninstall")
"""What takes a network, or is tried by itself."""


def commands(heading: str) -> list[str]:
    """The commands in a section, one a line."""
    section = DEPLOY[DEPLOY.index(f"\n{heading}\n") + len(heading) + 2 :]
    lines = []
    for line in section.splitlines():
        if line.startswith("#"):
            break
        if line.startswith("    ") and not line.startswith(
            ("    [", "    store:", "    http:", "    LoadCredential=", "    OnCalendar=")
        ):
            lines.append(line.strip())
    assert lines
    return [line for line in lines if not line.startswith(DONE_ALREADY)]


def follow(host: ServiceHost, heading: str) -> list[Said]:
    """Type what a section says."""
    said = []
    for command in commands(heading):
        typed = command
        for ours, instead in INSTEAD.items():
            typed = typed.replace(ours, instead)
        said.append(host.machine.run("bash", "-c", typed, environ={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin"}))
        assert said[-1].code == 0, f"{command}\n{said[-1].out}{said[-1].err}"
    return said


@pytest.fixture
def followed(host: ServiceHost) -> Iterator[ServiceHost]:
    """One host, on which the section of that name was followed."""
    host.machine.path(CONFIG).unlink()
    host.machine.path("/etc/credstore/pedigreed.smtp_password").unlink()
    follow(host, "### 1. Install")
    follow(host, "### 2. Configure")
    assert "smtp_password" in host.machine.path(CONFIG).read_text()
    # What a person writes into it.
    host.configure(1180)
    config = host.machine.path(CONFIG)
    config.write_text(f"store: sqlite:////var/lib/pedigreed/pedigreed.db\n{config.read_text()}")
    follow(host, "### 3. Give it its secrets")
    yield host
    host.machine.run("rm", "-rf", "/usr/local/bin/pedigreed", "/var/backups/pedigreed.db")


def test_one_host_from_the_start_to_the_end(followed: ServiceHost) -> None:
    host = followed
    follow(host, "### 4. Start")
    host.until(lambda: len(host.told()) == 2)  # a test message, and the first digest
    assert host.machine.show(DAEMON, "UnitFileState") == "enabled"
    secret = host.machine.path(f"/run/credentials/{DAEMON}/smtp_password")
    assert secret.read_text() == "hunter2"

    assert "next digest jades" in follow(host, "### See how it is")[0].out
    follow(host, "### Change the configuration")
    follow(host, "### Run a cycle now")
    follow(host, "### Change a secret")
    follow(host, "### Back up the store")
    host.until_it_is(DAEMON, "active")
    follow(host, "### Upgrade")
    host.until_it_is(DAEMON, "active")
    assert len(host.told()) == 2
    state = host.machine.path(STATE)
    assert {file.stat().st_uid for file in state.iterdir()} == {state.stat().st_uid}

    follow(host, "### Remove")
    assert not state.exists()
    assert host.machine.show(DAEMON, "ActiveState") == "inactive"


def test_without_a_resident_process(followed: ServiceHost) -> None:
    listed = follow(followed, "## Without a resident process")[2].out
    assert "pedigreed-once.service" in listed
    assert followed.machine.show(TIMER, "UnitFileState") == "enabled"


def test_a_maildir_elsewhere(host: ServiceHost) -> None:
    host.machine.run("useradd", "--system", "--no-create-home", "pedigreed")
    host.machine.run("install", "-d", "-o", "pedigreed", "/srv/mail/pedigreed")
    config = host.machine.path(CONFIG)
    text = config.read_text().replace("channels:\n", "channels:\n  keep: {maildir: {path: /srv/mail/pedigreed}}\n")
    config.write_text(text.replace("{channel: feed}", "{channel: keep}"))
    host.edit(DAEMON, ReadWritePaths="/srv/mail/pedigreed")
    host.machine.systemctl("start", DAEMON)
    try:
        host.until(lambda: list(host.machine.path("/srv/mail/pedigreed").glob("new/*")))
    finally:
        host.machine.systemctl("stop", DAEMON)
        assert host.machine.run("userdel", "pedigreed").code == 0
