"""Operators make sites and tokens; every request begins by finding its site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from service.actions import announce, flood
from service.actions.record import record
from service.adapters.keyring import new_token, token_hash
from service.domain.article_keys import parse_origin
from service.domain.comment import TITLE_MAX
from service.domain.errors import Invalid, NotFound, UnknownSite
from service.domain.known_readers import ReaderTrust
from service.domain.life import COMMAND, Actor
from service.domain.limit_settings import LimitOverrides, parse_limit_overrides
from service.domain.log import LogKind
from service.domain.permissions import Caller, Permission, Scope
from service.domain.reasons import FIRST_REASONS
from service.domain.retention import check_terms
from service.domain.site import (
    DEFAULT_MAX_DEPTH,
    MOST_ORIGINS,
    REVISE_WINDOW,
    Policy,
    Site,
    check_close_after_days,
    check_flag_threshold,
    check_late_after_minutes,
    check_max_depth,
    check_revise_window,
    check_slug,
    check_spam_threshold,
    check_trusted_after,
    is_slug,
)
from service.domain.writing import Faults, check_line
from service.store import reasons, sites, tokens
from service.store.session import reading, writing
from service.store.tokens import Token


def find_site(slug: str) -> Site:
    """Return the site of this slug; raises UnknownSite."""
    if not is_slug(slug):
        raise UnknownSite
    with reading():
        return sites.find_site(slug)


def find_site_of_published(comment_id: UUID) -> Site:
    """Return the site of a comment that readers see; raises NotFound for any other, whether it exists or not."""
    with reading():
        site = sites.find_site_of_published(comment_id)
    if site is None:
        raise NotFound
    return site


def read_site(caller: Caller, *, now: datetime) -> Site:
    """Return the caller's site, with its flood as it stands now; raises Forbidden for who may not see its settings."""
    caller.check(Permission.READ_SITE)
    with reading():
        site = sites.get_site(caller.site_id)
    return flood.look(site, now=now)


def list_sites() -> list[Site]:
    """Return every site, by slug."""
    with reading():
        return sites.list_sites()


def create_site(slug: str, *, name: str, origins: Iterable[str], now: datetime, actor: Actor = COMMAND) -> Site:
    """Make a site that holds every reply, with the default limits and a few canned reasons.

    Raises Invalid where its slug is taken.
    """
    site = Site(
        id=sites.new_site_id(now),
        slug=check_slug(slug),
        name=_checked_name(name),
        origins=_checked_origins(origins),
        policy=Policy.ALL,
        limits=None,
        max_depth=DEFAULT_MAX_DEPTH,
        revise_window=REVISE_WINDOW,
    )
    with writing():
        sites.add_site(site, now=now)
        reasons.add_reasons(site.id, FIRST_REASONS, first=0, now=now)
        details = {name: [None, value] for name, value in settings_told(site).items()}
        details["reasons"] = [None, [title for title, _ in FIRST_REASONS]]
        record(site.id, LogKind.SITE, "create", actor=actor, subject=site.slug, details=details, now=now)
    return site


def change_site(
    slug: str,
    *,
    now: datetime,
    actor: Actor = COMMAND,
    name: str | None = None,
    origins: Iterable[str] | None = None,
    policy: Policy | None = None,
    limits: object = None,
    max_depth: int | None = None,
    revise_window: timedelta | None = None,
    flag_threshold: int | None = None,
    trusted_after: int | None = None,
    close_after_days: int | None = None,
    spam_threshold: float | None = None,
    late_after_minutes: int | None = None,
    reader_trust: ReaderTrust | None = None,
    retention: Mapping[str, int | None] | None = None,
) -> Site:
    """Change what is given of a site and return it; None leaves a value as it is. The log tells what was and what is.

    Raises UnknownSite, and Invalid for every value at fault. `close_after_days`, `spam_threshold` and
    `late_after_minutes` are 0 for never. `limits` is "off",
    "default", or a mapping such as `{"client": (10, 60)}` that is laid over the default limits. `retention` is days by
    what is kept, None for ever, and leaves what it does not name.
    """
    changes = check_changes(
        name=name,
        origins=origins,
        policy=policy,
        limits=limits,
        max_depth=max_depth,
        revise_window=revise_window,
        flag_threshold=flag_threshold,
        trusted_after=trusted_after,
        close_after_days=close_after_days,
        spam_threshold=spam_threshold,
        late_after_minutes=late_after_minutes,
        reader_trust=reader_trust,
        retention=retention,
    )
    with writing():
        # Held, so that of two who change different things at once neither undoes what the other one did.
        before = sites.hold_site(sites.find_site(slug).id)
        if "retention" in changes:
            changes["retention"] = dict(before.retention) | dict(changes["retention"])
        site = replace(before, **changes)
        if site != before:
            site = sites.save_site(site, now=now)
            announce.site_changed(site.id)
            was, told = settings_told(before), settings_told(site)
            details = {name: [was[name], value] for name, value in told.items() if was[name] != value}
            record(site.id, LogKind.SITE, "change", actor=actor, subject=slug, details=details, now=now)
    return site


