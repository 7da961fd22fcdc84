"""What `chaos` checks of what arrived, knowing only what the archive was given and when.

- Each product is told as one story: from what it was at first, each change once, to what it is in the end.
- Each digest arrived by mail and by webhook. What came again has the same identity and the same bytes.
- Each delivery to CRDS is told once to each subscription, and once more where CRDS confirms it later.
- A digest that calls a program checked, and names an answer, holds all that the archive had before that answer.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from observatory import Observatory

AT_FIRST = "jwst_1464.pmap"
_CERTAIN = timedelta(seconds=2)
"""What a clock may be off by between two processes."""

_ROUNDED = timedelta(milliseconds=1)

Document = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A product that was made anew. `at` is when the archive had it, UTC."""

    program: int
    filename: str
    context: str
    at: datetime

    @property
    def told(self) -> dict[str, str | int]:
        return {"program": self.program, "file": self.filename, "context": self.context, "at": iso(self.at)}


def findings(
    obs: Observatory,
    programs: Sequence[int],
    changes: Sequence[Change],
    deliveries: Sequence[str],
    counts: Counter[str],
) -> list[str]:
    """Each promise that was broken, in words. What arrived is added to the counts."""
    posts = defaultdict(set)
    for post in obs.feed.posts:
        posts[post.headers["idempotency-key"]].add(post.body)
    mails = defaultdict(set)
    for mail in obs.mail.mails:
        mails[mail.recipient, mail.message_id].add(mail.content)
    counts["digests"] = len(posts)
    counts["repeated to the webhook"] = len(obs.feed.posts) - len(posts)
    counts["repeated by mail"] = len(obs.mail.mails) - len(mails)
    counts["words to the operator"] = sum(recipient != "a@x.example" for recipient, _ in mails)
    documents = [json.loads(min(bodies)) for bodies in posts.values()]
    found = [
        f"{key} came again with other bytes" for key, bodies in [*posts.items(), *mails.items()] if len(bodies) > 1
    ]
    subjects = [_subject(obs, message_id) for recipient, message_id in mails if recipient == "a@x.example"]
    found += _differ(subjects, [document["subject"] for document in documents])
    for number, program in enumerate(programs):
        name = "abcdefgh"[number]
        own = sorted(
            (each for each in documents if each["subscription"] == name), key=lambda each: each["period"]["ends"]
        )
        made = [change for change in changes if change.program == program]
        found += [
            f"{name}: {words}"
            for words in (*_periods(own), *_stories(own, made), *_silences(own, made), *_notices(own, deliveries))
        ]
        counts["said to be checked"] += sum(_answered(each) is not None for each in own)
        counts["said not to be checked"] += sum(_answered(each) is None for each in own)
        counts["notices told"] += sum(len(each["notices"]) for each in own)
        counts["changes told"] += sum(len(each["changes"]) for each in own)
    return found


def _subject(obs: Observatory, message_id: str) -> str:
    mail = next(mail for mail in obs.mail.mails if mail.message_id == message_id)
    return str(mail.read["Subject"])


def _differ(mailed: Iterable[str], posted: Iterable[str]) -> Iterator[str]:
    mails, posts = Counter(mailed), Counter(posted)
    for subject in (mails - posts).elements():
        yield f"mailed and not posted, or mailed twice as two: {subject}"
    for subject in (posts - mails).elements():
        yield f"posted and not mailed, or posted twice as two: {subject}"


def _periods(own: Sequence[Document]) -> Iterator[str]:
    for before, after in pairwise(own):
        ended, began = (
            datetime.fromisoformat(each) for each in (before["period"]["ends"], after["period"]["starts"])
        )
        if not ended <= began <= ended + _ROUNDED:
            yield f"the period after {iso(ended)} starts at {iso(began)}"


def _stories(own: Sequence[Document], made: Sequence[Change]) -> Iterator[str]:
    """From what each product was at first to what it is in the end, without a gap or a repetition."""
    last: dict[str, str] = defaultdict(lambda: AT_FIRST)
    for document in own:
        for change in document["changes"]:
            name, before, after = change["filename"], _context(change["before"]), _context(change["after"])
            if change["kind"] != "reprocessed":
                yield f"{name} is told as {change['kind']} in the digest up to {document['period']['ends']}"
            if before != last[name]:
                yield (
                    f"{name} is told from {before} to {after} up to {document['period']['ends']}, "
                    f"and was told to be {last[name]} before"
                )
            last[name] = after
    for name, context in {change.filename: change.context for change in made}.items():
        if last[name] != context:
            yield f"LOST: {name} is {context}, and was told to be {last[name]} last"


def _silences(own: Sequence[Document], made: Sequence[Change]) -> Iterator[str]:
    """What a digest should have told by the answer that it names."""
    told: dict[str, set[str]] = defaultdict(set)
    for document in own:
        for change in document["changes"]:
            told[change["filename"]].add(_context(change["after"]))
        answered = _answered(document)
        # Of what an answer lacks, it is said that it is missing, and not that nothing changed.
        if answered is None or any(each["missing"] == each["total"] for each in document["missing"]):
            continue
        for change in made:
            is_told = any(context >= change.context for context in told[change.filename])
            if change.at + _CERTAIN < answered and not is_told:
                yield (
                    f"FALSE SILENCE: the digest up to {document['period']['ends']} names an answer of "
                    f"{iso(answered)}, without {change.filename} of {iso(change.at)}: {change.context}"
                )


def _notices(own: Sequence[Document], deliveries: Sequence[str]) -> Iterator[str]:
    """Each delivery once, by CRDS; before that at most once, by the list."""
    told: dict[str, list[bool]] = defaultdict(list)
    for document in own:
        for notice in document["notices"]:
            told[notice["name"]].append(notice["confirmed"])
    for name in deliveries:
        if told[name] not in ([True], [False, True]):
            yield f"{name} is told as confirmed by CRDS or not: {told[name]}"
    for name in told.keys() - set(deliveries):
        yield f"{name} is told, and was not delivered"


def _answered(document: Document) -> datetime | None:
    """The answer that a digest names for what it calls checked; None where it says that it was not."""
    checked = document["checked"]
    if checked["programs"] < checked["of"] or checked["last_complete"] is None:
        return None
    return datetime.fromisoformat(checked["last_complete"])


def _context(pedigree: dict[str, str] | None) -> str:
    return pedigree["crds_ctx"] if pedigree else "gone"
