"""Libraries that come with an extra: named in one line when they are not there. Tests: tests/cli/test_serve.py."""

from __future__ import annotations

from importlib.util import find_spec

from soundflow.errors import OutsideError


def need(extra: str, *modules: str) -> None:
    """Check that an extra is installed.

    Raises:
        OutsideError: a module is missing (`extra.missing`).
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        hint = f"pip install -c constraints.txt '.[{extra}]'"
        raise OutsideError("extra.missing", f"this needs {', '.join(missing)}, which is not installed", hint)
