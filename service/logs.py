"""Logs as one JSON object a line on standard error."""

from __future__ import annotations

import logging
import sys

import structlog

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_OURS: list[structlog.typing.Processor] = [*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
"""The same list for as long as the process lives: a logger that has been put together keeps it."""


def configure_logs() -> None:
    """Send our own lines and those of every library through one JSON renderer; calling it again changes nothing."""
    structlog.configure(
        processors=_OURS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Otherwise a logger is put together anew for each line.
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    if any(getattr(handler, "is_postbag", False) for handler in root.handlers):
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.is_postbag = True  # type: ignore[attr-defined]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # Flask's own server logs paths, which hold receipts, and addresses of clients.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    # Migrations report every step at INFO; a person running them wants the outcome.
    logging.getLogger("alembic").setLevel(logging.WARNING)
