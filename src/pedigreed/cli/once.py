"""`pedigreed once`: one whole cycle."""

from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli.options import ConfigFile, Json, LogLevel, Now, load, log_caution, moment, open_store
from pedigreed.cli.output import echo, print_json, progress
from pedigreed.model.failure import TryAgain, UpstreamUnavailable

if TYPE_CHECKING:
    from pedigreed.service.collecting import Answer
    from pedigreed.service.cycle import Cycle


def once(
    config: ConfigFile = None,
    now: Now = None,
    *,
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
    from pathlib import Path

    from pedigreed.cli.options import USER_AGENT, open_archive, open_sources
    from pedigreed.delivery.channels import open_channels
    from pedigreed.log.event import Level
    from pedigreed.log.setup import set_up_log
    from pedigreed.service.contexts import contexts_of
    from pedigreed.service.cycle import run_cycle

    at = moment(now)
    loaded = load(config)
    set_up_log(log_level or (Level.ERROR if quiet else None))
    with ExitStack() as stack:
        channels = open_channels(loaded.config.channels)
        store = stack.enter_context(open_store(loaded))
        log_caution(store)
        at_work = stack.enter_context(store.at_work())
        archive = stack.enter_context(open_archive(loaded.config.sources.mast))
        shown = stack.enter_context(progress("asking MAST"))
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
    if as_json:
        print_json(_document(cycle))
    elif not quiet:
        _print(cycle)
    _end(cycle)


def _print(cycle: "Cycle") -> None:
    from pedigreed.digests.operator_mail import problem_in_words

    requests = sum(answer.fetched.requests for answer in cycle.answers)
    rows = sum(answer.fetched.rows for answer in cycle.answers)
    changes = sum(answer.changes for answer in cycle.answers)
    echo(f"asked MAST {requests:,} times, read {rows:,} rows, found {changes:,} changes")
    for answer in cycle.answers:
        for line in (*answer.fetched.warnings, *answer.notes):
            echo(f"note: {line}")
        if answer.held:
            echo(f"note: {answer.query}: {answer.held:,} look older, and are held: the answer is not complete")
    _print_heard(cycle)
    unknown = {program for closed in cycle.told.closed for program in closed.unknown}
    for program in sorted(unknown):
        echo(f"note: MAST has no data of program {program}; it is watched all the same")
    for closed in cycle.told.closed:
        subject = closed.rendered.subject if closed.rendered else "nothing to tell"
        echo(f"{closed.period.subscription}: {subject}")
    for pause in cycle.told.stalled:
        echo(f"{pause.name}: not composed: {pause.reason}")
    for delivery in cycle.told.deliveries:
        where = " ".join(filter(None, (delivery.message.channel, delivery.message.recipient)))
        said = f": {delivery.last_outcome}" if delivery.last_outcome and delivery.state != "sent" else ""
        echo(f"  {delivery.state.value} to {where}{said}")
    for problem in cycle.told.news.begun:
        echo(f"problem: {problem_in_words(problem)}")
    for problem in cycle.told.news.over:
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

    problems = [_problem(answer) for answer in cycle.answers if not answer.fetched.is_complete]
    problems += [
        f"{each.source}: {'; '.join(each.reading.problems)}"
        for each in cycle.heard
        if not each.reading.is_complete
    ]
    if problems:
        raise UpstreamUnavailable("not everything was answered\n" + "\n".join(f"  {line}" for line in problems))
    over = [delivery for delivery in cycle.told.deliveries if delivery.state in GIVEN_UP]
    if over:
        raise UpstreamUnavailable(f"{len(over)} of {len(cycle.told.deliveries)} deliveries will not arrive")
    if cycle.told.stalled:
        raise TryAgain("not every digest could be composed")
    if any(delivery.state == "waiting" for delivery in cycle.told.deliveries):
        raise TryAgain("a delivery waits for another attempt")


def _problem(answer: "Answer") -> str:
    return f"{answer.query}: {'; '.join(answer.fetched.problems)}"


def _document(cycle: "Cycle") -> dict[str, object]:
    return {
        "answers": [
            {
                "instrument": answer.query.instrument.value,
                "programs": list(answer.query.programs),
                "is_sweep": answer.query.is_sweep,
                "is_complete": answer.fetched.is_complete,
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
            for closed in cycle.told.closed
        ],
        "deliveries": [
            {
                "message_id": delivery.message.message_id,
                "channel": delivery.message.channel,
                "recipient": delivery.message.recipient or None,
                "state": delivery.state.value,
                "outcome": delivery.last_outcome,
            }
            for delivery in cycle.told.deliveries
        ],
    }
