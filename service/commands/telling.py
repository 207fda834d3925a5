"""How commands tell what they refuse, and what time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

import click

from service.actions.upkeep import CannotUnseal
from service.domain.errors import Invalid, PostbagError, StoreUnavailable

Command = TypeVar("Command", bound=Callable[..., Any])


def utc_now() -> datetime:
    """Return the time as it is now."""
    return datetime.now(UTC)


def told_plainly(command: Command) -> Command:
    """Turn a refusal into one line on standard error and exit code 1."""

    @wraps(command)
    def telling(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except StoreUnavailable as fault:
            hint = "The database does not answer, or has no tables yet: run `flask --app wsgi db upgrade`."
            raise click.ClickException(hint) from fault
        except Invalid as fault:
            raise click.ClickException("; ".join(f"{f.field}: {f.detail}" for f in fault.faults)) from fault
        except PostbagError as fault:
            raise click.ClickException(fault.detail) from fault
        except CannotUnseal as fault:
            hint = "An address was sealed with a key that is neither SECRET_KEY nor in SECRET_KEY_FALLBACKS."
            raise click.ClickException(hint) from fault

    return telling  # type: ignore[return-value]
