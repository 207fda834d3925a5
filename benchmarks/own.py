"""Packages from PyPI that a benchmark alone needs, each set in an environment of its own.

It is made on first use from its pins in `requirements/` and kept where git does not look.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent.parent / "requirements"
CACHE = Path(__file__).parent / ".cache"


class NotInstalled(Exception):
    """It could not be installed; the message says what, and why."""


def environment_with(name: str, *options: str) -> Path:
    """Return the environment with what `requirements/NAME.txt` pins, made where there is none; raises NotInstalled."""
    pins = REQUIREMENTS / f"{name}.txt"
    environment = CACHE / f"{name}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    stamp = environment / "is-whole"
    if stamp.exists():
        return environment
    shutil.rmtree(environment, ignore_errors=True)
    # All of it comes built, so that no compiler is needed.
    install = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", *options, "-r", str(pins)]
    for command in (
        [sys.executable, "-m", "venv", str(environment)],
        [str(environment / "bin" / "python"), "-I", "-m", "pip", "install", *install],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            told = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise NotInstalled(f"{name.capitalize()} could not be installed: {' '.join(told)[:120]}")
    stamp.touch()
    return environment
