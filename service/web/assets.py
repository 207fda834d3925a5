"""Our own style and pictures, under addresses that change with their content and can be kept for ever."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response

from service.domain.errors import NotFound
from service.web.responses import cacheable

FOLDER = Path(__file__).with_name("static")
FOR_EVER = "public, max-age=31536000, immutable"

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
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return cacheable(_content(name), f"{kind}; charset=utf-8", FOR_EVER)


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir())


@cache
def _content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@cache
def _hash(name: str) -> str:
    return hashlib.blake2b(_content(name), digest_size=8).hexdigest()
