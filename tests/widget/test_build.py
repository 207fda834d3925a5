"""The built widget is what its sources say, and as small as promised."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from service import create_app
from service.web.assets import asset_path
from tests.conftest import settings_for

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "service" / "widget"
BUILT = ROOT / "service" / "web" / "static"
LOCALES = sorted((SOURCES / "locales").glob("*.json"))
BUILD_IT = "Build the widget again: make widget"

MOST_OF_SCRIPT = 10_240  # bytes, compressed, with style and English words
MOST_OF_PROOF = 2_048  # bytes, compressed; only who begins to write loads it
MOST_OF_KNOWN = 1_536  # bytes, compressed; only pages that say who their reader is load it
MOST_OF_LOCALE = 1_000  # bytes, compressed


def words_of(file: Path) -> dict[str, Any]:
    words = json.loads(file.read_text())["widget"]
    assert isinstance(words, dict)
    return words


def packed(file: Path) -> str:
    """Return the words as the build sends them: a list in the order of the English file."""
    words = words_of(file)
    listed = [words[key] for key in words_of(SOURCES / "locales" / "en.json")]
    return json.dumps(listed, ensure_ascii=False, separators=(",", ":"))


def compressed(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))


def test_the_committed_build_is_of_these_sources() -> None:
    names = sorted(
        path.name for path in SOURCES.iterdir() if re.search(r"\.(js|mjs|css)$|^package-lock\.json$", path.name)
    )
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + (SOURCES / name).read_bytes())
    digest.update(packed(SOURCES / "locales" / "en.json").encode())
    for phrase in ("checking", "writingAs"):
        said = {file.stem: json.loads(file.read_text())["proof"][phrase] for file in LOCALES}
        digest.update(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode())
    assert (BUILT / "embed.built-from").read_text().strip() == digest.hexdigest(), BUILD_IT


def test_every_locale_but_english_is_built_as_it_stands() -> None:
    built = {path.name: json.loads(path.read_text()) for path in BUILT.glob("widget.*.json")}
    sources = {f"widget.{file.name}": json.loads(packed(file)) for file in LOCALES if file.stem != "en"}
    assert built == sources, BUILD_IT


def test_building_again_gives_the_same_files(tmp_path: Path) -> None:
    build: list[str | Path] = ["sh", ROOT / "tools" / "widget.sh", "build", tmp_path]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    if done.returncode and os.environ.get("CI") != "true":
        # The test above needs neither Node.js nor its packages, and tells a stale build as well.
        pytest.skip(f"the widget cannot be built here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (BUILT / file.name).read_bytes(), f"{file.name}: {BUILD_IT}"


def test_script_and_style_together_keep_their_promise_of_size() -> None:
    assert compressed(BUILT / "embed.js") <= MOST_OF_SCRIPT


def test_what_writing_needs_keeps_its_promise_of_size() -> None:
    assert compressed(BUILT / "proof.js") <= MOST_OF_PROOF
    assert compressed(BUILT / "known.js") <= MOST_OF_KNOWN


def test_every_locale_keeps_its_promise_of_size() -> None:
    sizes = {file.name: compressed(file) for file in BUILT.glob("widget.*.json")}
    assert {name: size for name, size in sizes.items() if size > MOST_OF_LOCALE} == {}


@pytest.fixture(scope="module")
def bare_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application that is only asked for files."""
    folder = tmp_path_factory.mktemp("instance")
    return create_app(settings_for(f"sqlite:///{folder / 'unused.sqlite3'}", "redis://localhost:1", folder))


def test_the_script_is_kept_for_minutes_and_served_to_every_page(bare_app: Flask) -> None:
    answer = bare_app.test_client().get("/embed.js", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"].startswith("public, max-age=300,")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) <= MOST_OF_SCRIPT
    again = bare_app.test_client().get(
        "/embed.js", headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_the_script_knows_where_its_locales_are(bare_app: Flask) -> None:
    script = (BUILT / "embed.js").read_text()
    for file in BUILT.glob("widget.*.json"):
        path = asset_path(file.name)
        assert path.split("/")[2] in script
        answer = bare_app.test_client().get(path)
        assert answer.get_json() == json.loads(file.read_text())
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert bare_app.test_client().get(path.replace(path.split("/")[2], "0" * 16)).status_code == 404
