"""The control program, and how an archive is asked about it. What one check learns the next ones use."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from pedigreed.model.instrument import Instrument
from pedigreed.net.exchange import Limits, NoAnswer, Request, blocking_exchange
from pedigreed.sources.mast.query import service_of, spelt_as_asked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pedigreed.doctor.assumption import Assumption, Finding
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.net.exchange import Answer
    from pedigreed.sources.mast.envelope import Page
    from pedigreed.sources.mast.portal import Portal

Row = dict[str, object]

NO_PROGRAM = 99_998
PAGE = 50_000
AGENT = "pedigreed doctor"
_LIMITS = Limits(seconds=20.0, largest=4_000_000)


@dataclass
class Control:
    """Asks one archive. What one check learns the next ones use.

    Attributes:
        portal: how the archive is asked.
        url: its address.
        program: the control program.
        unfound: the one that was to be it, of which no row came; None where rows came of it.
        control: the instrument whose service has the most rows of it.
        rows: those rows, by file name.
        pedigrees: theirs, as far as they can be read.
        total: how many there are, as the service says; None where it does not.
        came: how many came, each as often as it did.
    """

    portal: Portal
    url: str
    program: int
    control: Instrument = Instrument.NIRCAM
    rows: dict[str, Row] = field(default_factory=dict)
    pedigrees: list[Pedigree] = field(default_factory=list)
    total: int | None = None
    came: int = 0
    unfound: int | None = None

    def ask(
        self,
        columns: str,
        *filters: Mapping[str, object],
        instrument: Instrument | None = None,
        page: int = 1,
        size: int = PAGE,
        programs: Sequence[str] | None = None,
    ) -> Page:
        """One page. Raises as `Portal.invoke` and `Reply.page`."""
        self.portal.start_query()
        asked = [str(self.program)] if programs is None else list(programs)
        of_program = [{"paramName": "program", "values": asked}] if asked else []
        params = {"columns": columns, "filters": [*of_program, *filters]}
        service = service_of(instrument or self.control)
        return self.portal.invoke(service, params, uuid.uuid4().hex, page, size).page()

    def names(self, page: Page) -> list[str]:
        """The file names of a page, in its order."""
        return [str(row.get("filename")) for row in self.read(page)]

    def asked_plainly(self) -> Answer | NoAnswer:
        """The answer to the smallest question, of which no redirect is followed."""
        params = {"columns": "filename", "filters": [{"paramName": "program", "values": [str(self.program)]}]}
        asked = {"service": service_of(self.control), "params": params, "format": "json", "pagesize": 1, "page": 1}
        said = quote(msgspec.json.encode({**asked, "cacheBreaker": uuid.uuid4().hex}))
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/plain"}
        return self._exchange("POST", "/api/v0/invoke", headers, f"request={said}".encode())

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer | NoAnswer:
        """What the archive has at a path."""
        return self._exchange("GET", path, headers or {}, b"")

    def _exchange(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Answer | NoAnswer:
        request = Request(method, self.url.rstrip("/") + path, {"User-Agent": AGENT, **headers}, content)
        return blocking_exchange(request, _LIMITS)

    def read(self, page: Page) -> list[Row]:
        """The rows of a page, their columns spelt as they were asked for."""
        return [dict(spelt_as_asked(page.read(row))) for row in page.rows]


def is_redirect(status: int) -> bool:
    """Whether an answer sends elsewhere."""
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST and status != HTTPStatus.NOT_MODIFIED


def redirect_finding(assumption: Assumption, came: Answer | NoAnswer) -> Finding:
    """Whether an address answers itself."""
    if isinstance(came, NoAnswer):
        return assumption.unknown("no answer")
    if is_redirect(came.status):
        return assumption.wrong(f"HTTP {came.status}, a redirect", status=came.status)
    return assumption.right("none", status=came.status)
