"""The archive as a verb asks it."""

import os
from typing import TYPE_CHECKING

from pedigreed import __version__

if TYPE_CHECKING:
    from pedigreed.config.settings import MastSource
    from pedigreed.sources.mast.archive import MastArchive

USER_AGENT = f"pedigreed/{__version__}"
MAST_URL = "https://mast.stsci.edu"


def open_archive(source: "MastSource | None" = None, url: str | None = None) -> "MastArchive":
    """The archive of a configuration, or at an address with every limit at its default."""
    from pedigreed.config.revealed import revealed
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.sources.mast.patience import Patience

    if source is None:
        token = os.environ.get("MAST_API_TOKEN")
        return MastArchive(url or MAST_URL, USER_AGENT, token=revealed.add(token) if token else token)
    return MastArchive(
        source.url,
        USER_AGENT,
        token=source.token.reveal() if source.token else None,
        patience=Patience(
            request_timeout=source.request_timeout.total_seconds(),
            query_timeout=source.timeout.total_seconds(),
        ),
    )
