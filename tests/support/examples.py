"""How many random examples or rounds a test tries, or how much, where that is not hypothesis's own number."""

from __future__ import annotations

from hypothesis import settings

_ALL = 100
"""What hypothesis tries of a test that names no number, but in a quick run."""


def examples(number: int, at_least: int = 1) -> int:
    """So many, and in a quick run the same share of them as of any other test's, but as many as it takes."""
    assert settings.default is not None
    return max(at_least, number * settings.default.max_examples // _ALL)
