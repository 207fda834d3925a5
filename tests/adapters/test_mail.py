"""Letters handed to a real SMTP server on this machine: whole, within their time, no header smuggled in."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.adapters.mail import Letter, Mailer, MailFailed, MailRefused
from service.smtp_address import SmtpAddress
from tests.mailbox import hang, running_smtp, saying

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SENDER = Address("Gazette comments", "comments", "gazette.example")
LETTER = Letter(
    id="0191",
    to="ann@example.org",
    to_name="Ännchen, «B»",
    subject="Ваш комментарий опубликован",
    text="Grüße\n",
    html="<p>Grüße</p>\n",
    language="ru",
)


def send(address: SmtpAddress, letter: Letter = LETTER, *, seconds: float = 10) -> None:
    Mailer(address, SENDER, seconds=seconds).send(letter, now=NOW)


def test_a_letter_arrives_as_text_and_html_with_what_says_who_wrote_it() -> None:
    with running_smtp() as mailbox:
        send(mailbox.address)
        received = mailbox.next()
    message = received.message
    assert received.to == ["ann@example.org"]
    assert (received.part("plain"), received.part("html")) == ("Grüße\n", "<p>Grüße</p>\n")
    assert message["Subject"] == LETTER.subject
    assert str(message["From"]) == "Gazette comments <comments@gazette.example>"
    assert message["To"].addresses[0].display_name == LETTER.to_name
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<0191@gazette.example>"
    assert (message["Content-Language"], message["Auto-Submitted"]) == ("ru", "auto-generated")
    assert message["List-Unsubscribe"] is None


def test_a_list_s_letter_has_a_way_out_by_one_click() -> None:
    url = "https://comments.example/unsubscribe/" + "k" * 120
    with running_smtp() as mailbox:
        send(mailbox.address, replace(LETTER, unsubscribe_url=url))
        message = mailbox.next().message
    assert str(message["List-Unsubscribe"]).replace(" ", "") == f"<{url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "wrong",
    [
        {"to_name": "Ann\r\nBcc: all@example.org"},
        {"to_name": "Ann\nBcc: all@example.org"},
        {"to": "ann@example.org\r\nBcc: all@example.org"},
        {"to": "ann@example.org>\r\nRCPT TO:<all@example.org"},
        {"to": "nobody"},
        {"subject": "Hello\r\n\r\nA body of its own"},
        {"subject": "Hello\u2028there"},
        {"subject": "x" * 5_000},
        {"id": "1>\r\nX: y"},
        {"unsubscribe_url": "https://x.example/\r\nX: y"},
        {"language": "en\r\nX: y"},
    ],
    ids=str,
)
def test_what_would_begin_a_header_of_its_own_is_refused_for_good(wrong: dict[str, str]) -> None:
    with running_smtp() as mailbox:
        with pytest.raises(MailRefused, match="cannot stand in a header"):
            send(mailbox.address, replace(LETTER, **wrong))
        assert mailbox.letters == []


def test_names_that_headers_have_to_quote_stay_names() -> None:
    for name in ('"Ann" <eve@example.org>', "Ann, Eve", "a" * 150, "=?utf-8?q?Eve?=", "עדה", "(Ann)"):
        with running_smtp() as mailbox:
            send(mailbox.address, replace(LETTER, to_name=name))
            received = mailbox.next()
        assert received.to == ["ann@example.org"]
        assert [one.addr_spec for one in received.message["To"].addresses] == ["ann@example.org"]


def test_a_line_that_is_a_dot_ends_no_letter() -> None:
    text = "One\n.\nQUIT\n..two\n"
    with running_smtp() as mailbox:
        send(mailbox.address, replace(LETTER, text=text))
        assert mailbox.next().part("plain") == text
        assert len(mailbox.letters) == 1


def test_an_address_beyond_ascii_is_sent_where_the_server_can() -> None:
    with running_smtp() as mailbox:
        send(mailbox.address, replace(LETTER, to="grüße@example.org", to_name=""))
        assert mailbox.next().to == ["grüße@example.org"]


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [("550 no such user here, ann@example.org", MailRefused, "status 550"), ("451 later", MailFailed, "status 451")],
)
def test_what_the_server_says_decides_whether_to_try_again(answer: str, kind: type[MailFailed], said: str) -> None:
    with running_smtp() as mailbox:
        mailbox.answer = lambda recipient: answer
        with pytest.raises(MailFailed, match=said) as told:
            send(mailbox.address)
    assert type(told.value) is kind
    assert "@" not in str(told.value), "addresses stand in no log"


def drip(taken: socket.socket, is_over: threading.Event) -> None:
    while not is_over.wait(0.05):
        try:
            taken.sendall(b"2")
        except OSError:
            return


def greet_and_hang(taken: socket.socket, is_over: threading.Event) -> None:
    taken.sendall(b"220 mail.example ESMTP\r\n")
    is_over.wait(10)


@pytest.mark.parametrize("server", [hang, drip, greet_and_hang], ids=["hangs", "drips", "greets and hangs"])
def test_a_server_that_hangs_is_given_up_within_the_time_for_all_together(
    server: Callable[[socket.socket, threading.Event], None],
) -> None:
    with (
        saying(server) as address,
        pytest.raises(MailFailed, match=r"did not take a letter within 0\.4 seconds") as told,
    ):
        send(address, seconds=0.4)
    assert not isinstance(told.value, MailRefused)


def refuse(taken: socket.socket, _is_over: threading.Event) -> None:
    taken.sendall(b"554 we do not talk to you\r\n")


def hang_up(taken: socket.socket, _is_over: threading.Event) -> None:
    taken.close()


@pytest.mark.parametrize(
    ("server", "said"), [(refuse, "status 554"), (hang_up, "could not be called")], ids=["refuses", "hangs up"]
)
def test_a_server_that_turns_us_away_is_told_of(
    server: Callable[[socket.socket, threading.Event], None], said: str
) -> None:
    with saying(server) as address, pytest.raises(MailFailed, match=said):
        send(address)


def test_nobody_there_is_told_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(MailFailed, match=r"127\.0\.0\.1 could not be called: ConnectionRefusedError"):
        send(SmtpAddress("127.0.0.1", port, has_tls=False))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return what a server shows as its certificate, which nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = Path(tmp_path_factory.mktemp("tls")) / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_tls_is_used_where_it_is_offered_and_a_login_comes_after_it(tls: ssl.SSLContext) -> None:
    with running_smtp(tls=tls, wants_login=True) as mailbox:
        send(replace(mailbox.address, username="us", password="right"))
        assert mailbox.next().to == ["ann@example.org"]
        assert mailbox.logins == [(b"us", b"right")]
        with pytest.raises(MailFailed, match="does not accept the user and password of SMTP_URL"):
            send(replace(mailbox.address, username="us", password="wrong"))


def test_a_certificate_that_nobody_vouches_for_gets_no_letter_over_smtps(tls: ssl.SSLContext) -> None:
    def shake_hands(taken: socket.socket, _is_over: threading.Event) -> None:
        try:
            tls.wrap_socket(taken, server_side=True).close()
        except OSError:
            return

    with saying(shake_hands) as address, pytest.raises(MailFailed, match=r"certificate of 127\.0\.0\.1 is not good"):
        send(replace(address, has_tls=True))
