"""The CRDS server as a source of announcements."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.news_source import Reading
from pedigreed.sources.crds.bookmark import Bookmark
from pedigreed.sources.crds.look import Look
from pedigreed.sources.crds.name import NAME
from pedigreed.sources.crds.patience import Patience
from pedigreed.sources.crds.rpc import Rpc

if TYPE_CHECKING:
    from datetime import datetime

KEPT = timedelta(days=400)
"""How far back the context history is told. At the first reading it gives the notices of about a year."""


class CrdsServer:
    """The server's own records: the context history, the catalogue, the bad files and the archive's context.

    It implements `sources.source.Source`. It is asked in serial calls: three to each reading, one more a day, and
    some for each new context.
    """

    def __init__(
        self,
        url: str,
        user_agent: str,
        cal_ver: str | None,
        *,
        patience: Patience | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            url: the server's address, http or https, without ``/json/``.
            user_agent: who asks, as the header has it.
            cal_ver: the newest pipeline version that was seen in the archive; None where none was.
            patience: limits of one reading.
        """
        self._url = url.rstrip("/")
        self._user_agent = user_agent
        self._cal_ver = cal_ver
        self._patience = patience or Patience()

    @property
    def name(self) -> str:
        """What people call it."""
        return NAME

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """Read what is new. Each part of it fails alone; see `Source.read`."""
        rpc = Rpc(self._url, self._user_agent, self._patience)
        look = Look(rpc, NAME, self._url, Bookmark.read(bookmark), now)
        look.at_history(now - KEPT)
        contexts = look.contexts_in_use(self._cal_ver)
        look.at_new_files()
        look.at_bad_files()
        return Reading(
            announcements=tuple(look.announcements),
            is_complete=not look.problems,
            bookmark=look.bookmark.written(),
            problems=tuple(look.problems),
            warnings=tuple(look.warnings),
            contexts=contexts,
        )
