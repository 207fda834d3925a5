"""What integrators send and get when they bring comments in or take a site out."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.domain.imports import System
from service.web.schemas.fields import Choice, Moment, StrictSchema, Text, Word, YesInQuery, absent

STATUSES = ("waiting", "running", "tried", "done", "failed", "undoing", "undone")


class ExportQuery(StrictSchema):
    """Which site is taken out, and whether with addresses."""

    site = Text(load_default=absent, metadata={"description": "A token's own site; a moderator's first by default."})
    emails = YesInQuery(metadata={"description": "With authors' e-mail addresses; takes the scope `pii` as well."})


class ImportQuery(StrictSchema):
    """What the file is, and what is to be done with it."""

    site = Text(load_default=absent, metadata={"description": "A token's own site; a moderator's first by default."})
    kind = Choice(System, required=True, metadata={"description": "The system whose export it is."})
    dry_run = YesInQuery(metadata={"description": "Only say what would be imported."})
    name = Text(load_default=absent, metadata={"description": "What the file is called, for people."})


class SkippedSchema(Schema):
    """A comment that was not imported."""

    source_id = fields.String(required=True, metadata={"description": "Its id in the file; may be empty."})
    reason = fields.String(required=True)


class NotedSchema(Schema):
    """A comment that was imported otherwise than it was, or an origin of pages that the site does not list."""

    source_id = fields.String(required=True)
    note = fields.String(required=True)


class ProgressSchema(Schema):
    """How far a worker has come."""

    what = fields.String(required=True, metadata={"description": "`reading`, `importing` or `undoing`."})
    done = fields.Integer(required=True)
    total = fields.Integer(required=True, metadata={"description": "Bytes while it reads, else comments."})


class ImportBriefSchema(Schema):
    """An import, without its report."""

    id = fields.UUID(required=True)
    kind = Word(System, required=True)
    file_name = fields.String(required=True)
    status = fields.String(
        required=True,
        metadata={"enum": list(STATUSES), "description": "`tried` is a dry run that is done."},
    )
    dry_run = fields.Boolean(required=True)
    read = fields.Integer(required=True)
    imported = fields.Integer(required=True, metadata={"description": "Of a dry run, what would be imported."})
    skipped_count = fields.Integer(required=True)
    undone = fields.Integer(required=True, metadata={"description": "How many were taken back."})
    progress = fields.Nested(ProgressSchema, required=True, allow_none=True)
    problem = fields.String(
        required=True, allow_none=True, metadata={"description": "What is wrong with the file, with the place."}
    )
    by = fields.String(required=True)
    created_at = Moment(required=True)
    finished_at = Moment(required=True, allow_none=True)


class ImportSchema(ImportBriefSchema):
    """An import and its report, of which the first thousand lines are kept."""

    skipped = fields.List(fields.Nested(SkippedSchema), required=True)
    notes = fields.List(fields.Nested(NotedSchema), required=True)


class ImportsSchema(Schema):
    """The latest imports into a site, the last one first."""

    imports = fields.List(fields.Nested(ImportBriefSchema), required=True)
