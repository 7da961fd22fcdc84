"""Which columns the recorded archive's keyword services have, and their columns-configuration reply.

Names follow the services' lists of May 2026 and real rows up to August 2026: of the dates without ``_mjd``,
all have ``date``, and only FGS the others.
This list is the archive's, and knows nothing of what pedigreed asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Mapping

ColumnType = Literal["string", "int", "float", "boolean", "date"]
Columns = dict[str, ColumnType]
"""Column, in the spelling of the wire -> type, in the order of the reply to ``*``."""

_COMMON: Columns = {
    "ArchiveFileID": "int",
    "filename": "string",
    "fileSetName": "string",
    "productLevel": "string",
    "apername": "string",
    "asntable": "string",
    "category": "string",
    "date": "date",
    "date_mjd": "float",
    "date_end_mjd": "float",
    "date_obs_mjd": "float",
    "detector": "string",
    "duration": "float",
    "effexptm": "float",
    "exp_type": "string",
    "expend": "float",
    "exposure": "int",
    "expripar": "string",
    "expstart": "float",
    "filter": "string",
    "instrume": "string",
    "lamp": "string",
    "ngroups": "int",
    "nints": "int",
    "observtn": "int",
    "pi_name": "string",
    "prd_ver": "string",
    "program": "int",
    "readpatt": "string",
    "sdp_ver": "string",
    "subarray": "string",
    "subsize1": "int",
    "subsize2": "int",
    "substrt1": "int",
    "substrt2": "int",
    "targname": "string",
    "telescop": "string",
    "template": "string",
    "title": "string",
    "tsovisit": "string",
    "visit": "int",
    "visit_id": "string",
    "visitype": "string",
    "datamodl": "string",
    "exsegnum": "int",
    "exsegtot": "int",
    "opmode": "string",
    "crowdfld": "string",
    "noutputs": "int",
    "s_region": "string",
    "cal_ver": "string",
    "cal_vcs": "string",
    "crds_ctx": "string",
    "crds_ver": "string",
    "fileSize": "int",
    "checksum": "string",
    "ingestStartDate_mjd": "float",
    "ingestCompletionDate_mjd": "float",
    "FileTypeID": "int",
    "publicReleaseDate_mjd": "float",
    "isRestricted": "boolean",
    "isItar": "boolean",
    "isStale": "boolean",
    "FileSetId": "int",
    "dataURI": "string",
}
_OWN: dict[Instrument, Columns] = {
    Instrument.NIRCAM: {"pupil": "string", "channel": "string", "module": "string", "coronmsk": "string"},
    Instrument.NIRISS: {"pupil": "string"},
    Instrument.NIRSPEC: {"grating": "string"},
    Instrument.MIRI: {"band": "string", "channel": "string", "coronmsk": "string"},
    Instrument.FGS: {
        "date_obs": "date",
        "ingestStartDate": "date",
        "ingestCompletionDate": "date",
        "publicReleaseDate": "date",
    },
}

DATES_WITHOUT_MJD = frozenset(("date", *_OWN[Instrument.FGS]))
"""Filters on these are ignored without a word, by every service."""

_VOT_DATATYPE: dict[ColumnType, str] = {
    "string": "char",
    "int": "long",
    "float": "double",
    "boolean": "boolean",
    "date": "char",
}


def columns_of(instrument: Instrument) -> Columns:
    """The columns of an instrument's keyword service."""
    return {**_COMMON, **_OWN[instrument]}


def columnsconfig(columns: Mapping[str, ColumnType]) -> dict[str, dict[str, str | int | bool]]:
    """The reply to a columns-configuration request: column -> how the portal shows it."""
    described: dict[str, dict[str, str | int | bool]] = {
        "_selected_": {"text": "selected", "add": True, "type": "boolean", "hidden": True}
    }
    for order, (column, kind) in enumerate(columns.items()):
        described[column] = {"text": column, "order": order, "vot.datatype": _VOT_DATATYPE[kind]}
    return described
