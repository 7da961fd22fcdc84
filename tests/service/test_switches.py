"""Each switch of contexts is evaluated once for each subscription, and told in its digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from miri_product import miri_product
from pedigreed.config.load import parse_config
from pedigreed.demo.crds_rules import rmap_text
from pedigreed.digests.compose import compose
from pedigreed.digests.operator_mail import problem_in_words
from pedigreed.digests.print_text import BUDGET
from pedigreed.digests.sections.checked import checked
from pedigreed.digests.sections.impact import for_your_data, held_in_words
from pedigreed.impact.context import compile_file
from pedigreed.model.impact import Changed, Impact, Switch
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, Facts, Medium, NoticeKind
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import ExposureUse, KnownProduct, Product
from pedigreed.notices.merging import notices_of
from pedigreed.notices.relevance import is_wanted
from pedigreed.service.facts_reader import FactsReader
from pedigreed.service.problems import update_problems
from pedigreed.service.rule_contexts import COMPILER, Contexts
from pedigreed.service.status import read_status
from pedigreed.service.switches import evaluate_switches
from pedigreed.sources.crds.rules import PATIENCE, RuleFiles
from pedigreed.store import announcements, impacts, products
from pedigreed.store.database import Store
from rule_files import context_texts
from rule_server import rule_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pedigreed.config.settings import Config

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
FLAT, FLAT_2 = "jwst_miri_flat_0001.rmap", "jwst_miri_flat_0002.rmap"
PARKEYS = ("META.INSTRUMENT.DETECTOR",)


def flat(name: str, file: str) -> str:
    return rmap_text(name, PARKEYS, {("MIRIFULONG",): {"2000-01-01 00:00:00": file}})


OLD = context_texts(1582, {FLAT: flat(FLAT, "jwst_miri_flat_0001.fits")})
NEW = context_texts(1583, {FLAT_2: flat(FLAT_2, "jwst_miri_flat_0002.fits")})
SAME = context_texts(1583, {FLAT_2: flat(FLAT_2, "jwst_miri_flat_0001.fits")})
YAML = """\
subscriptions:
  - {name: jades, watch: {programs: [1180]}, deliver: [{channel: keep}]}
  - {name: quiet, watch: {programs: [1180]}, crds: {report: none}, deliver: [{channel: keep}]}
