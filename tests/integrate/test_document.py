"""docs/integrate.md shows nothing that is not tried."""

from __future__ import annotations

import re
from pathlib import Path

from tests.granian_server import ROOT
from tests.integrate.document import DOCUMENT, blocks

HERE = Path(__file__).parent


def test_every_block_of_code_has_a_name_and_a_test_that_runs_it() -> None:
    fences = re.findall(r"^```(.+)$", DOCUMENT.read_text(), re.MULTILINE)
    assert len(fences) == len(blocks()), "a block without a name is run by nobody"
    tried = set()
    for file in HERE.glob("*.py"):
        tried |= set(re.findall(r"(?:block|placed|run|written)\(\s*[\"']([\w.-]+)[\"']", file.read_text()))
    assert set(blocks()) == tried


def test_every_link_leads_to_a_file_or_a_heading() -> None:
    text = DOCUMENT.read_text()
    headings = {re.sub(r"[^\w-]", "", line.lower().replace(" ", "-")) for line in re.findall(r"^#+ (.+)$", text, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        assert not file or (DOCUMENT.parent / file).is_file(), target
        assert file or anchor in headings, target


def test_the_document_is_named_where_people_look_for_it() -> None:
    for path in ("README.md", "docs/widget.md"):
        assert "integrate.md" in (ROOT / path).read_text()
