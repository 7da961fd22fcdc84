"""The HTTP server of the daemon: the socket that it listens on, and which address answers what."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog
from aiohttp import web

from pedigreed.config.channels import FeedChannel
from pedigreed.config.http import Loopback, UnixSocket
from pedigreed.delivery.feed import MEDIA_TYPE
from pedigreed.model.failure import PedigreedError, TryAgain
from pedigreed.service.overdue import overdue_work
from pedigreed.web.connections import BACKLOG, Connections, most_connections
from pedigreed.web.guard import AS_SENT, NEVER_KEPT, file, guard, line, note_unreadable, page
from pedigreed.web.metrics import Figures, FiguresCollector, exposition, figures
from pedigreed.web.page_templates import assets, html
from pedigreed.web.pages import (
    DigestPage,
    digest_page,
    notice_page,
    notices_page,
    program_page,
    status_page,
)
from pedigreed.web.sent_digest import with_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from aiohttp.typedefs import Handler
    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.store.database import Store
    from pedigreed.web.endpoint import Pulse


Found = TypeVar("Found")

THREADS = 2
"""A store that hangs holds so many of them and no more. Whoever comes then waits, and is told in time."""


class Reader:
    """Reads an open store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._threads = ThreadPoolExecutor(THREADS, "http")

    async def read(self, work: Callable[[Connection], Found], seconds: float) -> Found:
        """Do something in a transaction that changes nothing.

        Raises:
            TryAgain: it was not done within so many seconds.
            PedigreedError: as `Store`.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                return await loop.run_in_executor(self._threads, self._in_transaction, work)
        except TimeoutError:
            raise TryAgain(f"the store did not answer within {seconds:g} s") from None

    def close(self) -> None:
        """Begin nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _in_transaction(self, work: Callable[[Connection], Found]) -> Found:
        with self.store.reading() as connection:
            return work(connection)


HEALTH_SECONDS = 3.0
FIGURES_SECONDS = 5.0
PAGE_SECONDS = 15.0
"""How long each may read the store."""

_KEPT_OPEN = 15.0
_STOPPING = 2.0

_log = structlog.get_logger()

# What is wrong with a request is its sender's to know; what is wrong here is logged by the guard.
_silent = logging.getLogger("pedigreed.web.protocol")
_silent.disabled = True


