"""Which limits are in force: the defaults are a promise, and a site's own are read with care."""

from __future__ import annotations

import pytest

from service.domain.errors import Invalid
from service.domain.limit_settings import DEFAULT_LIMITS, limits_for, parse_limit_overrides
from service.domain.limits import Limit


def test_the_names_of_the_limits_are_stable() -> None:
    assert {name: (limit.quota, limit.window) for name, limit in DEFAULT_LIMITS.items()} == {
        "client": (5, 60),
        "client-hour": (30, 3600),
        "client-hour-soft": (15, 3600),
        "network": (60, 60),
        "network-soft": (20, 60),
        "email": (5, 60),
        "article": (60, 60),
        "article-soft": (40, 60),
        "site": (600, 60),
        "site-soft": (200, 60),
        "preview": (60, 60),
        "receipt": (30, 60),
        "form": (120, 60),
        "vote": (30, 60),
        "flag": (10, 60),
        "token": (600, 60),
        "moderator": (3000, 60),
    }


def test_a_site_overrides_single_limits_and_keeps_the_rest() -> None:
    limits = limits_for({"client": (10, 30)})
    assert limits["client"] == Limit("client", 10, 30)
    assert limits["email"] == DEFAULT_LIMITS["email"]
    assert list(limits) == list(DEFAULT_LIMITS)


def test_limits_off_means_none_at_all() -> None:
    assert limits_for("off") == {}


def test_without_overrides_the_defaults_are_in_force() -> None:
    assert limits_for(None) == limits_for({}) == DEFAULT_LIMITS


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param("default", None, id="default"),
        pytest.param("off", "off", id="off"),
        pytest.param("client=10/60", {"client": (10, 60)}, id="one"),
        pytest.param(" client = 10/60 , email=3/30", {"client": (10, 60), "email": (3, 30)}, id="two-with-spaces"),
        pytest.param({"client": [10, 60]}, {"client": (10, 60)}, id="json-pair"),
        pytest.param({"client": "10/60"}, {"client": (10, 60)}, id="json-text"),
        pytest.param({}, {}, id="empty"),
    ],
)
def test_limits_are_read_as_people_and_site_rows_give_them(raw: object, expected: object) -> None:
    assert parse_limit_overrides(raw) == expected


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param("visitor=10/60", "unknown_limit", id="unknown-name"),
        pytest.param("client", "malformed_limit", id="no-value"),
        pytest.param("client=10", "malformed_limit", id="no-window"),
        pytest.param("client=10/60/3", "malformed_limit", id="three-parts"),
        pytest.param("client=ten/60", "malformed_limit", id="words"),
        pytest.param("client=-1/60", "malformed_limit", id="negative"),
        pytest.param("client=1e3/60", "malformed_limit", id="exponent"),
        pytest.param("client=١٠/60", "malformed_limit", id="foreign-digits"),
        pytest.param("client=" + "9" * 5000 + "/60", "malformed_limit", id="endless-number"),
        pytest.param("client=0/60", "limit_out_of_range", id="zero"),
        pytest.param("client=10/100000", "limit_out_of_range", id="longer-than-a-day"),
        pytest.param("client=1/60,client=2/60", "repeated_limit", id="twice"),
        pytest.param("", "malformed_limit", id="empty-text"),
        pytest.param({"client": [True, 60]}, "malformed_limit", id="boolean"),
        pytest.param({"client": [1.5, 60]}, "malformed_limit", id="fraction"),
        pytest.param({"client": None}, "malformed_limit", id="null"),
        pytest.param(["client=10/60"], "malformed_limit", id="list"),
        pytest.param(5, "malformed_limit", id="number"),
    ],
)
def test_limits_that_cannot_be_read_are_refused_with_their_code(raw: object, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_limit_overrides(raw)
    assert [(fault.field, fault.code) for fault in refusal.value.faults] == [("limits", code)]


def test_every_wrong_limit_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_limit_overrides("visitor=1/1,client=0/60")
    assert [fault.code for fault in refusal.value.faults] == ["unknown_limit", "limit_out_of_range"]
