"""Every setting: its default, its bound, and the one line that a wrong one gets."""

from __future__ import annotations

import re
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.config import ConfigurationFault, Settings
from service.redis_address import Kind, redis_address


def read(tmp_path: Path, **environment: str) -> Settings:
    """Read the settings of an environment whose instance folder is the test's own."""
    return Settings.from_environment(environment, default_instance=tmp_path / "instance")


def test_without_any_setting_it_is_sqlite_with_a_private_redis(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/instance/postbag.sqlite3"
    assert settings.uses_sqlite
    assert settings.redis_url is None
    assert settings.secret_key_fallbacks == ()
    assert settings.trusted_proxies == 0
    assert settings.public_url is None
    assert settings.instance_path == tmp_path / "instance"
    assert settings.demo is False


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("postgres://u:p@h:5433/n?sslmode=require", "postgresql+psycopg://u:p@h:5433/n?sslmode=require"),
        ("postgresql+psycopg://u@/n?host=/run/pg", "postgresql+psycopg://u@/n?host=/run/pg"),
        ("sqlite:////srv/p.db", "sqlite:////srv/p.db"),
        ("sqlite:///p.db", "sqlite:///p.db"),
    ],
)
def test_a_database_is_given_in_any_of_its_usual_forms(tmp_path: Path, given: str, used: str) -> None:
    assert read(tmp_path, DATABASE_URL=given, SECRET_KEY="k" * 40).database_url == used


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("DATABASE_URL", url) for url in (
            "mysql://u@h/n", "postgresql", "postgresql+psycopg2://h/n", "postgresql://h:port/n", "postgresql://[h/n",
            "sqlite://", "sqlite:///", "sqlite:///:memory:", "/srv/p.db", "sqlite:p.db",
        )),
        *(("REDIS_URL", url) for url in (
            "localhost:6379", "http://h", "redis:h", "redis://h:port", "redis://[h", "redis+://h", "redis+ring://h",
            "unix+cluster://h", "redis+sentinel://h1,h2", "redis+sentinel://h1,h2:port/s", "redis+sentinel://h,/s",
            "redis+sentinel://h/s/one", "redis+sentinel://h/s?db=1", "redis+cluster://", "redis+cluster://h/1",
            "redis+cluster://h/s", "redis+cluster://h1,,h2",
        )),
        *(("REPLICA_URL", url) for url in ("sqlite:///p.db", "postgresql://h/n")),
        *(("TRUSTED_PROXIES", number) for number in ("-1", "11", "1.5", "yes", "١", "9" * 5000, " 1")),
        *(("PUBLIC_URL", url) for url in (
            "comments.example.org", "ftp://c.example", "https://", "https://c.example?x=1", "https://c.example#x",
            "https://c.example:port", "http://[c",
        )),
        *(("SMTP_URL", url) for url in (
            "mail.example", "http://h", "smtp://", "smtp://h:port", "smtp://h:0", "smtp://[h", "smtp://h/path",
            "smtp://user@h", "smtp://:password@h", "smtps://h?tls=no",
        )),
        *(("MAIL_FROM", sender) for sender in (
            "nobody", "a@b, c@d", "a@b\nBcc: c@d", "<>", "@b", "a@", "Name <a@b", "a b@c",
        )),
        *(("SECRET_KEY", key) for key in (" ", "two words of a key", "key ", "\tkey")),
    ],
    ids=lambda value: value[:30],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigurationFault) as refused:
        read(tmp_path, **{name: value})
    message = str(refused.value)
    assert message.startswith(name)
    assert "\n" not in message


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SMTP_URL"])
def test_a_password_in_a_refused_address_is_not_repeated(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationFault) as refused:
        read(tmp_path, **{name: "gopher://me:hunter2@host:port/"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(("given", "hops"), [("", 0), ("0", 0), ("1", 1), ("10", 10), ("02", 2)])
def test_proxies_are_counted(tmp_path: Path, given: str, hops: int) -> None:
    assert read(tmp_path, TRUSTED_PROXIES=given).trusted_proxies == hops


@pytest.mark.parametrize(
    ("given", "used"),
    [("https://c.example", "https://c.example"), ("http://c.example:8000/", "http://c.example:8000"),],
)  # fmt: skip
def test_the_public_address_has_no_slash_at_its_end(tmp_path: Path, given: str, used: str) -> None:
    assert read(tmp_path, PUBLIC_URL=given).public_url == used


@pytest.mark.parametrize(
    "url",
    [
        "redis://h:6379/0", "rediss://u:p@h/1", "unix:///run/redis.sock", "redis+sentinel://:p@h1:26379,h2/service/1",
        "rediss+cluster://u:p@h1:7000,[::1]:7001",
    ],
)  # fmt: skip
def test_a_redis_is_taken_as_given(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, REDIS_URL=url).redis_url == url


def test_a_cluster_s_database_and_a_sentinel_s_missing_service_are_told_as_such(tmp_path: Path) -> None:
    for url, said in (
        ("redis+cluster://h:6379/3", "a cluster has only database 0"),
        ("redis+sentinel://h:26379", "names no service"),
        ("redis+sentinel://h/s?timeout=3", "['sentinel_password', 'sentinel_username', 'ssl_ca_certs'] are known"),
    ):
        with pytest.raises(ConfigurationFault, match=re.escape(said)):
            read(tmp_path, REDIS_URL=url)


def test_a_replica_is_another_postgresql(tmp_path: Path) -> None:
    there = {"DATABASE_URL": "postgresql://h/n", "SECRET_KEY": "k" * 40}
    assert read(tmp_path, **there).replica_url is None
    assert read(tmp_path, **there, REPLICA_URL="postgres://r/n").replica_url == "postgresql+psycopg://r/n"
    for url in ("sqlite:///p.db", "postgresql://r:port/n"):
        with pytest.raises(ConfigurationFault, match="REPLICA_URL must look like"):
            read(tmp_path, **there, REPLICA_URL=url)


def test_a_redis_address_is_taken_apart() -> None:
    found = redis_address("rediss+sentinel://me:a%40b@h1:1,[::1]:2,h3/my%2Fown/4?sentinel_password=x")
    assert (found.kind, found.hosts) == (Kind.SENTINEL, (("h1", 1), ("::1", 2), ("h3", 26379)))
    assert (found.service, found.database, found.username, found.password) == ("my/own", 4, "me", "a@b")
    assert (found.has_tls, found.options) == (True, (("sentinel_password", "x"),))
    assert "a@b" not in repr(found)


def test_older_keys_stand_with_spaces_between_them(tmp_path: Path) -> None:
    settings = read(tmp_path, SECRET_KEY="new", SECRET_KEY_FALLBACKS=" older \n oldest ")
    assert (settings.secret_key, settings.secret_key_fallbacks) == ("new", ("older", "oldest"))


def test_postgresql_asks_for_a_secret_key_and_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFault, match=r"^SECRET_KEY must be set .*token_urlsafe"):
        read(tmp_path, DATABASE_URL="postgresql://h/n")
    assert not (tmp_path / "instance" / "secret-key").exists()


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = read(tmp_path).secret_key
    assert len(first) >= 60
    assert read(tmp_path).secret_key == first
    assert stat.S_IMODE((tmp_path / "instance" / "secret-key").stat().st_mode) == 0o600
    assert read(tmp_path / "other").secret_key != first


def test_many_that_start_at_once_have_the_same_secret_and_leave_nothing_behind(tmp_path: Path) -> None:
    for round_number in range(20):
        folder = tmp_path / str(round_number)
        barrier = threading.Barrier(4)

        def start(folder: Path = folder, barrier: threading.Barrier = barrier) -> str:
            barrier.wait(timeout=10)
            return read(folder).secret_key

        with ThreadPoolExecutor(4) as pool:
            keys = {done.result() for done in [pool.submit(start) for _ in range(4)]}
        assert len(keys) == 1
        assert [path.name for path in (folder / "instance").iterdir()] == ["secret-key"]


def test_a_secret_file_that_is_empty_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "secret-key").write_text("\n")
    with pytest.raises(ConfigurationFault, match="is empty"):
        read(tmp_path)


