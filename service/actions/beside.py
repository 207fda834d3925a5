"""One thing is done in a thread beside this one, so that the database works while the next thing is prepared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from flask import current_app

T = TypeVar("T")


class Beside:
    """Does one thing after another, each in a context of the application of its own."""

    def __init__(self, *, is_threaded: bool) -> None:
        self._app = current_app._get_current_object()  # type: ignore[attr-defined]
        self._thread = ThreadPoolExecutor(1, "beside") if is_threaded else None

    def begin(self, act: Callable[[], T]) -> Callable[[], T]:
        """Begin to do something, and return what waits for it and returns what it came to, or raises what it raised.

        Without a thread it is done at once.
        """
        if self._thread is None:
            done = act()
            return lambda: done
        coming: Future[T] = self._thread.submit(self._in_context, act)
        return coming.result

    def _in_context(self, act: Callable[[], T]) -> T:
        with self._app.app_context():
            return act()

    def close(self) -> None:
        """Wait for what was begun, and end the thread."""
        if self._thread is not None:
            self._thread.shutdown()
