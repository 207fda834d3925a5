"""What a letter says, before it is put on paper: plain words, quotes and links, none of them escaped yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from service.domain.errors import Invalid
from service.domain.limits import Limit

SUBJECT_MAX = 150  # characters; more is cut off by every mailbox
QUOTE_MAX = 600  # characters of what somebody wrote: enough to know whether to look


class LetterKind(StrEnum):
    """What letters are about; these words stand in the outbox."""

    DECISION = "decision"
    """To an author who asked for it: what became of their reply, and why."""
    CONFIRM = "confirm"
    """To somebody who asks for letters: whether it was they who asked."""
    PROVE = "prove"
    """To an author: whether the address that a reply was sent with is theirs."""
    MINE = "mine"
    """To an author: the way to everything that they wrote on a site."""
    NEWS = "news"
    """To somebody who confirmed it: who answered them, and what is new in a discussion."""
    HELD = "held"
    """To a moderator: a reply waits."""
    DIGEST = "digest"
    """To a moderator, once a day: what waits."""
    LATE = "late"
    """To a moderator: the oldest has waited longer than the site wants."""


class SubscriptionKind(StrEnum):
    """What an author can ask to be told by mail; these words are the same in the database, in JSON and on the page."""

    DECISION = "decision"
    """What is decided on their reply: one letter."""
    ANSWERS = "answers"
    """That their reply was answered."""
    ARTICLE = "article"
    """That there are new comments in the discussion of the article."""


class MailChoice(StrEnum):
    """Which letters a moderator wants about a site."""

    NONE = "none"
    AT_ONCE = "at_once"
    """One for each reply that waits."""
    DIGEST = "digest"
    """One a day, where anything waits."""
    LATE = "late"
    """One when the oldest has waited longer than the site wants."""


class SubscriptionState(StrEnum):
    """Whether an author is told."""

    OFF = "off"
    WAITING = "waiting"
    """Until they open the link in the letter that asks whether it was they."""
    ON = "on"


CONFIRM_WITHIN = timedelta(days=3)
"""How long the link is good that confirms a subscription."""
UNCONFIRMED_LIFE = timedelta(days=7)
"""How long a subscription is kept that nobody has confirmed."""
NEWS_LIFE = timedelta(days=30)
"""How long is kept of which comments a subscriber was told, so that none is told twice."""
BETWEEN_LETTERS = timedelta(minutes=10)
"""Between two letters to one subscriber about one article: what comes meanwhile is told together."""
LETTER_IS_LOST = timedelta(days=1)
"""After this time a letter that was written down and never settled is waited for no longer."""
UNSUBSCRIBE_WITHIN = timedelta(days=3650)
MOST_UNASKED = 6
"""Letters a day to one address for which nobody has confirmed that it is theirs, over all sites together."""
MOST_TOLD = 10
"""Comments that are quoted in one letter; of more it says how many there are."""


DIGEST_HOUR = 6
"""The hour, in UTC, at which the day begins that a digest is written for."""
DECIDE_WITHIN = timedelta(days=7)
"""How long the links are good by which a moderator decides from a letter."""
AT_ONCE_LIMIT = Limit("moderator-mail", 30, 3600)
"""Letters at once to one moderator about one site: in a flood the desk is the better place."""
LISTED_IN_DIGEST = 5


def check_mail_choice(field: str, given: str) -> MailChoice:
    """Return what is meant; raises Invalid for anything else."""
    try:
        return MailChoice(given)
    except ValueError:
        choices = ", ".join(f"`{choice.value}`" for choice in MailChoice)
        raise Invalid(field, "not_a_choice", f"Choose one of {choices}.") from None


def digest_begins(now: datetime) -> datetime:
    """Return when the day began that a digest is written for."""
    today = now.astimezone(UTC).replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if now >= today else today - timedelta(days=1)


@dataclass(frozen=True)
class Quote:
    """What somebody wrote, and who and where."""

    text: str
    by: str = ""


@dataclass(frozen=True)
class Link:
    """A way out of a letter; `is_main` makes a button of it."""

    label: str
    url: str
    is_main: bool = False


@dataclass(frozen=True)
class Content:
    """What one letter says: first paragraphs, then quotes, then links; `why` is below a line, with the way out."""

    subject: str
    paragraphs: Sequence[str]
    quotes: Sequence[Quote] = ()
    links: Sequence[Link] = ()
    heading: str = ""
    """What it is about, above everything else."""
    why: str = ""
    unsubscribe: Link | None = None
    about: Sequence[UUID] = ()
    """The comments that it tells of."""


def check_subscription_kind(field: str, given: str) -> SubscriptionKind:
    """Return what is meant; raises Invalid for anything else."""
    try:
        return SubscriptionKind(given)
    except ValueError:
        choices = ", ".join(f"`{kind.value}`" for kind in SubscriptionKind)
        raise Invalid(field, "not_a_choice", f"Choose one of {choices}.") from None


def shortened(text: str, most: int) -> str:
    """Return a text, cut at the end of a word where it is longer than that."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    if " " in cut and not text[most - 1].isspace():
        cut = cut.rsplit(None, 1)[0]
    return f"{cut}…"


def one_line(text: str, most: int = SUBJECT_MAX) -> str:
    """Return a text as it can stand in a header: whatever cannot be seen is a space, and there is one at a time."""
    return shortened(" ".join("".join(char if char.isprintable() else " " for char in text).split()), most)
