"""A program of this machine that gets each message on its standard input; and two that need none of their own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pedigreed.model.delivery import Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.printable import printable, short_line
from pedigreed.net.process import cannot_be_run, first_line, run_process

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from pedigreed.model.delivery import Message

_SENDMAIL = ("/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/sendmail", "/usr/local/sbin/sendmail")
_REFUSALS = frozenset((os.EX_DATAERR, os.EX_NOUSER, os.EX_NOHOST))
"""What is wrong with one message or its recipient (sysexits.h)."""


class CommandChannel:
    """Runs a program for each message. How it ends says what came of it.

    0 is taken, and 75 is "try again". 65, 67 and 68 refuse the message or its recipient; any other status refuses
    it too, but may be the program's own fault. One that was ended, by a signal or at its limit, may have done its
    work.
    """

    def __init__(self, command: Sequence[str], within: timedelta) -> None:
        """Describe the program: its path and arguments, and how long it may take."""
        self._command = command
        self._within = within.total_seconds()

    async def send(self, message: Message) -> Outcome:
        name = self._command[0]
        environ = {"PEDIGREED_SUBJECT": message.subject, "PEDIGREED_MESSAGE_ID": message.message_id}
        try:
            ended = await run_process(self._command, self._within, message.content, environ)
        except TimeoutError:
            return Unsure(f"{name} took longer than {self._within:g} seconds, and was ended")
        except OSError as error:
            scope = Scope.CHANNEL_BROKEN if cannot_be_run(error) else Scope.CHANNEL_BUSY
            return Retry(f"{name} can't be run: {error.strerror}", scope=scope)
        said = first_line(ended.complaint) or first_line(ended.output)
        reason = f"{name} {ended.in_words}" + (f": {said}" if said else "")
        match ended.status:
            case 0:
                return Sent(first_line(ended.output))
            case os.EX_TEMPFAIL:
                return Retry(reason)
            case status if status < 0:
                return Unsure(reason)
            case status:
                return Refused(reason, is_certain=status in _REFUSALS)

    async def close(self) -> None:
        """Nothing is held between messages."""


def sendmail(recipient: str, within: timedelta) -> CommandChannel:
    """This machine's own mail system, by the command that every one of them has."""
    return CommandChannel((sendmail_program() or _SENDMAIL[0], "-i", "--", recipient), within)


def sendmail_program() -> str | None:
    """Where this machine has the command that hands a mail to its own mail system; None where it has none."""
    return next((place for place in _SENDMAIL if Path(place).exists()), None)


class StdoutChannel:
    """Prints where pedigreed runs: on a terminal by `pedigreed once`, into the journal as a service."""

    async def send(self, message: Message) -> Outcome:
        try:
            await asyncio.to_thread(self._print, message)
        except (OSError, ValueError) as error:
            return Retry(short_line(f"standard output: {error}"), scope=Scope.CHANNEL_BUSY)
        return Sent()

    @staticmethod
    def _print(message: Message) -> None:
        text = printable(message.content.decode("utf-8", "replace"), keep="\n")
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    async def close(self) -> None:
        """Nothing is held between messages."""