def check_changes(**given: Any) -> dict[str, Any]:
    """Return the fields of Site that `change_site` would change, checked; raises Invalid for every value at fault."""
    faults = Faults()
    changes = {}
    for name, value in given.items():
        if value is not None:
            field, check = _CHECKS[name]
            changes[field] = faults.gather(partial(check, value), None)
    faults.raise_if_any()
    return changes


def settings_told(site: Site) -> dict[str, Any]:
    """Return every setting of a site as JSON has it; the names are those of the columns."""
    limits = site.limits
    return {
        "name": site.name,
        "origins": list(site.origins),
        "policy": site.policy.value,
        "trusted_after": site.trusted_after,
        "limits": limits if limits is None or isinstance(limits, str) else {n: list(p) for n, p in limits.items()},
        "max_depth": site.max_depth,
        "revise_seconds": int(site.revise_window.total_seconds()),
        "flag_threshold": site.flag_threshold,
        "close_after_days": None if site.close_after is None else site.close_after.days,
        "spam_threshold": site.spam_threshold,
        "late_after_minutes": None if site.late_after is None else int(site.late_after.total_seconds()) // 60,
        "reader_trust": site.reader_trust.value,
        "retention": {kept.value: days for kept, days in site.retention.items()},
    }


def create_token(slug: str, *, name: str, scopes: Sequence[Scope], now: datetime, actor: Actor = COMMAND) -> str:
    """Make a token bound to a site and return it; only its hash is stored, so it cannot be shown again."""
    token = new_token("pb_")
    name = _checked_name(name)
    with writing():
        site = sites.find_site(slug)
        tokens.add_token(site_id=site.id, name=name, token_hash=token_hash(token), scopes=scopes, now=now)
        details = {"scopes": [None, sorted(scope.value for scope in scopes)]}
        record(site.id, LogKind.TOKEN, "create", actor=actor, subject=name, details=details, now=now)
    return token


def list_tokens(slug: str) -> list[Token]:
    """Return what is known of a site's tokens, the first made first."""
    with reading():
        return tokens.list_tokens(sites.find_site(slug).id)


def revoke_token(slug: str, token_id: UUID, *, now: datetime, actor: Actor = COMMAND) -> bool:
    """Make a token useless from now on; False where the site has no such token in use."""
    with writing():
        site = sites.find_site(slug)
        name = tokens.revoke_token(token_id, site_id=site.id, now=now)
        if name is not None:
            record(site.id, LogKind.TOKEN, "revoke", actor=actor, subject=name, now=now)
    return name is not None


def _checked_name(name: str) -> str:
    line = check_line("name", name, most=TITLE_MAX)
    if not line:
        raise Invalid("name", "required", "A name is needed.")
    return line


def _checked_origins(origins: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parse_origin(origin) for origin in origins))


def _some_origins(origins: Iterable[str]) -> tuple[str, ...]:
    checked = _checked_origins(origins)
    if not checked:
        raise Invalid("origins", "required", "A site needs an origin; without one no page could send a reply.")
    if len(checked) > MOST_ORIGINS:
        raise Invalid("origins", "too_many", f"A site has at most {MOST_ORIGINS} origins.")
    return checked


def _checked_limits(limits: object) -> LimitOverrides:
    return None if limits == "default" else parse_limit_overrides(limits)


_CHECKS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("name", _checked_name),
    "origins": ("origins", _some_origins),
    "policy": ("policy", Policy),
    "limits": ("limits", _checked_limits),
    "max_depth": ("max_depth", check_max_depth),
    "revise_window": ("revise_window", check_revise_window),
    "flag_threshold": ("flag_threshold", check_flag_threshold),
    "trusted_after": ("trusted_after", check_trusted_after),
    "close_after_days": ("close_after", check_close_after_days),
    "spam_threshold": ("spam_threshold", check_spam_threshold),
    "late_after_minutes": ("late_after", check_late_after_minutes),
    "reader_trust": ("reader_trust", ReaderTrust),
    "retention": ("retention", check_terms),
}
"""What `change_site` takes: the field of Site that it becomes, and what checks it."""
