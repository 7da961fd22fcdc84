"""`python -m benchmarks.impact FOLDER`: CRDS's rules evaluated here and by `crds`, in one run on one core.

Times are seconds of that core, so that others at work on the machine do not count.

It needs the real rules beside the checkout. With ``--sweep`` it is not about speed: every rule file of 88
contexts, some 3,000 headers and 10,000 rule files that nobody wrote are put to both, and every answer must be
the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import warnings
from bisect import bisect_left
from collections import Counter
from datetime import UTC, datetime
from itertools import islice, pairwise, product
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from benchmarks.figures import Impact
from benchmarks.flight_rules import write_flight_rules
from benchmarks.measuring import hand_back, without_log_lines
from benchmarks.switch_from_store import CRDS, NEWEST, contexts_in, store_in
from pedigreed.impact.comparison import Comparison
from pedigreed.impact.context import compile_file
from pedigreed.impact.dates import moment
from pedigreed.impact.headers import KEYWORDS
from pedigreed.impact.inventory import Group, Inventory, first_from, microseconds
from pedigreed.impact.mapping import RuleFile
from pedigreed.impact.matchers import alternatives
from pedigreed.impact.rmap import Rmap, compile_rmap
from pedigreed.impact.rmap_form import DATE_KEYS
from pedigreed.impact.rule_text import read_rule_text
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct, Product
from pedigreed.service.impact import impact_since_made
from pedigreed.service.rule_contexts import COMPILER, Contexts
from pedigreed.sources.crds.rules import RuleFiles
from pedigreed.store import products as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pedigreed.impact.context import Context
    from pedigreed.impact.rule_answers import RuleAnswer

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from made_up_rules import made_up_header, made_up_rmap
from rule_oracle import (
    changed_by_oracle,
    conditioned_header,
    made_up_headers,
    oracle,
    oracle_of_text,
    real_headers,
    said_by_oracle,
)

SHARED = Path(__file__).parents[2] / "shared"
MAPPINGS = CRDS / "mappings" / "jwst"
SEED = 14
HEADERS_AN_INSTRUMENT = 620
MOST_OF_A_ROW = 12
_ALWAYS = ("META.VISIT.TSOVISIT", "META.INSTRUMENT.LAMP_STATE")
_COLUMNS = {keyword.key: keyword.column for keyword in KEYWORDS}


def main() -> None:
    warnings.simplefilter("ignore")
    without_log_lines()
    if "--sweep" not in sys.argv:
        hand_back(speed(Path(sys.argv[1])) if MAPPINGS.is_dir() else Impact())
    elif MAPPINGS.is_dir():
        sweep()
    else:
        sys.exit("the real rules are not beside this checkout")


# The sweep


def sweep() -> None:
    began = time.perf_counter()
    asked: Counter[str] = Counter()
    for instrument in Instrument:
        asked.update(_swept(instrument))
    print(f"real rules: {_told(asked)}, all equal; {time.perf_counter() - began:.0f} s", flush=True)
    _check_contexts()
    began = time.perf_counter()
    made_up = _made_up(10_000)
    print(f"made-up rules: {_told(made_up)}, all equal; {time.perf_counter() - began:.0f} s", flush=True)
    began = time.perf_counter()
    switches, products, changed = _switches(20)
    print(
        f"switches: {switches} over {products} products, {changed} changes, equal product by product; "
        f"{time.perf_counter() - began:.0f} s",
        flush=True,
    )


def _swept(instrument: Instrument) -> Counter[str]:
    """Every rule file of an instrument, asked about with the same headers and with those that its rows name."""
    names = sorted(path.name for path in MAPPINGS.glob(f"jwst_{instrument}_*.rmap"))
    rules = {name: _rmap(name) for name in names}
    headers = [h for h in real_headers(SHARED) if h["META.INSTRUMENT.NAME"].lower() == instrument]
    headers += made_up_headers(rules.values(), HEADERS_AN_INSTRUMENT - len(headers), Random(SEED))
    keys = {*(key for known in rules.values() for key in known.keys), *DATE_KEYS, *_ALWAYS}
    common = [conditioned_header({key: header.get(key, "UNDEFINED") for key in keys}) for header in headers]
    asked: Counter[str] = Counter(files=len(names), headers=len(common))
    for name, known in rules.items():
        theirs = oracle(str(MAPPINGS / name))
        for header in (*common, *_named_by_rows(known, keys)):
            expected = said_by_oracle(theirs, header)
            if _ours(known, header) != expected:
                sys.exit(f"{name}: {_ours(known, header)} is not {expected}: {header}")
            asked["lookups"] += 1
            asked[expected.kind.value] += 1
    return asked


def _named_by_rows(rules: Rmap, keys: Iterable[str]) -> Iterator[dict[str, str]]:
    """A header for every combination of values that a row names."""
    form = rules.form
    for row in form.rows:
        parts = [alternatives(fields[place]) for fields, place in zip(form.fields, row, strict=True)]
        for values in islice(product(*parts), MOST_OF_A_ROW):
            header = dict.fromkeys(keys, "UNDEFINED") | dict(zip(form.parkeys, values, strict=True))
            header |= {DATE_KEYS[0]: "2019-06-01", DATE_KEYS[1]: "01:02:03.456"}
            yield conditioned_header(header)


def _check_contexts() -> None:
    """Every context has the same files for the same types as `crds` has."""
    contexts = contexts_in(Path(tempfile.mkdtemp()))
    pairs = 0
    for path in sorted(MAPPINGS.glob("*.pmap")):
        theirs = oracle(str(path))
        ours = contexts.context(path.stem, tuple(Instrument)).types
        for instrument, types in ours.items():
            imap = theirs.get_imap(instrument.value)
            named = {name.lower(): value for name, value in imap.selector.items()}
            if named != {name: rules.name for name, rules in types.items()}:
                sys.exit(f"{path.name}: the types of {instrument} differ")
            pairs += len(named)
    print(f"contexts: 88, with {pairs} types, the same files", flush=True)


def _made_up(number: int) -> Counter[str]:
    random = Random(SEED)
    asked: Counter[str] = Counter()
    for _ in range(number):
        text = made_up_rmap(random)
        found = read_rule_text(text)
        header = found["header"]
        assert isinstance(header, dict)
        form = compile_rmap(RuleFile(header, found["selector"], ""))
        asked["files"] += 1
        if form.not_understood:
            asked["not understood"] += 1
            continue
        known = Rmap(form)
        theirs = oracle_of_text(text, "jwst_miri_flat_0001.rmap")
        for _ in range(4):
            values = conditioned_header(made_up_header(random))
            expected = said_by_oracle(theirs, values)
            if _ours(known, values) != expected:
                sys.exit(f"{_ours(known, values)} is not {expected}: {values}\n{text}")
            asked["lookups"] += 1
            asked[expected.kind.value] += 1
    return asked


def _switches(number: int) -> tuple[int, int, int]:
    contexts = contexts_in(Path(tempfile.mkdtemp()))
    names = [path.stem for path in sorted(MAPPINGS.glob("*.pmap"))]
    pairs = list(pairwise(names))[-number:]
    products = changed = 0
    for old, new in pairs:
        before, after = (contexts.context(name, tuple(Instrument)) for name in (old, new))
        theirs = [oracle(str(MAPPINGS / f"{name}.pmap")) for name in (old, new)]
        comparison = Comparison(before, after, every_type=True)
        for instrument in Instrument:
            types = comparison.types_of(instrument)
            if not types:
                continue
            for header in _headers_of(after, instrument, 60):
                impact = comparison.impact(_one_product(instrument, header))
                steps = changed_by_oracle(theirs[0], theirs[1], _with_a_date(instrument, header), types)
                if {name for name, _ in impact.by_type} != {name for name, error in steps.items() if not error}:
                    sys.exit(f"{old} -> {new}: {impact} is not {steps}: {header}")
                products += 1
                changed += impact.changed
    return len(pairs), products, changed


_START = datetime(2021, 8, 9, 11, 12, 13, 456_000, tzinfo=UTC)


def _headers_of(context: Context, instrument: Instrument, number: int) -> list[dict[str, str]]:
    rules = [each.rmap for each in context.types[instrument].values() if each.rmap is not None]
    real = [h for h in real_headers(SHARED) if h["META.INSTRUMENT.NAME"].lower() == instrument]
    return [*real, *made_up_headers(rules, number, Random(SEED))]


def _one_product(instrument: Instrument, header: Mapping[str, str]) -> Inventory:
    inventory = Inventory()
    inventory.headers.append(_parameters(header))
    inventory.add(Group(instrument, 1, 1, "2b", "cal", 0), microseconds(_START))
    inventory.close()
    return inventory


def _parameters(header: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((column, header[key]) for key, column in _COLUMNS.items() if key in header)


def _with_a_date(instrument: Instrument, header: Mapping[str, str]) -> dict[str, str]:
    return {
        **{key: str(header.get(key, "UNDEFINED")) for key in _COLUMNS},
        "META.INSTRUMENT.NAME": instrument.value.upper(),
        DATE_KEYS[0]: "2021-08-09",
        DATE_KEYS[1]: "11:12:13.456000",
    }


# Speed


def speed(folder: Path) -> Impact:
    """Measure everything beside `crds`; the memory in a process that has no `crds` in it."""
    random = Random(SEED)
    contexts = contexts_in(folder)
    new = contexts.context(NEWEST, tuple(Instrument))
    compiled = _quickest(5, lambda: contexts_in(folder).context(NEWEST, tuple(Instrument)))
    theirs = _quickest(3, lambda: _loaded_by_crds(MAPPINGS / f"{NEWEST}.pmap"))
    each_of_theirs, different, repeated = _rates(new, MAPPINGS / f"{NEWEST}.pmap", random)
    flight = write_flight_rules(CRDS / "flight_1322_files.txt", MAPPINGS, folder / "flight")
    flight_context, flight_rates = _of_flight(flight, random)
    in_memory, made_with = _switch_in_memory(contexts, random)
    _keep_a_million(contexts, random, folder)
    command = [sys.executable, "-m", "benchmarks.switch_from_store", str(folder)]
    alone = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    from_store, read, peak = json.loads(alone.stdout)
    return Impact(
        context=theirs / compiled,
        crds=each_of_theirs,
        different=each_of_theirs / different,
        repeated=each_of_theirs / repeated,
        in_memory=in_memory,
        made_with=made_with,
        from_store=from_store,
        read=read,
        peak=peak,
        flight_context=flight_context,
        flight_different=flight_rates[0] / flight_rates[1],
        flight_repeated=flight_rates[0] / flight_rates[2],
    )


def _of_flight(pmap: Path, random: Random) -> tuple[float, tuple[float, float, float]]:
    """The same of the rules of 2025's size: how many times faster the context is, and the rates."""

    def read() -> Context:
        files = RuleFiles(pmap.parents[2] / "compiled", COMPILER, None, "", crds_path=pmap.parents[2])
        return Contexts(files).context(pmap.stem, tuple(Instrument))

    context = read()
    times = _quickest(3, lambda: _loaded_by_crds(pmap)) / _quickest(5, read)
    return times, _rates(context, pmap, random)


