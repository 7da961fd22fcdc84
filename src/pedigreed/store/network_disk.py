"""Whether a file lies on another machine's disk, where SQLite's locks and its shared memory can't be relied on.

Source of the numbers: linux/magic.h, and the file systems' own sources for Lustre, GPFS, BeeGFS and PanFS.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NETWORKS = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFE534D42: "SMB",
    0xFF534D42: "CIFS",
    0x01021997: "9P",
    0x00C36400: "CephFS",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
    0x19830326: "BeeGFS",
    0xAAD7AAEA: "PanFS",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x01161970: "GFS2",
    0x7461636F: "OCFS2",
}
"""`f_type` of statfs -> what people call the file system. sshfs and GlusterFS are FUSE, which may be anything."""

_BYTES = 4096
"""More than the structure has on any machine. Its first member is `f_type`."""


def network_file_system(path: Path) -> str | None:
    """The name of the network file system that a path is on; None for a local one, and where it is not known."""
    there = next((each for each in (path, *path.parents) if each.exists()), None)
    if there is None or sys.platform != "linux":
        return None
    return NETWORKS.get(file_system_number(there) or 0)


def file_system_number(path: Path) -> int | None:
    """`f_type` of a path that is there; None where the system does not say."""
    answer = ctypes.create_string_buffer(_BYTES)
    try:
        failed = ctypes.CDLL(None).statfs(os.fsencode(path), answer)
    except (OSError, AttributeError):
        return None
    # It is of 4 or 8 bytes, and the numbers are of 4 at most.
    word = ctypes.sizeof(ctypes.c_long)
    return None if failed else int.from_bytes(answer.raw[:word], sys.byteorder) & 0xFFFFFFFF
