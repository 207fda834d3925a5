"""The partial of docs/integrate.md in a site that Hugo builds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.integrate.document import SERVICE, SITE_ORIGIN, block
from tests.integrate.elements import element, elements
from tests.integrate.gazette import write_in

TITLE = 'The "tide" barrier & <b>what it cost</b>'


def test_an_article_has_the_discussion_of_its_own_address(tmp_path: Path) -> None:
    hugo = shutil.which("hugo")
    assert hugo is not None
    write_in(tmp_path, "hugo.toml", block("hugo.toml"))
    write_in(tmp_path, "layouts/partials/postbag.html", block("hugo-partial"))
    write_in(tmp_path, "layouts/_default/single.html", f"<!doctype html><h1>Here</h1>{block('hugo-layout')}")
    write_in(tmp_path, "content/2026/tide-barrier.md", f"+++\ntitle = '{TITLE}'\n+++\nWhat the town did.\n")
    done = subprocess.run([hugo, "--source", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    html = (tmp_path / "public/2026/tide-barrier/index.html").read_text()
    place = element(html, "div")
    article = f"{SITE_ORIGIN}/2026/tide-barrier/"
    assert place == {"id": "postbag", "data-article": article, "data-title": TITLE}
    assert element(html, "script") == {"async": "", "src": f"{SERVICE}/embed.js", "data-site": "gazette"}
    link = urlsplit(element(html, "a")["href"])
    assert f"{link.scheme}://{link.netloc}{link.path}" == f"{SERVICE}/comments"
    assert parse_qs(link.query) == {"site": ["gazette"], "article": [article]}
    assert elements(html, "b") == []
