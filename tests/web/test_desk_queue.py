"""The queue's pages and forms over HTTP: who may, what is refused, and where a form leads back to."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.databases import ON_SQLITE_ALONE
from tests.desk_driver import signed_in
from tests.driver import SiteDriver


def key(sent: dict[str, Any], revision: int = 1, version: int = 1) -> str:
    """Return what a checkbox says of a comment."""
    return f"{sent['id']}:{revision}:{version}"


def test_a_decision_leads_back_to_where_it_was_made(site: SiteDriver) -> None:
    noor, sent = signed_in(site), site.submitted()
    back = f"/desk?site={site.slug}&sort=newest&did=spam&n=3"
    answer = noor.post("/desk/decisions", decide=f"approve {key(sent)}", next=back)
    assert answer.status_code == 303
    assert answer.location.startswith(f"/desk?site={site.slug}&sort=newest&batch=")
    assert answer.location.endswith("&did=approve&n=1")
    assert "Approved" in noor.client.get(answer.location).text
    assert site.opened(sent["id"])["status"] == "approved"


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "address",
    ["https://evil.example/desk", "//evil.example/desk", "/desk/../x\\y", "javascript:alert(1)", "/receipts/x", ""],
)
def test_no_form_leads_to_elsewhere(site: SiteDriver, address: str) -> None:
    noor, sent = signed_in(site), site.submitted()
    answer = noor.post("/desk/decisions", decide=f"approve {key(sent)}", next=address)
    assert answer.location.startswith("/desk?batch=")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"action": "approve"}, id="nothing ticked"),
        pytest.param({"action": "praise", "comment": "x"}, id="unknown action"),
        pytest.param({"action": "approve", "comment": "x:1:1"}, id="no id"),
        pytest.param({"decide": "approve"}, id="no comment"),
        pytest.param({"action": "approve", "comment": f"{'0' * 32}:1:٣"}, id="a digit of another script"),
        pytest.param({"action": "approve", "comment": f"{'0' * 32}:1:{'9' * 30}"}, id="no such version"),
        pytest.param({"action": "reject", "comment": f"{'0' * 32}:1:1", "reason_id": "x"}, id="no reason's id"),
    ],
)
def test_a_form_of_nobodys_is_refused_in_words(site: SiteDriver, fields: dict[str, str]) -> None:
    answer = signed_in(site).post("/desk/decisions", **fields, reason="Kept <words>")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_a_refused_form_comes_back_with_its_words(site: SiteDriver) -> None:
    noor, sent = signed_in(site), site.submitted()
    site.submitted()
    answer = noor.post("/desk/decisions", action="reject", comment=key(sent), reason="<b>" + "x" * 600)
    assert answer.status_code == 422
    assert "&lt;b&gt;xxx" in answer.text
    assert re.findall(r'name="comment" value="([^"]+)" checked', answer.text) == [key(sent)]
    assert site.opened(sent["id"])["status"] == "pending"


def test_what_came_too_late_is_told_comment_by_comment(site: SiteDriver) -> None:
    noor, first, second = signed_in(site), site.submitted(), site.submitted()
    site.decide(first["id"], "spam")
    answer = noor.post("/desk/decisions", action="approve", comment=[key(first), key(second)])
    assert answer.status_code == 409
    assert "1 not done" in answer.text
    assert f"/desk/comments/{first['id']}" in answer.text
    assert [site.opened(one["id"])["status"] for one in (first, second)] == ["spam", "approved"]


def test_an_undo_tells_what_it_could_not_take_back(site: SiteDriver) -> None:
    noor, sent = signed_in(site), site.submitted()
    done = noor.post("/desk/decisions", decide=f"delete {key(sent)}")
    batch = re.search(r"batch=([0-9a-f-]+)", done.location)
    assert batch is not None
    answer = noor.post("/desk/undo", batch_id=batch[1])
    assert answer.status_code == 422
    assert "A deleted comment has no words left" in answer.text
    assert noor.post("/desk/undo", batch_id="x").status_code == 404
    assert noor.post("/desk/undo", batch_id="0" * 32).status_code == 404


def test_a_note_without_words_is_refused(site: SiteDriver) -> None:
    noor, sent = signed_in(site), site.submitted()
    answer = noor.post("/desk/notes", comment_id=sent["id"], text=" \u200b\u2060 ", about="author")
    assert answer.status_code == 422
    assert "Please write the note." in answer.text
    assert noor.post("/desk/notes", comment_id="x", text="a").status_code == 404
    assert noor.post("/desk/notes", comment_id=sent["id"], text="Seen before.").status_code == 303
    assert "Seen before." in noor.get("/desk").text


@pytest.mark.parametrize("path", ["/desk/decisions", "/desk/undo", "/desk/notes"])
def test_a_form_of_another_page_is_refused(site: SiteDriver, path: str) -> None:
    noor, sent = signed_in(site), site.submitted()
    assert noor.post(path, csrf="guessed", decide=f"approve {key(sent)}").status_code == 403
    assert site.opened(sent["id"])["status"] == "pending"


def test_viewers_and_strangers_decide_nothing(site: SiteDriver) -> None:
    sent = site.submitted()
    viewer = signed_in(site, role="viewer")
    assert viewer.post("/desk/decisions", decide=f"approve {key(sent)}").status_code == 403
    assert "<button" not in viewer.get("/desk").text.split('id="items"')[1].split("</ol>")[0]
    stranger = site.app.test_client()
    assert stranger.get(f"/desk?site={site.slug}").status_code == 303
    assert stranger.get("/desk/items").status_code == 303
    assert site.opened(sent["id"])["status"] == "pending"


def test_another_sites_comments_are_not_there(site: SiteDriver, free_site: SiteDriver) -> None:
    noor, theirs = signed_in(site), free_site.submitted()
    assert noor.get(f"/desk/comments/{theirs['id']}").status_code == 404
    assert noor.get(f"/desk/items/{theirs['id']}").status_code == 404
    assert noor.get("/desk", site=free_site.slug).status_code == 403
    assert theirs["id"] not in noor.get("/desk").text
    answer = noor.post("/desk/decisions", decide=f"approve {key(theirs)}")
    assert "This site has no such comment." in answer.text
    assert free_site.opened(theirs["id"])["status"] == "pending"


def test_addresses_are_told_to_those_alone_who_may_see_them(site: SiteDriver) -> None:
    sent = site.submitted(email="nora@example.org")
    path = f"/desk/comments/{sent['id']}"
    assert "nora@example.org" not in signed_in(site).get(path).text
    admin = signed_in(site, role="admin")
    assert "nora@example.org" in admin.get(path).text
    assert sent["id"] in admin.get("/desk", q="nora@example.org").text
    assert sent["id"] not in admin.get("/desk", q="nora@example.com").text


def test_strange_questions_are_answered(site: SiteDriver) -> None:
    noor, sent = signed_in(site), site.submitted()
    for query in ({"status": "odd"}, {"sort": "odd"}, {"has_links": "odd"}, {"n": "9" * 30, "did": "x", "batch": "y"}):
        answer = noor.get("/desk", **query)
        assert answer.status_code == 200
        assert sent["id"] in answer.text
    assert noor.get("/desk", cursor="odd").status_code == 422
    assert noor.get("/desk/items", cursor="odd").status_code == 422
    assert noor.get("/desk/items", limit="0").get_json()["next"] is None
    assert noor.get("/desk", author="odd").status_code == 200


def test_further_items_are_drawn_as_the_page_draws_them(site: SiteDriver) -> None:
    noor, sent = signed_in(site), site.submitted(name="<i>Ada</i>", body="1 < 2")
    body = noor.get("/desk/items").get_json()
    assert body["totals"]["pending"] == 1
    assert body["html"].strip() in noor.get("/desk").text
    assert "&lt;i&gt;Ada&lt;/i&gt;" in body["html"]
    one = noor.get(f"/desk/items/{sent['id']}").get_json()
    assert one["html"] == body["html"]


def test_pages_are_compressed_for_their_own_visitors_alone(site: SiteDriver) -> None:
    noor = signed_in(site)
    for asked_by, coding in (("same-origin", "br"), ("none", "br"), ("cross-site", None), ("", None)):
        headers = {"Accept-Encoding": "br", "Sec-Fetch-Site": asked_by}
        answer = noor.client.get(f"/desk?site={site.slug}", headers=headers)
        assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