class Server:
    """Answers on one socket.

    Attributes:
        listen: where.
        config: the configuration as it is now.
    """

    def __init__(
        self,
        listen: Loopback | UnixSocket,
        config: Config,
        store: Store,
        pulse: Pulse,
        clock: Callable[[], datetime],
    ) -> None:
        self.listen = listen
        self.config = config
        self._pulse = pulse
        self._clock = clock
        self._reader = Reader(store)
        self._runner: web.AppRunner | None = None
        self._connections: Connections | None = None
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises `OSError` where that can't be."""
        try:
            opened = open_socket(self.listen)
        except OSError:
            self._reader.close()
            raise
        application = web.Application(middlewares=[self._note_request, guard])
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/", self._status)
        application.router.add_get("/digests/{digest:[0-9a-f]{32}}", self._digest)
        application.router.add_get("/digests/{digest:[0-9a-f]{32}}/text", self._digest_text)
        application.router.add_get("/digests/{digest:[0-9a-f]{32}}/files/{name}", self._digest_file)
        application.router.add_get("/notices", self._notices)
        application.router.add_get("/notices/{name}", self._notice)
        application.router.add_get("/feeds/{channel}", self._feed)
        application.router.add_get("/programs/{program:[1-9][0-9]{0,4}}", self._program)
        application.router.add_get("/{asset:style\\.css|icon\\.svg}", _asset)
        self._runner = web.AppRunner(
            application,
            handle_signals=False,
            access_log=None,
            logger=_silent,
            keepalive_timeout=_KEPT_OPEN,
            shutdown_timeout=_STOPPING,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        self._connections = Connections(self._runner.server, most_connections())
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connections, sock=opened, backlog=BACKLOG)

    async def stop(self) -> None:
        """Listen no more, and let what is being answered end."""
        if self._listener is not None:
            self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()
        clear(self.listen)
        self._reader.close()

    @web.middleware
    async def _note_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._connections is not None:
            self._connections.asked(request.protocol)
        return await handler(request)

    async def _health(self, _request: web.Request) -> web.Response:
        """Whether the daemon's tick and the store answer, and no work is overdue."""
        if self._pulse.trouble:
            return line(self._pulse.trouble, 503)
        try:
            overdue = await self._reader.read(
                partial(overdue_work, config=self.config, now=self._clock()), HEALTH_SECONDS
            )
        except PedigreedError:
            return line("the store can't be read now", 503)
        return line(f"overdue: {'; '.join(overdue)}", 503) if overdue else line("ok")

    async def _metrics(self, request: web.Request) -> web.Response:
        """What can be said, whether the store answers or not."""
        found: Figures | None = None
        read = partial(figures, store=self._reader.store, config=self.config, now=self._clock())
        try:
            found = await self._reader.read(read, FIGURES_SECONDS)
        except PedigreedError as error:
            note_unreadable(request, error)
        text, media_type = exposition(FiguresCollector(found, self._pulse.last), request.headers.get("Accept", ""))
        return web.Response(body=text, headers={**NEVER_KEPT, "Content-Type": media_type})

    async def _status(self, _request: web.Request) -> web.Response:
        """How pedigreed stands."""
        now = self._clock()

        def read(connection: Connection) -> str:
            found = status_page(connection, self.config, self._reader.store.size(), now)
            return html("status.html", self.config.zone, now, page=found)

        return page(await self._reader.read(read, PAGE_SECONDS))

    async def _digest(self, request: web.Request) -> web.Response:
        """One digest as it was sent, or its text where it was sent without a page."""
        now = self._clock()
        found = await self._read_digest(request)
        if found is None or found.sent.page is None:
            return self._text_of(found, now)
        header = html("digest_header.html", self.config.zone, now, page=found)
        return page(with_header(found.sent.page, header), headers=AS_SENT)

    async def _digest_text(self, request: web.Request) -> web.Response:
        """The text of one digest."""
        return self._text_of(await self._read_digest(request), self._clock())

    async def _digest_file(self, request: web.Request) -> web.Response:
        """A file that was attached to a digest."""
        found = await self._read_digest(request)
        wanted = found and found.sent.attachments.get(request.match_info["name"])
        if not wanted:
            return self._found(None, "There is no such file.")
        return file(wanted.name, wanted.content, wanted.media_type)

    async def _read_digest(self, request: web.Request) -> DigestPage | None:
        wanted = request.match_info["digest"]
        return await self._reader.read(partial(digest_page, digest_id=wanted), PAGE_SECONDS)

    def _text_of(self, found: DigestPage | None, now: datetime) -> web.Response:
        text = None if found is None else html("digest.html", self.config.zone, now, page=found)
        return self._found(text, "There is no such digest.")

    async def _notices(self, _request: web.Request) -> web.Response:
        """What happened in CRDS."""
        now = self._clock()

        def read(connection: Connection) -> str:
            return html("notices.html", self.config.zone, now, page=notices_page(connection, now))

        return page(await self._reader.read(read, PAGE_SECONDS))

    async def _notice(self, request: web.Request) -> web.Response:
        """One thing that happened in CRDS, with all that was said of it."""
        now = self._clock()
        name = request.match_info["name"]

        def read(connection: Connection) -> str | None:
            found = notice_page(connection, name)
            return None if found is None else html("notice.html", self.config.zone, now, page=found)

        return self._found(await self._reader.read(read, PAGE_SECONDS), "Nothing of this name was heard of CRDS.")

    async def _program(self, request: web.Request) -> web.Response:
        """The pedigree of one program over time."""
        now = self._clock()
        program = int(request.match_info["program"])

        def read(connection: Connection) -> str | None:
            found = program_page(connection, self.config, program, now)
            return None if found is None else html("program.html", self.config.zone, now, page=found)

        return self._found(await self._reader.read(read, PAGE_SECONDS), "This program is not watched.")

    async def _feed(self, request: web.Request) -> web.Response:
        """The file of a channel that is a feed."""
        channel = self.config.channels.get(request.match_info["channel"])
        if isinstance(channel, FeedChannel):
            with suppress(OSError):
                content = await asyncio.to_thread(channel.path.read_bytes)
                return web.Response(body=content, headers={**NEVER_KEPT, "Content-Type": MEDIA_TYPE})
        return self._found(None, "There is no such feed, or it has no digest yet.")

    def _found(self, text: str | None, otherwise: str) -> web.Response:
        if text is not None:
            return page(text)
        return page(html("missing.html", self.config.zone, self._clock(), what=otherwise), 404)


async def _asset(request: web.Request) -> web.Response:
    """A file that pages use. Who has it already is told that it is the same."""
    found = assets()[request.match_info["asset"]]
    headers = {"Cache-Control": "no-cache", "ETag": found.tag}
    if request.headers.get("If-None-Match") == found.tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.content, headers={**headers, "Content-Type": found.media_type})


SOCKET_MODE = 0o660
"""A proxy that is in the group of the daemon may connect, and nobody else."""


def open_socket(listen: Loopback | UnixSocket) -> socket.socket:
    """A bound socket. Raises `OSError` where somebody listens already, or where nobody can."""
    if isinstance(listen, UnixSocket):
        return _open_unix(listen.path)
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    return socket.create_server((listen.host, listen.port), family=family)


def clear(listen: Loopback | UnixSocket) -> None:
    """Remove what stays in the file system when nobody listens any more."""
    if isinstance(listen, UnixSocket):
        with suppress(OSError):
            if stat.S_ISSOCK(listen.path.lstat().st_mode) and not _is_listened_on(listen.path):
                listen.path.unlink()


def _open_unix(path: Path) -> socket.socket:
    # What a daemon that was killed left behind is in the way of the next one.
    clear(UnixSocket(path))
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.bind(str(path))
        # Nobody can connect before it is listened on.
        path.chmod(SOCKET_MODE)
        opened.listen()
    except OSError:
        opened.close()
        raise
    return opened


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        trying.settimeout(1.0)
        return trying.connect_ex(os.fspath(path)) not in (errno.ECONNREFUSED, errno.ENOENT)
