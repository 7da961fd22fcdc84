"""The script that a user would write, whole: `python -m benchmarks.whole_script URL YESTERDAY`."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from astroquery.mast import Mast

from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.query import columns_for

url, yesterday = sys.argv[1], Path(sys.argv[2])
portal = Mast._portal_api_connection  # noqa: SLF001  # astroquery has no other place for an address
portal.MAST_REQUEST_URL = f"{url}/api/v0/invoke"
portal.COLUMNS_CONFIG_URL = f"{url}/portal/Mashup/Mashup.asmx/columnsconfig"
asked = {
    "columns": ",".join(columns_for(Instrument.NIRCAM)),
    "filters": [{"paramName": "program", "values": ["1180"]}],
}
today = Mast.service_request("Mast.Jwst.Filtered.Nircam", asked, pagesize=100_000, page=1).to_pandas()
if yesterday.exists():
    before = pd.read_pickle(yesterday)
    both = today.merge(before, on="filename", how="outer", suffixes=("", "_was"), indicator=True)
    differs = both["_merge"] != "both"
    for column in ("cal_ver", "crds_ctx", "date_mjd"):
        differs |= both[column] != both[f"{column}_was"]
    changed = both[differs]
    print(len(changed), "products changed")
    by = ["cal_ver_was", "crds_ctx_was", "cal_ver", "crds_ctx"]
    print(changed.groupby(by, dropna=False).size())
    changed[["filename", *by, "date_mjd"]].to_csv(yesterday.with_suffix(".csv"), index=False)
today.to_pickle(yesterday)
