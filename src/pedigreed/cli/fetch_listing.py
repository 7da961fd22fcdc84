"""What `pedigreed fetch` is to fetch: what was asked for, held against what the archive lists now."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pedigreed.cli.fetch_words import size_in_words
from pedigreed.cli.local import raise_for_paths
from pedigreed.model.failure import TryAgain, Unreadable, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from pedigreed.fetching.plan import Job, Plan
    from pedigreed.fetching.wanted_file import WantedFile
    from pedigreed.model.product import Product
    from pedigreed.model.program import ProgramSelection
    from pedigreed.service.local_folders import DiskSurvey
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.sources.mast.keyword_records import KeywordRecords

_LISTS = (".json", ".json.gz")


class Listing:
    """What the archive lists, asked for as `check` asks."""

    def __init__(self, archive: "MastArchive", records: "KeywordRecords", tell: "Callable[[str], None]") -> None:
        self._archive = archive
        self._records = records
        self._tell = tell
        self.problems: list[str] = []
        self.unlisted: set[str] = set()
        self.unknown: list[WantedFile] = []

    def of_programs(self, programs: "Iterable[int]") -> "dict[str, WantedFile]":
        """By file name."""
        from pedigreed.model.program import ProgramSelection

        return self._of(ProgramSelection(program) for program in sorted(programs))

    def wanted(
        self, files: "Sequence[WantedFile]", selections: "Iterable[ProgramSelection]", suffixes: frozenset[str]
    ) -> "list[WantedFile]":
        """What is asked for, as the archive lists it now. A name that it lists not is `unlisted`.

        Where its answer is not complete, what is not in it is `unknown` instead. Of programs, the types of lower
        levels among the suffixes are asked for by the record of each exposure's file, since they are not listed.
        """
        from pedigreed.fetching.wanted_file import WantedFile
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
        of_programs = self._of(selections)
        found += [*of_programs.values(), *self._of_lower_levels(of_programs, suffixes)]
        chosen = [file for file in found if not suffixes or product_type_of(file.filename) in suffixes]
        records = self._recorded(file.filename for file in chosen if file.filename in self.unlisted)
        return [WantedFile.of(records[file.filename]) if file.filename in records else file for file in chosen]

    def renewal(self, survey: "DiskSurvey", *, include_custom: bool) -> "Plan":
        """What takes the place of what is out of date. What a level that is not listed has is asked for."""
        from pedigreed.changes.copies import OUT_OF_DATE
        from pedigreed.fetching.plan import plan_renewal

        raise_for_paths(survey)
        self.problems += survey.problems
        old = [copy for copy in survey.copies if copy.standing in OUT_OF_DATE]
        names = {copy.file.filename for copy in old} - survey.archived.products.keys()
        asked = names - survey.archived.records.keys()
        records = {**survey.archived.records, **self._recorded(asked)}
        self.unlisted = names - records.keys()
        folders = [os.path.realpath(look.folder) for look in survey.looks]
        return plan_renewal(survey.copies, records, folders, includes_custom=include_custom)

    def _of_lower_levels(self, listed: "Collection[str]", suffixes: frozenset[str]) -> "list[WantedFile]":
        from pedigreed.changes.copies import lower_levels_of
        from pedigreed.fetching.wanted_file import WantedFile
        from pedigreed.service.disk_checks import records_of

        names = {lower for name in listed for lower in lower_levels_of(name, suffixes)}.difference(listed)
        records, problems = records_of(names, self._records, self._tell)
        self.problems += problems
        return [WantedFile.of(product) for product in records.values()]

    def _recorded(self, filenames: "Iterable[str]") -> "dict[str, Product]":
        """What the archive says of files that it does not list. What it does not say is no problem here."""
        from pedigreed.service.disk_checks import records_of

        records, _ = records_of(frozenset(filenames), self._records, self._tell)
        self.unlisted -= records.keys()
        return records

    def _of(self, selections: "Iterable[ProgramSelection]") -> "dict[str, WantedFile]":
        from pedigreed.fetching.wanted_file import WantedFile
        from pedigreed.model.instrument import Instrument
        from pedigreed.service.survey import survey

        surveys = survey(selections, Instrument, self._archive, self._tell)
        self.problems += sorted({problem for each in surveys for problem in each.problems})
        return {product.filename: WantedFile.of(product) for each in surveys for product in each.products}


def asked_for(what: "Sequence[str]") -> "tuple[list[WantedFile], list[ProgramSelection]]":
    """The files of lists, and programs. Raises `Usage`."""
    from pedigreed.fetching.download_list import read_download_list
    from pedigreed.model.program import ProgramSelection

    files: list[WantedFile] = []
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


def check_room(jobs: "Iterable[Job]", *, keeps_old: bool) -> None:
    """Raise `TryAgain` where a disk has too little room for all of them."""
    from pedigreed.fetching.fetch import UNDER_WAY
    from pedigreed.fetching.old_files import room_by_disk
    from pedigreed.fetching.plan import room_needed

    for folder, free, there in room_by_disk(jobs).values():
        needed = room_needed(there, keeps_old=keeps_old, at_once=UNDER_WAY)
        if needed > free:
            raise TryAgain(
                f"nothing is fetched: there is no room for {len(there):,} files of {size_in_words(needed)}: "
                f"the disk of {folder} has {size_in_words(free)} left"
            )
