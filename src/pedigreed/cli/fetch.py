"""`pedigreed fetch`: what changed, from the archive to the disk, verified."""

import os
import shlex
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pedigreed.cli.options import MAST_URL as DEFAULT_MAST_URL
from pedigreed.cli.options import Json, load, mast_token, open_archive
from pedigreed.cli.output import Transfers, confirm, echo, print_json, print_table, program, progress, table
from pedigreed.model.failure import TryAgain, Unreadable, UpstreamUnavailable, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pedigreed.fetching.fetch import Archive, Outcome
    from pedigreed.fetching.plan import Job, Plan
    from pedigreed.fetching.wanted import Wanted
    from pedigreed.model.program import ProgramSelection
    from pedigreed.sources.mast.archive import MastArchive

_MOST_NAMED = 20
STILL_MISSING = Path("pedigreed-missing.json")
_LISTS = (".json", ".json.gz")


class Origin(StrEnum):
    """Where files come from."""

    MAST = "mast"
    S3 = "s3"


def fetch(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="LIST|PROGRAM...",
            help="Lists of files, the JSON that a digest or a mail of MAST attaches; or programs, or observations "
            "of one: 1345 1180:5,7-9",
        ),
    ],
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            help="The folder. An old copy in it is replaced where it lies; the others go to DIR/jwPPPPP. "
            "Default for a list: here.",
            show_default=False,
        ),
    ] = None,
    flat: Annotated[bool, typer.Option("--flat", help="Put new files into DIR itself.")] = False,
    suffix: Annotated[
        str | None,
        typer.Option("--suffix", metavar="TYPES", help="Only these types: cal,x1d.", show_default=False),
    ] = None,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="Keep an old copy beside the new one, as NAME.CAL_VER.CRDS_CTX.")
    ] = False,
    include_custom: Annotated[
        bool, typer.Option("--include-custom", help="Replace your own processing as well.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be fetched, and fetch nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether to go on.")] = False,
    origin: Annotated[
        Origin, typer.Option("--from", help="The archive, or its public copy on S3; both are verified.")
    ] = Origin.MAST,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="A configuration, for the archive's address and token. Default: $MAST_API_TOKEN is the token.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    mast: Annotated[
        str | None,
        typer.Option(
            envvar="PEDIGREED_MAST_URL", metavar="URL", help="The archive's address.", show_default=False
        ),
    ] = None,
    s3: Annotated[str | None, typer.Option("--s3-url", envvar="PEDIGREED_S3_URL", hidden=True)] = None,
) -> None:
    """Download files, and put each in the place of the old copy when it is whole and verified.

    An interrupted download is taken up by the next call.
    """
    from pedigreed.fetching import fetch as fetching

    source = load(config).config.sources.mast if config else None
    files, selections = _asked_for(what)
    if selections and to is None:
        raise Usage("say where the files go: --to DIR")
    folder = os.path.abspath(to or Path())  # noqa: PTH100  # `..` goes too
    with progress("asking MAST") as shown, open_archive(source, mast) as archive:
        listing = _Listing(archive, shown.tell)
        wanted = listing.wanted(files, selections, _suffixes(suffix))
        shown.tell("looking for old copies")
        plan = _plan(wanted, folder, flat=flat, include_custom=include_custom)
    if not as_json:
        _print_plan(plan, listing, folder, lists_files=dry_run)
    if dry_run:
        if as_json:
            print_json(_document(plan, []))
        if listing.problems:
            raise UpstreamUnavailable(_missing_words([], listing, 0, folder))
        return
    if plan.jobs and not (yes or as_json or confirm("go on?")):
        raise typer.Exit
    _check_room(plan.jobs, keeps_old=keep_old)

    def ask_again(programs: frozenset[int]) -> "Mapping[str, Wanted]":
        with open_archive(source, mast) as archive:
            return _Listing(archive, lambda _: None).of_programs(programs)

    address = mast or (source.url if source else DEFAULT_MAST_URL)
    where = _public_copy(s3) if origin is Origin.S3 else fetching.Archive.mast(address, mast_token(source))
    with Transfers(len(plan.jobs), plan.bytes, quiet=as_json) as transfers:
        outcomes = fetching.fetch(plan.jobs, where, _Watcher(transfers), keeps_old=keep_old, ask_again=ask_again)
    missing = _keep_missing(outcomes, listing)
    if as_json:
        print_json(_document(plan, outcomes))
    else:
        _print_outcomes(outcomes)
    if missing or listing.problems:
        raise UpstreamUnavailable(_missing_words(outcomes, listing, missing, folder))


class _Watcher:
    """Shows how it goes."""

    def __init__(self, transfers: Transfers) -> None:
        self._transfers = transfers

    def received(self, count: int) -> None:
        self._transfers.add(count)

    def ended(self, outcome: "Outcome") -> None:
        words = outcome.result.value + (f": {outcome.reason}" if outcome.reason else "")
        self._transfers.ended(outcome.job.wanted.filename, words)


