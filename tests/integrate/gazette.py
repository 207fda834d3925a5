"""The site of docs/integrate.md on a real server, made by the very commands that the document gives."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask

from service.actions import sites
from tests.granian_server import GranianServer
from tests.integrate.document import SERVICE, SITE_ORIGIN, TOKEN, block

SLUG = "gazette"
COMMAND = "flask --app wsgi "


@dataclass(frozen=True)
class Gazette:
    """A server, its site, and a token that may moderate there and send from the site's own servers."""

    app: Flask
    server: GranianServer
    origin: str
    token: str

    def placed(self, name: str) -> str:
        """Return a block of the document in which the addresses and the token are those of this site."""
        text = block(name)
        return text.replace(SERVICE, self.server.url).replace(SITE_ORIGIN, self.origin).replace(TOKEN, self.token)

    def article(self, path: str) -> str:
        """Return the key of an article."""
        return f"{self.origin}{path}"

    def api(self, method: str, path: str, status: int, body: Any = None) -> Any:
        """Call the API with the token; the test fails where the answer has another status."""
        answer = self.server.ask(method, path, body=body, headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status == status, answer.text
        return answer.json

    def published(self, path: str, **said: str) -> str:
        """Send a reply to an article, approve it, and return its id."""
        reply = {"site": SLUG, "article": self.article(path), "name": "Noor", "email": "noor@example.org"} | said
        comment_id = self.api("POST", "/v1/comments", 202, reply)["id"]
        decision = {"action": "approve", "revision": 1}
        self.api("POST", f"/v1/moderation/comments/{comment_id}/decisions", 201, decision)
        return str(comment_id)


def command_lines(text: str) -> list[list[str]]:
    """Return the arguments of every command of ours in a block of the shell."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line.removeprefix(COMMAND), comments=True) for line in lines if line.startswith(COMMAND)]


def run_commands(app: Flask, text: str) -> list[str]:
    """Run the commands of a block and return what each printed; the test fails where one of them does."""
    printed = []
    for arguments in command_lines(text):
        result = app.test_cli_runner().invoke(args=arguments)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        printed.append(result.stdout.strip())
    return printed


def made(app: Flask, server: GranianServer, origin: str) -> Gazette:
    """Make the site as the document says, with one origin more and without limits, since its readers all live here."""
    *_, token = run_commands(app, block("site"))
    with app.app_context():
        sites.change_site(SLUG, origins=[SITE_ORIGIN, origin], limits="off", now=datetime.now(UTC))
    return Gazette(app, server, origin, token)


def write_in(folder: Path, name: str, text: str) -> Path:
    """Write a file of an example and return where it is."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file
