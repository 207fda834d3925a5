"""Letters on paper: the text and the HTML part of one, and the words for it in each language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from service import phrases
from service.domain.letters import Content

FOLDER = Path(__file__).parents[1] / "letters"


@dataclass(frozen=True)
class Words:
    """The words of one language; `say` fills a phrase of `service/widget/locales`, such as `mail.stop`."""

    tongue: str

    def say(self, phrase: str, **values: object) -> str:
        """Return a phrase as plain text; `n` chooses the plural."""
        return phrases.filled(self.tongue, phrase, values, str)

    def moment(self, when: datetime) -> str:
        """Return a time in words."""
        return phrases.moment(self.tongue, when)


def on_paper(content: Content, tongue: str) -> tuple[str, str]:
    """Return the text and the HTML of a letter; whatever stands in its content is escaped in the HTML."""
    values = {"content": content, "tongue": tongue, "direction": phrases.direction(tongue)}
    text, html = (_templates().get_template(f"letter.{kind}").render(values) for kind in ("txt", "html"))
    return text.rstrip() + "\n", html.lstrip()


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
