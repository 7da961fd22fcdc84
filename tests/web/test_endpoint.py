"""The endpoint as the daemon has it."""

from __future__ import annotations

import subprocess
import sys


def test_who_has_none_has_not_what_it_takes_in_memory() -> None:
    script = (
        "import sys, pedigreed.web.endpoint, pedigreed.daemon.daemon, pedigreed.config.load; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "apscheduler" in imported
    assert imported & {"aiohttp", "prometheus_client"} == set()
