"""`/desk/stats`: the numbers of the desk as tables; where scripts run, charts are drawn from the tables themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from service.actions.stats import Numbers, read_stats
from service.domain.errors import Invalid
from service.domain.life import Action
from service.domain.permissions import Permission
from service.web.auth import the_caller
from service.web.desk.filters import day, own_address
from service.web.desk.queue_view import reason_words
from service.web.desk.shell import desk, desk_page
from service.web.times import utc_now

blueprint = Blueprint("desk_stats", __name__, url_prefix="/desk/stats")

ACTION_WORDS = {
    Action.APPROVE: "Approved",
    Action.RESTORE: "Restored",
    Action.REJECT: "Rejected",
    Action.SPAM: "Spam",
    Action.DELETE: "Deleted",
}
SPANS = ((1, "a day"), (7, "a week"), (30, "30 days"), (90, "90 days"))


@blueprint.get("")
@desk_page(Permission.READ_STATS)
def show() -> Response:
    """Answer with the numbers of the last seven days, or of the days that the form names, the last one included."""
    now = utc_now()
    typed = {name: request.args.get(name, "") for name in ("from", "until")}
    faults: dict[str, str] = {}
    numbers: Numbers | None = None
    try:
        since, until = day("from"), day("until", is_last=True)
        # Today is not over; hours that have not come yet would look as if nobody had worked.
        until = now if until is None or (until > now and (since is None or since < now)) else until
        numbers = read_stats(the_caller(), since, until, now=now)
    except Invalid as error:
        faults = {fault.field: fault.detail for fault in error.faults}
    return desk(
        "stats.html",
        422 if faults else 200,
        typed=typed,
        faults=faults,
        numbers=numbers,
        actions=ACTION_WORDS,
        waiting=_waiting(numbers, now),
        duration=duration,
        reason_words=reason_words,
        spans=[(words, _days_before(now, days)) for days, words in SPANS],
    )


def _waiting(numbers: Numbers | None, now: datetime) -> str | None:
    if numbers is None or numbers.oldest_pending is None:
        return None
    return duration((now - numbers.oldest_pending).total_seconds())


def _days_before(now: datetime, days: int) -> str:
    return own_address("/desk/stats", **{"from": f"{now - timedelta(days=days):%Y-%m-%d}"})


def duration(seconds: float | None) -> str:
    """Return a time as people say it, in one unit or two: `45 s`, `3 h 20 min`, `4 days`; a dash for None."""
    if seconds is None:
        return "\N{EN DASH}"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    if whole < 172_800:
        hours, minutes = divmod(round(whole / 60), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(whole / 3600), 24)
    return f"{days} days {hours} h" if hours else f"{days} days"
