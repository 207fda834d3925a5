"""The remembered verdict of the sanitiser: what comes out is always what the sanitiser itself would have let out."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from service.adapters.markup import _Tools
from service.adapters.raw_tags import ALLOWED_TAGS
from service.adapters.shapes import Shapes

TOOLS = _Tools()
TAGS = sorted(ALLOWED_TAGS)
PIECES = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
    st.sampled_from(["<p>", "</p>", "<em>", "</em>", "<li>", "</a>", "\n", " ", "<pre>\n", "&amp;", "&lt;", "&quot;"]),
    st.sampled_from(
        ["<script>", "<td>", "<a href=x>", "<A>", "<!--", "-->", "&#58;", "&amp", "&nbsp;", "<", ">", "\0"]
    ),
    st.sampled_from(["a", "script>", "lt;", "amp;lt;", "href=", '" onclick="x', "\ue000", "\ue001x", "\u00a0", "]]>"]),
    st.sampled_from(["https://e.com/", "https://mark.invalid/0", "javascript:1", "http://a@b/", "HTTP://E.com"]).map(
        '<a href="{}">'.format
    ),
    st.text("https:/?#@.,;=+%!$'()*-e1&é", max_size=12).map('<a href="https://e.com{}">'.format),
    st.text(max_size=8),
)


def test_a_shape_is_cleaned_once_and_every_text_of_it_as_the_sanitiser_would() -> None:
    asked: list[str] = []

    def clean(html: str) -> str:
        asked.append(html)
        return TOOLS.cleaner.clean(html)

    shapes = Shapes(clean)
    for word in ("one", "two, three", "\u00e9 '\"; x"):
        html = (
            f'<p>{word} <a href="https://e.com/{len(word)}">{word}</a> &amp; <em>{word}</em></p>\n<p>{word * 9_999}</p>'
        )
        assert shapes.clean(html) == TOOLS.cleaner.clean(html)
    assert len(asked) == 1


@given(st.lists(PIECES, max_size=14).map("".join))
@example('<em><p>a</em>b</p><a href="https://e.com/">c<p>d</a>e</p>')
@example('<a href="https://e.com/">a<a href="https://f.com/">b</a></a>')
@example("<p>&amp;lt;script&amp;gt;</p>")
@example("<em>a" * 300)
def test_what_comes_out_is_what_the_sanitiser_lets_out(html: str) -> None:
    assert TOOLS.shapes.clean(html) == TOOLS.cleaner.clean(html)
    # Again, from memory.
    assert TOOLS.shapes.clean(html) == TOOLS.cleaner.clean(html)
