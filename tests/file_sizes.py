"""Fails when a source file is too long to live in: over 800 lines."""

import sys
from pathlib import Path

LIMIT = 800


def main() -> int:
    root = Path(__file__).parents[1]
    too_long = [
        f"{path.relative_to(root)}: {count} lines (limit {LIMIT})"
        for folder in ("src", "tests", "examples", "bench")
        for path in sorted((root / folder).rglob("*.py"))
        if (count := len(path.read_text().splitlines())) > LIMIT
    ]
    for line in too_long:
        print(line, file=sys.stderr)  # noqa: T201 - a command-line check
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
