"""What a plain YAML scalar means: YAML 1.2, less what YAML 1.1 would read otherwise."""

from __future__ import annotations

import re

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)
_LEADING_ZERO = re.compile(r"([-+]?)0+([0-9]+)", re.ASCII)
_BASE_60 = re.compile(r"[-+]?[1-9][0-9_]{0,17}(?::[0-5]?[0-9])+", re.ASCII)
_OTHER_NUMBER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*_[0-9_]*)", re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_LONG_NUMBER = re.compile(r"[-+]?[0-9]{19,}", re.ASCII)


class Ambiguous(ValueError):
    """A scalar that readers of YAML disagree about.

    Attributes:
        what: why, to be said after the value.
        fix: what to write instead, with the value in it.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def resolve(text: str) -> str | float | bool | None:
    """The value of an unquoted scalar: empty, true or false, a decimal number, or text.

    Raises:
        Ambiguous: for a leading zero, base 60, hexadecimal and the like, and endless numbers.
    """
    if text in _NULL:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if zero := _LEADING_ZERO.fullmatch(text):
        raise _leading_zero(text, zero)
    if _BASE_60.fullmatch(text):
        raise _base_60(text)
    if _OTHER_NUMBER.fullmatch(text):
        raise Ambiguous(
            "is a number to some readers of YAML and text to others",
            f'write the number in decimal, or "{text}" in quotes if it is text',
        )
    if _LONG_NUMBER.fullmatch(text):
        raise Ambiguous("has more digits than a number can have here", "put it in quotes if it is text")
    return float(text) if _REAL.fullmatch(text) else text


def _leading_zero(text: str, match: re.Match[str]) -> Ambiguous:
    is_octal = not set(match[2]) & {"8", "9"} and len(match[2]) < 19  # noqa: PLR2004  # digits of 64 bits
    what = (
        f"is read as {int(text, 8)}, in octal, by YAML 1.1"
        if is_octal
        else "has a leading zero, octal in YAML 1.1"
    )
    return Ambiguous(what, f'write {match[1]}{match[2]}, or "{text}" in quotes if it is text')


def _base_60(text: str) -> Ambiguous:
    number = 0
    for digits in text.lstrip("-+").replace("_", "").split(":"):
        number = number * 60 + int(digits)
    time = _TIME.fullmatch(text)
    better = f"{int(time[1]):02d}:{time[2]}" if time else text
    return Ambiguous(f"is read as {number}, in base 60, by YAML 1.1", f'write "{better}" in quotes')
