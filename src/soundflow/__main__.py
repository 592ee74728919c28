"""`python -m soundflow` is the program `soundflow`. Tests: tests/cli/test_main.py."""

from __future__ import annotations

import sys

from soundflow.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
