"""What others say of a comment: an outside service answers with a verdict, a score and a reason."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from service.domain.screening.signals import Signal, Verdict
from service.domain.text import clean_line

REASON_LONGEST = 300  # characters of a reason that moderators are shown
WEIGHT = 2.0  # of an opinion that is quite sure; as much as readers' flags


class OpinionKind(StrEnum):
    """Who is asked."""

    AKISMET = "akismet"
    HOOK = "hook"


WHO = {OpinionKind.AKISMET: "Akismet", OpinionKind.HOOK: "The site's hook"}
"""How sentences for moderators call them."""


class NotAnOpinion(Exception):
    """An answer that cannot be understood; the message says to whoever wrote the hook what would be right."""


@dataclass(frozen=True)
class Opinion:
    """An answer: what it asks for (never `reject`: the comment is stored by then), how sure it is, 0 to 1, and why."""

    kind: OpinionKind
    verdict: Verdict
    score: float
    reason: str

    @property
    def signal(self) -> Signal:
        """The opinion as moderators see it beside what the phases found."""
        who = WHO[self.kind]
        says = {Verdict.SPAM: "calls it spam", Verdict.HOLD: "wants a person to look"}.get(
            self.verdict, "has no objection"
        )
        detail = f"{who} {says}{f': {self.reason}' if self.reason else ''}."
        score = 0.0 if self.verdict is Verdict.NOTE else round(self.score * WEIGHT, 3)
        return Signal(self.kind.value, self.verdict, score, detail)


def hook_opinion(body: bytes) -> Opinion:
    """Return what a hook answered, as JSON `{"verdict": "note"|"hold"|"spam", "score": 0..1, "reason": "…"}`.

    `score` and `reason` may be left out, other members are not looked at. Raises NotAnOpinion.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAnOpinion("The answer is no JSON.") from None
    if not isinstance(said, dict):
        raise NotAnOpinion("The answer is no JSON object.")
    allowed = {verdict.value: verdict for verdict in (Verdict.NOTE, Verdict.HOLD, Verdict.SPAM)}
    verdict = said.get("verdict")
    if not isinstance(verdict, str) or verdict not in allowed:
        raise NotAnOpinion("`verdict` in the answer is one of `note`, `hold` and `spam`.")
    score = said.get("score", 0.5)
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise NotAnOpinion("`score` in the answer is a number from 0 to 1.")
    reason = said.get("reason") or ""
    if not isinstance(reason, str):
        raise NotAnOpinion("`reason` in the answer is a text.")
    try:
        reason.encode()
    except UnicodeEncodeError:
        raise NotAnOpinion("`reason` in the answer holds half a character.") from None
    line = clean_line(reason).replace("\0", "")
    return Opinion(OpinionKind.HOOK, allowed[verdict], float(score), line[:REASON_LONGEST].rstrip("."))


def akismet_opinion(body: bytes, *, is_blatant: bool) -> Opinion:
    """Return what comment-check answered: `true` is spam, `false` is not; raises NotAnOpinion for anything else.

    `is_blatant` says that the answer came with `X-akismet-pro-tip: discard`, which it gives for the worst alone.
    """
    said = body.strip().lower()
    if said == b"true":
        reason = "of the most blatant kind" if is_blatant else ""
        return Opinion(
            OpinionKind.AKISMET, Verdict.SPAM if is_blatant else Verdict.HOLD, 1.0 if is_blatant else 0.8, reason
        )
    if said == b"false":
        return Opinion(OpinionKind.AKISMET, Verdict.NOTE, 0.0, "")
    raise NotAnOpinion("Akismet answered neither true nor false.")
