"""A real SMTP server on this machine, which keeps what it is given or does what a bad one does.

with running_smtp() as mailbox:
    app = create_app(settings_for(..., smtp=mailbox.address))
    letter = mailbox.next()          waits for one; mailbox.letters are all so far
"""

from __future__ import annotations

import email
import queue
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from service.smtp_address import SmtpAddress
from tests.granian_server import free_port

LIMIT = 30.0
"""Seconds; reached only where something is wrong."""


@dataclass(frozen=True)
class Received:
    """One letter as it arrived: for whom, and what."""

    to: list[str]
    message: EmailMessage
    raw: bytes = b""

    def part(self, subtype: str) -> str:
        """Return the text or HTML part."""
        found = self.message.get_body((subtype,))
        assert found is not None
        return str(found.get_content()).replace("\r\n", "\n")


class Mailbox:
    """What a server was given; `answer` is what it says to each recipient, 250 to take the letter."""

    def __init__(self) -> None:
        self.letters: list[Received] = []
        self.answer: Callable[[str], str] = lambda recipient: "250 OK"
        self.logins: list[tuple[bytes, bytes]] = []
        self.address = SmtpAddress("127.0.0.1", 0, has_tls=False)
        self._arrived: queue.Queue[Received] = queue.Queue()

    @property
    def url(self) -> str:
        """The address as SMTP_URL has it."""
        return f"smtp://{self.address.host}:{self.address.port}"

    def next(self) -> Received:
        """Return the next letter that nobody has taken from here, waiting for it."""
        return self._arrived.get(timeout=LIMIT)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for methods named as what was said
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.answer(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        received = Received(list(map(str, envelope.rcpt_tos)), message, envelope.content)
        self.letters.append(received)
        self._arrived.put(received)
        return "250 OK"

    def log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """Let everybody in whose password is `right`."""
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"right", handled=False)


@contextmanager
def running_smtp(*, tls: ssl.SSLContext | None = None, wants_login: bool = False) -> Iterator[Mailbox]:
    """Yield what a server on this machine is given, and end it afterwards; with `tls` it offers STARTTLS."""
    mailbox = Mailbox()
    port = free_port()
    mailbox.address = SmtpAddress("127.0.0.1", port, has_tls=False)
    options: dict[str, Any] = {"authenticator": mailbox.log_in, "auth_required": True} if wants_login else {}
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=tls,
        enable_SMTPUTF8=True,
        auth_require_tls=tls is not None,
        **options,
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
