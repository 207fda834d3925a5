"""JSON as a stream: the members of an object and the items of a list one by one, whatever their number.

Each value by itself is read by the standard library; what surrounds them is walked here, so that memory holds one item
and a chunk. Every refusal tells line and column.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from service.adapters.imports.opening import Readable
from service.domain.imports import malformed

CHUNK = 64 * 1024
LONGEST_VALUE = 8 * 2**20  # characters of one item; the longest comments that were met have thirty thousand

_SPACE = re.compile(r"[ \t\r\n]*")
_WORDS = ("true", "false", "null")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class JsonStream:
    """A position in a JSON text; `members`, `items` and `value` move it on."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant)
        self._text = ""
        self._at = 0
        self._lines = 1
        self._column = 1
        self._is_over = False

    def peek(self) -> str:
        """Return the next character that is no space, without passing it; nothing at the end."""
        while True:
            self._at = _match_end(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def members(self) -> Iterator[str]:
        """Yield the name of each member of an object; whoever is told it has to read its value before going on."""
        self._expect("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self.fault("the name of a member is wanted here.")
            name = self.value()
            self._expect(":")
            yield str(name)
            if self._goes_on("}"):
                continue
            return

    def items(self) -> Iterator[Any]:
        """Yield each item of a list as a value."""
        for _ in self.places():
            yield self.value()

    def places(self) -> Iterator[None]:
        """Stop before each item of a list; whoever is told has to read it before going on."""
        self._expect("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield None
            if not self._goes_on("]"):
                return

    def value(self) -> Any:
        """Return the value that stands here, as Python has it; raises Invalid where it is broken or too long."""
        if not self.peek():
            raise self.fault("the file is cut off.")
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > LONGEST_VALUE:
                    raise self.fault(f"one value is broken, or longer than {LONGEST_VALUE:,} characters.") from error
                if not self._more(twice=True):
                    self._at = max(self._at, min(error.pos, len(self._text)))
                    # A word that is cut off, such as `fal`, is told of where it begins.
                    begun = self._text[self._at :]
                    is_cut = error.msg.startswith("Unterminated") or any(w.startswith(begun) for w in _WORDS)
                    raise self.fault("the file is cut off." if is_cut else f"this is no JSON ({error.msg}).") from error
            except (ValueError, RecursionError) as error:
                raise self.fault("this is no JSON, or nested too deep.") from error
            else:
                # A number may go on in the next chunk.
                if end < len(self._text) or not self._more():
                    self._at = end
                    return found

    def skip(self) -> None:
        """Pass the value that stands here, a list item by item."""
        if self.peek() == "[":
            for _ in self.items():
                pass
        else:
            self.value()

    def end(self) -> None:
        """Pass only where nothing follows but space; raises Invalid otherwise."""
        if self.peek():
            raise self.fault("something follows after the end of the export.")

    def fault(self, what: str) -> Exception:
        """Return the refusal of what stands here."""
        before = self._text[: self._at]
        line = self._lines + before.count("\n")
        newline = before.rfind("\n")
        column = self._column + len(before) if newline < 0 else len(before) - newline
        return malformed(f"line {line}, column {column}", what)

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise self.fault("the file is cut off." if not self.peek() else f"“{character}” is wanted here.")
        self._at += 1

    def _goes_on(self, closing: str) -> bool:
        found = self.peek()
        if found not in {",", closing}:
            raise self.fault("the file is cut off." if not found else f"“,” or “{closing}” is wanted here.")
        self._at += 1
        return found == ","

    def _more(self, *, twice: bool = False) -> bool:
        """Read on, as much again as waits where `twice` is said; False at the end."""
        wanted = max(CHUNK, len(self._text) - self._at) if twice else CHUNK
        if self._is_over:
            return False
        passed = self._text[: self._at]
        newlines = passed.count("\n")
        self._lines += newlines
        self._column = len(passed) - passed.rfind("\n") if newlines else self._column + len(passed)
        pieces, got = [self._text[self._at :]], 0
        while got < wanted:
            chunk = self._stream.read(CHUNK)
            try:
                text = self._decode.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise self.fault("the file is not in UTF-8.") from error
            pieces.append(text)
            got += len(text)
            if not chunk:
                self._is_over = True
                break
        self._text, self._at = "".join(pieces), 0
        return got > 0


def _match_end(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found is not None else at
