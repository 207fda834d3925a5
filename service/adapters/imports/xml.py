"""XML as a stream of elements that end, in bounded memory, with no entities but the five of XML itself.

expat is asked directly: it tells every position, and nothing is kept of the document but the texts inside the elements
that are asked for. Declaring an entity is refused, so that nothing can expand (billion laughs) or be fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.parsers import expat

from service.adapters.imports.opening import Readable
from service.domain.imports import malformed, wrong_kind

CHUNK = 64 * 1024
LONGEST_TEXT = 4 * 2**20  # characters in one element; a post of a book's length, which is passed over anyway
LONGEST_TAG = 2**20  # bytes of one tag, comment or declaration, which expat keeps until it ends
MOST_INSIDE = 10_000  # elements that are kept of one; those of a comment are fifteen
MOST_NAMES = 1_000  # of elements, that are remembered; exports have a hundred
DEEPEST = 100  # elements within each other; exports have six
_NO_ATTRIBUTES: dict[str, str] = {}


class Element:
    """An element that has ended: its name without prefix, its attributes, its own text, and those kept inside."""

    __slots__ = ("attributes", "inside", "length", "name", "pieces", "prefix", "text")

    def __init__(self, name: str, prefix: str, attributes: dict[str, str]) -> None:
        self.name, self.prefix, self.attributes = name, prefix, attributes
        self.text = ""
        self.inside: list[Element] = []
        self.pieces: list[str] | None = None
        """Its text so far, where it comes in more than one piece."""
        self.length = 0

    def get(self, name: str) -> str:
        """Return the text of the first element of this name inside, without space around it; nothing where none is."""
        found = self.child(name)
        return found.text.strip() if found is not None else ""

    def child(self, name: str) -> Element | None:
        """Return the element of this name inside, one without a prefix before others (`title` before `media:title`)."""
        found = None
        for one in self.inside:
            if one.name == name:
                if not one.prefix:
                    return one
                found = found or one
        return found


CheckRoot = Callable[[dict[str, str]], None]
"""Told the attributes of the root, with their prefixes; raises what is wrong with them."""


def elements(
    stream: Readable,
    *,
    root: str,
    told: frozenset[str],
    taken_out: frozenset[str] = frozenset(),
    dropped: frozenset[str] = frozenset(),
    check_root: CheckRoot = lambda _: None,
) -> Iterator[Element]:
    """Yield each element whose name is in `told` when it ends, with all that stands inside.

    Those in `taken_out` are yielded by themselves also where they stand inside another one, and those in `dropped` are
    passed over with their text. Prefixes are not looked up, since exports use some that they
    never declare. Raises Invalid with line and column where the file is not well-formed or declares entities, and where
    its root is another one.
    """
    reader = _Reader(root, told, taken_out, dropped, check_root)
    fed = 0
    is_first = True
    while chunk := stream.read(CHUNK):
        if is_first:
            # Some exports begin with an empty line, which XML does not allow before its declaration.
            chunk = chunk.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ")
            if not chunk:
                continue
            is_first = False
            if b"<" not in chunk[:8] and b"\x00" not in chunk[:8]:
                raise wrong_kind("This is no XML file.")
        reader.feed(chunk, is_last=False)
        fed += len(chunk)
        if fed - max(0, reader.parser.CurrentByteIndex) > LONGEST_TAG:
            raise malformed(reader.place(), f"one tag or comment is longer than {LONGEST_TAG:,} bytes.")
        yield from reader.take()
    if is_first:
        raise wrong_kind("The file is empty.")
    reader.feed(b"", is_last=True)
    yield from reader.take()


class _Reader:
    def __init__(
        self,
        root: str,
        told: frozenset[str],
        taken_out: frozenset[str],
        dropped: frozenset[str],
        check_root: CheckRoot,
    ) -> None:
        self._root, self._told, self._taken_out, self._dropped = root, told, taken_out, dropped
        self._check_root = check_root
        self._open: list[Element | None] = []
        """What stood open, as far as it is kept, when each of those that are open began."""
        self._current: Element | None = None
        self._known: dict[str, tuple[str, str, bool, bool]] = {}
        self._ready: list[Element] = []
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity
        parser.ExternalEntityRefHandler = self._outside
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def place(self) -> str:
        return f"line {self.parser.CurrentLineNumber}, column {self.parser.CurrentColumnNumber + 1}"

    def feed(self, chunk: bytes, *, is_last: bool) -> None:
        try:
            self.parser.Parse(chunk, is_last)
        except expat.ExpatError as fault:
            said = expat.ErrorString(fault.code)
            what = "the file is cut off or no" if is_last else "this is no"
            what += f" well-formed XML ({said})."
            raise malformed(f"line {fault.lineno}, column {fault.offset + 1}", what) from fault
        except (ValueError, LookupError) as fault:
            raise malformed(self.place(), "the encoding is not one that can be read.") from fault

    def take(self) -> list[Element]:
        ready, self._ready = self._ready, []
        return ready

    def _start(self, full: str, attributes: dict[str, str]) -> None:
        name, prefix, is_told, is_kept = self._known.get(full) or self._learn(full)
        above = self._current
        open_ = self._open
        if not open_:
            if name != self._root:
                raise wrong_kind(f"The file begins with <{name[:100]}>, where <{self._root}> is wanted.")
            self._check_root(attributes)
        elif len(open_) >= DEEPEST:
            raise malformed(self.place(), f"elements stand more than {DEEPEST} deep within each other.")
        open_.append(above)
        if is_kept if above is not None else is_told:
            plain = (
                {key.rpartition(":")[2]: value for key, value in attributes.items()} if attributes else _NO_ATTRIBUTES
            )
            self._current = Element(name, prefix, plain)
        else:
            self._current = None

    def _learn(self, full: str) -> tuple[str, str, bool, bool]:
        """Return what a name means: without its prefix, and whether it is kept by itself, and inside another one."""
        prefix, _, name = full.rpartition(":")
        is_taken_out = name in self._taken_out
        found = (name, prefix, is_taken_out or name in self._told, is_taken_out or name not in self._dropped)
        if len(self._known) < MOST_NAMES:
            self._known[full] = found
        return found

    def _text(self, text: str) -> None:
        element = self._current
        if element is None:
            return
        if not element.length:
            element.text, element.length = text, len(text)
            return
        element.length += len(text)
        if element.length > LONGEST_TEXT:
            raise malformed(self.place(), f"one element has more than {LONGEST_TEXT:,} characters of text.")
        if element.pieces is None:
            element.pieces = [element.text]
        element.pieces.append(text)

    def _end(self, _: str) -> None:
        element = self._current
        self._current = above = self._open.pop()
        if element is None:
            return
        if element.pieces is not None:
            element.text, element.pieces = "".join(element.pieces), None
        if above is None or element.name in self._taken_out:
            self._ready.append(element)
        else:
            above.inside.append(element)
            if len(above.inside) > MOST_INSIDE:
                raise malformed(self.place(), f"one element has more than {MOST_INSIDE:,} others inside.")

    def _entity(self, *_: object) -> None:
        raise malformed(self.place(), "the file declares entities of its own, which no export needs.")

    def _outside(self, *_: object) -> int:
        raise malformed(self.place(), "the file refers to another one, which no export needs.")
