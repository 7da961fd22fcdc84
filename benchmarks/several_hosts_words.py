"""Daemons that share a server, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, least, most, none

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Hosts, SeveralHosts


def several_hosts_rows(found: SeveralHosts) -> list[Row]:
    rows = []
    if found.one and found.two and found.four:
        rows += [
            least("two daemons on one PostgreSQL tell and send, times one", _times(found.one, found.two), 1.7),
            least("four of them, times one", _times(found.one, found.four), 2.8),
        ]
    if killed := found.killed:
        rows += [
            none(f"{killed.daemons} daemons, one killed every {killed.every:.0f} s: digests lost", killed.lost),
            none("the same, sent twice but by who was killed", killed.doubled),
            most("the same, seconds until a message is taken up", killed.taken_up, 60),
        ]
    return rows


def several_hosts_words(found: SeveralHosts) -> Iterator[str]:
    if not (found.one and found.two and found.four and found.killed):
        yield "It was not run: PostgreSQL or PgBouncer is not installed here."
        return
    yield (
        f"{found.subscriptions:,} subscriptions as above, a digest and a mail for each, by daemons on one "
        "PostgreSQL behind PgBouncer in transaction mode. All of it is on the machine of the benchmark, which has "
        "too few cores for it, so what counts is the busiest daemon: the seconds of the processor that its "
        "workers used, their starts among them, and those that its connections waited for another's locks. "
        f"One: {_each(found.one)}. Two: {_each(found.two)}. Four: {_each(found.four)}. The server itself took "
        f"{found.one.server:.0f}, {found.two.server:.0f} and {found.four.server:.0f} s of the processor."
    )
    if found.idle is not None and found.at_once is not None:
        two, four = (_at_most(found.one, found.idle, count) for count in (2, 4))
        alone, as_two, as_four = found.at_once
        yield (
            "A process that begins such a telling and finds nothing due, with its start and the reading of its "
            f"configuration, takes {found.idle:.1f} s, which no other takes from it: were nothing else done "
            f"twice, two would be {two:.2f} times one and four {four:.2f} times. What processes take from each "
            "other by running on one machine at the same time, whatever they do: to read that configuration ten "
            f"times takes {alone:.1f} s where one does it, {as_two:.1f} s where two do at once and "
            f"{as_four:.1f} s where four do."
        )
    killed = found.killed
    yield (
        f"{killed.daemons} daemons of which one that is at work is killed every {killed.every:.0f} s, or once "
        "something was told or sent since, if that takes longer, with its workers, and begins anew: after "
        f"{killed.kills} kills and {killed.restarts} restarts of the server, as "
        f"by a loss of power, all was sent in {killed.seconds:.0f} s. {killed.repeated} messages came "
        "again, with the same identity, since who had handed them over was killed before it kept that. What a "
        f"killed process had in hand was taken up after {killed.taken_up:.0f} s at most."
    )


def _times(one: Hosts, several: Hosts) -> float:
    return one.longest / several.longest


def _at_most(one: Hosts, idle: float, count: int) -> float:
    """How many times one so many can be, where only what each does for itself is not divided."""
    return one.longest / (idle + (one.longest - idle) / count)


def _each(hosts: Hosts) -> str:
    """As in ``20.1 s, of which 0.1 s waiting; 19.0 s, of which 0.2 s waiting``."""
    return "; ".join(
        f"{processor + waited:.1f} s, of which {waited:.1f} s waiting"
        for processor, waited in zip(hosts.processor, hosts.waited, strict=True)
    )
