"""`pedigreed fetch`: what changed, from the archive to the disk, verified."""

import os
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli.fetch_listing import Listing, asked_for, check_room
from pedigreed.cli.fetch_words import Planned, document, missing_in_words, print_outcomes, print_plan
from pedigreed.cli.local import Exact, Verify, keyword_records, loaded_for, surveyed
from pedigreed.cli.options import (
    ATTEMPTS_UNREACHED,
    Json,
    MastUrl,
    archive_address,
    load,
    mast_token,
    open_archive,
)
from pedigreed.cli.output import Transfers, confirm, echo, print_json, progress
from pedigreed.digests.wording import shell_word, visible
from pedigreed.model.failure import UpstreamUnavailable, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pedigreed.fetching.fetch import Archive, Outcome
    from pedigreed.fetching.wanted_file import WantedFile

STILL_MISSING = Path("pedigreed-missing.json")


class Origin(StrEnum):
    """Where files come from."""

    MAST = "mast"
    S3 = "s3"


def fetch(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LIST|PROGRAM|PATH",
            help="Lists of files, the JSON that a digest or a mail of MAST attaches; or programs, or observations "
            "of one: 1345 1180:5,7-9; with --local, folders or files.",
            show_default=False,
        ),
    ] = None,
    *,
    is_local: Annotated[
        bool,
        typer.Option(
            "--local",
            help="What is out of date in the folders, each file to where it lies. Default: the `local` folders of "
            "the configuration.",
        ),
    ] = False,
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
    exact: Exact = False,
    verify: Verify = False,
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
    mast: MastUrl = None,
    s3: Annotated[str | None, typer.Option("--s3-url", envvar="PEDIGREED_S3_URL", hidden=True)] = None,
) -> None:
    """Download files, and put each in the place of the old copy when it is whole and verified.

    An interrupted download is taken up by the next call.
    """
    from pedigreed.fetching import fetch as fetching

    _check_call(what, is_local=is_local, goes_elsewhere=bool(to or flat or suffix), is_deep=exact or verify)
    paths = [Path(each) for each in what or ()]
    loaded = loaded_for(paths, config) if is_local else load(config) if config else None
    source = loaded.config.sources.mast if loaded else None
    with progress("asking MAST") as shown, open_archive(source, mast, shown.tell_of_pause) as archive:
        listing = Listing(archive, keyword_records(source, mast), shown.tell)
        if is_local:
            survey = surveyed(paths, loaded, mast, shown, is_cached=False, is_exact=exact, verifies=verify)
            planned = Planned(
                listing.renewal(survey, include_custom=include_custom),
                "where the old copies lie",
                " ".join(("fetch --local", *(shell_word(each) for each in what or ()))),
            )
        else:
            planned = _planned(
                listing, what or [], to, _suffixes(suffix), is_flat=flat, includes_custom=include_custom
            )
    plan = planned.plan
    if not as_json:
        print_plan(planned, listing.unlisted, lists_files=dry_run)
    if dry_run:
        if as_json:
            print_json(document(plan, []))
        if listing.problems:
            raise UpstreamUnavailable(missing_in_words([], listing.problems, 0, planned.again))
        return
    if plan.jobs and not (yes or as_json or confirm("go on?")):
        raise typer.Exit
    check_room(plan.jobs, keeps_old=keep_old)

    def ask_again(programs: frozenset[int]) -> "Mapping[str, WantedFile]":
        with open_archive(source, mast) as archive:
            return Listing(archive, keyword_records(source, mast), lambda _: None).of_programs(programs)

    token = mast_token(source)
    where = (
        _public_copy(s3) if origin is Origin.S3 else fetching.Archive.mast(archive_address(source, mast), token)
    )
    with Transfers(len(plan.jobs), plan.bytes, quiet=as_json) as transfers:
        outcomes = fetching.fetch(
            plan.jobs,
            where,
            _Watcher(transfers),
            keeps_old=keep_old,
            ask_again=ask_again,
            patience=replace(fetching.PATIENCE, attempts_unreached=ATTEMPTS_UNREACHED),
        )
    missing = _keep_missing(outcomes, listing)
    if as_json:
        print_json(document(plan, outcomes))
    else:
        print_outcomes(outcomes)
    if missing or listing.problems:
        raise UpstreamUnavailable(missing_in_words(outcomes, listing.problems, missing, planned.again))


class _Watcher:
    """Shows how it goes."""

    def __init__(self, transfers: Transfers) -> None:
        self._transfers = transfers

    def received(self, count: int) -> None:
        self._transfers.add(count)

    def ended(self, outcome: "Outcome") -> None:
        words = outcome.result.value + (f": {outcome.reason}" if outcome.reason else "")
        self._transfers.ended(outcome.job.wanted.filename, words)


def _suffixes(text: str | None) -> frozenset[str]:
    return frozenset(part.strip().removeprefix("_") for part in (text or "").split(",") if part.strip())


def _public_copy(url: str | None) -> "Archive":
    from pedigreed.fetching.fetch import PUBLIC_COPY, Archive

    return Archive.s3(url or PUBLIC_COPY)


def _planned(
    listing: Listing,
    what: "Sequence[str]",
    to: Path | None,
    suffixes: frozenset[str],
    *,
    is_flat: bool,
    includes_custom: bool,
) -> Planned:
    """Of lists and programs."""
    from pedigreed.fetching.old_files import plan_to_folder

    files, selections = asked_for(what)
    if selections and to is None:
        raise Usage("say where the files go: --to DIR")
    folder = os.path.abspath(to or Path())  # noqa: PTH100  # `..` goes too
    wanted = listing.wanted(files, selections, suffixes)
    if selections and not wanted and not listing.problems:
        types = ", ".join(sorted(suffixes)) or "file"
        echo(f"MAST has no {types} of {', '.join(map(str, selections))}", err=True)
    return Planned(
        plan_to_folder(wanted, folder, flat=is_flat, include_custom=includes_custom),
        f"to {visible(folder)}",
        f"fetch {STILL_MISSING} --to {shell_word(folder)}",
    )


def _check_call(what: "Sequence[str] | None", *, is_local: bool, goes_elsewhere: bool, is_deep: bool) -> None:
    if is_local and goes_elsewhere:
        raise Usage("--local fetches files to where they lie: leave --to, --flat and --suffix out")
    if not is_local and is_deep:
        raise Usage("--exact and --verify are for --local")
    if not (is_local or what):
        raise Usage("say what: a list, a program, or --local and folders")


def _keep_missing(outcomes: "Iterable[Outcome]", listing: "Listing") -> int:
    """Write the list of what is not here, if there is any. Gives how many files that are."""
    from pedigreed.digests.attachments import manifest_of_files

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
