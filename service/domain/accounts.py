"""An account at the desk: what a password has to be, how long offers last, and how often signing in can be tried."""

from __future__ import annotations

from datetime import timedelta

from service.domain.errors import Invalid
from service.domain.limits import Limit
from service.domain.permissions import Role
from service.domain.text import forbidden_character

PASSWORD_MIN = 12  # characters: beyond what can be tried online, and long enough for three words
PASSWORD_MAX = 200  # characters: argon2 takes the same time for any, a request should not be all password
INVITATION_LIFE = timedelta(days=7)
SECOND_STEP_LIFE = timedelta(minutes=10)
"""Between the password and the code: time to find the phone."""
RECOVERY_CODES = 10
BROWSER_MAX = 120  # characters kept of what a browser calls itself

SIGN_IN_BY_ACCOUNT = Limit("sign-in-account", 10, 900)
SIGN_IN_BY_NETWORK = Limit("sign-in-network", 30, 900)
"""Tries in a quarter of an hour. At ten for an account, guessing one password in a million takes five years."""


def check_password(password: str, *, field: str = "password") -> str:
    """Return the password as it is; raises Invalid for one too short, too long, or with a character nobody types."""
    if not password:
        raise Invalid(field, "required", "Please choose a password.")
    if len(password) < PASSWORD_MIN:
        sentence = f"A password has at least {PASSWORD_MIN} characters; three or four words are easy to remember."
        raise Invalid(field, "too_short", sentence)
    if len(password) > PASSWORD_MAX:
        raise Invalid(field, "too_long", f"A password has at most {PASSWORD_MAX} characters.")
    if (name := forbidden_character(password)) is not None:
        raise Invalid(field, "forbidden_character", f"The character {name} cannot be part of a password.")
    return password


def check_is_a_rise(role: Role, *, was: Role | None) -> None:
    """Pass for a higher role than somebody has on the site; raise Invalid for the same or a lower one."""
    ranks = list(Role)
    if was is not None and ranks.index(role) >= ranks.index(was):
        raise Invalid(
            "role",
            "not_a_rise",
            f"You have the role of {was} here already. The link stays good for whom it was made.",
        )


def check_keeps_an_admin(role: Role | None, *, was: Role, admins: int) -> None:
    """Pass unless the last admin of a site would get another `role`, or none; else raise Invalid."""
    if was is Role.ADMIN and role is not Role.ADMIN and admins <= 1:
        raise Invalid("role", "last_admin", "A site keeps at least one admin. Make somebody else one first.")
