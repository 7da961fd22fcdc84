"""What `pedigreed local` says of the files on disk: in words, as JSON and as CSV."""

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, Any

from pedigreed.cli.output import days, echo, print_table, program, table
from pedigreed.digests.wording import count, shell_word, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pedigreed.changes.copies import Copy, OldCopies
    from pedigreed.model.digest import PedigreeSpan
    from pedigreed.model.local_file import Unread
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.service.local_folders import DiskSurvey

_MOST_NAMED = 20
"""Files; JSON has them all."""


def print_survey(
    survey: "DiskSurvey", paths: "Sequence[Path]", *, names_files: bool, is_exact: bool, verifies: bool
) -> None:
    """Print how the files stand. `paths` are those that were asked for; none for a configuration's folders."""
    from pedigreed.changes.copies import OUT_OF_DATE, Standing

    copies = survey.copies
    old = [copy for copy in copies if copy.standing in OUT_OF_DATE]
    if not copies:
        _print_nothing_found(survey)
        return
    echo(_in_one_sentence(copies) + "\n")
    _print_programs(copies)
    older = [copy for copy in old if copy.standing is Standing.OLDER]
    if older:
        echo()
        _print_transitions(older)
    _print_named("damaged", [copy for copy in old if copy.standing is Standing.DAMAGED])
    if names_files:
        echo()
        _print_files(copies)
    notes = list(_notes(survey, is_exact=is_exact))
    unverified = sum(copy.standing is Standing.SAME and copy.is_judged_by_another for copy in copies)
    if verifies and unverified:
        notes.append(f"{unverified:,} whose MD5 is not known, since MAST does not list them: --exact asks for it")
    if notes:
        echo()
        for line in notes:
            echo(line)
    renewed = [copy for copy in old if not copy.file.is_packed]
    if packed := len(old) - len(renewed):
        echo(f"\n{count(packed, 'file')} packed, and so not fetched anew: unpack first")
    if renewed:
        asked = "".join(f" {shell_word(str(path))}" for path in paths)
        echo(f"\nTo fetch {count(len(renewed), 'file')}{_renewal(renewed)}: {program()} fetch --local{asked}")


def _print_nothing_found(survey: "DiskSurvey") -> None:
    looked = ", ".join(visible(look.folder) for look in survey.looks if look.problem is None)
    if looked:
        echo(
            f"no JWST product in {looked}: files count whose names are of the form "
            "jw01345001001_02101_00001_nrcb1_cal.fits, or the same with .gz, in the folder or below it, and FITS "
            "files of other names whose headers have such a FILENAME"
        )
    for line in _notes(survey, is_exact=False):
        echo(line)


def _in_one_sentence(copies: "Sequence[Copy]") -> str:
    from pedigreed.changes.copies import Standing

    counts = Counter(copy.standing for copy in copies)
    compared = sum(counts[each] for each in (Standing.OLDER, Standing.SAME, Standing.NEWER, Standing.DAMAGED))
    if not compared:
        return f"{count(len(copies), 'file')}, and none of them can be compared with the archive's"
    if counts[Standing.SAME] == len(copies):
        is_one = len(copies) == 1
        return "the file is as in the archive" if is_one else f"all {len(copies):,} files are as in the archive"
    older, damaged = counts[Standing.OLDER], counts[Standing.DAMAGED]
    verb = "are" if older > 1 else "is"
    said = f"{f'{older:,}' if older else 'none'} of {count(compared, 'file')} {verb} older than the archive's"
    return f"{damaged:,} damaged, and {said}" if damaged else said


def _print_programs(copies: "Iterable[Copy]") -> None:
    """A column for each standing that any file has."""
    from pedigreed.changes.copies import Standing, count_copies

    counts = count_copies(copies)
    standings = [each for each in Standing if any(found[each] for found in counts.values())]
    made = table("program", *(each.value for each in standings), right=[each.value for each in standings])
    for number, found in counts.items():
        made.add_row(str(number), *(f"{found[each]:,}" if found[each] else "-" for each in standings))
    print_table(made)


def _print_transitions(older: "Sequence[Copy]") -> None:
    from pedigreed.changes.copies import group_copies

    groups = group_copies(older)
    made = table("program", "older", "files", "CAL_VER", "CRDS_CTX", "DATE", right=("files",))
    for group in groups:
        made.add_row(str(group.program), _kind(group), f"{group.files:,}", *_span_moved(group.here, group.archive))
    print_table(made)
    judged = dict.fromkeys(
        f"* {group.product_type}: your {group.here.cal_ver or '-'}, the archive's {group.judged_by} of the same "
        f"exposure has {group.archive.cal_ver or '-'}"
        for group in groups
        if group.judged_by
    )
    for line in list(judged)[:_MOST_NAMED]:
        echo(line)


def _kind(group: "OldCopies") -> str:
    return f"{group.product_type}*" if group.judged_by else group.product_type


def _print_named(what: str, copies: "Sequence[Copy]") -> None:
    if not copies:
        return
    echo(f"\n{what}:")
    for copy in copies[:_MOST_NAMED]:
        echo(f"  {visible(copy.file.path)}: {copy.reason}")
    if len(copies) > _MOST_NAMED:
        echo(f"  ... and {len(copies) - _MOST_NAMED:,} more, which --json names")


