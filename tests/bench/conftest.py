"""Makes the bench, which is not part of the installed package, importable from the root."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
