"""How well the filter of a site has told spam, before anybody lets it decide by itself."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.learning import MEASURED_AT, Precision, lesson_of, precision_at
from service.domain.permissions import Caller, Permission
from service.store import filters
from service.store.session import reading

LOOKED_BACK = 4_000
"""Entries of the log, from its end, whose decisions are measured: enough to see one error in a hundred, and a page."""


def read_precision(caller: Caller) -> Sequence[Precision]:
    """Return, for some thresholds, how many decided comments had reached them and how many of those were spam.

    Every score was given before the decision, so the filter had not seen the answer. What the filter moved by itself
    counts once a person has decided on it.
    """
    caller.check(Permission.READ_SITE)
    with reading():
        end = filters.end_of_log(caller.site_id)
        decided = filters.decided_between(caller.site_id, max(0, end - LOOKED_BACK), end)
        made = filters.decisions_made(decided, to=end)
        stand = {comment_id: lesson_of(made.get(comment_id, [])) for comment_id in decided}
        scores = filters.scores_of([(comment_id, lesson.revision) for comment_id, lesson in stand.items() if lesson])
    scored = [(scores[c], lesson.is_spam) for c, lesson in stand.items() if lesson is not None and c in scores]
    return [precision_at(threshold, scored) for threshold in MEASURED_AT]