def _loaded_by_crds(path: Path) -> None:
    pmap = oracle(str(path))
    for instrument in Instrument:
        imap = pmap.get_imap(instrument.value)
        imap.force_load()
        for selection in imap.selections.normal_values():
            selection.force_load()


def _rates(context: Context, path: Path, random: Random) -> tuple[float, float, float]:
    """Seconds for each header by every type of its instrument: of `crds`, of ours all different, and repeated."""
    pmap = oracle(str(path))
    headers = [
        _conditioned(instrument, header)
        for instrument in Instrument
        for header in _headers_of(context, instrument, 2_000)
    ]
    random.shuffle(headers)
    few = headers[:400]
    began = time.process_time()
    for _, header in few:
        pmap.get_best_references(header, None)
    theirs = (time.process_time() - began) / len(few)
    began = time.process_time()
    for instrument, header in headers:
        _all_types(context, instrument, header)
    different = (time.process_time() - began) / len(headers)
    repeated = [random.choice(headers[:3_000]) for _ in range(1_000_000)]
    inventory = Inventory()
    numbers: dict[int, int] = {}
    for instrument, header in repeated:
        number = numbers.setdefault(id(header), len(numbers))
        if number == len(inventory.headers):
            inventory.headers.append(tuple((column, header[key]) for key, column in _COLUMNS.items()))
        inventory.add(Group(instrument, 1, 1, "2b", "cal", number), random.randrange(10**15, 17 * 10**14))
    began = time.process_time()
    inventory.close()
    answered = 0
    for group, members in inventory.groups.items():
        header = _header_of(group, inventory)
        for rules in context.types[group.instrument].values():
            timeline = rules.timeline(header)
            answered += sum(bisect_left(members.starts, first_from(start)) for start in timeline.starts)
            answered += members.number
    each = (time.process_time() - began) / len(repeated)
    return theirs, different, each