def _print_files(copies: "Iterable[Copy]") -> None:
    """A line for each file that is not as in the archive, however long its path is."""
    for copy in copies:
        if _is_worth_naming(copy):
            moved = _moved(copy.file.pedigree, copy.product.pedigree) if copy.product else ()
            echo("  ".join((visible(copy.file.path), copy.standing.value, *moved)))


def _is_worth_naming(copy: "Copy") -> bool:
    """Whether a file is not as in the archive."""
    from pedigreed.changes.copies import Standing

    return copy.standing is not Standing.SAME


def _notes(survey: "DiskSurvey", *, is_exact: bool) -> "Iterator[str]":
    """What else is to be said."""
    from pedigreed.changes.copies import Standing, judges_of

    counts = Counter(copy.standing for copy in survey.copies)
    if counts[Standing.UNLISTED]:
        yield f"{counts[Standing.UNLISTED]:,} that MAST does not list: withdrawn, or made and named by others"
    unknown = [copy for copy in survey.copies if copy.standing is Standing.UNKNOWN]
    lower = sum(bool(judges_of(copy.file.filename)) for copy in unknown if copy.product is not None)
    if lower:
        how = "" if is_exact else ": --exact asks MAST for each"
        yield f"{lower:,} of a level that MAST does not list, without a CAL_VER to judge by{how}"
    if others := sorted({copy.program for copy in unknown} - survey.archived.programs):
        named = ", ".join(map(str, others[:_MOST_NAMED])) + (", ..." if len(others) > _MOST_NAMED else "")
        yield f"nothing is known of program{'s' if len(others) > 1 else ''} {named}"
    if others_forms := sum(look.others for look in survey.looks):
        yield f"{others_forms:,} without a FITS header, such as previews and tables"
    unread = _unread(survey)
    if unread:
        yield f"{len(unread):,} that can't be read"
        for each in unread[:_MOST_NAMED]:
            yield f"  {visible(each.path)}: {each.reason}"
        if len(unread) > _MOST_NAMED:
            yield f"  ... and {len(unread) - _MOST_NAMED:,} more, which --json names"


def _renewal(old: "Sequence[Copy]") -> str:
    """``, 12.3 MB and more``."""
    from rich.filesize import decimal

    from pedigreed.changes.copies import renewal

    size, unsized = renewal(old)
    if unsized == len(old):
        return ""
    return f", {decimal(size)}" + (" and more" if unsized else "")


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


def _unread(survey: "DiskSurvey") -> "list[Unread]":
    return list(dict.fromkeys(unread for look in survey.looks for unread in look.unread))


def document(survey: "DiskSurvey") -> dict[str, Any]:
    """As docs/json.md has it."""
    from pedigreed.changes.copies import Standing, count_copies, renewal

    size, unsized = renewal(survey.copies)
    return {
        "folders": [{"folder": look.folder, "problem": look.problem} for look in survey.looks],
        "programs": [
            {"program": number, **{each.name.lower(): found[each] for each in Standing}}
            for number, found in count_copies(survey.copies).items()
        ],
        "renewal": {"bytes": size, "files_of_unknown_size": unsized},
        "files": [_file(copy) for copy in survey.copies if _is_worth_naming(copy)],
        "without_header": sum(look.others for look in survey.looks),
        "unread": [{"path": unread.path, "reason": unread.reason} for unread in _unread(survey)],
        "problems": list(survey.problems),
    }


def _file(copy: "Copy") -> dict[str, Any]:
    return {
        "path": copy.file.path,
        "filename": copy.file.filename,
        "program": copy.program,
        "standing": copy.standing.name.lower(),
        "reason": copy.reason or None,
        "here": _pedigree(copy.file.pedigree),
        "archive": _pedigree(copy.product.pedigree) if copy.product else None,
        "judged_by": copy.product.filename if copy.product and copy.is_judged_by_another else None,
    }


def _pedigree(pedigree: "Pedigree") -> dict[str, Any]:
    return {"cal_ver": pedigree.cal_ver, "crds_ctx": pedigree.crds_ctx, "date": pedigree.date}


def table_of(survey: "DiskSurvey") -> str:
    """CSV with a line for each file that is not as in the archive."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    keywords = ("cal_ver", "crds_ctx", "date")
    theirs = (f"archive_{keyword}" for keyword in keywords)
    writer.writerow(("path", "program", "standing", "judged_by", *keywords, *theirs, "reason"))
    for copy in filter(_is_worth_naming, survey.copies):
        judge = copy.product.filename if copy.product and copy.is_judged_by_another else ""
        archive = _values(copy.product.pedigree) if copy.product else ("", "", "")
        writer.writerow(
            (
                visible(copy.file.path),
                copy.program,
                copy.standing.name.lower(),
                judge,
                *_values(copy.file.pedigree),
                *archive,
                copy.reason,
            )
        )
    return text.getvalue()


def _values(pedigree: "Pedigree") -> tuple[str, str, str]:
    from pedigreed.model.instant import iso

    return pedigree.cal_ver or "", pedigree.crds_ctx or "", iso(pedigree.date) if pedigree.date else ""
