"""How many requests Flask works on at the same time, so that a rush of replies takes the processor from nobody else.

Python computes in one thread at a time, and every thread that wants to has the same share of it. So of a reader's page
there is as much as there are fewer threads at work on replies: two of them keep a core and the database busy, and more
would only take turns. Who waits holds a thread of the server, so it needs some more of these than run here.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.config import MAX_FORM_BYTES

REPLIES_AT_ONCE = 2
OTHERS_AT_ONCE = 4
REPLIES = frozenset({"/v1/comments", "/v1/preview"})


class Lanes:
    """A WSGI application that lets a few replies into the one behind it, and a few of everything else beside them.

    A body arrives before it takes a place, so that whoever sends one octet a second keeps nobody out. A longer one than
    any reply has is read in its place.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._replies = threading.Semaphore(REPLIES_AT_ONCE)
        self._others = threading.Semaphore(OTHERS_AT_ONCE)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer once there is a place; what is streamed is sent without one."""
        is_reply = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in REPLIES
        length = environ.get("CONTENT_LENGTH", "")
        # Other digits than ASCII's are for the application to refuse.
        if length.isascii() and length.isdigit() and 0 < int(length) <= MAX_FORM_BYTES:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
        with self._replies if is_reply else self._others:
            return self._app(environ, start_response)
