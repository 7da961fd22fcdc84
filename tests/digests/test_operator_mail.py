"""A word to the operator, kept as a person reads it.

``PEDIGREED_WRITE_GOLDEN=1`` writes the golden file anew, as for the digests.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.cells import cell_len

from pedigreed.digests.operator_mail import MOST_LISTED, operator_mail, problem_in_words
from pedigreed.digests.print_text import WIDTH
from pedigreed.digests.subject import LONGEST_SUBJECT
from pedigreed.model.problem import Problem, ProblemKind

if TYPE_CHECKING:
    from pedigreed.model.digest import RenderedDigest

GOLDEN = Path(__file__).parent / "golden" / "operator.txt"
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
BEGUN = (
    (ProblemKind.SOURCE, "MAST NIRCam", "MAST answered HTTP 504", 50 * HOUR),
    (ProblemKind.INCREMENTS, "MAST MIRI", "the service ignored the limit and sent older rows too", HOUR),
    (ProblemKind.COLUMNS, "MAST FGS", "no values in isStale, so it can't be told which products are stale", HOUR),
    (ProblemKind.CHANNEL, "team", "Slack answered 404 no_service", HOUR),
    (ProblemKind.DESTINATION, "nobody@x.example", "RCPT was answered with 550 5.1.1 no such user", HOUR),
    (ProblemKind.DIGEST, "jades", "pedigreed failed: ZeroDivisionError", HOUR),
    (ProblemKind.TEMPLATE, "jades", "line 12: 'sectoins' is undefined", HOUR),
    (ProblemKind.RULES, "CRDS's rules", "jwst_1583: 48 of 50 exposures agree; otherwise flat of MIRI", HOUR),
    (ProblemKind.WORK, "asking MAST", "it was ended by SIGKILL", HOUR),
    (ProblemKind.STORE, "store", "198 MB are left on its disk", HOUR),
)


def problem(kind: ProblemKind, name: str, reason: str, lasted: timedelta = HOUR) -> Problem:
    return Problem(kind, name, reason, NOW - lasted, NOW)


def told(begun: list[Problem], over: list[Problem]) -> RenderedDigest:
    return operator_mail(begun, over, configuration="pedigreed.yaml", host="watch.obs.example", now=NOW)


def test_every_kind_of_problem_reads_as_it_did() -> None:
    each = [problem(*one) for one in BEGUN]
    assert {one.kind for one in each} == set(ProblemKind)
    word = told(each, each)
    shown = f"Subject: {word.subject}\n\n{word.text}"
    if os.environ.get("PEDIGREED_WRITE_GOLDEN") == "1":
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8")


def test_one_outage_of_the_archive_is_one_statement() -> None:
    names = ("NIRCam", "NIRISS", "NIRSpec", "MIRI", "FGS")
    outage = [problem(ProblemKind.SOURCE, f"MAST {name}", "connection refused") for name in names]
    word = told(outage, [])
    assert word.subject == "[pedigreed] problem: MAST gives no complete answer"
    said = " ".join(word.text.split())
    assert said.count("connection refused") == 1
    assert "MAST gives no complete answer: connection refused (all 5 instruments) since 05:00Z" in said
    of_two = " ".join(told([*outage[:2], problem(ProblemKind.SOURCE, "MAST MIRI", "HTTP 504")], []).text.split())
    assert "MAST gives no complete answer: connection refused (NIRCam and NIRISS)" in of_two
    assert "MAST MIRI gives no complete answer: HTTP 504" in of_two


@pytest.mark.parametrize(
    ("begun", "over", "subject"),
    [
        (1, 0, "[pedigreed] problem: MAST NIRCam gives no complete answer"),
        (0, 1, "[pedigreed] over: MAST NIRCam answers completely again"),
        (2, 0, "[pedigreed] 2 problems"),
        (1, 2, "[pedigreed] 1 problem, 2 over"),
        (0, 3, "[pedigreed] 3 over"),
    ],
)
def test_the_subject_says_the_news(begun: int, over: int, subject: str) -> None:
    each = [problem(*one) for one in BEGUN]
    assert told(each[:begun], each[:over]).subject == subject


@pytest.mark.parametrize(
    ("kind", "name", "begun", "over"),
    [
        (
            ProblemKind.COLUMNS,
            "MAST NIRSpec",
            "[pedigreed] MAST NIRSpec no longer gives everything that is asked for",
            "[pedigreed] MAST NIRSpec gives everything that is asked for again",
        ),
        (
            ProblemKind.DESTINATION,
            "the-whole-of-the-jades-team@lists.obs.example",
            "[pedigreed] a digest for the-whole-of-the-jades-team@l... was given up",
            "[pedigreed] the-whole-of-the-jades-team@list... receives digests again",
        ),
    ],
)
def test_a_subject_is_short_whatever_the_name(kind: ProblemKind, name: str, begun: str, over: str) -> None:
    each = problem(kind, name, "it is a trial")
    assert (told([each], []).subject, told([], [each]).subject) == (begun, over)


def test_two_words_have_two_identities_and_the_same_word_has_one() -> None:
    one, other = problem(*BEGUN[0]), problem(*BEGUN[1])
    words = [told([one], []), told([], [one]), told([other], []), told([one, other], [])]
    assert len({word.digest_id for word in words}) == len(words)
    assert told([one], []) == words[0]


def test_of_very_many_the_first_are_listed_and_the_others_counted() -> None:
    many = [problem(ProblemKind.DESTINATION, f"{number}@x.example", "550") for number in range(MOST_LISTED + 7)]
    text = told(many, []).text
    assert text.count("was given up") == MOST_LISTED
    assert "  and 7 more\n" in text


ANYTHING = st.builds(
    problem, kind=st.sampled_from(ProblemKind), name=st.text(max_size=200), reason=st.text(max_size=400)
)


@given(begun=st.lists(ANYTHING, max_size=4), over=st.lists(ANYTHING, max_size=4))
def test_whatever_is_told_keeps_to_its_lines(begun: list[Problem], over: list[Problem]) -> None:
    assume(begun or over)
    word = told(begun, over)
    assert word.subject.startswith("[pedigreed] ")
    assert word.subject.isprintable()
    assert len(word.subject) <= LONGEST_SUBJECT
    assert all(cell_len(line) <= WIDTH for line in word.text.split("\n"))
    assert all(problem_in_words(each).isprintable() for each in begun)
