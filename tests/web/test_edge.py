"""Published pages from memory: the same answers as ever, without a statement, and gone once something changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from service import create_app
from service.actions.toolbox import tools
from service.domain.site import Policy
from service.extensions import db
from service.web.edge import Edge
from service.web.kept_pages import KeptPages
from tests.conftest import settings_for
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.granian_server import until
from tests.store.test_session import statements_of

pytestmark = ON_SQLITE_ALONE
PATHS = ["/v1/comments", "/v1/counts", "/v1/feed.atom", "/comments"]


@pytest.fixture
def site(free_site: SiteDriver) -> SiteDriver:
    """Return a site with an article that is long enough to be compressed, in a process that hears of changes."""
    free_site.change(policy=Policy.NONE)
    for _ in range(3):
        free_site.submitted(body="A reply of some length, so that compressing is worth it. " * 5)
    with free_site.app.app_context():
        until(tools().changes.is_heard, "nobody listens")
    return free_site


def without_edge(app: Flask) -> Client:
    """Return a client of what stands behind the edge."""
    return Client(Flask.wsgi_app.__get__(app))


def ask(client: Client, path: str, method: str = "GET", /, *, headers: Any = None, **query: Any) -> TestResponse:
    return client.open(path, method=method, query_string=query, headers=headers)


def asked(site: SiteDriver, path: str = "/v1/comments", **others: Any) -> TestResponse:
    return ask(site.client, path, site=site.slug, article=site.article, **others)


def edge_of(app: Flask) -> Edge:
    edge = app.wsgi_app
    assert isinstance(edge, Edge)
    return edge


@pytest.mark.parametrize("path", PATHS)
def test_the_second_reader_costs_no_statement(site: SiteDriver, path: str) -> None:
    first = asked(site, path)
    with statements_of(site.app) as seen:
        second = asked(site, path)
        head = site.client.head(path, query_string={"site": site.slug, "article": site.article})
    assert seen == []
    assert first.data == second.data
    assert (head.status_code, head.data, head.headers) == (200, b"", second.headers)


SPELLINGS = [
    pytest.param("site={s}&article={a}?utm_source=x%26fbclid=y", id="with-tracking"),
    pytest.param("article={a}&site={s}", id="another-order"),
    pytest.param("site={s}&article={q}", id="percent-encoded"),
    pytest.param("site={s}&article={u}", id="a-host-in-capitals"),
    pytest.param("site={s}&article=+{a}", id="with-a-space"),
]


@pytest.mark.parametrize("path", ["/v1/comments", "/v1/feed.atom", "/comments"])
@pytest.mark.parametrize("query", SPELLINGS)
def test_other_spellings_of_a_question_share_a_page(site: SiteDriver, path: str, query: str) -> None:
    first = asked(site, path)
    a = site.article
    spelled = query.format(s=site.slug, a=a, q=quote(a, safe=""), u=a.replace("https://s", "HTTPS://S"))
    with statements_of(site.app) as seen:
        second = site.client.get(f"{path}?{spelled}")
    assert (seen, second.data) == ([], first.data)


@pytest.mark.parametrize(
    "others",
    [{"utm_source": "x", "PHPSESSID": "1"}, {"sort": "sideways"}, {"fragment": "0"}, {"lang": "tlh"}],
    ids=lambda others: next(iter(others)),
)
def test_what_means_nothing_to_a_page_makes_no_other_page(site: SiteDriver, others: dict[str, str]) -> None:
    first = asked(site, "/comments")
    with statements_of(site.app) as seen:
        second = asked(site, "/comments", **others)
    assert (seen, second.data) == ([], first.data)


CODINGS = ["", "gzip", "br", "gzip;q=1.0, br;q=0.5", "identity", "*", "br;q=0, gzip;q=0", "x" * 500]


@pytest.mark.parametrize("path", [*PATHS, "/comments?fragment=1&lang=de"])
def test_an_answer_is_what_it_would_be_without_the_layer(site: SiteDriver, path: str) -> None:
    path, _, rest = path.partition("?")
    query = {"site": site.slug, "article": site.article} | dict(pair.split("=") for pair in rest.split("&") if pair)
    bare = without_edge(site.app)
    for coding in CODINGS:
        headers = {"Accept-Encoding": coding, "Accept-Language": "fr, en;q=0.5"}
        etag = ask(bare, path, headers=headers, **query).headers["ETag"]
        conditions = ["", "*", '"*"', '"other"', etag, f"W/{etag}", f'"other", {etag}', '"' * 500]
        for method, wanted in [("HEAD", ""), ("HEAD", etag), *[("GET", wanted) for wanted in conditions]]:
            given = headers | ({"If-None-Match": wanted} if wanted else {})
            ours, theirs = (ask(client, path, method, headers=given, **query) for client in (site.client, bare))
            assert (ours.status, ours.data) == (theirs.status, theirs.data), given
            told = {name: value for name, value in theirs.headers.items() if name != "X-Request-Id"}
            assert dict(ours.headers) == told, given


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/v1/comments", {"site": "nobody-here"}, 404),
        ("/v1/comments", {"sort": "sideways"}, 422),
        ("/v1/comments", {"article": "javascript:alert(1)"}, 422),
        ("/v1/comments", {"article": "a\0b"}, 422),
        ("/v1/comments", {"unknown": "1"}, 422),
        ("/v1/counts", {"article": ""}, 422),
        ("/v1/feed.atom", {"site": "nobody-here"}, 404),
        ("/v1/feed.atom", {"sort": "oldest"}, 422),
        ("/comments", {"site": "nobody-here"}, 404),
        ("/comments", {"article": ""}, 422),
    ],
)
def test_a_refusal_is_never_kept_and_says_what_it_always_said(
    site: SiteDriver, path: str, query: dict[str, str], status: int
) -> None:
    query = {"site": site.slug, "article": site.article} | query
    kept = len(edge_of(site.app)._pages._pages)
    answers = [ask(client, path, **query) for client in (site.client, site.client, without_edge(site.app))]
    assert [answer.status_code for answer in answers] == [status] * 3
    assert len({answer.data for answer in answers}) == 1
    assert len(edge_of(site.app)._pages._pages) == kept
    head = site.client.head(path, query_string=query)
    assert (head.status_code, head.data) == (status, b"")


def test_a_question_of_raw_bytes_leaves_no_page_for_those_who_ask_for_what_they_look_like(site: SiteDriver) -> None:
    """A WSGI string holds bytes as Latin-1: `ö` in raw UTF-8 looks like `Ã¶`."""
    raw = {"QUERY_STRING": f"site={site.slug}&article=ö".encode().decode("latin-1")}
    ours = site.client.get("/v1/comments", environ_overrides=raw)
    assert ours.json is not None
    assert ours.json["article"]["key"] == "ö"
    assert ask(site.client, "/v1/comments", site=site.slug, article="Ã¶").json["article"]["key"] == "Ã¶"  # type: ignore[index]
    assert ask(site.client, "/v1/comments", site=site.slug, article="ö").json["article"]["key"] == "ö"  # type: ignore[index]


def test_a_path_that_ends_like_a_query_is_not_one(site: SiteDriver) -> None:
    query = f"site={site.slug}&article={quote(site.article, safe='')}"
    assert site.client.get(f"/v1/comments?{query}").status_code == 200
    for path in (f"/v1/comments%3F{quote(query)}", f"/{quote(query)}%20/v1/comments", "/v1/comments/"):
        assert site.client.get(path).status_code == 404


def test_a_server_may_leave_out_what_is_empty(site: SiteDriver) -> None:
    said: list[str] = []

    def start(status: str, _headers: Any, _fault: Any = None) -> Any:
        said.append(status)

    environ: WSGIEnvironment = {
        "REQUEST_METHOD": "GET",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "wsgi.url_scheme": "http",
    }
    for path in ({}, {"PATH_INFO": "/v1/comments"}, {"PATH_INFO": "/comments"}):
        list(edge_of(site.app)(environ | path, start))
    assert said == ["200 OK", "422 UNPROCESSABLE ENTITY", "404 NOT FOUND"]


def test_each_language_and_each_host_has_its_own_page(site: SiteDriver) -> None:
    def page(language: str, host: str = "a.example", **query: str) -> str:
        headers = {"Accept-Language": language, "Host": host}
        return asked(site, "/comments", headers=headers, **({"fragment": "1"} | query)).text

    pages = {
        page(language, host, **query)
        for language in ("en", "fr", "de-AT, en;q=0.1")
        for host in ("a.example", "b.example:8000")
        for query in ({}, {"lang": "de"})
    }
    assert len(pages) == 8  # with `lang` in the address the header says nothing
    assert 'lang="de"' in page("de")
    assert "http://b.example:8000/" in page("de", "b.example:8000")
    assert "b.example" not in page("de")
    with statements_of(site.app) as seen:
        assert page("de-CH") == page("de")
    assert seen == []


def test_a_proxy_that_nobody_trusts_chooses_neither_links_nor_pages(site: SiteDriver) -> None:
    first = asked(site, "/comments", fragment="1")
    with statements_of(site.app) as seen:
        said = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
        second = asked(site, "/comments", fragment="1", headers=said)
    assert (seen, second.data) == ([], first.data)


@pytest.fixture
def another_app(app: Flask, database_url: str, redis_url: str, tmp_path: Any) -> Iterator[Callable[..., FlaskClient]]:
    """Return a function that makes a client of another application on the same database and Redis."""
    made: list[Flask] = []

    def make(**settings: Any) -> FlaskClient:
        made.append(create_app(settings_for(database_url, redis_url, tmp_path, **settings)))
        return made[-1].test_client()

    yield make
    for one in made:
        with one.app_context():
            tools().changes.close()
            db.engine.dispose()


def test_a_trusted_proxy_says_which_host_stands_in_the_links(
    site: SiteDriver, another_app: Callable[..., FlaskClient]
) -> None:
    client = another_app(trusted_proxies=1)

    def links(said: str) -> str:
        headers = {"X-Forwarded-Host": said, "X-Forwarded-Proto": "https"}
        return ask(client, "/comments", site=site.slug, article=site.article, fragment="1", headers=headers).text

    assert "https://public.example/" in links("public.example")
    assert "https://other.example/" in links("public.example, other.example")
    with statements_of(client.application) as seen:
        assert links("evil.example, public.example") == links("public.example")
    assert seen == []


def test_installations_that_share_a_redis_do_not_share_pages(
    site: SiteDriver, another_app: Callable[..., FlaskClient]
) -> None:
    asked(site)
    same, other = another_app(), another_app(secret_key="another secret than that of the tests")
    query = {"site": site.slug, "article": site.article}
    for client, is_shared in ((same, True), (other, False)):
        with statements_of(client.application) as seen:
            assert ask(client, "/v1/comments", **query).status_code == 200
        assert (seen == []) is is_shared


def test_a_public_url_stands_in_the_links_whatever_host_is_asked(
    site: SiteDriver, another_app: Callable[..., FlaskClient]
) -> None:
    client = another_app(public_url="https://talk.example")
    query = {"site": site.slug, "article": site.article, "fragment": "1"}
    first = ask(client, "/comments", **query)
    assert "https://talk.example/comments" in first.text
    with statements_of(client.application) as seen:
        assert ask(client, "/comments", headers={"Host": "junk.example"}, **query).data == first.data
    assert seen == []


def test_what_was_made_up_is_not_kept(site: SiteDriver) -> None:
    pages = edge_of(site.app)._pages._pages
    sent = site.page()["comments"][0]["id"]
    nobody = "01890000-0000-7000-8000-000000000000"
    # The page of a comment that exists is kept, by its one spelling.
    for path in ("/v1/comments", "/comments"):
        before = len(pages)
        assert asked(site, path, comment=sent).status_code == 200
        assert len(pages) == before + 1
        for comment in (nobody, sent.upper(), sent.replace("-", "")):
            assert asked(site, path, comment=comment).status_code == 200
        assert len(pages) == before + 1
    before = len(pages)
    for others in ({"cursor": "junk"}, {"comment": "junk"}, {"comment": sent, "cursor": "x"}, {"reply_to": nobody}):
        assert asked(site, "/comments", **others).status_code == 200
    assert len(pages) == before
    asked(site, "/comments", reply_to=sent)
    assert len(pages) == before + 1


@pytest.mark.parametrize(
    "header", ["Accept-Encoding", "If-None-Match", "Accept-Language", "X-Forwarded-Host", "Cookie"]
)
def test_made_up_headers_leave_nothing_behind(site: SiteDriver, header: str) -> None:
    asked(site, "/comments")
    pages = edge_of(site.app)._pages
    before = (len(pages._pages), pages._size)
    for number in range(50):
        response = asked(site, "/comments", headers={header: f"{number} " + "x" * 5_000})
        assert response.status_code == 200
    assert (len(pages._pages), pages._size) == before


CHANGES: list[tuple[str, Callable[[SiteDriver, dict[str, Any]], Any]]] = [
    ("a reply", lambda site, sent: site.published()),
    ("an answer", lambda site, sent: site.published(parent_id=sent["id"])),
    ("a vote", lambda site, sent: site.vote(sent["id"])),
    ("a vote taken back", lambda site, sent: vote_twice_and_once_not(site, sent["id"])),
    ("a rejection", lambda site, sent: site.decide(sent["id"], "reject")),
    ("a deletion", lambda site, sent: site.decide(sent["id"], "delete")),
    ("an edit", lambda site, sent: (site.revise(sent, "Said better."), site.approve(sent["id"], 2))),
    ("a withdrawal", lambda site, sent: site.withdraw(sent)),
    ("a closed article", lambda site, sent: put(site, open=False)),
    ("a title", lambda site, sent: put(site, title="Another title")),
    ("the days of the site", lambda site, sent: site.change(origins=[site.origin, "https://other.example"])),
]


def vote_twice_and_once_not(site: SiteDriver, comment_id: str) -> None:
    site.vote(comment_id)
    site.vote(comment_id, address="198.51.100.1")
    assert site.page()["comments"][0]["votes"] == 2
    site.vote(comment_id, 0)


def put(site: SiteDriver, **said: Any) -> None:
    answer = site.client.put("/v1/articles", json={"site": site.slug, "key": site.article, **said}, headers=site.bearer)
    assert answer.status_code in {200, 201}, answer.text


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[name for name, _ in CHANGES])
def test_a_change_is_seen_by_the_next_reader(
    free_site: SiteDriver, name: str, change: Callable[[SiteDriver, dict[str, Any]], Any]
) -> None:
    sent = free_site.published()
    bare = without_edge(free_site.app)
    query = {"site": free_site.slug, "article": free_site.article}
    before = [ask(free_site.client, path, **query) for path in PATHS]
    change(free_site, sent)
    after = [ask(free_site.client, path, **query) for path in PATHS]
    assert [answer.data for answer in after] == [ask(bare, path, **query).data for path in PATHS]
    assert (before[0].data, before[0].headers["Postbag-Origins"]) != (
        after[0].data,
        after[0].headers["Postbag-Origins"],
    )


def test_a_decision_that_is_undone_is_seen_too(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    assert free_site.page()["comments"] == []
    item = {"comment_id": sent["id"], "action": "approve", "revision": 1}
    answer = free_site.client.post(
        "/v1/moderation/decisions", json={"decisions": [item]}, headers=free_site.bearer
    ).get_json()
    assert len(free_site.page()["comments"]) == 1
    free_site.client.post(f"/v1/moderation/batches/{answer['batch_id']}/undo", headers=free_site.bearer)
    assert free_site.page()["comments"] == []


def test_flags_that_bring_a_comment_back_and_a_new_article_are_seen_too(free_site: SiteDriver) -> None:
    put(free_site, title="Registered")
    assert free_site.page()["article"]["title"] == "Registered"
    sent = free_site.published()
    free_site.change(flag_threshold=1)
    before = free_site.page()
    free_site.flagged(sent["id"], "spam")
    bare = without_edge(free_site.app)
    query = {"site": free_site.slug, "article": free_site.article}
    assert free_site.page() == ask(bare, "/v1/comments", **query).json
    assert len(before["comments"]) == 1


def test_the_counts_of_many_articles_change_with_each_of_them(free_site: SiteDriver) -> None:
    articles = [f"{free_site.origin}/{number}" for number in range(3)]

    def counts() -> Any:
        return ask(free_site.client, "/v1/counts", site=free_site.slug, article=articles).get_json()["counts"]

    assert list(counts().values()) == [0, 0, 0]
    free_site.published(article=articles[1])
    assert list(counts().values()) == [0, 1, 0]
    free_site.published(article=articles[2])
    free_site.published(article=articles[1])
    assert list(counts().values()) == [0, 2, 1]


def test_many_first_readers_render_once(site: SiteDriver) -> None:
    def read(_: int) -> Any:
        return ask(site.app.test_client(), "/v1/comments", site=site.slug, article=site.article, limit=7).data

    with statements_of(site.app) as seen, ThreadPoolExecutor(10) as pool:
        pages = set(pool.map(read, range(10)))
    assert len(pages) == 1
    assert sum("FROM sites" in statement for statement in seen) == 1


class Alone:
    """No other processes: what an edge is given where Redis is away."""

    def listen(self, forget: Any) -> None: ...

    def is_heard(self) -> bool:
        return False

    def ask(self, site: str, page: str) -> None: ...

    def lay_down(self, site: str, page: str, rendered: bytes | None, *, mark: str, seconds: float) -> None: ...


def test_while_the_store_is_away_an_old_page_stands_in_and_says_so(site: SiteDriver) -> None:
    """Behind the edge stands an application that says 503, as the service does without its database."""
    is_away = False
    calls = 0
    bare = Flask.wsgi_app.__get__(site.app)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        nonlocal calls
        calls += 1
        if not is_away:
            return bare(environ, start_response)
        start_response("503 SERVICE UNAVAILABLE", [("Retry-After", "1")])
        return [b"away"]

    pages = KeptPages(1_000_000)
    edge = Edge(app, pages, Alone(), secret="s", public_url=None)
    client = Client(edge)
    query = {"site": site.slug, "article": site.article}
    first = ask(client, "/v1/comments", **query)
    is_away = True
    pages.forget(None, 0.0)
    second = ask(client, "/v1/comments", **query)
    assert (second.status_code, second.data) == (200, first.data)
    assert second.headers["Cache-Status"] == "postbag; hit; detail=store-unavailable"
    same = ask(client, "/v1/comments", headers={"If-None-Match": first.headers["ETag"]}, **query)
    assert (same.status_code, same.headers["Cache-Status"]) == (304, second.headers["Cache-Status"])
    # One asked, and for a second nobody does so again for what can be shown meanwhile.
    assert calls == 2
    other = ask(client, "/v1/counts", **query)
    assert (other.status_code, other.headers["Retry-After"]) == (503, "1")
    is_away = False
    until(lambda: "Cache-Status" not in ask(client, "/v1/comments", **query).headers, "the old page stays")
    assert ask(client, "/v1/counts", **query).status_code == 200
