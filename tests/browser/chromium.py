"""Where the machine's own Chromium is, and how it is started."""

from __future__ import annotations

import os
import shutil

# No sandbox, since CI runs as root in a container; the rest keeps the browser from calling home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 10_000  # milliseconds that a page may take before a test gives up on it
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Return the program that CHROMIUM names, or the first that is found on PATH, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
