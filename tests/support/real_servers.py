"""What to do where a real server that a test needs is not there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(server: str) -> NoReturn:
    """Skip a test that needs a real server, or fail it where servers are required."""
    if os.environ.get("PEDIGREED_REQUIRE_SERVERS"):
        pytest.fail(f"{server} is required, and is not there")
    pytest.skip(f"{server} is not there")
