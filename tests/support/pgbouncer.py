"""PgBouncer, which lets many clients share few connections to a PostgreSQL server, each for a transaction."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from real_servers import free_port, missing, real_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONFIG = """
[databases]
* = host={host} port={port} user={user}{password}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
server_login_retry = 1
"""
_AS_ROOT = "user = postgres\n"
"""It refuses to be root."""


@contextmanager
def pgbouncer(folder: Path, store_url: str, size: int) -> Iterator[str]:
    """A store's URL by way of the pooler, in transaction mode with so many connections to the server."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("PgBouncer")
    url = make_url(store_url)
    own_port = free_port()
    config = folder / "pgbouncer.ini"
    config.write_text(
        _CONFIG.format(
            host=url.host,
            port=url.port,
            user=url.username,
            password=f" password='{url.password}'" if url.password else "",
            own_port=own_port,
            size=size,
        )
        + (_AS_ROOT if os.getuid() == 0 else "")
    )
    config.chmod(0o600)
    with real_server([program, str(config)], folder / "pgbouncer.log", own_port, greeting=b""):
        pooled = url.set(host="127.0.0.1", port=own_port, password=None)
        yield pooled.render_as_string(hide_password=False)