channels: {keep: {folder: {path: /mail}}}
"""


@pytest.fixture
def config() -> Config:
    return parse_config(YAML, "pedigreed.yaml", {"HOME": "/nowhere"}).config


@pytest.fixture
def store(migrated_here: str) -> Iterator[Store]:
    with Store(migrated_here) as opened:
        with opened.writing() as connection:
            announcements.begin(connection, ["jades"])
            products.keep(connection, [KnownProduct(product(number)) for number in (1, 2)], {})
            said = Announcement(
                source="CRDS",
                medium=Medium.SERVER,
                identity="context:jwst_1583",
                said_at=NOW,
                title="jwst_1583",
                text="",
                facts=Facts(kind=NoticeKind.DELIVERY, context="jwst_1583", before="jwst_1582", activated_at=NOW),
            )
            announcements.keep(connection, [said], NOW - timedelta(hours=1), was_there=False)
        yield opened


def product(observation: int) -> Product:
    made = Pedigree("1.20.2", "jwst_1582.pmap", NOW)
    mrs = {"exp_type": "MIR_MRS", "detector": "MIRIFULONG"}
    return miri_product(observation, "2b", "cal", NOW - timedelta(days=900), pedigree=made, parameters=mrs)


def contexts(folder: Path, texts: dict[str, str]) -> Contexts:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        compile_file(name, text)
        (folder / name).write_text(text)
    return Contexts(RuleFiles(folder, COMPILER, None, ""))


def switches(store: Store, config: Config) -> dict[tuple[str, str], Switch]:
    with store.reading() as connection:
        facts = FactsReader(config, NOW).read(connection, config.subscriptions[0])
    return dict(facts.news.switches)


def test_a_switch_is_evaluated_once_and_told_the_same_twice(tmp_path: Path, store: Store, config: Config) -> None:
    evaluate_switches(config, store, contexts(tmp_path / "rules", {**OLD, **NEW}), NOW)
    with store.reading() as connection:
        found = impacts.load(connection, "jades")
        assert impacts.load(connection, "quiet") == {}
    impact = found["jwst_1582", "jwst_1583"]
    assert (impact.products, impact.changed, impact.by_type) == (2, 2, (("flat", 2),))
    assert impact.places == (Changed(1180, 1, 1), Changed(1180, 2, 1))
    # What comes later is not counted into what may have been told.
    with store.writing() as connection:
        products.keep(connection, [KnownProduct(product(3))], {})
    evaluate_switches(config, store, contexts(tmp_path / "rules", {}), NOW)
    assert switches(store, config) == {("jwst_1582", "jwst_1583"): Switch("jwst_1582", "jwst_1583", impact)}


def test_rules_that_are_not_to_be_had_are_told_with_since_when_and_tried_again(
    tmp_path: Path, store: Store, config: Config
) -> None:
    folder = tmp_path / "rules"
    evaluate_switches(config, store, contexts(folder, OLD), NOW)
    evaluate_switches(config, store, contexts(folder, OLD), NOW + timedelta(hours=6))
    reason = "jwst_1583.pmap: it is not on disk, and no server is to be asked"
    waits = Switch("jwst_1582", "jwst_1583", None, reason, NOW)
    assert switches(store, config) == {("jwst_1582", "jwst_1583"): waits}
    evaluate_switches(config, store, contexts(folder, NEW), NOW + timedelta(hours=12))
    assert switches(store, config)["jwst_1582", "jwst_1583"].reason is None


@pytest.mark.parametrize("fault", ["gone", "cut", "sum", "page", "hostile", "full", "killed"])
def test_every_fault_of_the_rules_has_a_sentence_in_the_digest(
    tmp_path: Path, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    flat = next(name for name in NEW if "flat" in name)
    said = {
        "gone": f"{flat}: CRDS: answered HTTP 404",
        "cut": f"{flat}: CRDS: the answer broke off",
        "sum": f"{flat}: it is not as CRDS wrote it: the sum in the file is not that of its lines",
        "page": f"{flat}: it is not as CRDS wrote it: line 1: not the language of rules",
        "hostile": f"{flat}: it is not as CRDS wrote it: ",
        "full": "jwst_1582.pmap: it can't be kept: No space left on device",
        "killed": "they are still being fetched",
    }[fault]
    with rule_server() as server:
        server.texts = {**OLD, **NEW}
        texts = {
            "sum": NEW[flat].replace("MIRIFULONG", "MIRIFUSHORT"),
            "page": "<!DOCTYPE html><html><body>Sign in</body></html>",
            "hostile": "header = " + "(" * 500_000,
        }
        server.texts[flat] = texts.get(fault, NEW[flat])
        if fault == "gone":
            del server.texts[flat]
        if fault == "cut":
            server.cut.add(flat)
        if fault == "full":
            monkeypatch.setattr("pedigreed.sources.crds.rules.os.fsync", full_disk)
        patience = replace(PATIENCE, first_pause=0.01, longest_pause=0.01, sleep=lambda _seconds: None)
        known = Contexts(RuleFiles(tmp_path / "rules", COMPILER, server.url, "pedigreed/test", patience=patience))
        if fault == "killed":
            monkeypatch.setattr(known, "context", killed)
            with pytest.raises(KeyboardInterrupt):
                evaluate_switches(config, store, known, NOW)
        else:
            evaluate_switches(config, store, known, NOW)
    with store.reading() as connection:
        facts = FactsReader(config, NOW).read(connection, config.subscriptions[0])
    (section,) = for_your_data(compose(facts), BUDGET)
    assert section.summary == "a new context was not evaluated"
    assert section.rows[0].name == "jwst_1583:"
    assert section.rows[0].words.startswith("its rules are not usable since 06:00Z: ")
    assert said in section.rows[0].words


def full_disk(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def killed(*_given: object) -> None:
    raise KeyboardInterrupt


OPERATOR = "operator: {channel: keep}\n"


def answering(file: str, asked: list[str] | None = None) -> Callable[..., dict[str, dict[str, object]]]:
    """What CRDS itself answers, `file` under the new context; and the contexts that it was asked about."""

    def ask(context: str, headers: Mapping[str, object], _types: object) -> dict[str, dict[str, object]]:
        if asked is not None:
            asked.append(context)
        return {name: {"flat": "jwst_miri_flat_0001.fits" if context == "jwst_1582" else file} for name in headers}

    return ask


def test_crds_is_asked_once_for_all_subscriptions_and_what_it_says_is_in_the_digest_and_the_status(
    tmp_path: Path, store: Store
) -> None:
    other = "  - {name: other, watch: {programs: [1180, 1181]}, deliver: [{channel: keep}]}\nchannels:"
    config = parse_config(YAML.replace("channels:", other), "pedigreed.yaml", {"HOME": "/nowhere"}).config
    asked: list[str] = []
    known = contexts(tmp_path / "rules", {**OLD, **NEW})
    known.asked = answering("jwst_miri_flat_0002.fits", asked)  # type: ignore[method-assign]
    evaluate_switches(config, store, known, NOW)
    assert asked == ["jwst_1582", "jwst_1583"]
    with store.reading() as connection:
        facts = FactsReader(config, NOW).read(connection, config.subscriptions[0])
        status = read_status(connection, config, NOW)
    said = "jwst_1583: CRDS itself chooses the same files for 1 of 1 exposures"
    (section,) = checked(compose(facts), BUDGET)
    assert said in [row.words for row in section.rows]
    assert status.impact is not None
    assert held_in_words(status.impact) == [said]
    assert not update_problems(config, store, "pedigreed.yaml", NOW).begun


def test_where_crds_answers_otherwise_the_type_goes_by_its_name_and_the_operator_is_told(
    tmp_path: Path, store: Store
) -> None:
    config = parse_config(YAML + OPERATOR, "pedigreed.yaml", {"HOME": "/nowhere"}).config
    known = contexts(tmp_path / "rules", {**OLD, **NEW})
    known.asked = answering("jwst_miri_flat_0009.fits")  # type: ignore[method-assign]
    evaluate_switches(config, store, known, NOW)
    with store.reading() as connection:
        facts = FactsReader(config, NOW).read(connection, config.subscriptions[0])
    digest = compose(facts)
    (section,) = for_your_data(digest, BUDGET)
    assert section.summary == "a new context could not be evaluated for your 2 products"
    assert [row.words for row in section.rows] == [
        "",
        "1 reference type could not be evaluated: flat of MIRI (CRDS itself answers otherwise)",
        "2 products could not be evaluated: made with these types, or a keyword has no value",
        "what could not be evaluated may concern you where you have data of the instrument and reference type",
    ]
    assert [notice.name for notice in digest.notices] == ["jwst_1583"]
    (problem,) = update_problems(config, store, "pedigreed.yaml", NOW).begun
    assert problem_in_words(problem) == (
        "CRDS's rules give other results here than at CRDS: "
        "jwst_1583: 0 of 1 exposures agree; otherwise flat of MIRI"
    )
    # The next switch agrees.
    with store.writing() as connection:
        impacts.keep(connection, "jades", Impact("jwst_1583", "jwst_1584", 2), NOW + timedelta(days=7))
    assert update_problems(config, store, "pedigreed.yaml", NOW + timedelta(days=7)).over == (problem,)


def test_a_failure_of_one_switch_stops_nothing(
    tmp_path: Path, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_given: object, **_named: object) -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr("pedigreed.service.switches.hold_against_crds", fails)
    evaluate_switches(config, store, contexts(tmp_path / "rules", {**OLD, **NEW}), NOW)
    assert switches(store, config)["jwst_1582", "jwst_1583"].reason == "pedigreed failed: KeyError"
    monkeypatch.undo()
    evaluate_switches(config, store, contexts(tmp_path / "rules", {}), NOW)
    assert switches(store, config)["jwst_1582", "jwst_1583"].reason is None


def _wanted(store: Store, config: Config, impact: Impact | None) -> bool:
    with store.reading() as connection:
        (notice,) = notices_of(announcements.load(connection))
    facts = replace(notice.facts, instruments=(Instrument.MIRI,), reference_types=("flat",))
    use = ExposureUse(Instrument.MIRI, 1180, 1, "2b", "MIR_MRS")
    return is_wanted(replace(notice, facts=facts), config.subscriptions[0].crds, [use], impact)


def test_affected_goes_by_products_where_they_were_evaluated(store: Store, config: Config) -> None:
    nothing = Impact("jwst_1582", "jwst_1583", 2)
    assert _wanted(store, config, None)
    assert not _wanted(store, config, nothing)
    assert _wanted(store, config, replace(nothing, changed=1, instruments=(Instrument.MIRI,)))
    assert _wanted(store, config, replace(nothing, errors=(("flat", 1),)))


def test_what_could_not_be_evaluated_goes_by_instrument_and_type(store: Store, config: Config) -> None:
    nothing = Impact("jwst_1582", "jwst_1583", 2, not_known=1)
    assert _wanted(store, config, replace(nothing, uncertain=((Instrument.MIRI, "flat"),)))
    assert _wanted(store, config, replace(nothing, uncertain=((Instrument.MIRI, ""),)))
    assert not _wanted(store, config, replace(nothing, uncertain=((Instrument.NIRCAM, "flat"),)))
    assert _wanted(store, config, replace(nothing, uncertain=((Instrument.MIRI, "photom"),)))
