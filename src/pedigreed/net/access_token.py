"""Access tokens: one of OAuth 2.0 from a command, for servers that take no password, and the header of MAST's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.model.failure import ConfigurationInvalid, TryAgain
from pedigreed.net.process import LONGEST_OUTPUT, cannot_be_run, first_line, run_process
from pedigreed.redaction import remember

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 30.0
"""For the command: it may have to ask a server for a fresh token."""


def by_mast_token(token: str) -> dict[str, str]:
    """The header in which MAST takes a token of MyST (auth.mast.stsci.edu)."""
    return {"Authorization": f"token {token}"}


async def access_token(command: Sequence[str], within: float = SECONDS) -> str:
    """What the command writes to its standard output: a token on one line, without the white space around it.

    No shell is involved. What it writes is told nowhere, but for the first line of its complaints.

    Args:
        command: a program's absolute path, and its arguments.
        within: seconds that it may take; then it is ended, with all that it started.

    Raises:
        ConfigurationInvalid: it can't be run, fails, or writes no token.
        TryAgain: it takes too long.
    """
    name = f"the token command {command[0]}"
    try:
        ended = await run_process(command, within)
    except TimeoutError as error:
        raise TryAgain(f"{name} took longer than {within:g} seconds") from error
    except OSError as error:
        if not cannot_be_run(error):
            raise
        raise ConfigurationInvalid(f"{name} can't be run: {error.strerror}") from error
    token = remember(ended.output.decode("ascii", "replace").strip())
    complaint = first_line(ended.complaint, token)
    complaint = f": {complaint}" if complaint else ""
    if ended.status:
        raise ConfigurationInvalid(f"{name} {ended.in_words}{complaint}")
    if not token:
        raise ConfigurationInvalid(f"{name} wrote no token{complaint}")
    if len(ended.output) > LONGEST_OUTPUT or not token.isascii() or not token.isprintable():
        raise ConfigurationInvalid(f"{name} wrote something else than one line of ASCII: a token is that")
    return token
