"""The codes of RFC 6238, and that none is good twice."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from service.domain.totp import code_at, matching_step, provisioning_uri, secret_text, step_at

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
        (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_the_codes_are_those_of_appendix_b(seconds: int, code: str) -> None:
    assert code_at(SECRET, step_at(datetime.fromtimestamp(seconds, UTC))) == code[-6:]


@pytest.mark.parametrize(("seconds_off", "is_good"), [(0, True), (-30, True), (30, True), (-90, False), (90, False)])
def test_a_clock_may_be_half_a_minute_off(seconds_off: int, is_good: bool) -> None:
    code = code_at(SECRET, step_at(NOW + timedelta(seconds=seconds_off)))
    assert (matching_step(SECRET, code, now=NOW, after=None) is not None) is is_good


def test_no_code_is_good_twice_nor_an_earlier_one_afterwards() -> None:
    step = step_at(NOW)
    assert matching_step(SECRET, code_at(SECRET, step), now=NOW, after=step) is None
    assert matching_step(SECRET, code_at(SECRET, step - 1), now=NOW, after=step) is None
    assert matching_step(SECRET, code_at(SECRET, step + 1), now=NOW, after=step) == step + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\ud800"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert matching_step(SECRET, code, now=NOW, after=None) is None


def test_a_code_may_be_typed_in_groups() -> None:
    code = code_at(SECRET, step_at(NOW))
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", now=NOW, after=None) is not None


def test_apps_read_the_secret_from_its_address() -> None:
    parts = urlsplit(provisioning_uri(SECRET, account="noor@example.org"))
    asked = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert asked["secret"] == [secret_text(SECRET)]
    assert asked["issuer"] == ["Postbag"]
    assert base64.b32decode(secret_text(SECRET)) == SECRET
