"""The recorded archive's search of file sets, as `astroquery.mast.MastMissions` asks it: a row for each file set.

It has one pedigree for a file set, that of the file made last, and neither DATE nor what else is of single files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pedigreed.demo.loopback import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pedigreed.demo.filters import Row, Value

COLUMN_LIST = "/search/util/api/v0.1/column_list"

_COLUMNS = {
    "fileSetName": "string",
    "program": "integer",
    "observtn": "integer",
    "visit": "integer",
    "visit_id": "string",
    "instrume": "string",
    "exp_type": "string",
    "date_obs": "datetime",
    "productLevel": "string",
    "cal_ver": "string",
    "cal_vcs": "string",
    "crds_ctx": "string",
    "crds_ver": "string",
    "ArchiveFileID": "integer",
}
_USUAL = 5_000


def column_list() -> Reply:
    """The columns of the search."""
    described = [
        {"column_name": name, "qual_type": kind, "description": name, "queryable": "yes"}
        for name, kind in _COLUMNS.items()
    ]
    return Reply(msgspec.json.encode(described))


def search_reply(asked: Mapping[str, Any], rows: Sequence[Row]) -> Reply:
    """The file sets that fulfil every condition, sorted by name. A column that is not known is a bad request."""
    selected = [name for name in asked.get("select_cols") or _COLUMNS if isinstance(name, str)]
    conditions = {name: value for each in asked.get("conditions", ()) for name, value in each.items()}
    unknown = sorted({*selected, *conditions} - _COLUMNS.keys())
    if unknown:
        return Reply(msgspec.json.encode({"message": f"unknown column: {unknown[0]}"}), 400)
    found = [
        each for each in _file_sets(rows) if all(_fits(each[name], said) for name, said in conditions.items())
    ]
    start = int(asked.get("offset") or 0)
    page = found[start : start + int(asked.get("limit") or _USUAL)]
    columns = list(dict.fromkeys(("fileSetName", *selected)))
    return Reply(
        msgspec.json.encode(
            {
                "messages": [],
                "info": [{"name": name, "type": _COLUMNS[name].upper()} for name in columns],
                "search_params": dict(asked),
                "totalResults": len(found),
                "results": [{name: each[name] for name in columns} for each in page],
            }
        )
    )


def _fits(value: Value, said: object) -> bool:
    """Whether it is one of the values that a condition has, with commas between them."""
    return str(value).lower() in {each.strip().lower() for each in str(said).split(",")}


def _file_sets(rows: Iterable[Row]) -> list[dict[str, Value]]:
    files: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        files.setdefault((str(row["fileSetName"]), str(row["instrume"])), []).append(row)
    return [_file_set(files[name]) for name in sorted(files)]


def _file_set(files: Sequence[Row]) -> dict[str, Value]:
    last = max(files, key=lambda row: str(row.get("date_mjd") or ""))
    levels = ", ".join(sorted({str(row["productLevel"]) for row in files}))
    return {**{name: last.get(name) for name in _COLUMNS}, "productLevel": levels}
