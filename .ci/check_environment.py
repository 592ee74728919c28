"""Fails when the running environment holds a package that no dependency of ours may bring.

Run with the interpreter to be checked: `python .ci/check_environment.py`. Knows nothing of soundflow itself.
"""

from __future__ import annotations

import sys
from importlib.metadata import distributions

FORBIDDEN = ("torchaudio", "torchvision", "torchao", "triton")
FORBIDDEN_PREFIXES = ("nvidia-", "cuda-")


def forbidden(names: set[str]) -> list[str]:
    """Those of `names` that are CUDA builds or torch's audio and vision companions, sorted."""
    plain = {name.lower().replace("_", "-") for name in names}
    return sorted(name for name in plain if name in FORBIDDEN or name.startswith(FORBIDDEN_PREFIXES))


def main() -> int:
    """Print what was found; 1 when something forbidden is installed or torch is not the CPU build."""
    found = forbidden({distribution.metadata["Name"] for distribution in distributions()})
    if found:
        print(f"forbidden packages are installed: {', '.join(found)}", file=sys.stderr)
        return 1
    import torch

    if torch.version.cuda is not None:
        print(f"torch {torch.__version__} is a CUDA build", file=sys.stderr)
        return 1
    print(f"environment: torch {torch.__version__}, no CUDA package, no torchaudio, no torchvision")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
