"""A WSGI function that sends one file, and 304 where it is asked conditionally: the control of `benchmarks.reads`.

`BARE_PAGE` names a file with a line of JSON, the headers, and the body below it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

_told, _, _body = Path(os.environ["BARE_PAGE"]).read_bytes().partition(b"\n")
HEADERS: list[tuple[str, str]] = [(name, value) for name, value in json.loads(_told)]
BODY = (_body,)


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Send the file, or say that it has not changed."""
    if "HTTP_IF_NONE_MATCH" in environ:
        start_response("304 Not Modified", HEADERS)
        return ()
    start_response("200 OK", HEADERS)
    return BODY
