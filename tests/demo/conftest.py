from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

_SECTIONS = {"nircam": "NRC", "niriss": "NIS", "nirspec": "NRS", "miri": "MIR", "fgs": "FGS"}


@pytest.fixture(scope="session")
def shared_columns() -> dict[str, set[str]]:
    """Instrument -> every column of the real service."""
    listed = Path(__file__).parents[2].parent / "shared" / "data" / "mast" / "columns_by_instrument.yaml"
    if not listed.exists():
        pytest.skip("the real services' column lists are not beside the checkout")
    sections: dict[str, Any] = yaml.safe_load(listed.read_text())
    return {instrument: set(sections[section]["all"]) for instrument, section in _SECTIONS.items()}
