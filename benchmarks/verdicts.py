"""A line of the table: what came out, what is aimed at, and whether it is met."""

from __future__ import annotations

Row = tuple[str, str, str, str]
"""Figure, result, target, verdict; the last two are empty where nothing is aimed at."""


def most(figure: str, value: float, target: float) -> Row:
    return figure, number(value), f"at most {target:g}", verdict(value <= target, value / target - 1)


def least(figure: str, value: float, target: float) -> Row:
    return figure, number(value), f"at least {target:g}", verdict(value >= target, value / target - 1)


def verdict(is_met: bool, off: float) -> str:
    return f"{'met' if is_met else 'missed'}, {abs(off):.0%} {'below' if off < 0 else 'above'}"


def number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004  # three digits are enough


def none(figure: str, value: int) -> Row:
    return figure, str(value), "none", "met" if value <= 0 else "missed"


def mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
