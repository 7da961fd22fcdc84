"""HTTP: one exchange within limits, when to try again, the words for what can break; access tokens for logins."""

import sys

# What can't be imported: the command of httpx, for which it would bring rich and pygments into every process.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
