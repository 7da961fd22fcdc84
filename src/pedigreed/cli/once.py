"""`pedigreed once`: one whole cycle."""

from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli.options import ConfigFile, Json, LogLevel, load_for_work, log_caution, moment, open_store
from pedigreed.cli.output import echo, print_json, progress
from pedigreed.garbage import collected_seldom
from pedigreed.model.failure import TryAgain, UpstreamUnavailable
from pedigreed.model.instrument import by_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.delivery.channels import Channel
    from pedigreed.model.download import Download
    from pedigreed.service.cycle import Cycle


@collected_seldom()
def once(
    config: ConfigFile = None,
    now: Annotated[
        str | None,
        typer.Option(
            "--now",
            metavar="ISO",
            help="Do what is to be done at another moment, such as 2026-11-22T07:00Z; what is due then is sent. "
            "Without a zone it is UTC.",
            show_default=False,
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Ask, and print which digests would go where; send nothing and keep nothing."
        ),
    ] = False,
    as_json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing where all is well; for cron.")
    ] = False,
    log_level: LogLevel = None,
) -> None:
    """Run one whole cycle: listen, ask, compare, tell, deliver.

    Exits 69 if an answer was not complete or a delivery was refused, and 75 if a delivery waits
    for another attempt. Everything else was done all the same.
    """
    from contextlib import ExitStack
    from dataclasses import replace
    from pathlib import Path

    from pedigreed.cli.options import USER_AGENT, open_archive, open_sources
    from pedigreed.cli.run import fetch_changed
    from pedigreed.delivery.channels import open_channels
    from pedigreed.log.event import Level
    from pedigreed.log.setup import is_in_pipe, set_up_log
    from pedigreed.service.cycle import run_cycle
    from pedigreed.service.dry_run import SendsNothing, on_a_copy
    from pedigreed.service.rule_contexts import contexts_of

    at = moment(now)
    loaded = load_for_work(config)
    # Cron mails what comes on stderr, and what went wrong is told there in words.
    set_up_log(log_level or (Level.ERROR if quiet or is_in_pipe() else None))
    with ExitStack() as stack:
        if dry_run:
            loaded = replace(loaded, config=stack.enter_context(on_a_copy(loaded.config)))
        channels: dict[str, Channel] = open_channels(loaded.config.channels)
        if dry_run:
            channels = dict.fromkeys(channels, SendsNothing())
        store = stack.enter_context(open_store(loaded))
        log_caution(store)
        at_work = stack.enter_context(store.at_work())
        shown = stack.enter_context(progress("asking MAST"))
        # Without a terminal it runs at its hours, and has the patience of the daemon.
        tell = shown.tell_of_pause if shown.is_shown else None
        archive = stack.enter_context(open_archive(loaded.config.sources.mast, None, tell))
        cycle = run_cycle(
            loaded.config,
            Path(loaded.file).name,
            store,
            archive,
            channels,
            now=at,
            sources=open_sources(loaded.config, store),
            contexts=contexts_of(loaded.config, USER_AGENT),
            watch=lambda answer: shown.tell(f"asking MAST: {answer.query} done"),
            is_alone=at_work.is_alone,
        )
        downloads = []
        if not dry_run and any(each.fetch is not None for each in loaded.config.subscriptions):
            shown.tell("fetching files")
            downloads = fetch_changed(loaded.config, store, at)
    if as_json:
        print_json(_document(cycle, downloads))
    elif not quiet:
        _print(cycle, is_sent=not dry_run)
        for each in downloads:
            echo(f"{each.filename}: {each.reason or 'fetched'}")
        if dry_run:
            echo("a dry run: nothing was sent, and nothing is kept")
    _end(cycle)
    if missing := sum(each.reason is not None for each in downloads):
        raise UpstreamUnavailable(f"{missing:,} of {len(downloads):,} files were not fetched")


