"""`/v1/moderation/sites`: what differs by site, read and changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response

from service.actions import sites
from service.domain.errors import FieldFault, Invalid
from service.domain.permissions import Caller, Permission
from service.domain.site import Site
from service.web.auth import requires, signed_in_if_any, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.sites import SiteChangeSchema, SiteSchema, SitesSchema
from service.web.times import utc_now

blueprint = ApiBlueprint("sites", __name__, url_prefix="/v1/moderation/sites", description="Settings of a site.")

READING = ("unauthenticated", "forbidden", "rate_limited", "store_unavailable")
FIELD_NAMES = {"origin": "origins", "revise_window": "revise_seconds"}
"""What a refusal calls a field where the body has another name for it."""


@blueprint.get("")
@requires(Permission.READ_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, SitesSchema)
@answers("invalid", *READING)
@described("readSites", "List the sites that the caller may see")
def read_sites(query: dict[str, Any]) -> Response:
    """A token's own, or all on which a moderator has a role, by the order in which they got it."""
    callers = [caller for caller in _callers() if query["site"] in {None, caller.site_slug}]
    if not callers:
        the_caller().check_site(query["site"])
    return json_response({"sites": [_view(sites.read_site(caller, now=utc_now())) for caller in callers]})


@blueprint.get("/<slug>")
@requires(Permission.READ_SITE)
@blueprint.response(200, SiteSchema)
@answers(*READING)
@described("readSite", "Read the settings of a site")
def read_site(slug: str) -> Response:
    """Every setting that the site has."""
    the_caller().check_site(slug)
    return json_response(_view(sites.read_site(the_caller(), now=utc_now())))


@blueprint.patch("/<slug>")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteChangeSchema, location="json")
@blueprint.response(200, SiteSchema)
@answers("malformed_json", "too_large", "unsupported_media_type", "invalid", *READING)
@described("changeSite", "Change settings of a site")
def change_site(sent: dict[str, Any], slug: str) -> Response:
    """What was and what is stands in the log then. Nothing changes where one value cannot be accepted."""
    caller = the_caller()
    caller.check_site(slug)
    changes = dict(sent)
    if "limits" in changes and changes["limits"] is None:
        changes["limits"] = "default"
    for never in ("close_after_days", "spam_threshold", "late_after_minutes"):
        if never in changes:
            changes[never] = changes[never] or 0
    if "revise_seconds" in changes:
        changes["revise_window"] = timedelta(seconds=changes.pop("revise_seconds"))
    try:
        site = sites.change_site(slug, actor=caller.actor, now=utc_now(), **changes)
    except Invalid as error:
        renamed = (
            FieldFault(FIELD_NAMES.get(f.field, f.field), f.code, f.detail, f.values, f.says) for f in error.faults
        )
        raise Invalid.of(renamed) from error
    return json_response(_view(site))


def _callers() -> list[Caller]:
    caller = the_caller()
    signed_in = signed_in_if_any()
    if caller.kind == "token" or signed_in is None:
        return [caller]
    return [signed_in.caller_on(membership.site_slug) for membership in signed_in.memberships]


def _view(site: Site) -> dict[str, Any]:
    return {"slug": site.slug} | sites.settings_told(site)
