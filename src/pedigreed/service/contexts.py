"""Contexts of CRDS with their rules, as far as those can be had. Half a context is never used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.impact.context import (
    CompiledFile,
    compile_file,
    context_of_files,
    decoded,
    encoded,
    names_needed,
)
from pedigreed.sources.crds.rules import Compiler, RuleFiles

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from pedigreed.config.settings import Config
    from pedigreed.impact.context import Context
    from pedigreed.impact.rmap import Rmap
    from pedigreed.model.instrument import Instrument

COMPILER: Compiler[CompiledFile] = Compiler(compile_file, encoded, decoded)


class Contexts:
    """The contexts that were looked at. They share the rules that they have in common."""

    def __init__(self, files: RuleFiles[CompiledFile]) -> None:
        self._source = files
        self._files: dict[str, CompiledFile] = {}
        self._rmaps: dict[str, Rmap] = {}

    def context(self, name: str, instruments: Collection[Instrument]) -> Context:
        """A context's rules for some instruments. What is not on disk is fetched, one file after another.

        Args:
            name: ``jwst_1535``.
            instruments: those whose rules matter.

        Raises:
            RulesUnavailable: some file could not be had; those that were fetched before are kept.
        """
        pmap = f"{name}.pmap"
        self._source.begin()
        while wanted := names_needed(pmap, self._files, instruments):
            for file in sorted(wanted):
                self._files[file] = self._source.file(file)
        return context_of_files(pmap, self._files, instruments, self._rmaps)


def contexts_of(config: Config, folder: Path, user_agent: str, *, fetches: bool = True) -> Contexts:
    """The contexts of the configured server, whose files are kept in a folder."""
    url = config.sources.crds.url if fetches else None
    return Contexts(RuleFiles(folder, COMPILER, url, user_agent, crds_path=config.sources.crds.rules))
