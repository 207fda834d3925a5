"""Article pages of another origin, as site owners write them, under the strict policy that it keeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# `{policy}` stands for what a page allows; everything is the service's but the page itself.
PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
{head}
</head>
<body>
<h1>An article</h1>
<p>What the town did about the water.</p>
{body}
<footer id="end">The end of the page</footer>
</body>
</html>"""


def strict_policy(service: str) -> str:
    """Return the policy of a page that allows nothing but the service, and no inline script or style."""
    allowed = "; ".join(f"{kind}-src {service}" for kind in ("script", "connect", "style"))
    # The page's own empty icon keeps the browser from asking for one.
    return f"default-src 'none'; {allowed}; img-src {service} data:; form-action {service}; base-uri 'none'"


class ArticleHost(ThreadingHTTPServer):
    """A site's own server on an origin of its own; a page stands under each path that it was given."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self._pages: dict[str, tuple[str, str]] = {}

    @property
    def origin(self) -> str:
        """The address of the server, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_port}"

    def serve(self, path: str, html: str, *, policy: str = "") -> str:
        """Let a page stand under a path, and return its address."""
        self._pages[path] = (html, policy)
        return self.origin + path

    def embed(self, path: str, service: str, attributes: str, *, body: str = "", **page: Any) -> str:
        """Let an article with the widget stand under a path, under the strict policy, and return its address.

        `attributes` are those of the script, `body` stands in place of the element; `page` are other places of PAGE.
        """
        head = f'<script async src="{service}/embed.js" {attributes}></script>' + page.pop("head", "")
        places = {"language": "en", "title": "An article"} | page
        html = PAGE.format(head=head, body=body or '<div id="postbag"></div>', **places)
        return self.serve(path, html, policy=strict_policy(service))

    def page_at(self, path: str) -> tuple[str, str] | None:
        """Return the page under a path and its policy, or None."""
        return self._pages.get(path)


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, ArticleHost)
        found = self.server.page_at(self.path.partition("?")[0])
        html, policy = found or ("There is no such page.", "")
        kind = "css" if self.path.endswith(".css") else "html"
        body = html.encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library names it so
        """Say nothing."""


@contextmanager
def running_host() -> Iterator[ArticleHost]:
    """Yield a server that answers."""
    with ArticleHost() as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield host
        host.shutdown()
