"""What every test of a channel has: a search for secrets at its end."""

from __future__ import annotations

from leaks import keep_secret, no_secret_leaks, pytest_runtest_makereport

__all__ = ["keep_secret", "no_secret_leaks", "pytest_runtest_makereport"]
