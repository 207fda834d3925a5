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

_NO_ANSWER = "has not answered"


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
        detail = f"{who} {says}{f': {self.reason}' if self.reason else ''}"
        detail += "" if detail.endswith(("!", "?", "…")) else "."
        score = 0.0 if self.verdict is Verdict.NOTE else round(self.score * WEIGHT, 3)
        return Signal(self.kind.value, self.verdict, score, detail)


def not_asked_yet(kind: OpinionKind) -> Signal:
    """Return the note that stands on a reply until the one who is asked about it has answered."""
    detail = f"{WHO[kind]} {_NO_ANSWER} yet; it is asked as soon as a worker comes to it."
    return Signal(kind.value, Verdict.NOTE, 0.0, detail)


def unanswered(kind: OpinionKind, why: str, *, tries: int, is_last: bool) -> Signal:
    """Return what holds a reply where somebody was asked and did not answer; `why` is a sentence."""
    if not is_last:
        return Signal(kind.value, Verdict.HOLD, 0.0, f"{WHO[kind]} {_NO_ANSWER} yet and will be asked again. {why}")
    detail = (
        f"{WHO[kind]} {_NO_ANSWER} in {tries} tries and is not asked again. {why} "
        "Decide without it; whoever runs the service can have it asked once more."
    )
    return Signal(kind.value, Verdict.HOLD, 0.0, detail)


def closed_without_answer(signal: Signal) -> str | None:
    """Return the sentence for a signal whose answer nobody waits for any more; None where there was an answer."""
    kind = next((kind for kind in OpinionKind if kind.value == signal.name), None)
    if kind is None or not signal.detail.startswith(f"{WHO[kind]} {_NO_ANSWER} "):
        return None
    return f"{WHO[kind]} had not answered, and is not asked about this any more."


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
        reason = "of the most blatant kind" if is_blatant else "it is probably spam"
        return Opinion(
            OpinionKind.AKISMET, Verdict.SPAM if is_blatant else Verdict.HOLD, 1.0 if is_blatant else 0.8, reason
        )
    if said == b"false":
        return Opinion(OpinionKind.AKISMET, Verdict.NOTE, 0.0, "")
    raise NotAnOpinion("Akismet answered neither true nor false.")
