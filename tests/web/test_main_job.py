"""The main job, end to end: submitted, held, reviewed, published."""

from __future__ import annotations

from tests.driver import SiteDriver, codes


def test_a_reply_is_held_until_a_moderator_approves_it(site: SiteDriver) -> None:
    sent = site.submit(body="Hello *there*")
    assert sent.status_code == 202
    assert sent.json is not None
    assert sent.json["status"] == "pending"
    assert sent.json["body_html"] == "<p>Hello <em>there</em></p>"
    assert site.page()["comments"] == []

    decided = site.approve(sent.json["id"])
    assert decided.status_code == 201
    (published,) = site.page()["comments"]
    assert published["body_html"] == sent.json["body_html"]
    assert site.page()["article"]["count"] == 1


def test_editing_an_approved_comment_keeps_the_approved_text_published(site: SiteDriver) -> None:
    sent = site.published(body="First thought")
    revised = site.revise(sent, "Second thought")
    assert revised.status_code == 200
    assert revised.get_json()["status"] == "pending"
    assert site.page()["comments"][0]["body_html"] == "<p>First thought</p>"
    assert [item["id"] for item in site.queue()["comments"]] == [sent["id"]]

    late = site.approve(sent["id"], revision=1)
    assert late.status_code == 409
    assert late.get_json()["code"] == "stale_decision"
    assert site.approve(sent["id"], revision=2).status_code == 201
    (comment,) = site.page()["comments"]
    assert comment["body_html"] == "<p>Second thought</p>"
    assert comment["edited_at"] is not None


def test_every_faulty_field_is_named_at_once(site: SiteDriver) -> None:
    response = site.submit(name=" ", email="nobody", body="**", url="ftp://x", article="https://elsewhere.example/1")
    assert response.status_code == 422
    assert codes(response) == {
        "name": "required",
        "email": "not_an_email",
        "body": "required",
        "url": "not_a_url",
        "article": "not_an_origin_of_the_site",
    }
