"""The archive, and the sources of CRDS's news, as a verb asks them."""

import os
from typing import TYPE_CHECKING

from pedigreed import __version__

if TYPE_CHECKING:
    from pedigreed.config.settings import Config, MastSource
    from pedigreed.service.news_sources import Listed
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store

USER_AGENT = f"pedigreed/{__version__}"
MAST_URL = "https://mast.stsci.edu"


def open_archive(source: "MastSource | None" = None, url: str | None = None) -> "MastArchive":
    """The archive of a configuration, or at an address with every limit at its default."""
    from pedigreed.redaction import remember
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.sources.mast.patience import Patience

    if source is None:
        token = os.environ.get("MAST_API_TOKEN")
        return MastArchive(url or MAST_URL, USER_AGENT, token=remember(token) if token else token)
    return MastArchive(
        source.url,
        USER_AGENT,
        token=source.token.reveal() if source.token else None,
        patience=Patience(
            request_timeout=source.request_timeout.total_seconds(),
            query_timeout=source.timeout.total_seconds(),
        ),
    )


def open_sources(config: "Config", store: "Store", place: float = 0.0) -> "tuple[Listed, ...]":
    """The sources of CRDS's news that a configuration names. `place` is this installation's among all."""
    from pedigreed.service.news_sources import news_sources
    from pedigreed.store.cal_vers import newest

    with store.reading() as connection:
        cal_ver = newest(connection, config.programs)
    return news_sources(config, place, user_agent=USER_AGENT, cal_ver=cal_ver)