def _print(cycle: "Cycle", *, is_sent: bool) -> None:
    from pedigreed.digests.operator_mail import problem_in_words
    from pedigreed.digests.wording import count
    from pedigreed.model.problem import outages

    requests = sum(answer.fetched.requests for answer in cycle.answers)
    rows = sum(answer.fetched.rows for answer in cycle.answers)
    changes = sum(answer.changes for answer in cycle.answers)
    did = f"read {count(rows, 'row')}, found {count(changes, 'change')}"
    echo(f"asked MAST {count(requests, 'time')}, {did}")
    for answer in cycle.answers:
        for line in (*answer.fetched.warnings, *answer.notes):
            echo(f"note: {line}")
        if answer.held:
            echo(f"note: {answer.query}: {answer.held:,} look older, and are held: the answer is not complete")
    _print_heard(cycle)
    unknown = {program for closed in cycle.outgoing.closed for program in closed.unknown}
    for program in sorted(unknown):
        echo(f"note: MAST has no data of program {program}; it is watched all the same")
    for closed in cycle.outgoing.closed:
        subject = closed.rendered.subject if closed.rendered else "nothing to tell"
        echo(f"{closed.period.subscription}: {subject}")
    for pause in cycle.outgoing.stalled:
        echo(f"{pause.name}: not composed: {pause.reason}")
    for delivery in cycle.outgoing.deliveries:
        where = " ".join(filter(None, (delivery.message.channel, delivery.message.recipient)))
        said = f": {delivery.last_outcome}" if delivery.last_outcome and delivery.state != "sent" else ""
        echo(f"  {delivery.state.value if is_sent else 'would go'} to {where}{said}")
    for problem in outages(cycle.outgoing.news.begun):
        echo(f"problem: {problem_in_words(problem)}")
    for problem in outages(cycle.outgoing.news.over):
        echo(f"over: {problem_in_words(problem)}")


def _print_heard(cycle: "Cycle") -> None:
    from pedigreed.digests.wording import count

    for each in cycle.heard:
        known = "nothing new" if not each.news else count(each.news, "new announcement")
        echo(f"read {each.source}: {known}")
        for line in each.reading.warnings:
            echo(f"note: {each.source}: {line}")


def _end(cycle: "Cycle") -> None:
    from pedigreed.model.delivery import GIVEN_UP

    problems = by_reason(
        (answer.query.instrument.written, "; ".join(answer.fetched.problems))
        for answer in cycle.answers
        if not answer.is_checked
    )
    problems += [
        f"{each.source}: {'; '.join(each.reading.problems)}"
        for each in cycle.heard
        if not each.reading.is_complete
    ]
    if problems:
        raise UpstreamUnavailable("not everything was answered\n" + "\n".join(f"  {line}" for line in problems))
    over = [delivery for delivery in cycle.outgoing.deliveries if delivery.state in GIVEN_UP]
    if over:
        raise UpstreamUnavailable(f"{len(over)} of {len(cycle.outgoing.deliveries)} deliveries will not arrive")
    if cycle.outgoing.stalled:
        raise TryAgain("not every digest could be composed")
    if any(delivery.state == "waiting" for delivery in cycle.outgoing.deliveries):
        raise TryAgain("a delivery waits for another attempt")


def _document(cycle: "Cycle", downloads: "Sequence[Download]") -> dict[str, object]:
    return {
        "answers": [
            {
                "instrument": answer.query.instrument.value,
                "programs": list(answer.query.programs),
                "is_sweep": answer.query.is_sweep,
                "is_complete": answer.fetched.is_complete,
                "is_by_file_set": answer.is_by_set,
                "requests": answer.fetched.requests,
                "rows": answer.fetched.rows,
                "changes": answer.changes,
                "held": answer.held,
                "problems": list(answer.fetched.problems),
                "notes": [*answer.fetched.warnings, *answer.notes],
            }
            for answer in cycle.answers
        ],
        "sources": [
            {
                "source": each.source,
                "is_complete": each.reading.is_complete,
                "announcements": each.news,
                "events": len(each.reading.events),
                "problems": list(each.reading.problems),
                "notes": list(each.reading.warnings),
            }
            for each in cycle.heard
        ],
        "periods": [
            {
                "subscription": closed.period.subscription,
                "label": closed.period.label,
                "starts": closed.period.starts_at,
                "ends": closed.period.ends_at,
                "digest": closed.period.digest_id,
                "subject": closed.rendered.subject if closed.rendered else None,
                "unknown_programs": list(closed.unknown),
            }
            for closed in cycle.outgoing.closed
        ],
        "deliveries": [
            {
                "message_id": delivery.message.message_id,
                "channel": delivery.message.channel,
                "recipient": delivery.message.recipient or None,
                "state": delivery.state.value,
                "outcome": delivery.last_outcome,
            }
            for delivery in cycle.outgoing.deliveries
        ],
        "downloads": [
            {"filename": each.filename, "state": each.state.value, "bytes": each.size, "reason": each.reason}
            for each in downloads
        ],
    }
