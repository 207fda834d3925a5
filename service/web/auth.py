"""Who is calling: the bearer token, its scope, its site and what it spends."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, request

from service.actions.authenticate import authenticate, spend_call
from service.domain.errors import Unauthenticated
from service.domain.permissions import Caller, Scope
from service.web.limit_headers import limit_headers
from service.web.parsing import ApiBlueprint
from service.web.responses import add_headers
from service.web.times import utc_now

View = TypeVar("View", bound=Callable[..., Any])
SCHEME = "bearer"


def caller_if_any() -> Caller | None:
    """Return whom the request's token stands for, or None without a token; raises Unauthenticated for a bad one."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise Unauthenticated
    return authenticate(token.strip(), now=utc_now())


def requires(scope: Scope) -> Callable[[View], View]:
    """Let a view be called only with a token of this scope; the view finds the caller in `the_caller()`.

    The call is charged to the token before anything is looked up. The scope stands in openapi.yaml as `x-scope`.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            caller = caller_if_any()
            if caller is None:
                raise Unauthenticated
            caller.check(scope)
            add_headers(limit_headers(spend_call(caller, now=utc_now())))
            g.caller = caller
            return view(*args, **kwargs)

        documented = ApiBlueprint("requires", __name__).doc(security=[{SCHEME: []}], **{"x-scope": scope.value})
        return documented(guarded)  # type: ignore[no-any-return]

    return decorator


def the_caller() -> Caller:
    """Return the caller of a view behind `requires`."""
    caller = g.caller
    assert isinstance(caller, Caller)
    return caller
