"""An article page of another origin, as a site owner writes it, under the strict policy that the widget keeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>An article</title>
<link rel="canonical" href="{key}">
<script async src="{service}/embed.js" data-site="{site}" data-article="{key}"></script>
<h1>An article</h1>
{paragraphs}
<div id="postbag"></div>
<footer>The end of the page</footer>
"""
PARAGRAPHS = "<p>What the town did about the water, at some length and with several opinions.</p>\n" * 30


@dataclass(frozen=True)
class ArticlePage:
    """The pages of one origin."""

    origin: str

    def article(self, service: str, site: str, name: str) -> str:
        """Return the address of an article page that embeds the widget of a service."""
        return f"{self.origin}/{name}?{urlencode({'service': service, 'site': site})}"


class _Handler(BaseHTTPRequestHandler):
    origin: ClassVar[str]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        service, site = asked.get("service", [""])[0], asked.get("site", [""])[0]
        key = f"{self.origin}{address.path}"
        body = PAGE.format(key=key, service=service, site=site, paragraphs=PARAGRAPHS).encode()
        allowed = "; ".join(f"{kind}-src {service}" for kind in ("script", "connect", "img", "style"))
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", f"default-src 'none'; {allowed}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library names it so
        """Say nothing."""


@contextmanager
def serving_pages() -> Iterator[ArticlePage]:
    """Yield an origin of its own that serves article pages, on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.origin = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield ArticlePage(_Handler.origin)
    finally:
        server.shutdown()