def test_an_instance_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationFault, match=r"INSTANCE_PATH") as refused:
        read(tmp_path, INSTANCE_PATH=str(tmp_path / "file" / "instance"))
    assert "\n" not in str(refused.value)


def test_the_instance_folder_is_absolute(tmp_path: Path) -> None:
    assert read(tmp_path, INSTANCE_PATH="here", SECRET_KEY="k").instance_path == Path.cwd() / "here"


@pytest.mark.parametrize(("given", "is_demo"), [("1", True), ("0", False), ("", False), ("yes", False)])
def test_the_demo_is_asked_for_with_1(tmp_path: Path, given: str, is_demo: bool) -> None:
    assert read(tmp_path, POSTBAG_DEMO=given).demo is is_demo


@pytest.mark.parametrize(
    ("url", "host", "port", "has_tls", "login"),
    [
        ("smtp://mail.example", "mail.example", 25, False, (None, None)),
        ("smtp://me:p%40ss@mail.example", "mail.example", 587, False, ("me", "p@ss")),
        ("smtps://me%40site.example:pass@mail.example/", "mail.example", 465, True, ("me@site.example", "pass")),
        ("smtp://[::1]:2525", "::1", 2525, False, (None, None)),
    ],
)
def test_a_mail_server_is_taken_apart(
    tmp_path: Path, url: str, host: str, port: int, has_tls: bool, login: tuple[str | None, str | None]
) -> None:
    smtp = read(tmp_path, SMTP_URL=url).smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.has_tls, (smtp.username, smtp.password)) == (host, port, has_tls, login)
    assert "pass" not in repr(smtp)


def test_mail_comes_from_the_service_s_own_name_unless_it_is_told_another(tmp_path: Path) -> None:
    assert read(tmp_path).smtp is None
    assert str(read(tmp_path).mail_from) == "Postbag <postbag@localhost>"
    named = read(tmp_path, PUBLIC_URL="https://comments.example")
    assert (str(named.mail_from), named.mail_links) == ("Postbag <postbag@comments.example>", named.public_url)
    sender = read(tmp_path, MAIL_FROM='"Gazette, comments" <comments@gazette.example>').mail_from
    assert (sender.display_name, sender.addr_spec) == ("Gazette, comments", "comments@gazette.example")
    assert read(tmp_path, MAIL_FROM="comments@gazette.example").mail_from.addr_spec == "comments@gazette.example"
