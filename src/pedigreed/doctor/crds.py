"""What is assumed of CRDS's server, and how each assumption is checked: one call or two for each."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from pedigreed.doctor.assumption import Assumption
from pedigreed.doctor.control import AGENT, redirect_finding
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.net.exchange import Answer, Limits, Request, blocking_exchange
from pedigreed.sources.crds.contexts import SERVER_ZONE, asked_version, read_context, read_history, rules_file
from pedigreed.sources.crds.reference_files import bad_names, names_in, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pedigreed.doctor.assumption import Finding
    from pedigreed.sources.crds.contexts import Activation
    from pedigreed.sources.crds.rpc import Rpc

REDIRECTS = Assumption(
    "CRDS: redirects",
    "CRDS's address answers itself, and redirects to no other",
    "the crds package posts to it",
    "nothing of CRDS is known: write the new address into sources.crds.url",
)
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
ZONE = Assumption(
    "CRDS: zone of the history",
    "a context became the latest in the working hours of New York, and not in the future",
    "the server says no zone; 132 of 145 dates up to 2019 lie between 8 and 18 o'clock",
    "contexts are told with a time that is some hours off",
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
RULES = Assumption(
    "CRDS: rule files of a context",
    "get_mapping_names tells a context's pmap, imaps and rmaps; which rmaps differ tells what a switch changed",
    "the crds package's client",
    "what a switch touches is read from texts",
)
BAD = Assumption(
    "CRDS: bad files",
    "get_server_info lists the files that are bad",
    "the crds package's client",
    "bad files are not told",
)
CRDS_ASSUMPTIONS = (REDIRECTS, LATEST, HISTORY, ZONE, BUILD, FILES, RULES, BAD)

_WORKING_HOURS = range(8, 18)
_MOST_OF_THEM = 0.75
_LOOKED_AT = 100
_LIMITS = Limits(seconds=20.0, largest=100_000)


class CrdsExamination:
    """Asks one server.

    Args:
        rpc: how it is asked.
        url: its address.
        cal_ver, crds_ctx: of the archive's newest product; None where that is not known.
    """

    def __init__(self, rpc: Rpc, url: str, cal_ver: str | None, crds_ctx: str | None) -> None:
        self._rpc = rpc
        self._url = url
        self._activations: tuple[Activation, ...] = ()
        self._says_now: datetime | None = None
        self._cal_ver = cal_ver
        self._crds_ctx = crds_ctx
        self._latest = ""

    def examine(self) -> Iterator[Finding]:
        """Check one assumption after the other."""
        yield self._redirects()
        checks: tuple[tuple[Assumption, Callable[[], tuple[bool | None, str]]], ...] = (
            (LATEST, self._is_there_a_latest),
            (HISTORY, self._does_the_history_end_at_it),
            (ZONE, self._are_its_dates_of_new_york),
            (BUILD, self._is_the_archive_made_with_it),
            (FILES, self._does_it_list_its_files),
            (RULES, self._does_it_list_its_rules),
            (BAD, self._does_it_list_bad_files),
        )
        for assumption, check in checks:
            yield self._checked(assumption, check)

    def _checked(self, assumption: Assumption, check: Callable[[], tuple[bool | None, str]]) -> Finding:
        try:
            is_right, came = check()
        except UpstreamUnavailable as error:
            return assumption.wrong(str(error)[:200])
        except Exception as error:  # noqa: BLE001  # whatever has another form than this expects is to be found out
            return assumption.wrong(f"in a form that is not known ({type(error).__name__})")
        return assumption.unknown(came) if is_right is None else assumption.judged(is_right, came)

    def _redirects(self) -> Finding:
        asked = {"jsonrpc": "1.0", "method": "get_default_context", "params": ["jwst", "latest"], "id": "1"}
        headers = {"User-Agent": AGENT, "Content-Type": "application/json"}
        request = Request("POST", f"{self._url.rstrip('/')}/json/", headers, msgspec.json.encode(asked))
        came = blocking_exchange(request, _LIMITS)
        if isinstance(came, Answer):
            with suppress(ValueError, TypeError):
                self._says_now = parsedate_to_datetime(came.headers.get("Date", ""))
        return redirect_finding(REDIRECTS, came)

    def _is_there_a_latest(self) -> tuple[bool, str]:
        self._latest = self._rpc.call("get_default_context", "jwst", "latest", shape=str)
        return bool(read_context(self._latest)), self._latest[:40]

    def _does_the_history_end_at_it(self) -> tuple[bool, str]:
        rows = self._rpc.call("get_context_history", "jwst", shape=list[object])
        activations, unreadable = read_history(rows)
        self._activations = activations
        last = rules_file(activations[-1].context) if activations else "nothing"
        came = f"{len(rows):,} rows, {unreadable} of them can't be read, the last of {last}"
        return not unreadable and last == rules_file(self._latest), came

    def _are_its_dates_of_new_york(self) -> tuple[bool | None, str]:
        if not self._activations:
            return None, "there is no history to look at"
        last = self._activations[-_LOOKED_AT:]
        at_work = sum(each.started_at.astimezone(SERVER_ZONE).hour in _WORKING_HOURS for each in last)
        now = self._says_now or datetime.now(UTC)
        ahead = sum(each.started_at > now for each in last)
        came = f"{at_work} of the last {len(last)} between 8 and 18 o'clock, {ahead} ahead of the server's clock"
        return at_work >= _MOST_OF_THEM * len(last) and not ahead, came

    def _is_the_archive_made_with_it(self) -> tuple[bool | None, str]:
        if self._cal_ver is None:
            return None, "no product to ask for"
        build = self._rpc.call("get_build_context", "jwst", asked_version(self._cal_ver), shape=str)
        return build == self._crds_ctx, f"{build[:40]} for {self._cal_ver}, whose products have {self._crds_ctx}"

    def _does_it_list_its_files(self) -> tuple[bool, str]:
        names = sorted(names_in(self._rpc, self._latest))
        (record,) = records_of(self._rpc, names[:1])
        is_dated = record.delivered_at is not None
        came = f"{len(names):,} files, {'with' if is_dated else 'without'} the date of the first one's delivery"
        return is_dated, came

    def _does_it_list_its_rules(self) -> tuple[bool, str]:
        names = self._rpc.call("get_mapping_names", self._latest, shape=list[str])
        kinds = Counter(name.rpartition(".")[2] for name in names)
        came = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("pmap", "imap", "rmap"))
        return self._latest in names and bool(kinds["imap"] and kinds["rmap"]), came

    def _does_it_list_bad_files(self) -> tuple[bool, str]:
        names, odd = bad_names(self._rpc)
        return not odd, f"{len(names):,} bad files, {odd} that can't be read"
