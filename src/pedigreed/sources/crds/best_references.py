"""What CRDS itself answers for the headers of some exposures.

Source: ``get_best_references_by_header_map`` in the client of `crds` 14.0.3: a map of headers, whose values are
texts by CRDS's own keys; and for each a map of types to a file's name or to a text that begins with NOT FOUND.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.sources.crds.rpc import Rpc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pedigreed.net.patience import Patience

MOST_HEADERS = 50
"""In one call. The server's own limit was 1,000 in 2019."""


def best_references(
    url: str,
    user_agent: str,
    patience: Patience,
    context: str,
    *,
    headers: Mapping[str, Mapping[str, str]],
    types: Sequence[str],
) -> dict[str, dict[str, object]]:
    """Ask once for all of the headers: a name of each -> type -> what CRDS answers.

    Raises:
        UpstreamUnavailable: no usable answer came.
    """
    rpc = Rpc(url, user_agent, patience)
    return rpc.call(
        "get_best_references_by_header_map",
        f"{context}.pmap",
        headers,
        list(types),
        shape=dict[str, dict[str, object]],
    )
