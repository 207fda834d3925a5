"""What people type, made safe to keep and to compare: names and titles are lines, comments are bodies.

Nothing here knows HTML; a clean text still has to be escaped or rendered before it meets a page.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

# Embedding, override and isolate controls reorder what is shown: a name can pose as another, and one reply can turn
# the rest of a page around (Unicode Technical Report 36, section 2.5).
BIDI_CONTROLS = "\u202a-\u202e\u2066-\u2069"
# Noncharacters are never text (Unicode 23.7), and U+FFFE and U+FFFF cannot stand in the XML of a feed.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane + tail) for plane in range(0, 0x110000, 0x10000) for tail in (0xFFFE, 0xFFFF)
)
_CONTROLS_BUT_WHITESPACE = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"

# A line also loses the implicit marks U+200E, U+200F and U+061C: a name is one run of text and needs no steering.
_NOT_IN_A_LINE = re.compile(f"[{_CONTROLS_BUT_WHITESPACE}{BIDI_CONTROLS}\u200e\u200f\u061c{_NONCHARACTERS}]+")
_NOT_IN_A_BODY = re.compile(f"[{_CONTROLS_BUT_WHITESPACE}\x0b\x0c\x1c-\x1f{BIDI_CONTROLS}{_NONCHARACTERS}]+")
_LINE_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")
_WHITESPACE = re.compile(r"\s+")
_LEADING_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")

_ZERO_WIDTH_JOINERS = "\u200c\u200d"
_INVISIBLE_AT_THE_END = frozenset(
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
    + _ZERO_WIDTH_JOINERS
)
# Variation selectors and emoji tags finish what stands before them ("❤️", the flag of Wales), so they are
# junk only where nothing stands before them.
_INVISIBLE_AT_THE_START = _INVISIBLE_AT_THE_END.union(
    map(chr, (*range(0xFE00, 0xFE10), *range(0x180B, 0x180E), 0x180F, *range(0xE0000, 0xE0200)))
)
_VIRAMA = (
    9  # the canonical combining class of viramas; after one, a joiner chooses the shape of the letter, as in Malayalam
)

# Letters and symbols by category that a reader nevertheless sees nothing of: Hangul fillers and the braille blank.
_DRAWN_EMPTY = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_EMPTY_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Mn", "Me", "Mc"})

# Normalising sorts a run of combining marks in time quadratic to its length: 64 KiB of them cost a second.
# So runs are broken as UAX #15 section 13 (Stream-Safe Text Format) says, which no real text ever notices.
_LONGEST_RUN_OF_MARKS = 30
_MAY_BE_A_LONG_RUN_OF_MARKS = re.compile(
    rf"[^\w\s\x00-\x7f]{{{_LONGEST_RUN_OF_MARKS + 1}}}"
)  # no mark is a word character
_COMBINING_GRAPHEME_JOINER = "\u034f"


def forbidden_character(text: str) -> str | None:
    """Name the character that makes `text` unfit to be kept, or give None; it is refused and never repaired.

    NUL cannot be stored by PostgreSQL and a lone surrogate cannot be encoded as UTF-8.
    """
    if "\x00" in text:
        return "NUL (U+0000)"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"a lone surrogate (U+{ord(text[error.start]):04X})"
    return None


def clean_line(text: str) -> str:
    """Give a name or a title as one tidy line: NFC, no controls, single spaces, nothing invisible at its ends.

    Joiners between letters and emoji stay, for Persian and Indic names and for families.
    Cleaning twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = _WHITESPACE.sub(" ", _NOT_IN_A_LINE.sub("", text))
    return _without_invisible_ends(_normalised(kept))


def clean_body(text: str) -> str:
    r"""Give the text of a comment with `\n` for every kind of line break, NFC, without controls but newline and tab.

    Blank lines before and whitespace after the text go; the indentation of the first line stays, for it may be code.
    Cleaning twice changes nothing.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        # Most texts in English, and nothing of what is looked for below is in them.
        return text.rstrip() if text[:1] not in {" ", "\n"} else _LEADING_BLANK_LINES.sub("", text.rstrip())
    kept = _NOT_IN_A_BODY.sub("", _LINE_BREAK.sub("\n", text))
    return _LEADING_BLANK_LINES.sub("", _normalised(kept).rstrip())


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing: only spaces, controls, format characters, fillers, marks without a letter."""
    if text[:1].isalnum() and text[0] not in _DRAWN_EMPTY:
        return False
    return all(char in _DRAWN_EMPTY or unicodedata.category(char) in _EMPTY_CATEGORIES for char in text)


def folded(text: str) -> str:
    """Give a text as searches compare it: NFC and casefolded, with the Turkish dotted capital as a plain i."""
    # Casefolding makes of U+0130 an i and a dot above, which nobody types.
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", text.replace("\u0130", "i").casefold())


def body_fingerprint(text: str) -> bytes:
    """Give the SHA-256 by which two comments are the same text: of the clean body with whitespace runs as one space."""
    return clean_fingerprint(clean_body(text))


def clean_fingerprint(body: str) -> bytes:
    """Give the same of a body that is clean already."""
    # Space itself is the only whitespace that counts as printable, and most bodies have one at a time.
    has_no_runs = body.isprintable() and "  " not in body and body[:1] != " "
    canonical = body if has_no_runs else " ".join(body.split())
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest()


def _normalised(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _stream_safe(text) if _MAY_BE_A_LONG_RUN_OF_MARKS.search(text) else text)


def _stream_safe(text: str) -> str:
    pieces: list[str] = []
    run = taken = 0
    for index, char in enumerate(text):
        if not unicodedata.combining(char):
            run = 0
            continue
        run += 1
        if run > _LONGEST_RUN_OF_MARKS:
            pieces.append(text[taken:index])
            taken, run = index, 1
    if not pieces:
        return text
    return _COMBINING_GRAPHEME_JOINER.join([*pieces, text[taken:]])


def _without_invisible_ends(line: str) -> str:
    start, end = 0, len(line)
    while start < end and (line[start] == " " or line[start] in _INVISIBLE_AT_THE_START):
        start += 1
    while end > start and (line[end - 1] == " " or line[end - 1] in _INVISIBLE_AT_THE_END):
        if line[end - 1] in _ZERO_WIDTH_JOINERS and end - 1 > start and unicodedata.combining(line[end - 2]) == _VIRAMA:
            break
        end -= 1
    return line[start:end]
