"""MAST's search of JWST's file sets, which `astroquery.mast.MastMissions` asks: one pedigree for each file set.

It tells CAL_VER and CRDS_CTX of a file set, which are those of one of its files. It tells no file names, no DATE,
no date of ingest, no release and no stale flag.
Source: astroquery 0.4.12.dev, ``mast/missions.py`` and its recorded answers; the real
service was not tried.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from pedigreed.model.failure import Unreadable, UpstreamUnavailable
from pedigreed.model.product import FileSet
from pedigreed.net.access_token import by_mast_token
from pedigreed.net.exchange import Request, blocking_exchange, limits_of, usable
from pedigreed.net.patience import Passing, Patience
from pedigreed.sources.mast.row import keyword_of, program_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from pedigreed.model.instrument import Instrument

COLUMNS = ("fileSetName", "program", "instrume", "productLevel", "cal_ver", "crds_ctx")
"""What is asked of a file set."""

PATIENCE = Patience(exchange_timeout=120.0, total_timeout=600.0)
_COLUMN_LIST = "/search/util/api/v0.1/column_list?mission=jwst"
_SEARCH = "/search/jwst/api/v0.1/search"
_PAGE = 50_000


class _Found(msgspec.Struct):
    results: list[dict[str, Any]]
    totalResults: int | None = None  # noqa: N815  # as the wire spells it


class _Column(msgspec.Struct):
    column_name: str


class MissionsSearch:
    """Asks the search, one question after another. After one without an answer it is asked no more.

    Attributes:
        requests: how many HTTP exchanges were made.
    """

    def __init__(
        self, url: str, user_agent: str, *, token: str | None = None, patience: Patience = PATIENCE
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        if token is not None:
            self._headers |= by_mast_token(token)
        self._patience = patience
        self._is_given_up = False
        self.requests = 0

    def columns(self) -> frozenset[str]:
        """The columns that it has. Raises `UpstreamUnavailable`."""
        body = self._ask(Request("GET", self._url + _COLUMN_LIST, self._headers), self._patience.deadline())
        return frozenset(each.column_name for each in _decoded(body, list[_Column]))

    def file_sets(self, instrument: Instrument, programs: Collection[int]) -> list[FileSet]:
        """Every file set of some programs in one instrument.

        Raises:
            UpstreamUnavailable: it did not answer, or not with as many as it counts.
        """
        if self._is_given_up:
            raise UpstreamUnavailable("Missions' search was not asked: it did not answer before")
        deadline = self._patience.deadline()
        found: dict[str, FileSet] = {}
        total, came = None, 0
        while total is None or came < total:
            page = _decoded(self._ask(self._question(instrument, programs, came), deadline), _Found)
            if page.totalResults is None:
                raise UpstreamUnavailable("Missions' search does not say how many file sets there are")
            if total is not None and page.totalResults != total:
                raise UpstreamUnavailable("the number of file sets changed while they were read")
            total = page.totalResults
            came += len(page.results)
            found |= {each.name: each for each in map(_file_set, page.results)}
            if not page.results:
                break
        if len(found) != total or any(each.program not in programs for each in found.values()):
            raise UpstreamUnavailable(f"{len(found):,} file sets came of Missions' search, which counts {total:,}")
        return list(found.values())

    def _question(self, instrument: Instrument, programs: Collection[int], offset: int) -> Request:
        asked = {
            "limit": _PAGE,
            "offset": offset,
            "select_cols": list(COLUMNS),
            "sort_by": ["fileSetName"],
            "sort_desc": [False],
            "conditions": [
                {"program": ",".join(map(str, sorted(programs)))},
                {"instrume": instrument.value.upper()},
            ],
        }
        headers = {**self._headers, "Content-Type": "application/json"}
        return Request("POST", self._url + _SEARCH, headers, msgspec.json.encode(asked))

    def _ask(self, request: Request, deadline: float) -> bytes:
        try:
            for attempt in self._patience.retrying(deadline):
                with attempt:
                    if time.monotonic() >= deadline:
                        raise Passing(f"no whole answer within {self._patience.total_timeout:g} s")
                    self.requests += 1
                    body = usable(blocking_exchange(request, limits_of(self._patience, deadline))).body
        except UpstreamUnavailable as error:
            self._is_given_up = True
            raise UpstreamUnavailable(f"Missions' search {_after_name(str(error))}") from error
        return body


def _after_name(words: str) -> str:
    return words if words.startswith("answered") else f"did not answer: {words}"


def _decoded(body: bytes, shape: Any) -> Any:  # noqa: ANN401  # as msgspec has it
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamUnavailable("Missions' search answered in a form that is not known") from error


def _file_set(row: dict[str, Any]) -> FileSet:
    try:
        name = str(row["fileSetName"]).strip()
        program = program_of({"filename": name, "program": row["program"]})
        if not name or program is None:
            raise UpstreamUnavailable("Missions' search has a file set without a name or program")
        return FileSet(name, program, keyword_of(row, "cal_ver", name), keyword_of(row, "crds_ctx", name))
    except (KeyError, Unreadable) as error:
        raise UpstreamUnavailable("Missions' search answered in a form that is not known") from error
