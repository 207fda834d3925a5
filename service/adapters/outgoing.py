"""Calls to servers elsewhere, within a time limit and guarded against being led to what only this machine can reach."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.domain.destinations import Network, may_be_called

MOST_READ = 64 * 1024  # octets of an answer; a verdict and a reason need a few hundred
SECONDS = 5.0  # for all of a call; the worker has others waiting
USER_AGENT = "Postbag (+https://github.com/postbag/postbag)"


class OutgoingFailed(Exception):
    """A call that came to nothing; the message is a sentence without secrets, for moderators."""

    is_final = False
    """True where trying again is of no use."""


class DestinationRefused(OutgoingFailed):
    """The name leads to an address that is not of the public internet, so nothing was sent."""


@dataclass(frozen=True)
class Answer:
    """What a server said: its status, its headers in lower case, and up to 64 KiB of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Sequence[Network] = (),
    seconds: float = SECONDS,
    cut_off: bool = False,
) -> Answer:
    """Send a body and return the answer, whatever its status; a redirect is an answer as well and is not followed.

    The name is looked up once, all its addresses have to be public ones or within `allowed`, and the first of these is
    called, so that no second look-up can lead elsewhere. Raises DestinationRefused, or OutgoingFailed where nobody
    answers within `seconds` of all together, the certificate is not good, or the answer is longer than 64 KiB; with
    `cut_off` what is beyond that is not read.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    until = time.monotonic() + seconds
    address = _address_of(host, port, allowed)
    connection = _Connection(host, port, address, secure=secure, until=until)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body=body, headers={"User-Agent": USER_AGENT, **headers})
        response = connection.getresponse()
        said = _read(response, connection, until, cut_off=cut_off)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, said)
    except TimeoutError as fault:
        raise OutgoingFailed(f"{host} did not answer within {seconds:g} seconds.") from fault
    except ssl.SSLCertVerificationError as fault:
        raise OutgoingFailed(f"The certificate of {host} is not good: {fault.verify_message}.") from fault
    except (OSError, http.client.HTTPException) as fault:
        raise OutgoingFailed(f"{host} could not be called: {type(fault).__name__}.") from fault
    finally:
        connection.close()


def _address_of(host: str, port: int, allowed: Sequence[Network]) -> str:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise OutgoingFailed(f"The name {host} cannot be found.") from fault
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(may_be_called(address, allowed=allowed) for address in addresses):
        raise DestinationRefused(f"{host} is not on the public internet, so it is not called.")
    return addresses[0]


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was judged, under the name that was typed."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool, until: float) -> None:
        super().__init__(host, port)
        self.default_port = 443 if secure else 80
        self._address, self._secure, self._until = address, secure, until

    def connect(self) -> None:
        """Connect to the address that was judged, whatever the name leads to by now."""
        sock = socket.create_connection((self._address, self.port), timeout=self.left())
        if self._secure:
            sock.settimeout(self.left())
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self.host)
        sock.settimeout(self.left())
        self.sock = sock

    def left(self) -> float:
        """Return the seconds that are left of the time for all together; raises TimeoutError where none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _read(response: http.client.HTTPResponse, connection: _Connection, until: float, *, cut_off: bool) -> bytes:
    """Read the answer piece by piece: a server that sends an octet a second would pass every timeout of a socket."""
    said = b""
    while len(said) <= MOST_READ:
        if connection.sock is not None:
            connection.sock.settimeout(connection.left())
        elif time.monotonic() > until:
            raise TimeoutError
        piece = response.read1(8192)
        if not piece:
            return said
        said += piece
    if cut_off:
        return said[:MOST_READ]
    raise OutgoingFailed(f"The answer is longer than {MOST_READ // 1024} KiB.")
