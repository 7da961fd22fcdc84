"""Which failures of TLS stay until someone mends them."""

from __future__ import annotations

import ssl

_CUT_SHORT = (
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)
"""The connection or the time ended during the handshake, which says nothing of the two sides."""


def is_tls_refusal(error: BaseException | None) -> bool:
    """Whether this failure, or what caused it, is that two sides can't agree on TLS.

    A certificate that is not trusted, no common version, or a server that does not speak TLS at all.
    """
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return not isinstance(error, _CUT_SHORT)
        error = error.__cause__ or error.__context__
    return False
