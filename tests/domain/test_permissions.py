"""What a token opens."""

from __future__ import annotations

from itertools import combinations
from uuid import UUID

import pytest

from service.domain.errors import Forbidden
from service.domain.permissions import Caller, Scope

EVERY_SET = [frozenset(some) for size in range(len(Scope) + 1) for some in combinations(Scope, size)]


def caller(scopes: frozenset[Scope]) -> Caller:
    """Return who holds a token of these scopes for the site `news`."""
    return Caller(UUID(int=1), "Mira", UUID(int=2), "news", scopes)


@pytest.mark.parametrize("scopes", EVERY_SET, ids=lambda scopes: "+".join(sorted(scopes)) or "none")
@pytest.mark.parametrize("wanted", list(Scope), ids=lambda scope: scope.value)
def test_a_token_may_do_what_its_scopes_name_and_nothing_else(scopes: frozenset[Scope], wanted: Scope) -> None:
    assert caller(scopes).may(wanted) == (wanted in scopes)
    if wanted in scopes:
        caller(scopes).check(wanted)
    else:
        with pytest.raises(Forbidden, match=f"`{wanted}`"):
            caller(scopes).check(wanted)


@pytest.mark.parametrize("slug", ["", "NEWS", "news2", "other"])
def test_a_token_is_good_for_its_own_site_alone(slug: str) -> None:
    caller(frozenset(Scope)).check_site("news")
    with pytest.raises(Forbidden):
        caller(frozenset(Scope)).check_site(slug)


def test_the_log_names_a_caller_by_their_token() -> None:
    actor = caller(frozenset()).actor
    assert (actor.kind, actor.id, actor.name, actor.is_a_person) == ("token", UUID(int=1), "Mira", True)
