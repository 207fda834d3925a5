"""POST /v1/comments: what is accepted, how it is answered, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import redis
from sqlalchemy import event

from service.domain.permissions import Scope
from service.domain.site import Policy
from service.extensions import db
from tests.driver import SiteDriver, codes
from tests.refusals import refused


def test_an_accepted_reply_is_pending_and_gives_a_receipt(site: SiteDriver) -> None:
    response = site.submit(body="Hello *there*")
    assert response.status_code == 202
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    sent = response.json
    assert sent is not None
    assert set(sent) == {"id", "status", "revision", "body_html", "receipt"}
    assert UUID(sent["id"]).version == 7
    assert (sent["status"], sent["revision"]) == ("pending", 1)
    assert sent["body_html"] == "<p>Hello <em>there</em></p>"
    assert set(sent["receipt"]) == {"token", "url", "edit_until"}
    assert sent["receipt"]["url"] == f"http://localhost/receipts/{sent['receipt']['token']}"
    assert site.client.get(sent["receipt"]["url"]).status_code == 200


def test_the_revise_window_of_a_receipt_ends_after_a_quarter_of_an_hour(site: SiteDriver) -> None:
    sent = site.submitted()
    submitted_at = datetime.fromisoformat(site.receipt(sent)["submitted_at"])
    assert datetime.fromisoformat(sent["receipt"]["edit_until"]) - submitted_at == timedelta(minutes=15)
    assert sent["receipt"]["edit_until"].endswith("Z")


def test_readers_see_a_reply_only_after_its_approval(site: SiteDriver) -> None:
    sent = site.submitted(name="Ada", url="ada.example", body="Mine")
    assert site.page()["comments"] == []
    site.approve(sent["id"])
    (shown,) = site.page()["comments"]
    assert set(shown) == {
        "id", "parent_id", "depth", "author", "body_html", "published_at", "edited_at", "votes", "deleted",
    }  # fmt: skip
    assert shown["author"] == {
        "name": "Ada",
        "url": "https://ada.example/",
        "avatar": shown["author"]["avatar"],
        "badge": None,
    }
    assert (shown["id"], shown["body_html"], shown["parent_id"], shown["depth"]) == (sent["id"], "<p>Mine</p>", None, 0)
    assert (shown["edited_at"], shown["votes"], shown["deleted"]) == (None, 0, False)
    assert site.client.get(shown["author"]["avatar"]).content_type.startswith("image/svg+xml")


def test_a_site_whose_policy_is_none_publishes_at_once_with_201(site: SiteDriver) -> None:
    site.change(policy=Policy.NONE)
    response = site.submit()
    assert response.status_code == 201
    assert response.json is not None
    assert response.json["status"] == "approved"
    assert [shown["id"] for shown in site.page()["comments"]] == [response.json["id"]]


def test_a_site_whose_policy_is_none_still_holds_a_reply_with_many_links(site: SiteDriver) -> None:
    site.change(policy=Policy.NONE)
    response = site.submit(body="http://a.example http://b.example http://c.example")
    assert response.status_code == 202
    assert site.page()["comments"] == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("0", id="the-digit-zero"),
        pytest.param("a" * 10_000, id="as-long-as-allowed"),
        pytest.param("é" * 10_000, id="as-long-as-allowed-in-two-octets-a-letter"),
        pytest.param("漢" * 10_000, id="as-long-as-allowed-in-three-octets-a-letter"),
        pytest.param("🙂" * 10_000, id="as-long-as-allowed-in-four-octets-a-letter"),
        pytest.param("👨‍👩‍👧‍👦" * 2_600, id="families-of-emoji-within-64-kib"),
        pytest.param("x\u0302" * 10_000, id="letters-with-a-mark-that-stays-apart"),
        pytest.param("🏴󠁧󠁢󠁷󠁬󠁳󠁿" * 2_000, id="flags-made-of-tags"),
        pytest.param("\r\n\r\nsecond line\rthird", id="every-kind-of-line-break"),
        pytest.param("\u202eoverride", id="a-bidi-override-which-is-taken-out"),
        pytest.param("<script>alert(1)</script>", id="a-script-shown-as-typed"),
    ],
)
def test_a_text_is_accepted(free_site: SiteDriver, body: str) -> None:
    # Written as UTF-8, not as the escapes that json.dumps makes by itself, which would be too large.
    response = free_site.client.post(
        "/v1/comments",
        data=json.dumps(free_site.reply(body=body), ensure_ascii=False).encode(),
        content_type="application/json",
        headers={"Origin": free_site.origin},
    )
    assert response.status_code == 202, response.text


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", 'application/json;charset="UTF-8"'],
)
def test_json_is_known_by_its_media_type_alone(site: SiteDriver, content_type: str) -> None:
    body = json.dumps(site.reply())
    for prefix in (b"", b"\xef\xbb\xbf"):
        given = prefix + body.replace("Reply", f"Reply {len(prefix)}").encode()
        response = site.client.post("/v1/comments", data=given, content_type=content_type)
        assert response.status_code == 202, response.text


def test_optional_fields_may_be_null_or_empty(site: SiteDriver) -> None:
    nulls: dict[str, object] = {"url": None, "parent_id": None, "article_url": None, "article_title": None}
    assert site.client.post("/v1/comments", json=site.reply() | nulls).status_code == 202
    assert site.submit(url="", article_url="", article_title="").status_code == 202


def test_a_new_article_takes_its_title_and_address_from_the_first_reply(site: SiteDriver) -> None:
    site.submitted(article_title="  A\tTitle ", article_url=f"{site.origin}/pretty?utm_source=x#top")
    article = site.page()["article"]
    assert (article["title"], article["url"]) == ("A Title", f"{site.origin}/pretty")
    site.submitted(article_title="Another", article_url=f"{site.origin}/ugly")
    assert site.page()["article"]["title"] == "A Title"


def test_one_article_is_meant_by_every_spelling_of_its_address(site: SiteDriver) -> None:
    for spelling in ("/articles/1#top", "/articles/1?utm_source=mail", "/articles/../articles/1", "/articles/%31"):
        site.published(article=site.origin.upper().replace("HTTPS", "https") + ":443" + spelling)
    assert site.page()["article"]["count"] == 4


def test_a_token_that_may_integrate_submits_without_an_origin_and_pays_by_token(site: SiteDriver) -> None:
    site.change(limits={"client": (1, 60), "token": (50, 60)})
    for _ in range(3):
        response = site.submit(headers=site.bearer | {"Origin": "https://elsewhere.example"})
        assert response.status_code == 202
        assert '"token";q=50;w=60' in response.headers["RateLimit-Policy"]


def test_a_token_without_the_scope_stands_in_for_the_origin_and_is_limited_as_a_reader(site: SiteDriver) -> None:
    elsewhere = {"Origin": "https://elsewhere.example"} | site.another_token(Scope.MODERATE)
    statuses = [site.submit(headers=elsewhere).status_code for _ in range(6)]
    assert statuses == [202] * 5 + [429]


def test_a_token_of_another_site_may_not_submit(site: SiteDriver, free_site: SiteDriver) -> None:
    refused(site.submit(headers=free_site.bearer), 403, "forbidden")


def test_one_submission_is_one_commit_between_one_command_to_redis_and_at_most_a_word_to_the_worker(
    site: SiteDriver, redis_url: str
) -> None:
    site.submitted()  # opens the connections, and teaches Redis the script
    with commits(site) as counted, redis_commands(redis_url) as commands:
        site.submitted(headers={"Idempotency-Key": "one"})
    assert len(counted) == 1
    asked, *said = [command.split()[0] for command in commands]
    assert asked == "EVALSHA"
    assert said in ([], ["PUBLISH"]), "within a moment one word does for many"


def test_a_refused_submission_commits_nothing(site: SiteDriver) -> None:
    sent = site.reply()
    site.submitted(**sent)
    with commits(site) as counted:
        refused(site.submit(body=""), 422, "invalid")
        refused(site.submit(**sent), 409, "duplicate")
        refused(site.submit(parent_id="0190b6a0-0000-7000-8000-000000000000"), 422, "parent_not_found")
    assert counted == []


@contextmanager
def commits(site: SiteDriver) -> Iterator[list[str]]:
    """Yield a list that gets an entry for every COMMIT that the application sends to the database."""
    counted: list[str] = []

    def count(connection: object) -> None:
        counted.append("commit")

    with site.app.app_context():
        engine = db.engine
    event.listen(engine, "commit", count)
    try:
        yield counted
    finally:
        event.remove(engine, "commit", count)


@contextmanager
def redis_commands(redis_url: str) -> Iterator[list[str]]:
    """Yield a list that holds, after the block, every command that Redis was sent; what a script does is not sent."""
    commands: list[str] = []
    with redis.Redis.from_url(redis_url) as watching, redis.Redis.from_url(redis_url) as client:
        client.ping()  # opens the connection, which is not to be seen either
        with watching.monitor() as monitor:
            yield commands
            client.echo("that was all")
            for seen in monitor.listen():
                if seen["command"] == "ECHO that was all":
                    return
                if seen["client_type"] != "lua" and seen["db"] == client.get_connection_kwargs()["db"]:
                    commands.append(seen["command"])


def test_a_parent_that_is_an_empty_string_is_none(site: SiteDriver) -> None:
    sent = site.submitted(parent_id="")
    assert site.opened(sent["id"])["parent_id"] is None


def test_a_website_does_not_publish_the_author_s_address(site: SiteDriver) -> None:
    for url in ("https://example.org/ada@example.org", "https://example.org/?m=ada%40example.org"):
        assert codes(site.submit(email="ada@example.org", url=url)) == {"url": "contains_email"}


def test_a_reply_with_the_author_s_own_address_is_held_where_others_are_published_at_once(site: SiteDriver) -> None:
    site.change(policy=Policy.NONE)
    sent = site.submitted(email="ada@example.org", body="Mail ada@example.org")
    assert sent["status"] == "pending"
    assert "own_email" in [signal["name"] for signal in site.opened(sent["id"])["signals"]]
    edited = site.submitted(email="bo@example.org", body="Nothing yet")
    assert site.revise(edited, "Mail bo@example.org").get_json()["status"] == "pending"
