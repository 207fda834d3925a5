"""What SMTP_URL may say: the server that takes our mail to everybody else.

    smtp://[USER:PASSWORD@]HOST[:PORT]     port 587 with a login, 25 without; TLS from STARTTLS on where it is offered
    smtps://[USER:PASSWORD@]HOST[:465]     TLS from the first octet (RFC 8314)

A password is only sent under TLS, or to this very machine. What cannot stand in a URL is percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

USUAL = "must look like smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465."


@dataclass(frozen=True)
class SmtpAddress:
    """Where mail is handed in, and how."""

    host: str
    port: int
    has_tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def is_here(self) -> bool:
        """True where what is sent does not leave this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def smtp_address(url: str) -> SmtpAddress:
    """Take an address apart; raises ValueError, which says what would be right and repeats nothing of the address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(USUAL) from None
    extras = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in {"smtp", "smtps"} or not host or extras or port == 0:
        raise ValueError(USUAL)
    if (parts.username is None) != (parts.password is None) or parts.username == "":
        raise ValueError("must name both a user and a password, or neither.")
    has_tls = parts.scheme == "smtps"
    return SmtpAddress(
        host=host,
        port=port or (465 if has_tls else 587 if parts.username else 25),
        has_tls=has_tls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
