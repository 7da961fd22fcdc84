"""`pedigreed status`: how each subscription, source and delivery stands, from the store alone."""

from typing import TYPE_CHECKING, Any

from pedigreed import __version__
from pedigreed.cli.options import ConfigFile, Json, Now, load, moment, open_store_if_there
from pedigreed.cli.output import day_and_time, echo, print_json, print_table, table
from pedigreed.model.instrument import instruments_in_words
from pedigreed.model.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.work import Run
    from pedigreed.service.status import SourceStatus, Status, SubscriptionStatus


_PROGRAMS_NAMED = 12


def status(config: ConfigFile = None, now: Now = None, *, as_json: Json = False) -> None:
    """Print how each subscription, source and delivery stands."""
    from pedigreed.service.status import NOTHING, read_status

    at = moment(now)
    loaded = load(config)
    store = open_store_if_there(loaded)
    if store is None:
        if as_json:
            print_json(_document(NOTHING, None, 0))
        else:
            echo("nothing was watched yet: `pedigreed once` looks for the first time")
        return
    with store:
        with store.reading() as connection:
            found = read_status(connection, loaded.config, at)
        if as_json:
            print_json(_document(found, store.name, store.size()))
        else:
            _print(found, store.name, store.size())
            if caution := store.caution():
                echo(f"note: {caution}")


def _print(found: "Status", store: str, size: int) -> None:
    from pedigreed.digests.operator_mail import problem_in_words
    from pedigreed.model.problem import as_one_outage

    made = table(
        "subscription", "products", "programs", "last digest", "next", "last subject", right=("products",)
    )
    for entry in found.subscriptions:
        made.add_row(
            entry.name,
            f"{entry.products:,}",
            _programs(entry),
            day_and_time(entry.last_sent),
            _next(entry),
            entry.last_subject or "-",
        )
    print_table(made)
    for line in _about(found):
        echo(line)
    echo()
    sources = table("source", "programs", "last asked", "all complete since", "state")
    for name, source in _sources(found.sources):
        sources.add_row(
            name,
            f"{source.complete} of {source.programs}",
            day_and_time(source.asked_at),
            day_and_time(source.complete_at),
            _state(source),
        )
    for news in found.news_sources:
        sources.add_row(
            news.name,
            "",
            day_and_time(news.asked_at),
            day_and_time(news.complete_at),
            news.problem or ("ok" if news.asked_at else "not read yet"),
        )
    print_table(sources)
    echo()
    for line in _of_crds(found):
        echo(line)
    for run in found.runs:
        echo(_run(run))
    outbox = ", ".join(f"{count:,} {state.value}" for state, count in sorted(found.outbox.items())) or "empty"
    echo(f"outbox: {outbox}")
    for pause in found.pauses:
        echo(f"  channel {pause.name} is left alone until {day_and_time(pause.until)}: {pause.reason}")
    for line in found.overdue:
        echo(f"overdue: {line}")
    for known in as_one_outage(found.problems):
        word = f", operator told {day_and_time(known.told_at)}" if known.told_at else ""
        echo(f"problem since {day_and_time(known.problem.since)}{word}: {problem_in_words(known.problem)}")
    echo(f"store: {store}" + (f", {size / 1e6:,.1f} MB" if size else ""))
    echo(f"pedigreed {__version__}")


def _about(found: "Status") -> "Iterator[str]":
    """A line for each program that MAST says more of than its number."""
    from pedigreed.digests.wording import count, program_in_words

    said = [(each.program, words) for each in found.about if (words := program_in_words(each))]
    for program, words in said[:_PROGRAMS_NAMED]:
        yield f"  {program} · {words}"
    if len(said) > _PROGRAMS_NAMED:
        yield f"  and {count(len(said) - _PROGRAMS_NAMED, 'more program')}"


def _of_crds(found: "Status") -> list[str]:
    """The contexts in use, and how far their rules can be had and trusted."""
    from pedigreed.digests.sections.impact import held_in_words

    return [
        *([_contexts(found.contexts)] if found.contexts else []),
        *(f"  {line}" for line in (held_in_words(found.impact) if found.impact else [])),
        *(
            f"  {name}: rules not usable since {day_and_time(state.since)}: {state.reason}"
            for name, state in found.rules_wait
        ),
    ]


def _sources(sources: "Iterable[SourceStatus]") -> "Iterator[tuple[str, SourceStatus]]":
    """A row for each instrument of MAST, or one for all where one outage holds them all up alike."""
    every = tuple(sources)
    states = {(each.problem, each.complete_at, each.programs) for each in every}
    if len(every) > 1 and len(states) == 1 and every[0].problem:
        yield f"MAST, {instruments_in_words([each.instrument.written for each in every])}", every[0]
        return
    for source in every:
        yield f"MAST {source.instrument.written}", source


def _contexts(contexts: "ContextsInUse") -> str:
    """``CRDS: jwst_1583 is the latest context since 2026-11-21 08:10Z; MAST makes products with jwst_1535``."""
    since = f" since {day_and_time(contexts.latest_since)}" if contexts.latest_since else ""
    version = f" ({contexts.cal_ver})" if contexts.cal_ver else ""
    build = ""
    if contexts.is_certain:
        build = f"; MAST makes products with {contexts.build}{version}"
    elif contexts.build:
        build = f" and {contexts.build} the archive's{version}"
        build += f"; MAST's newest products have {contexts.made}" if contexts.made else ""
    return f"CRDS: {contexts.latest} is the latest context{since}{build}"


