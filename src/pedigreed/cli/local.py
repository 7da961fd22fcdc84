"""`pedigreed local`: files on disk that the archive has newer."""

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pedigreed.cli.options import ConfigFile, Json, load, open_store_if_there
from pedigreed.cli.output import days, echo, print_json, print_table, program, progress, table
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pedigreed.changes.copies import Copies, OldCopies, OldCopy
    from pedigreed.config.settings import Config
    from pedigreed.model.digest import PedigreeSpan
    from pedigreed.model.local_file import Unread
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.service.local_folders import DiskSurvey

_MOST_NAMED = 20
"""Files that could not be read, or programs; JSON has them all."""


def local(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Folders, or single files. Default: the `local` folders of the configuration.",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    *,
    files: Annotated[bool, typer.Option("--files", help="List every file that the archive has newer.")] = False,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="FILE",
            help="Write what is to be downloaded anew, in the shape of the events of MAST's own mails.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print which files on disk the archive has newer.

    It reads the files now, and compares them with the archive's last answers about the programs that are watched.
    It asks nobody and changes nothing.
    """
    from pedigreed.service.local_folders import survey_disk

    loaded = load(config)
    folders = _folders(paths or [], loaded.config)
    store = open_store_if_there(loaded)
    with progress("reading headers"):
        if store is None:
            echo("nothing was watched yet: `pedigreed once` looks for the first time", err=True)
            survey = survey_disk(folders, None, datetime.now(UTC))
        else:
            with store:
                survey = survey_disk(folders, store, datetime.now(UTC))
    if manifest is not None:
        _write(manifest, survey.copies.older)
    if as_json:
        print_json(_document(survey))
    else:
        _print(survey, paths or [], files=files, manifest=manifest)
    problems = [f"{_plain(look.folder)}: {look.problem}" for look in survey.looks if look.problem]
    if problems:
        raise Usage("\n".join(problems))


def _folders(paths: "Sequence[Path]", config: "Config") -> list[str]:
    chosen = paths or [folder for subscription in config.subscriptions for folder in subscription.local]
    if not chosen:
        raise Usage("no folder: name one, or put `local: [/data/jades]` into a subscription")
    if unwritable := [path for path in chosen if str(path).encode("utf-8", "replace").decode() != str(path)]:
        raise Usage(f"{str(unwritable[0])!a} can't be kept: its name is no UTF-8")
    return list(dict.fromkeys(os.path.abspath(path) for path in chosen))  # noqa: PTH100  # `..` goes too


def _write(file: Path, older: "Iterable[OldCopy]") -> None:
    from pedigreed.digests.manifest import manifest_of_products

    products = {copy.product.filename: copy.product for copy in older}
    listing = manifest_of_products(products[name] for name in sorted(products))
    try:
        file.write_bytes(listing.whole())
    except OSError as error:
        raise Usage(f"--manifest {file}: {(error.strerror or type(error).__name__).lower()}") from None


def _print(survey: "DiskSurvey", paths: "Sequence[Path]", *, files: bool, manifest: Path | None) -> None:
    from pedigreed.changes.copies import group_copies
    from pedigreed.digests.wording import count

    copies = survey.copies
    older = len(copies.older)
    compared = older + copies.as_new
    if older:
        echo(f"{older:,} of {count(compared, 'file')} {'is' if older == 1 else 'are'} older than the archive's\n")
        made = table("folder", "program", "files", "CAL_VER", "CRDS_CTX", "DATE", right=("files",))
        for group in group_copies(copies.older):
            made.add_row(*_cells(group))
        print_table(made)
        if files:
            echo()
            _print_files(copies.older)
        echo()
    elif compared:
        echo(f"none of {count(compared, 'file')} is older than the archive's")
    else:
        echo("no file can be compared with the archive's")
    for line in _others(survey):
        echo(line)
    if older:
        _print_how_to_download(paths, manifest)


def _others(survey: "DiskSurvey") -> "Iterable[str]":
    """What else was found, and how many of it."""
    copies = survey.copies
    if copies.older and copies.as_new:
        yield f"{copies.as_new:,} as new as the archive's"
    if copies.unlisted:
        yield (
            f"{copies.unlisted:,} that MAST does not list: withdrawn, made by others, or not of the highest level "
            "of an exposure"
        )
    if copies.unwatched:
        programs = [str(number) for number in copies.unwatched]
        named = ", ".join(programs[:_MOST_NAMED]) + (", ..." if len(programs) > _MOST_NAMED else "")
        yield f"{sum(copies.unwatched.values()):,} of programs that are not watched: {named}"
    if others := sum(look.others for look in survey.looks):
        yield f"{others:,} without a FITS header, such as previews and tables"
    unread = _unread(survey)
    if unread:
        yield f"{len(unread):,} that can't be read"
        for each in unread[:_MOST_NAMED]:
            yield f"  {each.path}: {each.reason}"
        if len(unread) > _MOST_NAMED:
            yield f"  ... and {len(unread) - _MOST_NAMED:,} more, which --json names"


def _print_how_to_download(paths: "Sequence[Path]", manifest: Path | None) -> None:
    if manifest is None:
        asked = "".join(f" {shlex.quote(_plain(str(path)))}" for path in paths)
        echo(f"\nTo download the newer ones: {program()} local{asked} --manifest newer.json")
        return
    echo(f"\nTo download them: {program()} fetch {shlex.quote(_plain(str(manifest)))}")


def _print_files(older: "Iterable[OldCopy]") -> None:
    if sys.stdout.isatty():
        listing = table("file", "CAL_VER", "CRDS_CTX", "DATE")
        for copy in older:
            listing.add_row(_plain(copy.file.path), *_moved(copy.file.pedigree, copy.product.pedigree))
        print_table(listing)
        return
    # In a pipe a line is a file, however long its path is.
    for copy in older:
        echo("  ".join((_plain(copy.file.path), *_moved(copy.file.pedigree, copy.product.pedigree))))


def _cells(group: "OldCopies") -> tuple[str, ...]:
    return (_plain(group.folder), str(group.program), f"{group.files:,}", *_span_moved(group.here, group.archive))


def _span_moved(here: "PedigreeSpan", archive: "PedigreeSpan") -> tuple[str, str, str]:
    from pedigreed.model.pedigree import context_name

    return (
        _arrow(here.cal_ver, archive.cal_ver),
        _arrow(context_name(here.crds_ctx), context_name(archive.crds_ctx)),
        _arrow(days(here.earliest, here.latest), days(archive.earliest, archive.latest)),
    )


def _moved(here: "Pedigree", archive: "Pedigree") -> tuple[str, str, str]:
    from pedigreed.model.instant import iso
    from pedigreed.model.pedigree import context_name

    return (
        _arrow(here.cal_ver, archive.cal_ver),
        _arrow(context_name(here.crds_ctx), context_name(archive.crds_ctx)),
        _arrow(iso(here.date) if here.date else None, iso(archive.date) if archive.date else None),
    )


def _arrow(here: str | None, archive: str | None) -> str:
    return (here or "-") if here == archive else f"{here or '-'} -> {archive or '-'}"


def _plain(path: str) -> str:
    """A path from a disk, so that nothing in it steers the terminal."""
    from pedigreed.sources.plain_text import plain_line

    return plain_line(path, len(path))


def _unread(survey: "DiskSurvey") -> "list[Unread]":
    return list(dict.fromkeys(unread for look in survey.looks for unread in look.unread))


def _document(survey: "DiskSurvey") -> dict[str, Any]:
    copies: Copies = survey.copies
    return {
        "folders": [{"folder": _plain(look.folder), "problem": look.problem} for look in survey.looks],
        "older": [
            {
                "path": copy.file.path,
                "filename": copy.product.filename,
                "program": copy.product.program,
                "observation": copy.product.observation,
                "instrument": copy.product.instrument.value,
                "level": copy.product.level,
                "here": _pedigree(copy.file.pedigree),
                "archive": _pedigree(copy.product.pedigree),
            }
            for copy in copies.older
        ],
        "as_new": copies.as_new,
        "unlisted": copies.unlisted,
        "unwatched": [{"program": number, "files": files} for number, files in copies.unwatched.items()],
        "without_header": sum(look.others for look in survey.looks),
        "unread": [{"path": unread.path, "reason": unread.reason} for unread in _unread(survey)],
    }


def _pedigree(pedigree: "Pedigree") -> dict[str, Any]:
    return {"cal_ver": pedigree.cal_ver, "crds_ctx": pedigree.crds_ctx, "date": pedigree.date}
