"""How fast and how large: figures, measured side by side in one run. `make bench` writes README.md."""

import sys
from pathlib import Path

# The tests' own: rows in bulk, and servers that misbehave.
sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))
