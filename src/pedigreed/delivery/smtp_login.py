"""A login to a mail server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiosmtplib import SMTPException

from pedigreed.redaction import redact, told_at_login

if TYPE_CHECKING:
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

    def redacted(self, text: str) -> str:
        """What the server says without the secret that it was told."""
        return redact(text, *told_at_login(self.username, self.password or self.token))
