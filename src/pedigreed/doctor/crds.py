"""What is assumed of CRDS's server, and how each assumption is checked: one call or two for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.doctor.assumption import Assumption, Finding, Outcome
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.sources.crds.contexts import asked_version, read_history, rules_file
from pedigreed.sources.crds.reference_files import bad_names, names_in, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pedigreed.sources.crds.rpc import Rpc

LATEST = Assumption(
    "CRDS: latest context",
    "get_default_context names the latest context",
    "the crds package's client",
    "what CRDS has in use is not known, and the digests say so",
)
HISTORY = Assumption(
    "CRDS: context history",
    "get_context_history lists when each context became the latest, in New York's time, that of now as its last",
    "a real history up to 2019",
    "rows that can't be read are passed over; without any, new contexts are not told",
)
BUILD = Assumption(
    "CRDS: context of a build",
    "get_build_context names a build's context, and the archive's newest products were made with it",
    "the crds package's client; the real rows of August 2026",
    "what the archive makes products with is told by its rows alone",
)
FILES = Assumption(
    "CRDS: files of a context",
    "get_reference_names and get_file_info_map tell a context's reference files",
    "the crds package's client",
    "a new context is told without its files",
)
BAD = Assumption(
    "CRDS: bad files",
    "get_server_info lists the files that are bad",
    "the crds package's client",
    "bad files are not told",
)
CRDS_ASSUMPTIONS = (LATEST, HISTORY, BUILD, FILES, BAD)


class CrdsExamination:
    """Asks one server.

    Args:
        rpc: how it is asked.
        cal_ver, crds_ctx: of the archive's newest product; None where that is not known.
    """

    def __init__(self, rpc: Rpc, cal_ver: str | None, crds_ctx: str | None) -> None:
        self._rpc = rpc
        self._cal_ver = cal_ver
        self._crds_ctx = crds_ctx
        self._latest = ""

    def examine(self) -> Iterator[Finding]:
        """Check one assumption after the other."""
        checks: tuple[tuple[Assumption, Callable[[], tuple[bool, str]]], ...] = (
            (LATEST, self._is_there_a_latest),
            (HISTORY, self._does_the_history_end_at_it),
            (BUILD, self._is_the_archive_made_with_it),
            (FILES, self._are_its_files_told),
            (BAD, self._are_bad_files_told),
        )
        for assumption, check in checks:
            try:
                is_right, came = check()
            except UpstreamUnavailable as error:
                yield Finding(assumption, Outcome.WRONG, str(error)[:200])
                continue
            yield Finding(assumption, Outcome.RIGHT if is_right else Outcome.WRONG, came)

    def _is_there_a_latest(self) -> tuple[bool, str]:
        self._latest = self._rpc.call("get_default_context", "jwst", "latest", shape=str)
        return self._latest.endswith(".pmap"), self._latest[:40]

    def _does_the_history_end_at_it(self) -> tuple[bool, str]:
        rows = self._rpc.call("get_context_history", "jwst", shape=list[object])
        activations, unreadable = read_history(rows)
        last = rules_file(activations[-1].context) if activations else "nothing"
        came = f"{len(rows):,} rows, {unreadable} of them can't be read, the last of {last}"
        return not unreadable and last == rules_file(self._latest), came

    def _is_the_archive_made_with_it(self) -> tuple[bool, str]:
        if self._cal_ver is None:
            return True, "no product to ask for"
        build = self._rpc.call("get_build_context", "jwst", asked_version(self._cal_ver), shape=str)
        return build == self._crds_ctx, f"{build[:40]} for {self._cal_ver}, whose products have {self._crds_ctx}"

    def _are_its_files_told(self) -> tuple[bool, str]:
        names = sorted(names_in(self._rpc, self._latest))
        (record,) = records_of(self._rpc, names[:1])
        return record.name == names[0], f"{len(names):,} files"

    def _are_bad_files_told(self) -> tuple[bool, str]:
        names, odd = bad_names(self._rpc)
        return not odd, f"{len(names):,} bad files, {odd} that can't be read"
