"""The mail that tells the operator which problems began, and which are over."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.digests.print_text import prose
from pedigreed.digests.subject import LONGEST_SUBJECT, MARK
from pedigreed.digests.wording import clipped, count, moment_in_utc, one_line
from pedigreed.model.digest import RenderedDigest
from pedigreed.model.instant import iso
from pedigreed.model.problem import Problem, ProblemKind, outages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

OPERATOR = "operator"
"""Stands where a digest has its subscription: all words to the operator are one thread."""

LONGEST_NAME = 60
MOST_LISTED = 20


class Words(NamedTuple):
    """What is said of a kind of problem, each a sentence without its end. ``{name}`` stands for its name."""

    wrong: str
    over: str
    advice: str


def operator_mail(
    begun: Sequence[Problem], over: Sequence[Problem], *, configuration: str, host: str, now: datetime
) -> RenderedDigest:
    """Put problems into words. At least one is told.

    Args:
        begun: problems that the operator does not know yet.
        over: problems that are over.
        configuration: the configuration's file name.
        host: this machine's name.
        now: UTC.
    """
    begun, over = outages(begun), outages(over)
    lines = [f"pedigreed on {clipped(one_line(host), LONGEST_NAME)}, with {configuration}", ""]
    for title, problems, written in (("PROBLEMS", begun, _begun), ("OVER", over, _over)):
        if problems:
            lines += [title, *_listed(problems, written, now), ""]
    lines += [
        *prose(
            "You are told once when a problem begins and once when it is over. "
            "`pedigreed status` shows what is wrong now."
        ),
        *prose(f"You get this because `operator` in {configuration} names you."),
    ]
    return RenderedDigest(
        digest_id=_identity(begun, over, now),
        subscription=OPERATOR,
        subject=_subject(begun, over),
        text="\n".join(lines) + "\n",
        attachments=(),
    )


def problem_in_words(problem: Problem) -> str:
    """``channel team accepts no messages: Slack answered 404 no_service``: one line."""
    return one_line(f"{_wrong(problem)}: {problem.reason}")


_WORDS: Mapping[ProblemKind, Words] = {
    ProblemKind.SOURCE: Words(
        wrong="{name} gives no complete answer",
        over="{name} answers completely again",
        advice="It is asked again with each cycle. Digests name what could not be checked",
    ),
    ProblemKind.INCREMENTS: Words(
        wrong="{name} does not reliably tell what is new",
        over="{name} tells what is new again",
        advice="It is asked for everything each time, so nothing is missed; its load on MAST is larger",
    ),
    ProblemKind.COLUMNS: Words(
        wrong="{name} no longer gives everything that is asked for",
        over="{name} gives everything that is asked for again",
        advice="The rest is told. `pedigreed doctor` tells what else differs from what is known of MAST",
    ),
    ProblemKind.CHANNEL: Words(
        wrong="channel {name} accepts no messages",
        over="channel {name} accepts messages again",
        advice="What waits for it is kept, and one message tries it now and then",
    ),
    ProblemKind.DESTINATION: Words(
        wrong="a digest for {name} was given up",
        over="{name} receives digests again",
        advice=(
            "The next ones are tried, and not told of until one arrives. `pedigreed deliveries` lists and retries"
        ),
    ),
    ProblemKind.DIGEST: Words(
        wrong="the digest of {name} can't be composed",
        over="the digest of {name} is composed again",
        advice="Nothing of it is lost: its period stays open, and it is tried again. The log has where it failed",
    ),
    ProblemKind.TEMPLATE: Words(
        wrong="your template fails for the digest of {name}",
        over="your template works for the digest of {name} again",
        advice=(
            "The digest was sent with the built-in page. `pedigreed preview --format html` tries the template; "
            "the next digest uses it if it works"
        ),
    ),
    ProblemKind.RULES: Words(
        wrong="{name} give other results here than at CRDS",
        over="{name} give the same results as at CRDS again",
        advice=(
            "What these types change is told by instrument and type instead, and digests say so. "
            "It is a fault of pedigreed: please report it with what `pedigreed impact --why` prints"
        ),
    ),
    ProblemKind.WORK: Words(
        wrong="{name} failed to finish three times in a row",
        over="{name} finishes again",
        advice="It is tried again. Digests say what was not checked. The log says how each try ended",
    ),
    ProblemKind.STORE: Words(
        wrong="the disk of the {name} is nearly full",
        over="the disk of the {name} has room again",
        advice="Free some space: without it nothing can be kept, and so nothing is sent",
    ),
}


def _listed(
    problems: Sequence[Problem], written: Callable[[Problem, datetime], list[str]], now: datetime
) -> list[str]:
    lines = [line for problem in problems[:MOST_LISTED] for line in written(problem, now)]
    left = len(problems) - MOST_LISTED
    return [*lines, f"  and {left:,} more"] if left > 0 else lines


def _begun(problem: Problem, now: datetime) -> list[str]:
    advice = _WORDS[problem.kind].advice
    return [
        *prose(problem_in_words(problem), "  ", "      "),
        *prose(f"since {moment_in_utc(problem.since, now)}. {advice}.", "      "),
    ]


def _over(problem: Problem, now: datetime) -> list[str]:
    return prose(f"{_again(problem)}; it began at {moment_in_utc(problem.since, now)}", "  ", "      ")


def _subject(begun: Sequence[Problem], over: Sequence[Problem]) -> str:
    """``[pedigreed] problem: MAST NIRCam gives no complete answer``, at most as long as a digest's."""
    if len(begun) + len(over) == 1:
        mark, said = ("problem: ", _wrong) if begun else ("over: ", _again)
        (problem,) = (*begun, *over)
        # The sentence tells which it is without the word, too.
        room = LONGEST_SUBJECT - len(MARK)
        whole, rest = said(problem), len(said(problem, longest=0))
        alone = whole if len(whole) <= room else said(problem, longest=room - rest)
        return MARK + (mark + whole if len(mark + whole) <= room else alone)
    numbers = [count(len(begun), "problem")] if begun else []
    return MARK + ", ".join([*numbers, f"{len(over):,} over"] if over else numbers)


def _wrong(problem: Problem, longest: int = LONGEST_NAME) -> str:
    return _WORDS[problem.kind].wrong.format(name=_name(problem, longest))


def _again(problem: Problem, longest: int = LONGEST_NAME) -> str:
    return _WORDS[problem.kind].over.format(name=_name(problem, longest))


def _name(problem: Problem, longest: int) -> str:
    return clipped(one_line(problem.name), longest) if longest else ""


def _identity(begun: Sequence[Problem], over: Sequence[Problem], now: datetime) -> str:
    said = [
        f"{word} {problem.kind} {problem.name} {iso(problem.since)}"
        for word, problems in (("begun", begun), ("over", over))
        for problem in problems
    ]
    return hashlib.sha256("\n".join([iso(now), *said]).encode("utf-8", "replace")).hexdigest()[:32]