def _header_of(group: Group, inventory: Inventory) -> dict[str, str]:
    by_column = dict(inventory.headers[group.header])
    return {key: str(by_column[column]) for key, column in _COLUMNS.items()}


def _all_types(context: Context, instrument: Instrument, header: Mapping[str, str]) -> None:
    at = moment(header[DATE_KEYS[0]], header[DATE_KEYS[1]])
    for rules in context.types[instrument].values():
        rules.timeline(header).at(at)


def _conditioned(instrument: Instrument, header: Mapping[str, str]) -> tuple[Instrument, dict[str, str]]:
    every = {key: header.get(key, "UNDEFINED") for key in (*_COLUMNS, *DATE_KEYS, "META.INSTRUMENT.EXP_TYPE")}
    return instrument, conditioned_header({**every, "META.INSTRUMENT.NAME": instrument.value.upper()})


def _million(contexts: Contexts, random: Random) -> Inventory:
    """Products as an archive has them: many of an observation, of a few headers, within an hour."""
    inventory = Inventory()
    context = contexts.context(NEWEST, tuple(Instrument))
    pools: dict[Instrument, list[int]] = {}
    for instrument in Instrument:
        pools[instrument] = []
        for header in _headers_of(context, instrument, 600):
            pools[instrument].append(len(inventory.headers))
            inventory.headers.append(_parameters(header))
    names = [path.stem for path in sorted(MAPPINGS.glob("*.pmap"))]
    instruments = list(Instrument)
    for number in range(10_000):
        instrument = random.choice(instruments)
        start = random.randrange(13 * 10**14, 17 * 10**14)
        chosen = random.choices(pools[instrument], k=4)
        context_name = f"{random.choice(names)}.pmap"
        for _ in range(25):
            for level, kind in (("1b", "uncal"), ("2a", "rate"), ("2b", "cal"), ("2b", "i2d")):
                shared = random.choice(chosen)
                group = Group(instrument, number // 30, number % 30, level, kind, shared, context_name)
                inventory.add(group, start + random.randrange(3_600_000_000))
    inventory.close()
    return inventory


def _switch_in_memory(contexts: Contexts, random: Random) -> tuple[float, float]:
    """Seconds of the slowest of 20 switches, and of each product against its own context."""
    inventory = _million(contexts, random)
    names = [path.stem for path in sorted(MAPPINGS.glob("*.pmap"))]
    every = [contexts.context(name, tuple(Instrument)) for name in names]
    times = []
    for old, new in list(pairwise(every))[-20:]:
        began = time.process_time()
        Comparison(old, new).impact(inventory)
        times.append(time.process_time() - began)
    began = time.process_time()
    impact_since_made(inventory, inventory.groups, contexts, every[-1])
    return max(times), time.process_time() - began


def _keep_a_million(contexts: Contexts, random: Random, folder: Path) -> None:
    context = contexts.context(NEWEST, tuple(Instrument))
    pools = {
        instrument: [
            {column: header[key] for key, column in _COLUMNS.items() if key in header}
            for header in _headers_of(context, instrument, 600)
        ]
        for instrument in Instrument
    }

    def made() -> Iterator[KnownProduct]:
        instruments = list(Instrument)
        for number in range(10_000):
            instrument = random.choice(instruments)
            chosen = random.choices(pools[instrument], k=4)
            fileset = f"jw{number // 30:05d}{number % 30 + 1:03d}001_02101_00001"
            start = datetime.fromtimestamp(random.randrange(1_300_000_000, 1_700_000_000), UTC)
            for at in range(25):
                for level, kind in (("1b", "uncal"), ("2a", "rate"), ("2b", "cal"), ("2b", "i2d")):
                    product = Product(
                        filename=f"{fileset}-seg{at + 1:03d}_{instrument}_{kind}.fits",
                        instrument=instrument,
                        program=number // 30,
                        observation=number % 30 + 1,
                        level=level,
                        fileset=fileset,
                        pedigree=Pedigree("1.20.2", f"{NEWEST}.pmap", None),
                        observation_start=start,
                        parameters=random.choice(chosen),
                    )
                    yield KnownProduct(replace(product, fingerprint=product.filename.encode()))

    with store_in(folder) as store, store.writing() as connection:
        stored.keep(connection, made(), {})


def _quickest(times: int, work: Callable[[], object]) -> float:
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def _rmap(name: str) -> Rmap:
    form = compile_file(name, (MAPPINGS / name).read_text()).rmap
    assert form is not None
    if form.not_understood:
        sys.exit(f"{name}: {form.not_understood}")
    return Rmap(form)


def _ours(rules: Rmap, header: Mapping[str, str]) -> RuleAnswer:
    values = tuple(header[key] for key in rules.keys)
    return rules.timeline(values).at(moment(header[DATE_KEYS[0]], header[DATE_KEYS[1]]))


def _told(asked: Counter[str]) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in asked.items())


if __name__ == "__main__":
    main()
