"""docs/integrate.md, of which every example is tried: its blocks of code, by the name behind their language.

```sh submit        →  block("submit")
"""

from __future__ import annotations

import re
from functools import cache

from tests.granian_server import ROOT

DOCUMENT = ROOT / "docs" / "integrate.md"
SERVICE, SITE_ORIGIN, TOKEN = "https://comments.example", "https://gazette.example", "pb_…"
"""What the document calls the service, the site's origin and the token; tests put the real ones in their place."""
_BLOCK = re.compile(r"^```(\w+) ([\w.-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def blocks() -> dict[str, str]:
    """Return the text of every block by its name; a name that comes twice would hide a block."""
    found = _BLOCK.findall(DOCUMENT.read_text())
    named = {name: text for _, name, text in found}
    assert len(named) == len(found), "two blocks of docs/integrate.md have the same name"
    return named


def block(name: str, **places: str) -> str:
    """Return a block with words of it replaced, each of which has to stand there: `block(name, LOST="found")`."""
    text = blocks()[name]
    for written, here in places.items():
        assert written in text, f"{name} of docs/integrate.md has no {written}"
        text = text.replace(written, here)
    return text
