"""The tables. One class a table; reads and writes live in one module a noun in `store/`.

Hot statements are written with Core against these classes; no row object leaves the store.
"""

from __future__ import annotations

from service.store.models.comments import (
    NARROWED,
    SEARCHED_WORDS,
    ArticleRow,
    AuthorRow,
    CommentRow,
    IdempotencyRow,
    RevisionRow,
    SignalRow,
    SketchRow,
)
from service.store.models.imports import ImportedArticleRow, ImportedRow, ImportPieceRow, ImportRow
from service.store.models.log import LogHeadRow, LogRow, PastLogRow
from service.store.models.people import (
    InvitationRow,
    MembershipRow,
    ModeratorRow,
    RecoveryCodeRow,
    SessionRow,
    TokenRow,
)
from service.store.models.remarks import FlagRow, NoteRow, VoteRow
from service.store.models.sites import (
    FilterRow,
    OpinionSettingsRow,
    ReaderKeyRow,
    ReasonRow,
    RetentionRunRow,
    RuleRow,
    SiteCounterRow,
    SiteRow,
)
from service.store.models.told import (
    DeliveryRow,
    OutboxRow,
    SubscriptionNewsRow,
    SubscriptionRow,
    UnaskedLetterRow,
    WebhookRow,
)

__all__ = [
    "NARROWED",
    "SEARCHED_WORDS",
    "ArticleRow",
    "AuthorRow",
    "CommentRow",
    "DeliveryRow",
    "FilterRow",
    "FlagRow",
    "IdempotencyRow",
    "ImportPieceRow",
    "ImportRow",
    "ImportedArticleRow",
    "ImportedRow",
    "InvitationRow",
    "LogHeadRow",
    "LogRow",
    "MembershipRow",
    "ModeratorRow",
    "NoteRow",
    "OpinionSettingsRow",
    "OutboxRow",
    "PastLogRow",
    "ReaderKeyRow",
    "ReasonRow",
    "RecoveryCodeRow",
    "RetentionRunRow",
    "RevisionRow",
    "RuleRow",
    "SessionRow",
    "SignalRow",
    "SiteCounterRow",
    "SiteRow",
    "SketchRow",
    "SubscriptionNewsRow",
    "SubscriptionRow",
    "TokenRow",
    "UnaskedLetterRow",
    "VoteRow",
    "WebhookRow",
]
