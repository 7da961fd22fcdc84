"""A context of CRDS: for each instrument and reference type the rules that choose the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

from pedigreed.impact.mapping import NOT_APPLICABLE as NOT_APPLICABLE_WORDS
from pedigreed.impact.mapping import OMITTED as OMITTED_WORDS
from pedigreed.impact.mapping import RuleFile, members_of, read_rule_file
from pedigreed.impact.rmap import Rmap, compile_rmap
from pedigreed.impact.rmap_form import FORMAT, RmapForm
from pedigreed.impact.rule_answers import ERROR, NOT_APPLICABLE, OMITTED, RuleAnswer, always
from pedigreed.impact.rule_text import UnreadableRulesError
from pedigreed.model.reference_file import RULE_FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, MutableMapping

    from pedigreed.impact.rule_answers import Timeline
    from pedigreed.model.instrument import Instrument


_MOST_MEMBERS = 300
"""Files that a pmap or an imap names. The real imaps of 2025 name some 50."""
_SUM = 4
"""Bytes."""


class CompiledFile(msgspec.Struct, frozen=True, array_like=True):
    """One rule file, as it is kept on disk beside its text.

    Attributes:
        form: the number of the form, `FORMAT`.
        sha1: of the text.
        members: what a pmap or an imap names, by instrument or type in lower case; None for an rmap.
        rmap: an rmap's rules.
    """

    form: int
    sha1: str
    members: dict[str, str] | None
    rmap: RmapForm | None


def compile_file(name: str, text: str) -> CompiledFile:
    """Read, check and compile a rule file.

    Raises:
        UnreadableRulesError, WrongSumError: it is not the file that CRDS wrote.
    """
    rules = read_rule_file(text)
    if str(rules.header.get("name", "")).lower() != name:
        raise UnreadableRulesError(f"the file calls itself {str(rules.header.get('name'))[:60]!r}")
    if name.endswith(".rmap"):
        return CompiledFile(FORMAT, rules.sha1, None, compile_rmap(rules))
    return CompiledFile(FORMAT, rules.sha1, _members(rules), None)


def _members(rules: RuleFile) -> dict[str, str]:
    members = members_of(rules)
    if len(members) > _MOST_MEMBERS:
        raise UnreadableRulesError(f"it names more than {_MOST_MEMBERS} files")
    for name in members.values():
        if name not in NOT_APPLICABLE_WORDS | OMITTED_WORDS and RULE_FILE_NAME.fullmatch(name) is None:
            raise UnreadableRulesError(f"not the name of a rule file: {name[:60]!r}")
    return members


@dataclass(frozen=True, slots=True)
class TypeRules:
    """The rules of one type in a context: an rmap with its name, or one answer for everything."""

    name: str
    rmap: Rmap | None = None
    answer: RuleAnswer = NOT_APPLICABLE

    @property
    def keys(self) -> tuple[str, ...]:
        """The header's keys that an answer may depend on, beside the date's."""
        return () if self.rmap is None else self.rmap.keys

    def timeline(self, header: Mapping[str, str]) -> Timeline:
        """What they answer over time for the conditioned values of a header that has all of `keys`."""
        return always(self.answer) if self.rmap is None else self.rmap.of(header)


@dataclass(frozen=True, slots=True)
class Context:
    """A context of CRDS.

    Attributes:
        name: ``jwst_1535``.
        types: for each instrument, for each type in lower case, its rules.
    """

    name: str
    types: Mapping[Instrument, Mapping[str, TypeRules]]

    def rules(self, instrument: Instrument, reftype: str) -> TypeRules:
        """The rules of a type; where there are none, what stands for that in CRDS's answer."""
        types = self.types.get(instrument)
        return _NO_INSTRUMENT if types is None else types.get(reftype, _NO_TYPE)


_NO_TYPE = TypeRules("")
"""CRDS's answer leaves it out."""
_NO_INSTRUMENT = TypeRules("no rules for the instrument", answer=ERROR)


def encoded(file: CompiledFile) -> bytes:
    """As it is kept on disk, with a sum of its own before it."""
    content = msgspec.msgpack.encode(file)
    return crc32(content).to_bytes(_SUM) + content


def decoded(content: bytes, sha1: str) -> CompiledFile | None:
    """The compiled form of a text with this sum; None where it is another's, of another format or damaged."""
    if crc32(content[_SUM:]).to_bytes(_SUM) != content[:_SUM]:
        return None
    try:
        file = _DECODER.decode(content[_SUM:])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return file if file.form == FORMAT and file.sha1 == sha1 else None


_DECODER = msgspec.msgpack.Decoder(CompiledFile)


def names_needed(
    pmap: str,
    known: Mapping[str, CompiledFile],
    instruments: Collection[Instrument],
    types: Collection[str] = (),
) -> frozenset[str]:
    """The names of the files that a context still wants, by those that are known. Empty when it is whole.

    With `types`, no others' rules are wanted.
    """
    if pmap not in known:
        return frozenset({pmap})
    imaps = _imaps(known[pmap], instruments)
    wanted = {name for name in imaps.values() if name not in known}
    for name in imaps.values():
        if name in known:
            wanted.update(rmap for rmap in _files(known[name], types) if rmap not in known)
    return frozenset(wanted)


def context_of_files(
    pmap: str,
    files: Mapping[str, CompiledFile],
    instruments: Collection[Instrument],
    rmaps: MutableMapping[str, Rmap],
    types: Collection[str] = (),
) -> Context:
    """Put a context together.

    Args:
        pmap: the context's file, ``jwst_1535.pmap``.
        files: all of its files that `names_needed` names.
        instruments: those that matter.
        rmaps: what other contexts use already, by name. It is added to, so that contexts share their rules.
        types: those that matter; empty for all.
    """
    found: dict[Instrument, dict[str, TypeRules]] = {}
    for instrument, imap in _imaps(files[pmap], instruments).items():
        rules = found[instrument] = {}
        for reftype, name in (files[imap].members or {}).items():
            if types and reftype not in types:
                continue
            if name in OMITTED_WORDS or name in NOT_APPLICABLE_WORDS:
                rules[reftype] = TypeRules(name, answer=OMITTED if name in OMITTED_WORDS else NOT_APPLICABLE)
                continue
            form = files[name].rmap or RmapForm(not_understood="no rules of a type")
            if name not in rmaps:
                rmaps[name] = Rmap(form)
            rules[reftype] = TypeRules(name, rmaps[name])
    return Context(pmap.removesuffix(".pmap"), found)


def _imaps(pmap: CompiledFile, instruments: Collection[Instrument]) -> dict[Instrument, str]:
    members = pmap.members or {}
    return {
        instrument: members[instrument.value]
        for instrument in instruments
        if members.get(instrument.value, "").endswith(".imap")
    }


def _files(imap: CompiledFile, types: Collection[str]) -> list[str]:
    return [
        name
        for reftype, name in (imap.members or {}).items()
        if name.endswith(".rmap") and (not types or reftype in types)
    ]