def _run(run: "Run") -> str:
    """``last asked 2026-11-22 05:12Z: 20 requests, 3,911 rows, 66 changes``."""
    from pedigreed.digests.wording import count

    if run.work is Work.LISTEN:
        said = f"last listened to CRDS {day_and_time(run.started_at)}"
    elif run.work is Work.ASK:
        numbers = ((run.requests, "request"), (run.rows, "row"), (run.changes, "change"))
        did = ", ".join(count(number, noun) for number, noun in numbers)
        said = f"last asked {day_and_time(run.started_at)}: {did}"
    elif run.work is Work.FETCH:
        said = f"last fetched files {day_and_time(run.started_at)}"
    else:
        did = f"{count(run.digests, 'digest')}, {count(run.deliveries, 'attempt')} to deliver"
        said = f"last told  {day_and_time(run.started_at)}: {did}"
    if run.ended_at is None:
        return f"{said} so far"
    return f"{said}; {run.problem}" if run.problem else said


def _programs(entry: "SubscriptionStatus") -> str:
    checked = entry.checked
    unknown = f", {len(checked.unknown)} without data" if checked.unknown else ""
    waiting = f", {entry.waiting:,} products in motion" if entry.waiting else ""
    return f"{checked.programs} of {checked.of} checked{unknown}{waiting}"


def _next(entry: "SubscriptionStatus") -> str:
    if entry.muted_until:
        return f"muted to {day_and_time(entry.muted_until)}"
    return day_and_time(entry.next_due) if entry.next_due else "due now"


def _state(source: "SourceStatus") -> str:
    if source.problem:
        by_set = f"; Missions' search stood in {day_and_time(source.stood_in_at)}" if source.stood_in_at else ""
        return f"{source.problem}{by_set}"
    if source.increments_off:
        return f"asked for everything each time: {source.increments_off}"
    return source.flags_by_sweeps or "ok"


def _document(found: "Status", store: str | None, size: int) -> dict[str, Any]:
    from pedigreed.digests.document import about_document

    return {
        "version": __version__,
        "store": {"name": store, "bytes": size} if store else None,
        "subscriptions": [
            {
                "name": entry.name,
                "products": entry.products,
                "programs": entry.checked.of,
                "programs_checked": entry.checked.programs,
                "programs_without_data": list(entry.checked.unknown),
                "unchecked": [
                    {"program": each.program, "reason": each.reason, "last_complete": each.last_complete}
                    for each in entry.checked.unchecked
                ],
                "last_complete": entry.checked.last_complete,
                "last_told": entry.last_sent,
                "last_subject": entry.last_subject,
                "last_closed": entry.last_closed,
                "next_due": entry.next_due,
                "muted_until": entry.muted_until,
                "products_in_motion": entry.waiting,
            }
            for entry in found.subscriptions
        ],
        "about": [about_document(each) for each in found.about],
        "sources": [
            {
                "source": "mast",
                "instrument": source.instrument.value,
                "programs": source.programs,
                "programs_complete": source.complete,
                "asked": source.asked_at,
                "complete_since": source.complete_at,
                "problem": source.problem,
                "increments_off": source.increments_off,
                "flags_by_sweeps": source.flags_by_sweeps,
                "by_file_set_since": source.stood_in_at,
            }
            for source in found.sources
        ],
        "news_sources": [
            {
                "source": news.name,
                "asked": news.asked_at,
                "complete": news.complete_at,
                "problem": news.problem,
            }
            for news in found.news_sources
        ],
        "contexts": {
            "latest": found.contexts.latest,
            "latest_since": found.contexts.latest_since,
            "build": found.contexts.build,
            "build_cal_ver": found.contexts.cal_ver,
            "made_with": found.contexts.made,
        }
        if found.contexts
        else None,
        "rules": {
            "checked": {
                "context": found.impact.new,
                "exposures": found.impact.held[0],
                "agreed": found.impact.held[1],
                "types_otherwise": [
                    {"instrument": instrument.value, "type": name} for instrument, name in found.impact.doubted
                ],
                "problem": found.impact.not_held,
            }
            if found.impact
            else None,
            "waiting": [
                {"context": name, "since": state.since, "reason": state.reason} for name, state in found.rules_wait
            ],
        },
        "outbox": {state.value: count for state, count in sorted(found.outbox.items())},
        "paused_channels": [
            {
                "channel": pause.name,
                "since": pause.since,
                "until": pause.until,
                "tries": pause.tries,
                "reason": pause.reason,
                "needs_mending": pause.needs_mending,
            }
            for pause in found.pauses
        ],
        "runs": [
            {
                "work": run.work.value,
                "started": run.started_at,
                "ended": run.ended_at,
                "requests": run.requests,
                "rows": run.rows,
                "changes": run.changes,
                "digests": run.digests,
                "deliveries": run.deliveries,
                "problem": run.problem,
            }
            for run in found.runs
        ],
        "overdue": list(found.overdue),
        "problems": [
            {
                "kind": known.problem.kind.value,
                "name": known.problem.name,
                "reason": known.problem.reason,
                "since": known.problem.since,
                "told": known.told_at,
            }
            for known in found.problems
        ],
    }
