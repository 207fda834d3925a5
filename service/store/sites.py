"""Reads and writes of sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from service.domain.errors import Invalid, UnknownSite
from service.domain.known_readers import ReaderTrust
from service.domain.retention import terms_over_defaults
from service.domain.site import Policy, Site
from service.extensions import db
from service.store.ids import new_id
from service.store.models import CommentRow, SiteRow
from service.store.prepared import run
from service.store.types import UtcDateTime

SITE_COLUMNS = (
    SiteRow.id,
    SiteRow.slug,
    SiteRow.name,
    SiteRow.origins,
    SiteRow.policy,
    SiteRow.limits,
    SiteRow.max_depth,
    SiteRow.revise_seconds,
    SiteRow.flag_threshold,
    SiteRow.trusted_after,
    SiteRow.close_after_days,
    SiteRow.rules_version,
    SiteRow.flood_level,
    SiteRow.flood_since,
    SiteRow.spam_threshold,
    SiteRow.asks,
    SiteRow.late_after_minutes,
    SiteRow.tells,
    SiteRow.reader_trust,
    SiteRow.retention,
    SiteRow.version,
)


def site_from_columns(values: Sequence[Any]) -> Site:
    """Build the site from the values of SITE_COLUMNS, which may be followed by others."""
    (
        site_id,
        slug,
        name,
        origins,
        policy,
        limits,
        max_depth,
        revise_seconds,
        flag_threshold,
        trusted_after,
        close_after_days,
        rules_version,
        flood_level,
        flood_since,
        spam_threshold,
        asks,
        late_after_minutes,
        tells,
        reader_trust,
        retention,
        version,
    ) = values[: len(SITE_COLUMNS)]
    return Site(
        id=site_id,
        slug=slug,
        name=name,
        origins=tuple(origins),
        policy=Policy(policy),
        limits={name: (pair[0], pair[1]) for name, pair in limits.items()} if isinstance(limits, dict) else limits,
        max_depth=max_depth,
        revise_window=timedelta(seconds=revise_seconds),
        flag_threshold=flag_threshold,
        trusted_after=trusted_after,
        close_after=None if close_after_days is None else timedelta(days=close_after_days),
        rules_version=rules_version,
        flood_level=flood_level,
        flood_since=flood_since,
        spam_threshold=spam_threshold,
        asks=tuple(asks.split()),
        late_after=timedelta(minutes=late_after_minutes) if late_after_minutes else None,
        tells=tuple(tells.split()),
        reader_trust=ReaderTrust(reader_trust),
        retention=terms_over_defaults(retention),
        version=version,
    )


def find_site(slug: str) -> Site:
    """Return the site of this slug; raises UnknownSite."""
    rows = run(_BY_SLUG, {"slug": slug})
    if not rows:
        raise UnknownSite
    return site_from_columns(rows[0])


_BY_SLUG = select(*SITE_COLUMNS).where(SiteRow.slug == bindparam("slug"))
"""Made once, since every request begins with it."""


def hold_site(site_id: UUID) -> Site:
    """Return a site that exists, and let nobody else change it or its reasons until the commit; readers pass."""
    held = select(*SITE_COLUMNS).where(SiteRow.id == site_id).with_for_update(key_share=True)
    return site_from_columns(db.session.execute(held).one())


def get_site(site_id: UUID) -> Site:
    """Return a site that exists."""
    return site_from_columns(run(_BY_ID, {"id": site_id})[0])


_BY_ID = select(*SITE_COLUMNS).where(SiteRow.id == bindparam("id"))


def find_site_of_published(comment_id: UUID) -> Site | None:
    """Return the site of a published comment, or None for anything else."""
    row = db.session.execute(
        select(*SITE_COLUMNS)
        .join(CommentRow, CommentRow.site_id == SiteRow.id)
        .where(CommentRow.id == comment_id, CommentRow.published_revision.is_not(None))
    ).one_or_none()
    return None if row is None else site_from_columns(row)


def list_sites() -> list[Site]:
    """Return every site, by slug."""
    return [site_from_columns(row) for row in db.session.execute(select(*SITE_COLUMNS).order_by(SiteRow.slug))]


def add_site(site: Site, *, now: datetime) -> None:
    """Store a new site; raises Invalid where the slug is taken."""
    values = _values(site) | {"id": site.id, "slug": site.slug, "created_at": now}
    try:
        db.session.execute(insert(SiteRow).values(values))
    except IntegrityError as fault:
        raise Invalid("slug", "taken", f"There is a site `{site.slug}` already.") from fault


def save_site(site: Site, *, now: datetime) -> Site:
    """Store every value of a site that people change, and return it; the level of its flood is none.

    The site has to be held, so that its version is the one before.
    """
    values = _values(site)
    # Other days close articles as of some moment long gone: only what they close from now on is told.
    same_days = SiteRow.close_after_days.is_not_distinct_from(values["close_after_days"])
    values["closed_told_until"] = case((same_days, SiteRow.closed_told_until), else_=literal(now, UtcDateTime()))
    change_row(site.id, values)
    return replace(site, version=site.version + 1)


def change_row(site_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of a site, and its version with them."""
    changed = dict(values) | {"version": SiteRow.version + 1}
    db.session.execute(update(SiteRow).where(SiteRow.id == site_id).values(changed))


def version_of(site_id: UUID) -> int:
    """Return the version of a site that exists."""
    [[version]] = run(_VERSION, {"id": site_id})
    return int(version)


_VERSION = select(SiteRow.version).where(SiteRow.id == bindparam("id"))


def move_flood_level(site_id: UUID, *, was: int, becomes: int, now: datetime) -> bool:
    """Store a new level of flood; False where the site has another one than it was, so that one of many tells it."""
    moved = db.session.execute(
        update(SiteRow)
        .where(SiteRow.id == site_id, SiteRow.flood_level == was)
        .values(flood_level=becomes, flood_since=now)
        .returning(SiteRow.id)
    )
    return moved.one_or_none() is not None


def new_site_id(now: datetime) -> UUID:
    """Return an identifier for a site made now."""
    return new_id(now)


def _values(site: Site) -> dict[str, Any]:
    limits = site.limits
    return {
        "name": site.name,
        "origins": list(site.origins),
        "policy": site.policy.value,
        "limits": {name: list(pair) for name, pair in limits.items()} if isinstance(limits, Mapping) else limits,
        "max_depth": site.max_depth,
        "revise_seconds": int(site.revise_window.total_seconds()),
        "flag_threshold": site.flag_threshold,
        "trusted_after": site.trusted_after,
        "close_after_days": None if site.close_after is None else site.close_after.days,
        "spam_threshold": site.spam_threshold,
        "late_after_minutes": 0 if site.late_after is None else int(site.late_after.total_seconds()) // 60,
        "reader_trust": site.reader_trust.value,
        "retention": {kept.value: days for kept, days in site.retention.items()},
    }
