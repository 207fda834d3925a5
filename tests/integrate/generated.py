"""The client that a public generator writes out of what a running service says of itself."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.integrate.document import SERVICE, block
from tests.integrate.gazette import write_in

PACKAGE = "postbag_client"


def generate(service_url: str, folder: Path) -> str:
    """Write the client into a folder by the document's own command, once, and return what the generator said."""
    said = folder / "said"
    folder.mkdir(parents=True, exist_ok=True)
    # Several workers may come at once.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            write_in(folder, "postbag.yaml", block("postbag.yaml"))
            kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
            done = subprocess.run(
                ["sh", "-eu", "-c", block("generate").replace(SERVICE, service_url)],
                cwd=folder,
                env=kept | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout
            said.write_text(done.stdout)
    return said.read_text()


class GeneratedClient:
    """The parts of the client by their names: `models.Submission`, `call.published.read_comments`."""

    def __init__(self, folder: Path, service_url: str, token: str) -> None:
        sys.path.insert(0, str(folder / "postbag-client"))
        self.models = import_module(f"{PACKAGE}.models")
        self.client = import_module(PACKAGE).AuthenticatedClient(
            service_url, token=token, raise_on_unexpected_status=True
        )

    def call(self, name: str, *path: Any, **given: Any) -> Any:
        """Make a call, `moderation.decide`, and return what the client makes of the answer."""
        return import_module(f"{PACKAGE}.api.{name}").sync(*path, client=self.client, **given)

    def call_in_detail(self, name: str, *path: Any, **given: Any) -> Any:
        """The same with status and headers."""
        return import_module(f"{PACKAGE}.api.{name}").sync_detailed(*path, client=self.client, **given)
