"""The files that must not be used any more: ``bad_files_list`` of what the server says of itself.

It is a list of names, of references and of rules: the client of `crds` 14.0.3 makes a set of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.model.notice import Announcement, Facts, Medium, NoticeKind
from pedigreed.sources.crds.file_name import is_file_name, said_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pedigreed.sources.crds.rpc import Rpc

MOST = 50_000
"""Names that are kept in mind."""


class _ServerInfo(msgspec.Struct):
    bad_files_list: list[str]


def bad_names(rpc: Rpc) -> tuple[frozenset[str], int]:
    """Every file that is marked bad, and how many names can't be read. Raises as `Rpc.call`."""
    listed = rpc.call("get_server_info", shape=_ServerInfo).bad_files_list
    if len(listed) > MOST:
        raise UpstreamUnavailable(f"CRDS lists more than {MOST:,} bad files")
    names = frozenset(filter(is_file_name, listed))
    return names, len(set(listed)) - len(names)


def announced(names: Iterable[str], source: str) -> Announcement:
    """One announcement of files that were marked bad. At least one name. The server does not say since when."""
    files = tuple(sorted(names))
    instruments, types = zip(*map(said_by, files), strict=True)
    one = len(files) == 1
    return Announcement(
        source=source,
        medium=Medium.SERVER,
        identity=f"bad {hashlib.sha256(' '.join(files).encode()).hexdigest()[:32]}",
        said_at=None,
        title=f"{files[0]} was marked bad" if one else f"{len(files)} files were marked bad",
        text="",
        facts=Facts(
            kind=NoticeKind.MARKED_BAD,
            files=files,
            instruments=tuple(sorted(filter(None, set(instruments)))),
            reference_types=tuple(sorted(filter(None, set(types)))),
        ),
    )
