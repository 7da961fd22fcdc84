"""What the tests of the log share."""

from __future__ import annotations

import pytest

from pedigreed import redaction


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> redaction.Secrets:
    """The secrets that the process has read, none at first."""
    fresh = redaction.Secrets()
    monkeypatch.setattr(redaction, "_of_this_process", fresh)
    return fresh
