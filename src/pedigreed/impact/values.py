"""The values of a header and of a rule's key, brought into the one form in which CRDS compares them.

Source: `condition_value` of crds 14.0.3, with its faults: whatever begins with N/A is N/A.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNDEFINED = "UNDEFINED"
"""What CRDS takes for a keyword that a header has not."""
NOT_APPLICABLE = "N/A"
ANY = "*"

_NUMBER = re.compile(r"^([-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?|[+-]?[0-9]+\.)$")
_DONT_CARE = re.compile(r"^-2147483648.0|\(\)|N/A|NOT APPLICABLE|NOT_APPLICABLE$")
_OTHERWISE_WRITTEN = {"ANY": ANY, "4294967295.0": "-1.0", "TRUE": "T", "FALSE": "F"}


def conditioned(value: object) -> str:
    """A value as CRDS compares it: ``34`` -> ``34.0``, ``any`` -> ``*``, True -> ``T``."""
    text = str(value).strip().upper()
    if _NUMBER.match(text):
        text = str(float(text))
    if _DONT_CARE.match(text):
        text = NOT_APPLICABLE
    return _OTHERWISE_WRITTEN.get(text, text)


def picker(keys: tuple[str, ...]) -> Callable[[Mapping[str, str]], tuple[str, ...]]:
    """What takes the values of some keys from a header that has all of them."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda header: tuple([header[key] for key in keys])
