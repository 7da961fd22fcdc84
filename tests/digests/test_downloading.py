"""The lines of Python that a digest has, run as they stand with astroquery's development version.

It is installed beside the tests' own where the registry has it. Without it, `test_attachments.py` holds the keys
that it reads.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from any_digest import ENDS
from made_digest import make_digest
from pedigreed.digests.attachments import Limits, attached_to
from pedigreed.digests.digest_view import download_of
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked, Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VERSION = "0.4.12.dev11095"
LOOPBACK = """\
import sys
from astroquery.mast import services
services.ServiceAPI.MISSIONS_DOWNLOAD_URL = sys.argv[1]
"""


class Archive(BaseHTTPRequestHandler):
    """Gives each product its own name as content."""

    asked: list[str]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        (name,) = parse_qs(address.query)["product_name"]
        self.asked.append(address.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def archive() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that it was asked for."""
    Archive.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Archive) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/search/", Archive.asked
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def astroquery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the development version."""
    folder = tmp_path_factory.mktemp("astroquery")
    wanted = ["--quiet", "--no-deps", "--target", str(folder), f"astroquery=={VERSION}"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *wanted], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"astroquery {VERSION} can't be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return folder


@pytest.fixture
def digest(change: Callable[..., Change]) -> Digest:
    return make_digest(
        subscription="jades",
        selections=[],
        starts=ENDS.replace(day=21),
        ends=ENDS,
        timezone="UTC",
        changes=[
            change(ChangeKind.REPROCESSED, "jw01180007001_02101_00001_nrca1_cal.fits"),
            change(ChangeKind.PUBLIC, "jw01180007001_02101_00001_nrca1_cal.fits", archived_at=None),
            change(ChangeKind.NEW, "jw01181013001_02101_00002_nrs1_rate.fits", public_at=None),
            change(ChangeKind.WITHDRAWN, "jw01181013001_02101_00003_nrs1_rate.fits"),
        ],
        holdings={},
        checked=Checked(0, 0),
    )


@pytest.mark.parametrize("limits", [Limits(), Limits(plain=1)], ids=["plain", "packed"])
def test_the_lines_of_a_digest_download_its_products(
    digest: Digest, limits: Limits, astroquery: Path, archive: tuple[str, list[str]], tmp_path: Path
) -> None:
    attached = attached_to(digest, limits)
    for each in attached:
        content = each.attachment.content
        name = each.attachment.filename.removesuffix(".gz")
        tmp_path.joinpath(name).write_bytes(gzip.decompress(content) if each.is_packed else content)
    told = download_of(digest, attached)
    assert told is not None
    assert ("gunzip" in told.words) == (limits.plain == 1)
    url, asked = archive
    done = subprocess.run(
        [sys.executable, "-c", LOOPBACK + "\n".join(told.code), url],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(astroquery), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert asked == ["/search/jwst/api/v0.1/retrieve_product"] * 2
    files = {str(file.relative_to(tmp_path)): file.read_text() for file in tmp_path.glob("mastDownload/**/*.fits")}
    assert files == {
        f"mastDownload/jwst/{name.rsplit('_', 2)[0]}/{name}": name
        for name in ("jw01180007001_02101_00001_nrca1_cal.fits", "jw01181013001_02101_00002_nrs1_rate.fits")
    }
