"""The channel to chats: whatever the library `apprise` knows the way to, by the address that it has for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any, Self

from pedigreed.model.delivery import Outcome, Retry, Scope, Sent
from pedigreed.model.failure import PedigreedError
from pedigreed.model.printable import short_line
from pedigreed.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.delivery import Message

_LIBRARY = logging.getLogger("apprise")
_REST = "\n[cut to what fits here; `pedigreed preview` prints the whole digest]"
_FENCE = "```"


class AppriseChannel:
    """Hands over the subject and the text. The library says no more than yes or no, so a no is tried again."""

    def __init__(self, address: Callable[[], str]) -> None:
        """Describe it.

        Args:
            address: gives the service's address in the library's form, a secret. Raises `PedigreedError`.
        """
        self._address = address

    async def send(self, message: Message) -> Outcome:
        try:
            address = self._address()
        except PedigreedError as error:
            return Retry(short_line(str(error)), scope=Scope.CHANNEL_BROKEN)
        return await asyncio.to_thread(_hand_over, address, message)

    async def close(self) -> None:
        """Nothing is held between messages."""


def _hand_over(address: str, message: Message) -> Outcome:
    try:
        import apprise  # noqa: PLC0415  # few have it, and it takes a second
    except ImportError:
        return Retry("apprise is not installed: pip install 'pedigreed[apprise]'", scope=Scope.CHANNEL_BROKEN)
    # The emoji and escapes that the library would read in a text are none of ours.
    plain = apprise.AppriseAsset(interpret_emojis=False, interpret_escapes=False)
    service = apprise.Apprise.instantiate(address.strip(), asset=plain)
    if service is None:
        reason = "apprise knows no service of this address: see https://github.com/caronc/apprise/wiki"
        return Retry(reason, scope=Scope.CHANNEL_BROKEN)
    with _Heard() as heard:
        form = _form(service, apprise.NotifyFormat)
        library = apprise.Apprise(service, asset=plain)
        is_taken = library.notify(title=message.subject, body=body_of(message, service), body_format=form)
    if is_taken:
        return Sent(f"{service.service_name}")
    said = redact(heard.reason(), address)
    return Retry(short_line(f"{service.service_name} took nothing: {said}"), scope=Scope.CHANNEL_BUSY)


def body_of(message: Message, service: Any) -> str:  # noqa: ANN401  # the library has no types
    """The text without the subject, cut to what the service takes, and in a fence where that keeps its columns."""
    import apprise  # noqa: PLC0415  # as above

    text = message.content.decode("utf-8", "replace").removeprefix(f"{message.subject}\n\n").strip("\n")
    fence = _FENCE if _form(service, apprise.NotifyFormat) == apprise.NotifyFormat.MARKDOWN else ""
    room = service.body_maxlen - 2 * len(f"{fence}\n") - (0 if service.title_maxlen else len(message.subject) + 2)
    if len(text) > room:
        lines = text[: max(room - len(_REST), 0)].rpartition("\n")[0]
        text = (lines or text[: max(room - len(_REST), 0)]) + _REST
    if not text:
        return message.subject
    within = text.replace(_FENCE, "'''")
    return f"{fence}\n{within}\n{fence}" if fence else text


def _form(service: Any, forms: Any) -> Any:  # noqa: ANN401  # as above
    """Markdown where the service takes it, else text."""
    taken = service.notify_format
    return forms.MARKDOWN if forms.MARKDOWN in (taken if isinstance(taken, tuple) else (taken,)) else forms.TEXT


class _Heard(logging.Handler):
    """Keeps what the library complains of, which tells the reason nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: list[str] = []
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        _LIBRARY.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        _LIBRARY.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._said.append(record.getMessage())

    def reason(self) -> str:
        """The last complaint."""
        return self._said[-1] if self._said else "no reason was given"
