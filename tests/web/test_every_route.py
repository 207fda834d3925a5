"""Every route of the service, walked by the one map of permissions: it opens to whom the map says, and to nobody else.

A route that is new fails here until it has a permission and stands in `CALLS`, or is open to all on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask_migrate import upgrade
from werkzeug.test import TestResponse

from service.domain.permissions import OF_ROLE, OF_SCOPE, Permission, Role, Scope, scopes_for
from service.store.sites import find_site
from service.web.desk.shell import MENU
from tests.commands import running
from tests.desk_driver import DeskBrowser, new_moderator, signed_in
from tests.driver import SiteDriver, make_site
from tests.stored import rows_stored
from tests.web.guarded_calls import CALLS, MARK, Call, Newsroom, all_routes, guarded_routes, open_newsroom

OPEN_TO_ALL = {
    # Readers, and who builds a site.
    "GET /",
    "GET /avatars/<seed>.svg",
    "GET /comments",
    "GET /docs",
    "GET /docs/errors/<code>",
    "GET /embed.js",
    "GET /proof.js",
    "GET /known.js",
    "GET /openapi.yaml",
    "GET /static/<digest>/<name>",
    "GET /v1/comments",
    "POST /v1/comments",
    "POST /v1/comments/<uuid:comment_id>/flags",
    "POST /v1/comments/<uuid:comment_id>/votes",
    "GET /v1/challenge",
    "GET /v1/counts",
    "GET /v1/feed.atom",
    "GET /v1/form-token",
    "POST /v1/preview",
    # Whoever has the receipt is the author.
    "GET /receipts/<token>",
    "POST /receipts/<token>",
    "GET /v1/receipts/<token>",
    "PATCH /v1/receipts/<token>",
    "DELETE /v1/receipts/<token>",
    "POST /v1/receipts/<token>/appeal",
    "POST /v1/receipts/<token>/mine",
    "POST /v1/receipts/<token>/prove",
    "POST /v1/receipts/<token>/vouch",
    # Whoever has the link in a letter has the address that it came to. The first two ask for such a letter.
    "GET /mine",
    "POST /mine",
    "GET /mail/mine/<token>",
    "POST /mail/mine/<token>",
    "GET /mail/mine/<token>/<any('json', 'html'):form>",
    "GET /mail/mine/<token>/proof",
    "GET /mail/prove/<token>",
    "POST /mail/prove/<token>",
    "GET /v1/mine/<token>",
    "DELETE /v1/mine/<token>",
    "POST /v1/proofs/<token>",
    "POST /v1/receipts/<token>/mail",
    # A signed token in a letter is the capability.
    "GET /mail/confirm/<token>",
    "POST /mail/confirm/<token>",
    "GET /mail/stop/<token>",
    "POST /mail/stop/<token>",
    "GET /mail/decide/<token>",
    "POST /mail/decide/<token>",
    "GET /mail/quiet/<token>",
    "POST /mail/quiet/<token>",
    # Who runs the service; what is in front of it keeps others away.
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    # How one comes to be signed in, and stops being it. Whoever has an invitation's link is invited.
    "GET /desk/sign-in",
    "POST /desk/sign-in",
    "POST /desk/sign-out",
    "GET /desk/invitations/<token>",
    "POST /desk/invitations/<token>",
}
WITHOUT_WORDS = {"GET /desk/account", "GET /desk/authors/<uuid:erased_id>/proof"}
"""Pages that tell nothing of the site: one's own account, and a proof that nothing is left of an author."""
ANY_ID = re.compile(r"UUID\('([0-9a-f-]+)'\)")
OWN_ID = re.compile(rf"'id': {ANY_ID.pattern}")

Send = Callable[[Call], TestResponse]


