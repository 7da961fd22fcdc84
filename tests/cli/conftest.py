"""Commands in the process of the test: what they print is searched for secrets, as that of processes is."""

from __future__ import annotations

from leaks import keep_secret, no_secret_leaks, pytest_runtest_makereport

__all__ = ["keep_secret", "no_secret_leaks", "pytest_runtest_makereport"]
