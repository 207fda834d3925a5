"""Server-side includes as docs/integrate.md has them, by a real nginx."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.faults.nginx import nginx_with
from tests.granian_server import GranianServer, free_port
from tests.integrate.document import SERVICE, SITE_ORIGIN, block
from tests.integrate.gazette import Gazette, write_in

PATH = "/2026/tide-barrier"
LINK = ">The\ncomments</a>"
# What a distribution's nginx.conf has around the block of a site; nothing is written but in the test's folder.
CONFIGURATION = """
pid {folder}/pid;
error_log stderr crit;
events {{}}
http {{
    default_type text/html;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""
Serving = Callable[[str], AbstractContextManager[GranianServer]]


@pytest.fixture
def serving(gazette: Gazette, tmp_path: Path) -> Serving:
    """Return what runs an nginx with the article's page, which includes what stands at an address."""

    @contextmanager
    def run(service_url: str) -> Iterator[GranianServer]:
        port = free_port()
        root = tmp_path / "srv"
        write_in(
            root, f"{PATH[1:]}/index.html", f"<!doctype html><h1>An article</h1>{block('ssi')}<footer>End</footer>"
        )
        server = block(
            "nginx",
            **{
                "listen 80;": f"listen 127.0.0.1:{port};",
                "root /srv/gazette;": f"root {root};",
                SERVICE: service_url,
                SITE_ORIGIN: gazette.origin,
            },
        )
        with nginx_with(lambda folder: CONFIGURATION.format(folder=folder, server=server), port) as nginx:
            yield nginx

    return run


def test_a_page_is_sent_with_its_discussion_in_it(gazette: Gazette, serving: Serving) -> None:
    gazette.published(PATH, body="Included by the *server*.")
    with serving(gazette.server.url) as nginx:
        html = nginx.ask("GET", f"{PATH}/", headers={"Accept-Language": "fr", "Accept-Encoding": "gzip, br"}).text
        assert "<p>Included by the <em>server</em>.</p>" in html
        assert '<template shadowrootmode="open">' in html
        assert 'lang="fr"' in html
        assert f'action="{gazette.server.url}/v1/comments"' in html
        assert html.endswith("<footer>End</footer>")
        assert LINK not in html
        # Nobody outside has use of the address that only the server asks.
        assert nginx.ask("GET", f"/comments-fragment?article={PATH}").status == 404


def test_a_page_has_a_link_while_the_service_is_away(gazette: Gazette, serving: Serving) -> None:
    with serving(f"http://127.0.0.1:{free_port()}") as nginx:
        html = nginx.ask("GET", f"{PATH}/").text
        assert "<h1>An article</h1>" in html
        assert LINK in html
        assert "error" not in html