@pytest.fixture(scope="module")
def app(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Return an application on a database of these tests alone, since they compare all that it holds."""
    folder = tmp_path_factory.mktemp("walk")
    with running(f"sqlite:///{folder / 'walk.sqlite'}", redis_url, folder) as app:
        with app.app_context():
            upgrade()
        yield app


@pytest.fixture
def newsroom(app: Flask) -> Newsroom:
    """Return a new site full of marked words."""
    return open_newsroom(app)


@pytest.fixture
def elsewhere(app: Flask) -> SiteDriver:
    """Return another site, without limits and without a marked word."""
    return make_site(app, limits="off")


@contextmanager
def nothing_changed(newsroom: Newsroom, but_on: SiteDriver | None = None) -> Iterator[None]:
    """Fail where the block changes any row of the database, but for those of the site named; or claims a comment.

    A row of that site which names anything of the newsroom is a change too: a note of ours on a comment of theirs.
    """
    app = newsroom.site.app
    before = rows_stored(app)
    yield
    changed = before ^ rows_stored(app)
    if but_on is not None:
        with app.app_context():
            theirs, ours = find_site(newsroom.slug).id, find_site(but_on.slug).id
        their_ids = {found for _, site_id, row in before if site_id == theirs for found in OWN_ID.findall(row)}
        changed = {row for row in changed if row[1] != ours or their_ids & set(ANY_ID.findall(row[2]))}
    assert not changed
    assert [item["claim"] for item in newsroom.site.queue(limit=100)["comments"] if item["claim"]] == []


def holding(site: SiteDriver, bearer: dict[str, str]) -> Send:
    """Return how somebody calls who has a token."""
    client = site.app.test_client()
    return lambda call: client.open(**call.at(site.slug), headers=bearer)


def sitting_at(browser: DeskBrowser, slug: str) -> Send:
    """Return how somebody calls who is signed in, on a page that is about this site."""
    return lambda call: browser.client.open(**call.at(slug), headers={"X-CSRF-Token": browser.csrf})


def asks_to_sign_in(answer: TestResponse, call: Call) -> bool:
    """True where the answer is what a page of the desk says to strangers."""
    if call.is_safe:
        return answer.status_code == 303 and answer.location.startswith("/desk/sign-in?next=")
    return answer.status_code == 401 and 'type="password"' in answer.text


def is_refused(answer: TestResponse, call: Call) -> bool:
    """True for an answer that says no, and nothing else, to somebody who is known."""
    if call.is_page or call.method == "HEAD":
        return answer.status_code == 403
    return (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")


def says_no_more_than_not_found(answer: TestResponse) -> bool:
    """True where the whole was refused, or what is named in the body was not found on the caller's own site."""
    if answer.status_code in {403, 404}:
        return True
    body = answer.get_json(silent=True) or {}
    results = body.get("results", [])
    is_unknown_reason = [fault["code"] for fault in body.get("errors", [])] == ["unknown_reason"]
    return is_unknown_reason or (bool(results) and all(result["status"] == 404 for result in results))


def test_every_route_has_a_permission_or_is_open_on_purpose(app: Flask) -> None:
    guarded = guarded_routes(app)
    assert set(all_routes(app)) - set(guarded) == OPEN_TO_ALL
    assert set(CALLS) == set(guarded)


def test_every_permission_is_given_by_the_map_and_asked_for_by_a_route(app: Flask) -> None:
    given = set[Permission]().union(*OF_ROLE.values(), *OF_SCOPE.values())
    assert given == set(Permission)
    asked_for_inside = {Permission.READ_EMAIL, Permission.RELEASE_CLAIMS, Permission.SUBMIT_FROM_SERVER}
    assert set(guarded_routes(app).values()) - {None} == given - asked_for_inside


def test_a_viewer_has_no_permission_that_changes_anything(app: Flask) -> None:
    changing = {route: asked for route, asked in guarded_routes(app).items() if not route.startswith("GET ")}
    assert [route for route, asked in changing.items() if asked in OF_ROLE[Role.VIEWER]] == []


def test_the_menu_shows_what_the_pages_behind_it_open_to(app: Flask) -> None:
    guarded = guarded_routes(app)
    assert {address: permission for address, _, permission in MENU} == {
        address: guarded[f"GET {address}"] for address, _, _ in MENU
    }


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_the_map_says(newsroom: Newsroom, role: Role) -> None:
    guarded, calls = guarded_routes(newsroom.site.app), newsroom.calls()
    send = sitting_at(signed_in(newsroom.site, role), newsroom.slug)
    for call in calls:
        permission = guarded[call.route]
        check_opens(send(call), call, is_open=permission is None or permission in OF_ROLE[role])


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_opens_what_the_map_says_and_no_page(newsroom: Newsroom, scope: Scope) -> None:
    guarded, calls = guarded_routes(newsroom.site.app), newsroom.calls()
    send = holding(newsroom.site, newsroom.site.another_token(scope))
    for call in calls:
        answer, permission = send(call), guarded[call.route]
        if call.is_page:
            assert asks_to_sign_in(answer, call), call
            continue
        is_open = permission in OF_SCOPE[scope]
        check_opens(answer, call, is_open=is_open)
        if not is_open and call.method != "HEAD":
            assert all(f"`{one}`" in answer.get_json()["detail"] for one in scopes_for(permission)), call


def check_opens(answer: TestResponse, call: Call, *, is_open: bool) -> None:
    """Check that the call did what it is for, or was refused in full."""
    if not is_open:
        assert is_refused(answer, call), (call, answer.status_code)
        assert MARK not in answer.text, call
        return
    assert answer.status_code < 400, (call, answer.status_code, answer.text)
    # The mark is where the refusals are searched for it; else they would prove nothing.
    if call.method == "GET" and call.route not in WITHOUT_WORDS:
        assert MARK in answer.text, call


def test_whoever_lost_their_role_is_let_in_nowhere_from_the_next_call_on(newsroom: Newsroom) -> None:
    noor, _other_admin = signed_in(newsroom.site, "admin"), new_moderator(newsroom.site, "admin")
    send, calls = sitting_at(noor, newsroom.slug), newsroom.calls()
    gone = newsroom.site.client.delete(f"/v1/moderation/moderators/{noor.id}", headers=newsroom.site.bearer)
    assert gone.status_code == 204
    guarded = guarded_routes(newsroom.site.app)
    with nothing_changed(newsroom):
        for call in calls:
            if guarded[call.route] is not None:
                answer = send(call)
                assert answer.status_code in {403, 404}, (call, answer.status_code)
                assert MARK not in answer.text, call


@pytest.mark.parametrize("who", ["nobody", "a made-up token", "a made-up session", "an ended session", "a page"])
def test_strangers_are_sent_away(newsroom: Newsroom, who: str) -> None:
    client, headers = newsroom.site.app.test_client(), {}
    if who == "a made-up token":
        headers = {"Authorization": "Bearer pb_made-up"}
    elif who == "a page":
        headers = {"Origin": newsroom.site.origin}
    elif who != "nobody":
        noor = signed_in(newsroom.site, "admin")
        headers, cookie = {"X-CSRF-Token": noor.csrf}, noor.cookie
        if who == "an ended session":
            noor.sign_out()
        client.set_cookie("postbag", cookie if who == "an ended session" else "pbs_made-up")
    calls = newsroom.calls()
    with nothing_changed(newsroom):
        for call in calls:
            answer = client.open(**call.at(newsroom.slug), headers=headers)
            if call.is_page and not (who == "a page" and not call.is_safe):
                assert asks_to_sign_in(answer, call), (call, answer.status_code)
            elif call.is_page:
                # Another site's form must not wait in ours for somebody to sign in.
                assert answer.status_code == 403, call
            else:
                assert answer.status_code == 401, (call, answer.status_code)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert MARK not in answer.text, call


def test_asking_for_the_methods_of_a_route_tells_nothing_else(newsroom: Newsroom) -> None:
    calls = newsroom.calls()
    with nothing_changed(newsroom):
        for call in calls:
            answer = newsroom.site.client.options(call.address)
            assert (answer.status_code, answer.data) == (200, b""), call
            assert call.method in answer.headers["Allow"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MODERATOR])
