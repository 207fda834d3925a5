"""What a token and a role open: the one map."""

from __future__ import annotations

from itertools import combinations
from uuid import UUID

import pytest

from service.domain.errors import Forbidden
from service.domain.permissions import OF_ROLE, OF_SCOPE, Caller, Permission, Role, Scope, scopes_for

EVERY_SET = [frozenset(some) for size in range(len(Scope) + 1) for some in combinations(Scope, size)]


def holder(scopes: frozenset[Scope]) -> Caller:
    """Return who holds a token of these scopes for the site `news`."""
    return Caller.of_token(UUID(int=1), "Mira", site_id=UUID(int=2), site_slug="news", scopes=scopes)


def moderator(role: Role) -> Caller:
    """Return somebody with this role on the site `news`."""
    return Caller.of_moderator(UUID(int=1), "Mira", site_id=UUID(int=2), site_slug="news", role=role)


@pytest.mark.parametrize("scopes", EVERY_SET, ids=lambda scopes: "+".join(sorted(scopes)) or "none")
def test_a_token_may_do_what_its_scopes_open_and_nothing_else(scopes: frozenset[Scope]) -> None:
    opened = {permission for scope in scopes for permission in OF_SCOPE[scope]}
    for permission in Permission:
        assert holder(scopes).may(permission) == (permission in opened)
        if permission in opened:
            holder(scopes).check(permission)
        else:
            with pytest.raises(Forbidden, match=f"`{scopes_for(permission)[0]}`"):
                holder(scopes).check(permission)


@pytest.mark.parametrize("role", Role)
def test_a_moderator_may_do_what_the_role_opens_and_nothing_else(role: Role) -> None:
    for permission in Permission:
        assert moderator(role).may(permission) == (permission in OF_ROLE[role])


def test_each_role_may_do_what_the_lower_ones_may() -> None:
    assert OF_ROLE[Role.VIEWER] < OF_ROLE[Role.MODERATOR] < OF_ROLE[Role.ADMIN]


@pytest.mark.parametrize(
    ("role", "permission", "told"),
    [
        (Role.VIEWER, Permission.DECIDE, "you are a viewer; this takes a moderator"),
        (Role.MODERATOR, Permission.CHANGE_SITE, "you are a moderator; this takes an admin"),
        (Role.ADMIN, Permission.REGISTER_ARTICLES, "only with a token"),
    ],
)
def test_a_refusal_names_the_role_that_it_takes(role: Role, permission: Permission, told: str) -> None:
    with pytest.raises(Forbidden, match=told):
        moderator(role).check(permission)


def test_every_permission_is_opened_by_a_scope_and_no_viewer_changes_anything() -> None:
    assert all(scopes_for(permission) for permission in Permission)
    assert not OF_ROLE[Role.VIEWER] & {Permission.DECIDE, Permission.WRITE_NOTES, Permission.CHANGE_SITE}


@pytest.mark.parametrize("slug", ["", "NEWS", "news2", "other"])
def test_a_caller_is_good_for_their_own_site_alone(slug: str) -> None:
    holder(frozenset(Scope)).check_site("news")
    with pytest.raises(Forbidden):
        holder(frozenset(Scope)).check_site(slug)


@pytest.mark.parametrize("caller", [holder(frozenset()), moderator(Role.VIEWER)], ids=["a token", "a moderator"])
def test_the_log_names_a_caller_by_kind_id_and_name(caller: Caller) -> None:
    actor = caller.actor
    assert (actor.kind, actor.id, actor.name, actor.is_a_person) == (caller.kind, UUID(int=1), "Mira", True)
