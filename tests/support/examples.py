"""How many random examples a test tries that needs more or fewer than others."""

from __future__ import annotations

from hypothesis import settings

_ALL = 100
"""What hypothesis tries of a test that names no number, but in a quick run."""


def examples(number: int) -> int:
    """So many, and in a quick run the same share of them as of any other test's."""
    assert settings.default is not None
    return max(1, number * settings.default.max_examples // _ALL)
