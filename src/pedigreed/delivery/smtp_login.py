"""A login to a mail server, and how it is struck out of what the server says."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtplib import SMTP


@dataclass(frozen=True, slots=True)
class Login:
    """Who to log in as, and by what. It lives no longer than the session that it is read for.

    Attributes:
        username: empty for a session without a login.
        password: empty where there is none.
    """

    username: str = ""
    password: str = field(default="", repr=False)

    async def log_in(self, client: SMTP) -> None:
        """Log in, if there is a login. Raises what the library raises."""
        if self.password:
            await client.login(self.username, self.password)

    def struck_out_of(self, text: str) -> str:
        """The text without the secret, in whatever form a server may repeat what it was told."""
        for said in self._forms():
            text = text.replace(said, "***")
        return text

    def _forms(self) -> Iterator[str]:
        """As it is said in AUTH PLAIN (RFC 4616) and in AUTH LOGIN, and as it is."""
        if self.password:
            yield _base64(f"\0{self.username}\0{self.password}")
            yield _base64(self.password)
            yield self.password


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
