"""A login to a mail server, and how it is struck out of what the server says."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiosmtplib import SMTPException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtplib import SMTP


@dataclass(frozen=True, slots=True)
class Login:
    """Who to log in as, and by what. It lives no longer than the session that it is read for.

    Attributes:
        username: empty for a session without a login.
        password: empty where there is none.
        token: an access token, which is said by XOAUTH2; empty where there is none.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    async def log_in(self, client: SMTP) -> None:
        """Log in, if there is a login. Raises what the library raises."""
        if self.password:
            await client.login(self.username, self.password)
        elif self.token:
            if "xoauth2" not in client.server_auth_methods:
                raise SMTPException("the server takes no access token (XOAUTH2)")
            await client.auth_xoauth2(self.username, self.token)

    def struck_out_of(self, text: str) -> str:
        """The text without the secret, in whatever form a server may repeat what it was told."""
        for said in self._forms():
            text = text.replace(said, "***")
        return text

    def _forms(self) -> Iterator[str]:
        """As it is said in AUTH PLAIN (RFC 4616), AUTH LOGIN and AUTH XOAUTH2, and as it is."""
        if self.password:
            yield _base64(f"\0{self.username}\0{self.password}")
            yield _base64(self.password)
            yield self.password
        if self.token:
            yield _base64(f"user={self.username}\x01auth=Bearer {self.token}\x01\x01")
            yield _base64(self.token)
            yield self.token


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