class _Listing:
    """What the archive lists, asked for as `check` asks."""

    def __init__(self, archive: "MastArchive", tell: "Callable[[str], None]") -> None:
        self._archive = archive
        self._tell = tell
        self.problems: list[str] = []
        self.unlisted: set[str] = set()
        self.unknown: list[Wanted] = []

    def of_programs(self, programs: "Iterable[int]") -> "dict[str, Wanted]":
        """By file name."""
        from pedigreed.model.program import ProgramSelection

        return self._of(ProgramSelection(program) for program in sorted(programs))

    def wanted(
        self, files: "Sequence[Wanted]", selections: "Iterable[ProgramSelection]", suffixes: frozenset[str]
    ) -> "list[Wanted]":
        """What is asked for, as the archive lists it now. A name that it lists not is `unlisted`.

        Where its answer is not complete, what is not in it is `unknown` instead.
        """
        from pedigreed.model.product_name import product_type_of

        listed = self.of_programs({file.program for file in files}) if files else {}
        found = []
        for file in files:
            if file.filename in listed:
                found.append(listed[file.filename])
            elif self.problems:
                self.unknown.append(file)
            else:
                self.unlisted.add(file.filename)
                found.append(file)
        found += self._of(selections).values()
        return [file for file in found if not suffixes or product_type_of(file.filename) in suffixes]

    def _of(self, selections: "Iterable[ProgramSelection]") -> "dict[str, Wanted]":
        from pedigreed.fetching.wanted import Wanted
        from pedigreed.model.instrument import Instrument
        from pedigreed.service.survey import survey

        surveys = survey(selections, Instrument, self._archive, self._tell)
        self.problems += sorted({problem for each in surveys for problem in each.problems})
        return {product.filename: Wanted.of(product) for each in surveys for product in each.products}


def _asked_for(what: "Sequence[str]") -> "tuple[list[Wanted], list[ProgramSelection]]":
    from pedigreed.fetching.download_list import read_download_list
    from pedigreed.model.program import ProgramSelection

    files: list[Wanted] = []
    selections = []
    for each in what:
        if each.endswith(_LISTS) or Path(each).is_file():
            files += read_download_list(Path(each))
            continue
        try:
            selections.append(ProgramSelection.parse(each))
        except Unreadable as error:
            raise Usage(f"{error}; or name a list, FILE.json") from None
    return files, sorted(set(selections))


def _suffixes(text: str | None) -> frozenset[str]:
    return frozenset(part.strip().removeprefix("_") for part in (text or "").split(",") if part.strip())


def _plan(wanted: "Iterable[Wanted]", folder: str, *, flat: bool, include_custom: bool) -> "Plan":
    from pedigreed.fetching.old_files import find_old_files, is_inside
    from pedigreed.fetching.plan import Left, plan_fetch

    files = sorted(wanted, key=lambda file: file.filename)
    old, links = find_old_files(folder, {file.filename for file in files})
    outside = {Path(link.name).name for link in links}
    plan = plan_fetch(
        (file for file in files if file.filename not in outside or file.filename in old),
        old,
        folder,
        is_flat=flat,
        includes_custom=include_custom,
    )
    leaving = [job for job in plan.jobs if job.old is None and not is_inside(folder, job.place)]
    plan.jobs = [job for job in plan.jobs if job not in leaving]
    plan.left += links + [Left(job.place, "a link leads it out of the folder") for job in leaving]
    return plan


def _check_room(jobs: "Iterable[Job]", *, keeps_old: bool) -> None:
    from pedigreed.fetching.fetch import AT_ONCE
    from pedigreed.fetching.old_files import room_by_disk
    from pedigreed.fetching.plan import room_needed

    for folder, free, there in room_by_disk(jobs).values():
        needed = room_needed(there, keeps_old=keeps_old, at_once=AT_ONCE)
        if needed > free:
            raise TryAgain(
                f"nothing is fetched: there is no room for {len(there):,} files of {_size(needed)}: the disk "
                f"of {folder} has {_size(free)} left"
            )


def _public_copy(url: str | None) -> "Archive":
    from pedigreed.fetching.fetch import PUBLIC_COPY, Archive

    return Archive.s3(url or PUBLIC_COPY)


