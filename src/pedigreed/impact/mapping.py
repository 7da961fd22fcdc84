"""A rule file of CRDS: the context (pmap), an instrument's rules (imap) or a reference type's (rmap).

The sum of a file is in its header: the SHA-1 of all of its lines that have no "sha1sum" in them. It holds for all
2,562 real files of 2019.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.impact.rule_text import Call, UnreadableRulesError, read_rule_text
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping as Dictionary

NOT_APPLICABLE = frozenset({"N/A", "TEMP_N/A", "n/a", "temp_n/a"})
OMITTED = frozenset({"OMIT", "TEMP_OMIT", "omit"})
"""What stands in the place of a file where there is none. Source: `MappingSelectionsDict` of crds 14.0.3."""


class WrongSumError(Unreadable):
    """The file is not as CRDS wrote it: cut, or changed on its way."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One rule file.

    Attributes:
        header: its own description, by name.
        selector: a dictionary in a pmap and an imap; a call of a selector in an rmap.
        sha1: of the whole text, as hexadecimal digits.
    """

    header: Dictionary[str, object]
    selector: object
    sha1: str


def read_rule_file(text: str) -> RuleFile:
    """Read one rule file and check its sum.

    Raises:
        UnreadableRulesError: it is no rule file, such as a page of HTML.
        WrongSumError: the sum in it is missing or another's.
    """
    found = read_rule_text(text)
    header, selector = found.get("header"), found.get("selector")
    if not isinstance(header, dict) or not all(isinstance(key, str) for key in header) or selector is None:
        raise UnreadableRulesError("no header and selector")
    if header.get("sha1sum") != sum_of(text):
        raise WrongSumError("the sum in the file is not that of its lines")
    return RuleFile(header, selector, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def sum_of(text: str) -> str:
    """The sum that belongs into a file's header: hexadecimal digits."""
    lines = "".join(line for line in text.splitlines(keepends=True) if "sha1sum" not in line)
    return hashlib.sha1(lines.encode(), usedforsecurity=False).hexdigest()


def members_of(rules: RuleFile) -> dict[str, str]:
    """What a pmap or an imap names: instrument or type in lower case -> a file name, or a word for none.

    Raises:
        UnreadableRulesError: it is an rmap, or names something else than files.
    """
    selector = rules.selector
    if isinstance(selector, Call) or not isinstance(selector, dict):
        raise UnreadableRulesError("the selector is no dictionary of files")
    members = {}
    for key, value in selector.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise UnreadableRulesError(f"not the name of a file: {str(key)[:40]}")
        members[key.lower()] = value
    return members
