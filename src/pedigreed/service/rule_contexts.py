"""Contexts of CRDS with their rules, as far as those can be had. Half a context is never used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pedigreed.config.address import StoreUrl
from pedigreed.impact.context import (
    CompiledFile,
    compile_file,
    context_of_files,
    decoded,
    encoded,
    names_needed,
)
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.net.patience import Patience
from pedigreed.sources.crds.best_references import best_references
from pedigreed.sources.crds.rules import BETWEEN_REQUESTS, Compiler, RuleFiles

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from pedigreed.config.settings import Config
    from pedigreed.impact.context import Context
    from pedigreed.impact.rmap import Rmap
    from pedigreed.model.instrument import Instrument

_SQLITE = "sqlite:///"
COMPILER: Compiler[CompiledFile] = Compiler(compile_file, encoded, decoded)


class Contexts:
    """The contexts that were looked at. They share the rules that they have in common."""

    def __init__(self, files: RuleFiles[CompiledFile], url: str | None = None, user_agent: str = "") -> None:
        self._url = url
        self._user_agent = user_agent
        self._source = files
        self._files: dict[str, CompiledFile] = {}
        self._rmaps: dict[str, Rmap] = {}

    def context(self, name: str, instruments: Collection[Instrument], types: Collection[str] = ()) -> Context:
        """A context's rules for some instruments. What is not on disk is fetched, one file after another.

        Args:
            name: ``jwst_1535``.
            instruments: those whose rules matter.
            types: those that matter; empty for all.

        Raises:
            RulesUnavailable: some file could not be had; those that were fetched before are kept.
        """
        pmap = f"{name}.pmap"
        self._source.begin()
        while wanted := names_needed(pmap, self._files, instruments, types):
            for file in sorted(wanted):
                self._files[file] = self._source.file(file)
        return context_of_files(pmap, self._files, instruments, self._rmaps, types)

    def asked(
        self, context: str, headers: Mapping[str, Mapping[str, str]], types: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """What CRDS itself answers: see `best_references`. Without a server, `UpstreamUnavailable` is raised."""
        if self._url is None:
            raise UpstreamUnavailable("no server is to be asked")
        return best_references(self._url, self._user_agent, Patience(), context, headers=headers, types=types)

    def tidy(self, now: datetime) -> None:
        """Remove the files that no context used for long."""
        self._source.tidy(now)


def contexts_of(config: Config, user_agent: str) -> Contexts | None:
    """The contexts of the configured server; None where there is neither a server nor a folder of rules."""
    crds = config.sources.crds
    if not config.has_rules:
        return None
    # A server on this machine, as the demo's, needs no pauses.
    is_here = crds.url is not None and urlsplit(crds.url).hostname in {"127.0.0.1", "::1", "localhost"}
    files = RuleFiles(
        rules_folder(config.store.reveal()),
        COMPILER,
        crds.url,
        user_agent,
        crds_path=crds.rules,
        pause=0.0 if is_here else BETWEEN_REQUESTS,
    )
    return Contexts(files, crds.url, user_agent)


def kept_contexts(config: Config) -> Contexts:
    """The contexts whose rules are on disk. Nobody is asked for others."""
    folder = rules_folder(config.store.reveal())
    return Contexts(RuleFiles(folder, COMPILER, None, "", crds_path=config.sources.crds.rules))


def rules_folder(store_url: str) -> Path:
    """Where rule files are kept: beside the store's file, or where it would be by default."""
    if not store_url.startswith(_SQLITE):
        store_url = StoreUrl.default().reveal()
    return Path(store_url.removeprefix(_SQLITE)).parent / "rules"
