"""Our own scripts, styles and pictures, under addresses that change with their content and can be kept for ever.

`embed.js`, `proof.js`, `known.js`, `widget.css` and `widget.XX.json` are written by the build in `service/widget`,
where their sources are.
"""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response

from service.domain.errors import NotFound
from service.web.origins import readable_by_any_page
from service.web.responses import FOR_EVER, add_headers, cacheable, compress_well

FOLDER = Path(__file__).with_name("static")
SCRIPT = "embed.js"
PROOF = "proof.js"
KNOWN = "known.js"
KEPT_FOR_MINUTES = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
"""The script's address stands in other people's pages and cannot change with its content."""

blueprint = Blueprint("assets", __name__)


def register(app: Flask) -> None:
    """Serve the assets, and give templates `asset(name)`."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = asset_path


def asset_path(name: str) -> str:
    """Return the address of an asset, which holds a hash of its content."""
    return f"/static/{_hash(name)}/{name}"


@blueprint.get("/static/<digest>/<name>")
def show(digest: str, name: str) -> Response:
    """Answer with an asset; one that has changed since its address was given out is not found, rather than mixed up."""
    if name not in _names() or digest != _hash(name):
        raise NotFound
    return _answer(name, FOR_EVER)


@blueprint.get(f"/{SCRIPT}")
def script() -> Response:
    """Answer with the widget: the one address that site owners write into their pages."""
    return _answer(SCRIPT, KEPT_FOR_MINUTES)


@blueprint.get(f"/{PROOF}")
def proof() -> Response:
    """Answer with what the widget loads when somebody begins to write."""
    return _answer(PROOF, KEPT_FOR_MINUTES)


@blueprint.get(f"/{KNOWN}")
def known() -> Response:
    """Answer with what the widget loads where the page says who its reader is."""
    return _answer(KNOWN, KEPT_FOR_MINUTES)


def _answer(name: str, cache_control: str) -> Response:
    readable_by_any_page()
    # Pages that isolate themselves (Cross-Origin-Embedder-Policy) load nothing that does not say this.
    add_headers({"Cross-Origin-Resource-Policy": "cross-origin"})
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return cacheable(_content(name), f"{kind}; charset=utf-8", cache_control, compress=compress_well)


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir())


@cache
def _content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@cache
def _hash(name: str) -> str:
    # The widget's script knows one hash for all locales, as service/widget/build.mjs makes it.
    family = sorted(n for n in _names() if _is_locale(n)) if _is_locale(name) else [name]
    return hashlib.sha256(b"".join(map(_content, family))).hexdigest()[:16]


def _is_locale(name: str) -> bool:
    return name.startswith("widget.") and name.endswith(".json")
