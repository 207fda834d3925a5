"""Every setting with its default and its bound; the environment is the only source.

What differs by site (origins, policy, limits, depth, revise window) lives on the site row, not here.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from service.redis_address import redis_address
from service.smtp_address import SmtpAddress, smtp_address

MAX_REQUEST_BYTES = 64 * 1024
"""Bytes of what a request says; more is refused with 413. 10,000 characters of four bytes fit well inside."""

MAX_BATCH_BYTES = 1024 * 1024
"""Bytes of a hundred decisions together, each of which may tell its author a reason and leave colleagues a note."""

MAX_RULE_BYTES = 8 * 1024 * 1024
"""Bytes of a rule: 65,000 words of ten letters are a megabyte as UTF-8, and four where JSON escapes every letter or a
form every byte."""

MAX_FORM_BYTES = 3 * MAX_REQUEST_BYTES
"""Bytes of a form as a browser sends it, three for each byte that is no ASCII letter or digit: 7,000 Chinese characters
would be too much otherwise. What it says, decoded, is held to MAX_REQUEST_BYTES like everything."""

DEFAULT_PAGE_MEMORY = 16 * 1024 * 1024
"""Bytes of published pages in each process: some three hundred of fifty comments, compressed ones included."""

DEFAULT_IMPORT_MAX = 256 * 1024 * 1024
"""Bytes of a file that is sent to be imported: some 300,000 comments. Larger ones are for the command."""

MAX_TRUSTED_PROXIES = 10
SHORT_SECRET = 32
"""Characters below which a given SECRET_KEY earns a warning in the log: 32 random ones cannot be guessed."""


class ConfigurationFault(Exception):
    """A setting that cannot be used; the message is one line that names the variable and what would be right."""


@dataclass(frozen=True)
class Settings:
    """What the environment asks for, checked.

    `database_url` is an SQLAlchemy URL. `redis_url` is one of `service.redis_address`, or None where the service is to
    start a private redis-server.
    `public_url` is the address under which readers reach the service, or None to take it from each request.
    `outgoing_allow` are networks that hooks may lead into although they are not of the public internet. `page_memory`
    is how many bytes of published pages each process keeps. `replica_url` is a standby of the database, from which
    published pages may be read. `import_max` is how many bytes a file may have that is sent to be imported. `smtp` is
    the server that takes mail, None where none is sent, and `mail_from` the address it comes from; links in mail lead
    to `mail_links`, since no request says how readers reach the service.
    """

    database_url: str
    redis_url: str | None
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    trusted_proxies: int
    public_url: str | None
    instance_path: Path
    demo: bool = False
    outgoing_allow: tuple[IPv4Network | IPv6Network, ...] = ()
    page_memory: int = DEFAULT_PAGE_MEMORY
    replica_url: str | None = None
    import_max: int = DEFAULT_IMPORT_MAX
    smtp: SmtpAddress | None = None
    mail_from: Address = field(default_factory=lambda: Address("Postbag", "postbag", "localhost"))

    @property
    def mail_links(self) -> str:
        """Where links in mail lead: `public_url`, or where `make run` serves."""
        return self.public_url or "http://127.0.0.1:8000"

    @property
    def uses_sqlite(self) -> bool:
        """True where one file is the database: one writer at a time, no server."""
        return self.database_url.startswith("sqlite")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, default_instance: Path) -> Settings:
        """Read and check every setting; raises ConfigurationFault with one line that says what would be right."""
        instance_path = _instance_path(environment.get("INSTANCE_PATH", ""), default_instance)
        database_url = _database_url(environment.get("DATABASE_URL", ""), instance_path)
        public_url = _public_url(environment.get("PUBLIC_URL", ""))
        return cls(
            database_url=database_url,
            redis_url=_redis_url(environment.get("REDIS_URL", "")),
            secret_key=_secret_key(environment.get("SECRET_KEY", ""), database_url, instance_path),
            secret_key_fallbacks=tuple(environment.get("SECRET_KEY_FALLBACKS", "").split()),
            trusted_proxies=_trusted_proxies(environment.get("TRUSTED_PROXIES", "")),
            public_url=public_url,
            instance_path=instance_path,
            demo=environment.get("POSTBAG_DEMO", "") == "1",
            outgoing_allow=_networks(environment.get("OUTGOING_ALLOW", "")),
            page_memory=_megabytes(
                "PAGE_MEMORY_MB",
                environment.get("PAGE_MEMORY_MB", ""),
                DEFAULT_PAGE_MEMORY,
                "the megabytes of published pages that a process keeps; 0 for none",
            ),
            import_max=_megabytes(
                "IMPORT_MAX_MB",
                environment.get("IMPORT_MAX_MB", ""),
                DEFAULT_IMPORT_MAX,
                "the megabytes of a file that is sent to be imported; 0 for no such files",
            ),
            replica_url=_replica_url(environment.get("REPLICA_URL", ""), database_url),
            smtp=_smtp(environment.get("SMTP_URL", "")),
            mail_from=_mail_from(environment.get("MAIL_FROM", ""), public_url),
        )


def _smtp(given: str) -> SmtpAddress | None:
    if not given:
        return None
    try:
        return smtp_address(given)
    except ValueError as fault:
        raise ConfigurationFault(f"SMTP_URL {fault}") from None


def _mail_from(given: str, public_url: str | None) -> Address:
    if not given:
        host = urlsplit(public_url).hostname if public_url else None
        return Address("Postbag", "postbag", host or "localhost")
    message = EmailMessage()
    try:
        message["From"] = given
        (sender,) = message["From"].addresses
        if sender.domain and sender.username and not message["From"].defects:
            return Address(sender.display_name, sender.username, sender.domain)
    except (ValueError, IndexError):
        pass
    raise ConfigurationFault("MAIL_FROM must be one address, such as: Gazette comments <comments@gazette.example>")


def _megabytes(name: str, given: str, default: int, what: str) -> int:
    if not given:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 6:
        raise ConfigurationFault(f"{name} must be a whole number: {what}.")
    return int(given) * 1024 * 1024


def _networks(given: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(network) for network in given.split())
    except ValueError:
        raise ConfigurationFault(
            "OUTGOING_ALLOW must list networks that hooks may lead into, such as: 10.1.0.0/16 fd00::/8"
        ) from None


def _instance_path(given: str, default: Path) -> Path:
    path = Path(given or default).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise ConfigurationFault(
            f"The folder {path} cannot be made ({fault.strerror}): set INSTANCE_PATH to one that can."
        ) from fault
    return path


def _replica_url(given: str, database_url: str) -> str | None:
    if not given:
        return None
    if database_url.startswith("sqlite"):
        raise ConfigurationFault("REPLICA_URL must not be set where DATABASE_URL names SQLite, which has no standby.")
    found = _postgresql_url(given)
    if found is None:
        raise ConfigurationFault("REPLICA_URL must look like postgresql://USER:PASSWORD@HOST/NAME, a standby.")
    return found


def _postgresql_url(given: str) -> str | None:
    """Return the address with the driver's name, or None for what is none of PostgreSQL."""
    scheme, separator, rest = given.partition("://")
    if separator and scheme in {"postgres", "postgresql", "postgresql+psycopg"} and _has_a_readable_port(given):
        # psycopg 3 is the one driver that is installed; the shorter schemes are what hosts hand out.
        return f"postgresql+psycopg://{rest}"
    return None


