"""`pedigreed local`: what on disk is out of date."""

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli.local_words import document, print_survey, table_of
from pedigreed.cli.options import (
    USER_AGENT,
    ConfigFile,
    Json,
    MastUrl,
    archive_address,
    find,
    load,
    mast_token,
    open_archive,
    open_store_if_there,
)
from pedigreed.cli.output import echo, hand_over, print_json, progress
from pedigreed.digests.wording import visible
from pedigreed.model.failure import StoreError, UpstreamUnavailable, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pedigreed.changes.copies import Copy
    from pedigreed.cli.output import Progress
    from pedigreed.config.load import LoadedConfig
    from pedigreed.config.settings import Config, MastSource
    from pedigreed.service.local_folders import DiskSurvey
    from pedigreed.sources.mast.keyword_records import KeywordRecords
    from pedigreed.store.database import Store

_SOMETHING_OLD = 1
"""The exit code where something is out of date."""

Exact = Annotated[
    bool,
    typer.Option(
        "--exact",
        help="Ask MAST for each file of a lower level by itself, one after the other, in place of judging it by "
        "its exposure.",
    ),
]
Verify = Annotated[
    bool, typer.Option("--verify", help="Read every file to its end, and compare its MD5 with the archive's.")
]


def local(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="Folders, or single files. Default: the `local` folders of the configuration.",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    *,
    files: Annotated[bool, typer.Option("--files", help="Name every file that is not as in the archive.")] = False,
    cached: Annotated[
        bool, typer.Option("--cached", help="Ask nobody: take the last answers that the store has.")
    ] = False,
    exact: Exact = False,
    verify: Verify = False,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="FILE",
            help="Write what is out of date, in the shape of the events of MAST's own mails.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV: a line for each file that is not as in the archive.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if anything is out of date.")
    ] = False,
    mast: MastUrl = None,
) -> None:
    """Print what on disk is out of date.

    It reads the headers of the products, asks MAST for their programs, and prints how they stand: older, the same,
    newer, damaged, or not in the archive's list. It needs no configuration, and changes nothing.
    """
    from pedigreed.changes.copies import OUT_OF_DATE

    if cached and exact:
        raise Usage("--cached asks nobody, and --exact asks MAST for each file: choose one")
    loaded = loaded_for(paths, config)
    with progress("reading headers") as shown:
        survey = surveyed(paths, loaded, mast, shown, is_cached=cached, is_exact=exact, verifies=verify)
    old = [copy for copy in survey.copies if copy.standing in OUT_OF_DATE]
    if manifest is not None:
        _write(manifest, old)
    if as_json:
        print_json(document(survey))
    elif as_csv:
        hand_over(table_of(survey))
    else:
        print_survey(survey, paths or [], names_files=files, is_exact=exact, verifies=verify)
    raise_for_paths(survey)
    if survey.problems:
        problems = "\n".join(f"  {problem}" for problem in survey.problems)
        raise UpstreamUnavailable(f"the archive's answer is not complete\n{problems}")
    if exit_code and old:
        raise typer.Exit(_SOMETHING_OLD)


def loaded_for(paths: "Sequence[Path] | None", config: Path | None) -> "LoadedConfig | None":
    """The configuration; None where there is none and paths say what to look at. Raises as `load`."""
    place = config or find()
    return load(place) if place or not paths else None


def surveyed(
    paths: "Sequence[Path] | None",
    loaded: "LoadedConfig | None",
    mast: str | None,
    shown: "Progress",
    *,
    is_cached: bool,
    is_exact: bool,
    verifies: bool,
) -> "DiskSurvey":
    """Look at paths, or at the folders of a configuration. Raises `Usage`."""
    from pedigreed.service.disk_checks import verified, with_records
    from pedigreed.service.local_folders import survey_disk

    folders = _folders(paths or [], loaded.config if loaded else None)
    # Pedigree is public before the files are, so no secret is needed to ask for it.
    source = loaded.config.sources.mast.model_copy(update={"token": None}) if loaded else None
    with ExitStack() as opened:
        store = _store(opened, loaded, is_needed=is_cached)
        archive = None if is_cached else opened.enter_context(open_archive(source, mast, shown.tell_of_pause))
        needs_products = is_exact or verifies
        survey = survey_disk(folders, datetime.now(UTC), store, archive, shown.tell, needs_products=needs_products)
    if is_exact:
        survey = with_records(survey, keyword_records(source, mast), shown.tell)
    return verified(survey, shown.tell) if verifies else survey


def keyword_records(source: "MastSource | None", mast: str | None) -> "KeywordRecords":
    """Of the archive of a configuration, or at an address."""
    from pedigreed.sources.mast.keyword_records import KeywordRecords

    return KeywordRecords(archive_address(source, mast), USER_AGENT, token=mast_token(source))


def raise_for_paths(survey: "DiskSurvey") -> None:
    """Raise `Usage` where a path could not be looked through."""
    problems = [f"{visible(look.folder)}: {look.problem}" for look in survey.looks if look.problem]
    if problems:
        raise Usage("\n".join(problems))


def _store(opened: ExitStack, loaded: "LoadedConfig | None", *, is_needed: bool) -> "Store | None":
    if loaded is None:
        if is_needed:
            raise Usage("--cached needs a configuration, which says where the store is: give --config FILE")
        return None
    try:
        store = open_store_if_there(loaded)
        if store is not None:
            return opened.enter_context(store)
    except StoreError as error:
        if is_needed:
            raise
        echo(f"going on without the store: {error}", err=True)
    if is_needed:
        echo("nothing was watched yet: `pedigreed once` looks for the first time", err=True)
    return None


def _folders(paths: "Sequence[Path]", config: "Config | None") -> list[str]:
    watched = config.subscriptions if config else ()
    chosen = paths or [Path(folder) for subscription in watched for folder in subscription.local]
    if not chosen:
        raise Usage("no folder: name one, or put `local: [/data/jades]` into a subscription")
    if unwritable := [path for path in chosen if str(path).encode("utf-8", "replace").decode() != str(path)]:
        raise Usage(f"{str(unwritable[0])!a} can't be kept: its name is no UTF-8")
    return list(dict.fromkeys(os.path.abspath(path) for path in chosen))  # noqa: PTH100  # `..` goes too


def _write(file: Path, old: "Iterable[Copy]") -> None:
    from pedigreed.digests.attachments import manifest_of_files

    files = sorted({(copy.file.filename, copy.program) for copy in old})
    try:
        file.write_bytes(manifest_of_files(files).whole())
    except OSError as error:
        raise Usage(f"--manifest {file}: {(error.strerror or type(error).__name__).lower()}") from None
