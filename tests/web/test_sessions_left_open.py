"""What somebody can do who finds a session that its owner has left open, but does not know the password."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

import pytest

from service.domain.totp import code_at, step_at
from tests.desk_driver import PASSWORD, DeskBrowser, signed_in
from tests.driver import SiteDriver


def offered(noor: DeskBrowser) -> dict[str, str]:
    """Take the offer of a second factor, and return the form that proves it."""
    page = noor.post("/desk/account/second-factor", step="offer").text
    secret, sealed = (
        re.search(pattern, page) for pattern in (r'class="secret">([A-Z2-7]+)<', r'name="sealed" value="([^"]+)"')
    )
    assert secret is not None, page
    assert sealed is not None, page
    code = code_at(base64.b32decode(secret[1]), step_at(datetime.now(UTC)) - 1)
    return {"step": "prove", "sealed": sealed[1], "code": code}


# Each guess costs a fifth of a second on purpose, and what counts them is not the database.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("form", ["password", "second factor"])
def test_the_password_is_guessed_no_faster_than_before_the_sign_in_form(site: SiteDriver, form: str) -> None:
    noor = signed_in(site)

    def guess(password: str) -> int:
        if form == "password":
            fields = {"old_password": password, "new_password": "four other words then"}
            return noor.post("/desk/account/password", **fields).status_code
        return noor.post("/desk/account/second-factor", step="off", password=password).status_code

    assert [guess(f"a wrong guess, number {number}") for number in range(10)] == [422] * 10
    refused = noor.post("/desk/account/password", old_password=PASSWORD, new_password="four other words then")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert guess(PASSWORD) == 429


def test_a_second_factor_in_force_is_not_replaced_without_the_password(site: SiteDriver) -> None:
    noor = signed_in(site)
    earlier, proof = offered(noor), offered(noor)
    assert noor.post("/desk/account/second-factor", **proof).status_code == 200
    refused = noor.post("/desk/account/second-factor", **earlier)
    assert refused.status_code == 422
    assert "Turn the present second factor off first." in refused.text
    assert noor.post("/desk/account/second-factor", step="off", password=PASSWORD).status_code == 303
    assert noor.post("/desk/account/second-factor", **offered(noor)).status_code == 200
