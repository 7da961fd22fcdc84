"""Three days of the recorded archive, of CRDS and of two mailing lists, watched with embedded defaults."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.crds import DemoCrds
from pedigreed.demo.crds_story import crds_at
from pedigreed.demo.list_mails import mails_until
from pedigreed.demo.list_posts import NIRCAM_LIST, ListPost
from pedigreed.demo.listserv import DemoListserv
from pedigreed.demo.scenario import DAYS, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BEFORE = """\
A new NIRCam WCSREGIONS file for the GRISM time-series modes was delivered to CRDS and is in use since
context jwst_1580.

Affected data: NRC_TSGRISM of module A. All other modes are unchanged. Change level: TRIVIAL."""

_FLAT = """\
Long wavelength flat fields were delivered to CRDS, in context jwst_1582.

Affected data: NIRCam long wavelength imaging with F277W, F356W and F444W, whenever it was taken.
The new flats take out a gradient across module B. Change level: SEVERE.

Nothing changes for subarrays, for coronagraphy and for the short wavelength channel."""

_PHOTOM = """\
NIRCam photom files for both modules of the long wavelength channel are in context jwst_1583. They were derived
with the flat fields that came before them. Change level: MODERATE."""

_POSTS = tuple(
    ListPost(NIRCAM_LIST, datetime.fromisoformat(at), f"NIRCam reference file delivery: {what}", text)
    for at, what, text in (
        ("2026-11-12T15:04Z", "WCSREGIONS (jwst_1580)", _BEFORE),
        ("2026-11-21T16:30Z", "FLAT (jwst_1582)", _FLAT),
        ("2026-11-21T18:05Z", "PHOTOM (jwst_1583)", _PHOTOM),
    )
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers on loopback, which share one clock, and the folder in which the demo keeps everything."""

    archive: DemoArchive
    crds: DemoCrds
    lists: DemoListserv
    folder: Path

    def is_now(self, now: datetime) -> None:
        """Move the story on to a moment, UTC."""
        self.archive.now = now
        self.crds.now = now
        self.lists.now = now
        inbox = self.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        for name, mail in mails_until(now):
            (inbox / name).write_bytes(mail)

    def configuration(self) -> str:
        """The demo's configuration, which reads these servers and the mails that come."""
        text = files("pedigreed.demo").joinpath("demo.yaml").read_text(encoding="utf-8")
        text = text.replace("CRDS", self.crds.url).replace("LIST", self.lists.feed_url(NIRCAM_LIST))
        # The folder comes last: its path may hold any word.
        return text.replace("/DEMO", str(self.folder))


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """The servers, on the first day."""
    with (
        DemoArchive(archive_at, DAYS[0], executing_polls=1) as archive,
        DemoCrds(crds_at, DAYS[0]) as crds,
        DemoListserv(_POSTS, now=DAYS[0]) as lists,
    ):
        yield Stage(archive, crds, lists, folder)
