"""Runs a program in a network of its own, which has an address of the internet: 9.9.9.9."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from real_servers import missing

_SET_UP = """
import subprocess

for command in ("ip link set lo up", "ip addr add 9.9.9.9/32 dev lo"):
    subprocess.run(command.split(), check=True)
"""


def printed_in_own_network(program: str) -> list[str]:
    """The lines that a Python program prints there. It may import what lies beside this file."""
    ended = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", _SET_UP + program],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Operation not permitted" in ended.stderr:
        missing("making a network takes the superuser")
    return ended.stdout.splitlines() or [ended.stderr]
