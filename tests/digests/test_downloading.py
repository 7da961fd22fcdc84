"""The lines of Python that a digest has, run as they stand with the astroquery that is installed."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec import structs

from any_digest import ENDS
from made_digest import make_digest
from pedigreed.digests.attachments import AttachmentLimits, attached_to
from pedigreed.digests.render import download_of
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked, Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

LOOPBACK = """\
import sys
from astroquery.mast import conf, services
conf.server = sys.argv[1]
services.ServiceAPI.MISSIONS_DOWNLOAD_URL = sys.argv[1] + "/search/"
"""


class Archive(BaseHTTPRequestHandler):
    """Gives each product its own name as content, and says who a token is of. It keeps what was asked for."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.asked.append((address.path, self.headers.get("Cookie", "")))
        if address.path == "/whoami":
            content = json.dumps({"anon": False, "ezid": "me", "attrib": {"display_name": "Me"}})
        else:
            (content,) = parse_qs(address.query)["product_name"]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def archive() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Its address, and the paths and cookies that it was asked with."""
    Archive.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Archive) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Archive.asked
        server.shutdown()
        thread.join()


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


FILES = ("jw01180007001_02101_00001_nrca1_cal.fits", "jw01181013001_02101_00002_nrs1_rate.fits")


def run(code: tuple[str, ...], url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the lines in a folder, as somebody who has a token."""
    return subprocess.run(
        [sys.executable, "-c", LOOPBACK + "\n".join(code), url],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "*", "MAST_API_TOKEN": "a" * 32},
        capture_output=True,
        text=True,
        check=False,
    )


def written(digest: Digest, folder: Path, limits: AttachmentLimits | None = None) -> tuple[str, ...]:
    """The lines, with their list in the folder as it is attached, and unpacked."""
    attached = attached_to(digest, limits or AttachmentLimits())
    for each in attached:
        content = each.attachment.content
        name = each.attachment.filename.removesuffix(".gz")
        folder.joinpath(name).write_bytes(gzip.decompress(content) if each.is_packed else content)
    told = download_of(digest, attached)
    assert told is not None
    packed = any(each.is_packed for each in attached)
    assert ("gunzip" in told.other_way) == packed
    assert told.command == f"pedigreed fetch jades-2026-11-22.json{'.gz' if packed else ''}"
    return told.code


@pytest.mark.parametrize("limits", [AttachmentLimits(), AttachmentLimits(plain=1)], ids=["plain", "packed"])
def test_the_lines_of_a_digest_download_its_products_beside_older_files(
    digest: Digest, limits: AttachmentLimits, archive: tuple[str, list[tuple[str, str]]], tmp_path: Path
) -> None:
    for number, name in enumerate(FILES):
        # As large as the new one, and smaller: astroquery would keep the one, and append to the other.
        tmp_path.joinpath(name).write_text("older"[: 5 - number].ljust(len(name) * (1 - number), "x"))
    old = {name: tmp_path.joinpath(name).read_text() for name in FILES}
    code = written(digest, tmp_path, limits)
    url, asked = archive
    done = run(code, url, tmp_path)
    assert done.returncode == 0, done.stderr
    assert asked == [("/search/jwst/api/v0.1/retrieve_product", "")] * 2, "nobody logs in for what is public"
    files = {str(file.relative_to(tmp_path)): file.read_text() for file in tmp_path.glob("**/*.fits")}
    assert files == {**old, **{f"jades-2026-11-22/{name}": name for name in FILES}}


def test_the_lines_run_twice_touch_nothing(
    digest: Digest, archive: tuple[str, list[tuple[str, str]]], tmp_path: Path
) -> None:
    code = written(digest, tmp_path)
    url, asked = archive
    assert run(code, url, tmp_path).returncode == 0
    del asked[:]
    again = run(code, url, tmp_path)
    assert "FileExistsError" in again.stderr
    assert not asked


def test_the_lines_log_in_where_a_file_is_not_public_yet(
    digest: Digest, archive: tuple[str, list[tuple[str, str]]], tmp_path: Path
) -> None:
    exclusive = structs.replace(digest.changes[0], public_at=ENDS + timedelta(days=30))
    code = written(replace(digest, changes=(exclusive, *digest.changes[1:])), tmp_path)
    url, asked = archive
    done = run(code, url, tmp_path)
    assert done.returncode == 0, done.stderr
    cookie = f"mast_token={'a' * 32}"
    assert [path for path, _ in asked] == ["/whoami", *["/search/jwst/api/v0.1/retrieve_product"] * 2]
    assert {sent for _, sent in asked} == {cookie}
    assert len(list(tmp_path.glob("jades-2026-11-22/*.fits"))) == 2
