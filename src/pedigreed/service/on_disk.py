"""What a subscription is told of its folders on disk, from what the store remembers of them."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from pedigreed.changes.copies import compare_copies
from pedigreed.model.digest import OnDisk
from pedigreed.service.interest import selection_of
from pedigreed.store import local_files as stored_files
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Subscription


def folders_of(subscription: Subscription) -> tuple[str, ...]:
    """Its folders, as the store has them: without ``..`` and without a slash at the end."""
    return tuple(dict.fromkeys(os.path.normpath(folder) for folder in subscription.local))


def on_disk(
    connection: Connection,
    subscription: Subscription,
    *,
    starts: datetime,
    now: datetime,
    changed: AbstractSet[str],
) -> tuple[OnDisk, ...]:
    """Compare the files of each folder that was looked through with the products that the subscription selects.

    Args:
        connection: a transaction.
        subscription: whose folders they are.
        starts: when the period began, UTC.
        now: when it ends, UTC. What was seen later than that was dated by a clock that was wrong.
        changed: the file names of the products that changed since the last period, of whatever kind the change is.
    """
    if not subscription.local:
        return ()
    states = stored_files.folder_states(connection)
    selection = selection_of(subscription)
    told = []
    for folder in folders_of(subscription):
        state = states.get(folder)
        if state is None:
            continue
        files = list(stored_files.load(connection, [folder]).values())
        there = stored_products.there_by_name(connection, sorted({file.filename for file in files}))
        mine = {name: product for name, product in there.items() if selection.is_about(product)}
        copies = compare_copies(files, mine, frozenset())
        newly = sum(starts < copy.file.seen_at <= now or copy.file.filename in changed for copy in copies.older)
        told.append(
            OnDisk(
                folder,
                older=len(copies.older),
                checked=len(copies.older) + copies.as_new,
                newly=newly,
                unread=state.unread,
                problem=state.problem,
            )
        )
    return tuple(told)
