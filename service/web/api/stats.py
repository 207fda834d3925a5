"""`/v1/moderation/stats`: what came, what was decided, how long it took, and how it went."""

from __future__ import annotations

from typing import Any

from flask import Response

from service.actions import stats
from service.actions.stats import Numbers
from service.domain.permissions import Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.stats import StatsQuery, StatsSchema
from service.web.times import rfc3339, rfc3339_or_none, utc_now

blueprint = ApiBlueprint("stats", __name__, url_prefix="/v1/moderation/stats", description="The numbers of the desk.")


@blueprint.get("")
@requires(Permission.READ_STATS)
@blueprint.arguments(StatsQuery, location="query")
@blueprint.response(200, StatsSchema)
@answers("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
@described("readStats", "Count what came and what was decided")
def read_stats(query: dict[str, Any]) -> Response:
    """Decisions are those of people and their tools; what the site's policy published by itself waited for nobody."""
    caller = the_caller()
    if query["site"] is not None:
        caller.check_site(query["site"])
    return json_response(_view(stats.read_stats(caller, query["since"], query["until"], now=utc_now())))


def _view(found: Numbers) -> dict[str, Any]:
    return {
        "from": rfc3339(found.since),
        "until": rfc3339(found.until),
        "arrivals": found.arrivals,
        "decisions": found.decisions,
        "undone": found.undone,
        "share_undone": found.share_undone,
        "flood_level": found.site.flood_level,
        "flood_since": rfc3339_or_none(found.site.flood_since),
        "oldest_pending": rfc3339_or_none(found.oldest_pending),
        "median_seconds": found.median,
        "p95_seconds": found.p95,
        "hours": [
            {"hour": rfc3339(hour.begins), "arrivals": hour.arrivals, "decisions": hour.decisions}
            for hour in found.hours
        ],
        "by_reason": [_rate_view(rate) for rate in found.by_reason],
        "by_canned_reason": [_rate_view(rate) for rate in found.by_canned_reason],
        "by_article": [_rate_view(rate) for rate in found.by_article],
        "by_moderator": [_rate_view(rate) | {"undone": rate.undone} for rate in found.by_moderator],
    }


def _rate_view(rate: Any) -> dict[str, Any]:
    return {"id": rate.id, "name": rate.name, "decisions": rate.total, "actions": rate.actions}