def test_a_moderator_of_another_site_is_refused(newsroom: Newsroom, elsewhere: SiteDriver, role: Role) -> None:
    send, calls = sitting_at(signed_in(elsewhere, role), newsroom.slug), newsroom.calls()
    check_foreign(newsroom, calls, send)


def test_a_token_of_another_site_is_refused(newsroom: Newsroom, elsewhere: SiteDriver) -> None:
    client, calls = elsewhere.app.test_client(), newsroom.calls()
    check_foreign(newsroom, calls, lambda call: client.open(**call.at(newsroom.slug), headers=elsewhere.bearer))


def check_foreign(newsroom: Newsroom, calls: list[Call], send: Send) -> None:
    """Check that calls which name the site are refused, with no word of it, and change nothing at all."""
    guarded = guarded_routes(newsroom.site.app)
    with nothing_changed(newsroom):
        for call in calls:
            if guarded[call.route] is None:
                continue
            answer = send(call)
            is_stranger = call.is_page and asks_to_sign_in(answer, call)
            assert is_stranger or says_no_more_than_not_found(answer), (call, answer.status_code, answer.text)
            assert MARK not in answer.text, call


@pytest.mark.parametrize("by", ["session", "token"])
def test_ids_of_another_site_lead_to_nothing_of_it(newsroom: Newsroom, elsewhere: SiteDriver, by: str) -> None:
    noor = signed_in(elsewhere, "admin")
    send = sitting_at(noor, elsewhere.slug) if by == "session" else holding(elsewhere, elsewhere.bearer)
    guarded, calls = guarded_routes(newsroom.site.app), newsroom.calls()
    with nothing_changed(newsroom, but_on=elsewhere):
        for call in calls:
            if guarded[call.route] is not None:
                answer = send(call)
                assert answer.status_code < 500, call
                assert MARK not in answer.text, call


