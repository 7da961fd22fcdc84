"""What the tests of the log share."""

from __future__ import annotations

import pytest

from pedigreed.config.revealed import Revealed
from pedigreed.log import strike


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Revealed:
    """The secrets that the log knows of, none at first."""
    fresh = Revealed()
    monkeypatch.setattr(strike, "revealed", fresh)
    return fresh
