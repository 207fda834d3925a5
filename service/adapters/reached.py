"""How far a copy of the database has to have come before pages may be read from it.

A position is a number of bytes that the database has written to its log. Who announces a change says at which position
it was committed, or after; a copy that has come as far shows it.
"""

from __future__ import annotations

import threading

from service.adapters.redis_link import renew_after_fork

SIGN = b"@"
"""Before a position in a message or a mark."""


class Reached:
    """The furthest position that this process knows to matter; unknown after anything may have been missed."""

    def __init__(self) -> None:
        self._position: int | None = None
        self._learnt_at = 0.0
        self._doubts = 0
        self._renew_lock()
        renew_after_fork(self._renew_lock)

    def _renew_lock(self) -> None:
        self._guard = threading.Lock()

    def hear(self, position: int | None) -> None:
        """Note the position of a change that was announced; None where whoever announced it could not tell."""
        with self._guard:
            if position is None:
                self._position, self._doubts = None, self._doubts + 1
            elif self._position is not None:
                self._position = max(self._position, position)

    def doubt(self) -> None:
        """Forget the position, since some change may have been missed."""
        self.hear(None)

    def moment(self) -> int:
        """Return a number to be given to `learn` with a position that is asked for now."""
        return self._doubts

    def learn(self, position: int, *, since: int, now: float) -> None:
        """Note how far the database itself was, unless something was missed since it was asked."""
        with self._guard:
            if self._doubts == since:
                self._position, self._learnt_at = max(self._position or 0, position), now

    def position(self) -> int | None:
        """Return how far a copy has to have come, or None where nobody knows."""
        return self._position

    def age(self, now: float) -> float:
        """Return for how many seconds nobody has asked the database itself."""
        return now - self._learnt_at


def marked(word: str, position: int | None) -> str:
    """Return a mark that tells a position beside what it is."""
    return word if position is None else f"{word}{SIGN.decode()}{position}"


def position_in(word: bytes) -> int | None:
    """Return the position that a mark, or one word of a message, tells; None where it tells none."""
    _, sign, digits = word.rpartition(SIGN)
    return int(digits) if sign and digits.isdigit() else None
