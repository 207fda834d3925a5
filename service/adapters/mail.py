"""Mail: handed to one server by SMTP (RFC 5321), as text and HTML, within a time limit for all of it together."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from service.adapters.outgoing import OutgoingFailed
from service.smtp_address import SmtpAddress

SECONDS = 20.0  # for all of one letter; a server with greylisting takes some ten before it says so
MAX_HEADER = 998  # octets of a line, RFC 5322 section 2.1.1


class _Unfolded(UnstructuredHeader, BaseHeader):
    """A header that stays on one line: an address has no place to be folded at, and encoded words are none to programs.

    What is folded by the library otherwise, beyond 78 octets, would be no address any more.
    """

    def fold(self, *, policy: Policy) -> str:
        """Return the header as it is sent."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Unfolded)
WRITTEN = SMTP.clone(header_factory=_HEADERS)


class MailFailed(OutgoingFailed):
    """A letter that was not taken; the message is a sentence without addresses, and trying again may help."""


class MailRefused(MailFailed):
    """A letter that this server will never take: trying again is of no use."""

    is_final = True


@dataclass(frozen=True)
class Letter:
    """What is sent to one person.

    `id` is the same for each attempt at the same letter, so that a mailbox knows that they are one. Where
    `unsubscribe_url` is given the letter carries a one-click way out (RFC 8058): a POST to it has to be enough.
    """

    id: str
    to: str
    subject: str
    text: str
    html: str
    language: str = "en"
    to_name: str = ""
    unsubscribe_url: str | None = None


class Mailer:
    """Hands letters to a server; `sender` is the address they come from, with or without a name."""

    def __init__(self, server: SmtpAddress, sender: Address, *, seconds: float = SECONDS) -> None:
        self._server = server
        self._sender = sender
        self._seconds = seconds

    def send(self, letter: Letter, *, now: datetime) -> None:
        """Return once the server has taken the letter.

        Raises MailRefused where the server will never take it or the letter could not be one, else MailFailed: nobody
        answered within the time, TLS was needed and not to be had, or the server says that it may take it later.
        """
        message = self._written(letter, now)
        server = self._server
        try:
            with self._session() as session:
                if not server.has_tls and session.has_extn("starttls"):
                    session.starttls(context=_trust(server))
                    session.ehlo()
                if server.username is not None and server.password is not None:
                    self._log_in(session, server.username, server.password)
                session.send_message(message, self._sender.addr_spec, [letter.to])
        except MailFailed:
            raise
        except smtplib.SMTPNotSupportedError as fault:
            raise MailRefused(f"{server.host} cannot send to an address with such letters.") from fault
        except smtplib.SMTPAuthenticationError as fault:
            raise MailFailed(f"{server.host} does not accept the user and password of SMTP_URL.") from fault
        except smtplib.SMTPRecipientsRefused as fault:
            [(code, _)] = fault.recipients.values()
            raise _answered(server.host, code) from fault
        except smtplib.SMTPResponseException as fault:
            raise _answered(server.host, fault.smtp_code) from fault
        except ssl.SSLCertVerificationError as fault:
            raise MailFailed(f"The certificate of {server.host} is not good: {fault.verify_message}.") from fault
        except (OSError, smtplib.SMTPException) as fault:
            raise MailFailed(f"{server.host} could not be called: {type(fault).__name__}.") from fault

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        # Named beforehand, since smtplib would ask a name server what this machine is called.
        called = self._sender.domain
        session = (
            smtplib.SMTP_SSL(local_hostname=called, timeout=self._seconds, context=ssl.create_default_context())
            if server.has_tls
            else smtplib.SMTP(local_hostname=called, timeout=self._seconds)
        )
        is_over = threading.Event()

        def end() -> None:
            # A server that says an octet a second would pass every time-out of a socket.
            is_over.set()
            if session.sock is not None:
                with contextlib.suppress(OSError):
                    session.sock.shutdown(socket.SHUT_RDWR)

        clock = threading.Timer(self._seconds, end)
        clock.daemon = True
        clock.start()
        try:
            # smtplib keeps the name for the certificate here where it is not given to its constructor.
            session._host = server.host  # type: ignore[attr-defined]
            code, said = session.connect(server.host, server.port)
            if code != 220:
                # Of a server that was cut off in the middle of a word, too, which is told below.
                raise smtplib.SMTPConnectError(code, said)
            session.ehlo_or_helo_if_needed()
            yield session
            # The letter is taken by now; whether the server says goodbye is its own affair.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session.quit()
        except (OSError, smtplib.SMTPException) as fault:
            if is_over.is_set() or isinstance(fault, TimeoutError):
                raise MailFailed(f"{server.host} did not take a letter within {self._seconds:g} seconds.") from fault
            raise
        finally:
            clock.cancel()
            session.close()

    def _log_in(self, session: smtplib.SMTP, username: str, password: str) -> None:
        server = self._server
        if not isinstance(session.sock, ssl.SSLSocket) and not server.is_here:
            raise MailFailed(
                f"{server.host} offers no TLS, so the password was not sent: use smtps://, or no password."
            )
        session.login(username, password)

    def _written(self, letter: Letter, now: datetime) -> EmailMessage:
        message = EmailMessage(policy=WRITTEN)
        try:
            message["From"] = self._sender
            username, domain = _one_line(letter.to).rsplit("@", 1)
            message["To"] = Address(letter.to_name, username, domain)
            message["Subject"] = _one_line(letter.subject)
            message["Date"] = format_datetime(now)
            message["Message-ID"] = f"<{_one_line(letter.id)}@{self._sender.domain}>"
            # What answers by itself leaves it (RFC 3834).
            message["Auto-Submitted"] = "auto-generated"
            if letter.unsubscribe_url is not None:
                message["List-Unsubscribe"] = f"<{_one_line(letter.unsubscribe_url)}>"
                message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            message.set_content(letter.text)
            message.add_alternative(letter.html, subtype="html")
            message["Content-Language"] = _one_line(letter.language)
        except (ValueError, IndexError, UnicodeError) as fault:
            # The name, the address or the subject held what would begin a header of its own, or is no address.
            raise MailRefused(
                "The letter was not sent: its name, address or subject cannot stand in a header."
            ) from fault
        return message


def _trust(server: SmtpAddress) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if server.username is None or server.is_here:
        # Nobody checks certificates between mail servers, and without a password an unproven TLS still beats none
        # (RFC 7435). Whoever wants proof writes smtps://.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _answered(host: str, code: int) -> MailFailed:
    if 500 <= code < 600:
        return MailRefused(f"{host} does not take the letter: status {code}.")
    return MailFailed(f"{host} does not take the letter now: status {code}.")


def _one_line(text: str) -> str:
    if any(char in "\r\n\0" or not char.isprintable() for char in text) or len(text.encode("utf-8")) > MAX_HEADER:
        raise ValueError("This cannot stand in a header.")
    return text
