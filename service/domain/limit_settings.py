"""Which limits are in force: the defaults, and what a site sets in their places."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from service.domain.errors import FieldFault, Invalid
from service.domain.limits import Limit

DEFAULT_LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        limit.name: limit
        for limit in (
            # One submission is charged to the first ten together; over a soft one, a proof of work is asked for.
            Limit("client", 5, 60),
            Limit("client-hour", 30, 3600),
            Limit("client-hour-soft", 15, 3600),
            # An IPv4 /24 or an IPv6 /48: a neighbourhood, or one person who has many addresses.
            Limit("network", 60, 60),
            Limit("network-soft", 20, 60),
            Limit("email", 5, 60),
            Limit("article", 60, 60),
            Limit("article-soft", 40, 60),
            Limit("site", 600, 60),
            # Counts attempts, also refused ones: from here on the site is under flood (service.domain.flood).
            Limit("site-soft", 200, 60),
            # A preview while typing, and a revision of one's own comment, are charged to the client alone.
            Limit("preview", 60, 60),
            Limit("receipt", 30, 60),
            # A form token is fetched for every form that somebody begins to fill in, and so is a challenge.
            Limit("form", 120, 60),
            # Votes come in bursts while somebody reads; flags do not.
            Limit("vote", 30, 60),
            Limit("flag", 10, 60),
            # Moderators and integrators are known, and limited one by one; a person with one key for each decision, and
            # a desk that asks for news, is quicker than most programs.
            Limit("token", 600, 60),
            Limit("moderator", 3000, 60),
        )
    }
)

FLOOD = "site-soft"
SOFT = "-soft"
"""What the names of soft limits end with."""

LimitOverrides = Mapping[str, tuple[int, int]] | Literal["off"] | None
"""What a site sets for itself: (quota, window in seconds) by name, "off" for no limits, None for the defaults."""


def limits_for(overrides: LimitOverrides) -> Mapping[str, Limit]:
    """Give the limits in force by name: the defaults with the site's own in their places, none at all for "off".

    A site that raises a limit, and does not set the soft one beside it, has that raised in the same proportion.
    """
    if overrides == "off":
        return {}
    if not overrides:
        return DEFAULT_LIMITS
    own = {name: Limit(name, quota, window) for name, (quota, window) in overrides.items()}
    return {**DEFAULT_LIMITS, **_soft_beside(own), **own}


def _soft_beside(own: Mapping[str, Limit]) -> dict[str, Limit]:
    soft = {}
    for name, limit in own.items():
        beside = DEFAULT_LIMITS.get(name + SOFT)
        if beside is not None:
            quota = max(beside.quota, limit.quota * beside.quota // DEFAULT_LIMITS[name].quota)
            soft[beside.name] = Limit(beside.name, quota, limit.window)
    return soft


def parse_limit_overrides(raw: object) -> LimitOverrides:
    """Read limits as a person or a site row gives them; Invalid names every one that cannot be read.

    Accepted are "off", "default" or None, a text such as "client=10/60,email=3/60" (requests / seconds), and a
    mapping of names to "10/60" or to [10, 60].
    """
    if raw is None or raw == "default":
        return None
    if raw == "off":
        return "off"
    overrides: dict[str, tuple[int, int]] = {}
    faults: list[FieldFault] = []
    for name, value in _entries(raw):
        if name in overrides:
            faults.append(FieldFault("limits", "repeated_limit", f"The limit {name!r} is given twice."))
            continue
        try:
            overrides[name] = _parse_limit(name, value)
        except Invalid as error:
            faults.extend(error.faults)
    if faults:
        raise Invalid.of(faults)
    return overrides


def _entries(raw: object) -> list[tuple[str, object]]:
    if isinstance(raw, Mapping):
        return [(str(name), value) for name, value in raw.items()]
    if isinstance(raw, str) and raw.strip():
        parts = (part.partition("=") for part in raw.split(","))
        return [(name.strip(), value) for name, _, value in parts]
    raise Invalid(
        "limits", "malformed_limit", 'Limits are "off", "default" or a list such as "client=10/60,email=3/60".'
    )


def _parse_limit(name: str, value: object) -> tuple[int, int]:
    # Previews concern no site in particular, so none can say how many there may be.
    known_names = [known for known in DEFAULT_LIMITS if known != "preview"]
    if name not in known_names:
        known = ", ".join(known_names)
        raise Invalid("limits", "unknown_limit", f"There is no limit named {name[:40]!r}; there are {known}.")
    pair = value.split("/") if isinstance(value, str) else value
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise _malformed(name)
    quota, window = (_whole_number(part, name) for part in pair)
    try:
        Limit(name, quota, window)
    except ValueError as error:
        raise Invalid("limits", "limit_out_of_range", str(error)) from error
    return quota, window


def _whole_number(part: object, name: str) -> int:
    if isinstance(part, str) and len(part) <= 20 and part.strip().isascii() and part.strip().isdigit():
        return int(part)
    if isinstance(part, int) and not isinstance(part, bool):
        return part
    raise _malformed(name)


def _malformed(name: str) -> Invalid:
    return Invalid("limits", "malformed_limit", f'The limit {name!r} is written as requests/seconds, such as "10/60".')
