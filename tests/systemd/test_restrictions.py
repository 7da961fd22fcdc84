"""Each restriction of the unit bites, and nothing that pedigreed needs is among what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import restrictions
from service_host import DAEMON

if TYPE_CHECKING:
    from service_host import ServiceHost

PROBE = "/usr/local/lib/restrictions.py"


def test_the_service_is_let_do_what_it_needs_and_no_more(host: ServiceHost) -> None:
    host.write(PROBE, Path(restrictions.__file__).read_text(encoding="utf-8"))
    command = f"/opt/pedigreed/lib/pedigreed/bin/python {PROBE}"
    host.edit(DAEMON, Type="oneshot", Restart="no", ExecStart=f"\nExecStart={command}")
    host.machine.systemctl("start", DAEMON)
    [line] = [line for line in host.said(DAEMON).splitlines() if line.startswith("{")]
    found = json.loads(line)
    was_let = {name for name, refusal in found["outcomes"].items() if not refusal}
    assert was_let == set(restrictions.ALLOWED), found
    assert found["core"] == [0, 0]
    assert found["umask"] == 0o077
