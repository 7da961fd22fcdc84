"""Three days of the recorded archive, of CRDS and of a mailing list, watched with embedded defaults."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.crds import DemoCrds
from pedigreed.demo.crds_story import crds_at
from pedigreed.demo.list_posts import NIRCAM_LIST, list_posts
from pedigreed.demo.listserv import DemoListserv
from pedigreed.demo.scenario import DAYS, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_POST = """\
Long wavelength flat fields and photom files were delivered to CRDS. They are in the latest context, {context}.

Affected data: NIRCam long wavelength imaging with F277W, F356W and F444W, whenever it was taken.
The new flats take out a gradient across module B, and the photom files belong to them.
Change level: SEVERE.

Nothing changes for subarrays, for coronagraphy and for the short wavelength channel."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers on loopback, which share one clock."""

    archive: DemoArchive
    crds: DemoCrds
    lists: DemoListserv

    def is_now(self, now: datetime) -> None:
        """Move the story on to a moment, UTC."""
        self.archive.now = now
        self.crds.now = now
        self.lists.now = now

    def configuration(self, folder: Path) -> str:
        """The demo's configuration, which reads these servers and keeps everything in a folder."""
        text = files("pedigreed.demo").joinpath("demo.yaml").read_text(encoding="utf-8")
        text = text.replace("CRDS", self.crds.url).replace("LIST", self.lists.feed_url(NIRCAM_LIST))
        # The folder comes last: its path may hold any word.
        return text.replace("/DEMO", str(folder))


@contextmanager
def stage() -> Iterator[Stage]:
    """The servers, on the first day."""
    posts = list_posts(before="jwst_1582", nircam="jwst_1583", nircam_text=_POST)
    with (
        DemoArchive(archive_at, DAYS[0], executing_polls=1) as archive,
        DemoCrds(crds_at, DAYS[0]) as crds,
        DemoListserv(posts, now=DAYS[0]) as lists,
    ):
        yield Stage(archive, crds, lists)