def _print_plan(plan: "Plan", listing: _Listing, folder: str, *, lists_files: bool) -> None:
    from pedigreed.digests.wording import count, visible

    if lists_files and plan.jobs:
        made = table("file", "bytes", "to", "old copy", right=("bytes",))
        for job in plan.jobs:
            size = "-" if job.wanted.size is None else f"{job.wanted.size:,}"
            made.add_row(
                visible(job.wanted.filename),
                size,
                visible(str(Path(job.place).parent)),
                "replaced" if job.old else "none",
            )
        print_table(made)
    total = f", {_size(plan.bytes)}" + (" and more" if plan.unsized else "") if plan.jobs else ""
    replaced = sum(job.old is not None for job in plan.jobs)
    places = f"to {visible(folder)}" + (f", {replaced:,} in the place of old copies" if replaced else "")
    echo(f"{count(len(plan.jobs), 'file')}{total}, {places}")
    if listing.unlisted:
        echo(
            f"{count(len(listing.unlisted), 'file')} not in MAST's list, which has an exposure's highest level "
            "alone: without a checksum, only the form is verified"
        )
    _print_named([(left.name, left.reason) for left in plan.left], "left alone")


def _print_outcomes(outcomes: "Sequence[Outcome]") -> None:
    from collections import Counter

    from pedigreed.fetching.fetch import Result

    counts = Counter(outcome.result for outcome in outcomes)
    told = [f"{counts[result]:,} {result.value}" for result in (Result.FETCHED, Result.THERE) if counts[result]]
    echo(", ".join(told) or "nothing fetched")


def _keep_missing(outcomes: "Iterable[Outcome]", listing: _Listing) -> int:
    """Write the list of what is not here, if there is any. Gives how many files that are."""
    from pedigreed.digests.manifest import manifest_of_files

    files = {
        (outcome.job.wanted.filename, outcome.job.wanted.program) for outcome in outcomes if outcome.is_missing
    }
    files |= {(file.filename, file.program) for file in listing.unknown}
    if files:
        content = manifest_of_files(sorted(files)).whole()
        try:
            STILL_MISSING.write_bytes(content)
        except OSError as error:
            echo(f"{STILL_MISSING} can't be written: {(error.strerror or str(error)).lower()}", err=True)
    return len(files)


def _missing_words(outcomes: "Sequence[Outcome]", listing: _Listing, missing: int, folder: str) -> str:
    from pedigreed.digests.wording import count, visible
    from pedigreed.fetching.fetch import Result

    again = f"{program()} fetch {STILL_MISSING} --to {shlex.quote(visible(folder))}"
    lines = [count(missing, "file") + " missing" + (f". To ask for them again: {again}" if missing else "")]
    if listing.problems:
        lines.append("  MAST did not answer completely, so it is not known what else there is:")
        lines += [f"    {problem}" for problem in listing.problems]
    denied = [outcome for outcome in outcomes if outcome.result is Result.DENIED]
    if denied:
        lines.append(_denial_words(denied))
    others = [outcome for outcome in outcomes if outcome.is_missing and outcome.result is not Result.DENIED]
    lines += [f"  {visible(outcome.job.wanted.filename)}: {outcome.reason}" for outcome in others[:_MOST_NAMED]]
    if len(others) > _MOST_NAMED:
        lines.append(f"  ... and {len(others) - _MOST_NAMED:,} more")
    return "\n".join(lines)


def _denial_words(denied: "Sequence[Outcome]") -> str:
    """Said once, of all of them."""
    now = datetime.now(UTC)
    dates = sorted(at for outcome in denied if (at := outcome.job.wanted.public_at) is not None and at > now)
    public = "MAST does not say when"
    if dates:
        first, last = f"{dates[0]:%Y-%m-%d}", f"{dates[-1]:%Y-%m-%d}"
        public = f"public on {first}" if first == last else f"public from {first} to {last}"
    return (
        f"  {len(denied):,} under exclusive access, {public}: who may read them sets MAST_API_TOKEN, a token of "
        "https://auth.mast.stsci.edu/tokens with the right to exclusive data"
    )


def _print_named(named: "Sequence[tuple[str, str]]", what: str) -> None:
    from pedigreed.digests.wording import visible

    if not named:
        return
    echo(f"{len(named):,} {what}:")
    for name, reason in named[:_MOST_NAMED]:
        echo(f"  {visible(name)}: {reason}")
    if len(named) > _MOST_NAMED:
        echo(f"  ... and {len(named) - _MOST_NAMED:,} more")


def _size(count: int) -> str:
    from rich.filesize import decimal

    return decimal(count)


def _document(plan: "Plan", outcomes: "Sequence[Outcome]") -> dict[str, Any]:
    ended = {outcome.job.place: outcome for outcome in outcomes}
    return {
        "bytes": plan.bytes,
        "files": [
            {
                "filename": job.wanted.filename,
                "path": job.place,
                "bytes": job.wanted.size,
                "replaces": job.old is not None,
                "result": ended[job.place].result.name.lower() if job.place in ended else None,
                "reason": (ended[job.place].reason or None) if job.place in ended else None,
            }
            for job in plan.jobs
        ],
        "left": [{"name": left.name, "reason": left.reason} for left in plan.left],
    }