def _database_url(given: str, instance_path: Path) -> str:
    if not given:
        return f"sqlite:///{instance_path / 'postbag.sqlite3'}"
    if (found := _postgresql_url(given)) is not None:
        return found
    scheme, separator, rest = given.partition("://")
    if separator and scheme == "sqlite" and rest not in {"", "/", "/:memory:"}:
        return given
    raise ConfigurationFault(
        "DATABASE_URL must look like postgresql://USER:PASSWORD@HOST/NAME or sqlite:////PATH/TO/FILE."
    )


def _has_a_readable_port(url: str) -> bool:
    """True where the port is left out or a number; urllib finds out about both only when it is asked."""
    try:
        urlsplit(url).port  # noqa: B018 - a property that raises
    except ValueError:
        return False
    return True


def _redis_url(given: str) -> str | None:
    if not given:
        return None
    try:
        redis_address(given)
    except ValueError as fault:
        raise ConfigurationFault(f"REDIS_URL {fault}") from None
    return given


def _secret_key(given: str, database_url: str, instance_path: Path) -> str:
    if given:
        if len(given.split()) != 1 or given != given.strip():
            raise ConfigurationFault(
                "SECRET_KEY must not contain spaces, because SECRET_KEY_FALLBACKS lists older keys separated by them."
            )
        return given
    if not database_url.startswith("sqlite"):
        raise ConfigurationFault(
            "SECRET_KEY must be set when DATABASE_URL names PostgreSQL: several processes have to agree on it. "
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return _kept_secret(instance_path / "secret-key")


def _kept_secret(path: Path) -> str:
    """The secret in `path`, made on first use; two processes that start together end up with the same one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                # Addresses are sealed with it: it has to outlast a power failure as they do.
                os.fsync(descriptor)
            # A link either puts the whole file there or fails because another process was first.
            with contextlib.suppress(FileExistsError):
                os.link(made, path)
            made.unlink()
        kept = path.read_text().strip()
    except OSError as fault:
        raise ConfigurationFault(
            f"The secret key cannot be kept in {path} ({fault.strerror}): "
            "set SECRET_KEY, or INSTANCE_PATH to a folder that can be written."
        ) from fault
    if not kept:
        raise ConfigurationFault(f"{path} is empty: put the secret key back there, or set SECRET_KEY.")
    return kept


def _trusted_proxies(given: str) -> int:
    if not given:
        return 0
    if not given.isascii() or not given.isdigit() or len(given) > 2 or int(given) > MAX_TRUSTED_PROXIES:
        raise ConfigurationFault(
            f"TRUSTED_PROXIES must be a whole number from 0 to {MAX_TRUSTED_PROXIES}: "
            "how many proxies stand before the service."
        )
    return int(given)


def _is_bare(parts: SplitResult) -> bool:
    """True for an address without anything that the service's own paths could not stand behind."""
    return parts.path in {"", "/"} and not parts.query and not parts.fragment and parts.username is None


def _public_url(given: str) -> str | None:
    if not given:
        return None
    parts = urlsplit(given) if _has_a_readable_port(given) else urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _is_bare(parts):
        raise ConfigurationFault("PUBLIC_URL must be the address of the service, such as https://comments.example.org.")
    return given.rstrip("/")
