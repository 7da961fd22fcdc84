"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# A slow machine is no failure.
settings.register_profile("pedigreed", deadline=None)
settings.load_profile("pedigreed")

_SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real captures beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip("the real captures are not beside this checkout")
    return _SHARED