def test_a_role_on_one_site_lends_nothing_to_a_lesser_one_on_another(newsroom: Newsroom, elsewhere: SiteDriver) -> None:
    noor = signed_in(elsewhere, "admin")
    invited = newsroom.site.client.post(
        "/v1/moderation/invitations", json={"name": "Noor", "role": "viewer"}, headers=newsroom.site.bearer
    )
    assert noor.post(invited.get_json()["url"].removeprefix("http://localhost")).status_code == 303
    guarded, calls = guarded_routes(newsroom.site.app), newsroom.calls()
    with nothing_changed(newsroom, but_on=elsewhere):
        for call in calls:
            permission = guarded[call.route]
            if permission is None:
                continue
            for slug in (elsewhere.slug, newsroom.slug):
                answer = sitting_at(noor, slug)(call)
                assert answer.status_code < 500, call
                if slug == newsroom.slug and permission not in OF_ROLE[Role.VIEWER]:
                    assert is_refused(answer, call), (call, answer.status_code)


def test_a_session_alone_changes_nothing_without_the_token_of_its_pages(newsroom: Newsroom) -> None:
    noor, tom = signed_in(newsroom.site, "admin"), signed_in(newsroom.site, "admin", "Tom")
    calls = [call for call in newsroom.calls() if not call.is_safe]
    forged = [
        {},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": tom.csrf},
        {"X-CSRF-Token": noor.csrf, "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": noor.csrf, "Origin": "https://evil.example"},
    ]
    with nothing_changed(newsroom):
        for call in calls:
            for headers in forged:
                answer = noor.client.open(**call.at(newsroom.slug), headers=headers)
                assert is_refused(answer, call), (call, headers, answer.status_code)


def test_a_token_needs_no_token_of_a_page_also_where_a_session_comes_along(newsroom: Newsroom) -> None:
    viewer, calls = signed_in(newsroom.site, "viewer"), newsroom.calls()
    for call in calls:
        if not call.is_page:
            answer = viewer.client.open(**call.at(newsroom.slug), headers=newsroom.site.bearer)
            assert answer.status_code < 400, (call, answer.status_code, answer.text)


def test_the_database_is_compared_in_all_that_could_change(newsroom: Newsroom) -> None:
    for change in (
        newsroom.comment,
        newsroom.batch,
        newsroom.reason,
        newsroom.rule,
        newsroom.invitation,
        newsroom.moderator,
    ):
        with pytest.raises(AssertionError), nothing_changed(newsroom):
            change()
    comment = newsroom.comment()
    with pytest.raises(AssertionError), nothing_changed(newsroom):
        newsroom.site.client.put(f"/v1/moderation/comments/{comment}/claim", headers=newsroom.site.bearer)
