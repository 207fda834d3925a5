"""The commands of `flask --app wsgi`: sites, tokens, upkeep, the log, the API document, and the demo."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO
from uuid import UUID

import click
import yaml
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from service.actions import audit, erase, invitations, sites, upkeep
from service.actions import demo as demo_actions
from service.commands.authors import author_group
from service.commands.counters import counters_group
from service.commands.exports import export_group
from service.commands.imports import import_group
from service.commands.opinions import opinions_group
from service.commands.outbox import outbox_group
from service.commands.readers import readers_group
from service.commands.telling import told_plainly, utc_now
from service.domain.known_readers import ReaderTrust
from service.domain.life import COMMAND
from service.domain.permissions import Role, Scope
from service.domain.site import LONGEST_REVISE_WINDOW, Policy, Site

site_group = AppGroup("site", help="Make and change sites.")
site_group.add_command(opinions_group)
site_group.add_command(readers_group)
moderator_group = AppGroup("moderator", help="People at the desk.")
token_group = AppGroup("token", help="Make and revoke API tokens.")
retention_group = AppGroup("retention", help="Forget what may no longer be kept.")
email_group = AppGroup("email", help="Care for the sealed e-mail addresses.")
audit_group = AppGroup("audit", help="Check the log of what was done.")
openapi_group = AppGroup("openapi", help="The promise to clients.")
demo_group = AppGroup("demo", help="A newspaper to try everything on.")

MOST_MINUTES = int(LONGEST_REVISE_WINDOW.total_seconds() // 60)
BROKEN = {
    audit.Break.CHANGED: "which was changed",
    audit.Break.MISSING: "which is missing",
    audit.Break.REORDERED: "which stood elsewhere",
    audit.Break.HEAD: "where the head does not fit",
}
READER_TRUST_WORDS = {
    ReaderTrust.NONE: "; known readers gain nothing",
    ReaderTrust.PROVEN: "",
    ReaderTrust.TRUSTED: "; known readers trusted at once",
}
OPENAPI_FILE = Path(__file__).parents[1] / "openapi.yaml"


def register(app: Flask) -> None:
    """Give the application its commands."""
    for group in (
        site_group,
        moderator_group,
        token_group,
        retention_group,
        email_group,
        audit_group,
        openapi_group,
        demo_group,
        outbox_group,
        counters_group,
        import_group,
        export_group,
        author_group,
    ):
        app.cli.add_command(group)
    app.cli.add_command(run_worker)


def _describe(site: Site) -> str:
    limits = site.limits or "default"
    if not isinstance(limits, str):
        limits_text = ",".join(f"{name}={quota}/{window}" for name, (quota, window) in limits.items())
    else:
        limits_text = limits
    minutes = int(site.revise_window.total_seconds() // 60)
    policy = f"{site.policy} (trusted after {site.trusted_after})" if site.policy is Policy.FIRST else site.policy
    spam = "" if site.spam_threshold is None else f"; spam by itself from {site.spam_threshold:g}"
    closing = "never" if site.close_after is None else f"after {site.close_after.days} days"
    return (
        f"{site.slug}: {site.name}; origins {' '.join(site.origins)}; policy {policy}; limits {limits_text}; "
        f"depth {site.max_depth}; {minutes} minutes to revise; flag threshold {site.flag_threshold}; "
        f"articles close {closing}{spam}{READER_TRUST_WORDS[site.reader_trust]}"
    )


@site_group.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="What people call the site.")
@click.option("--origin", "origins", multiple=True, required=True, help="An origin of its pages: https://example.org")
@told_plainly
def create_site(slug: str, name: str, origins: tuple[str, ...]) -> None:
    """Make a site that holds every reply for review."""
    click.echo(_describe(sites.create_site(slug, name=name, origins=origins, now=utc_now())))


@site_group.command("set")
@click.argument("slug")
@click.option("--name", help="What people call the site.")
@click.option(
    "--origin", "origins", multiple=True, help="An origin of its pages; all that are given replace the old ones."
)
@click.option(
    "--policy",
    type=click.Choice([p.value for p in Policy]),
    help="all: a person reads every reply first; first: until its author is trusted; none: replies appear at once.",
)
@click.option("--trusted-after", type=int, help="Approved comments that make an author trusted under the policy first.")
@click.option("--limits", help="off, default, or such as client=10/60,email=3/60 (requests/seconds).")
@click.option("--max-depth", type=int, help="Levels of replies below a top-level comment.")
@click.option("--revise-minutes", type=click.IntRange(0, MOST_MINUTES), help="How long an author may revise.")
@click.option("--flag-threshold", type=int, help="Readers' flags that return a comment to the queue; 0: never.")
@click.option("--close-after-days", type=int, help="Days until an article takes no more replies; 0: never.")
@click.option("--spam-threshold", type=float, help="Score of the filter that makes a reply spam by itself; 0: never.")
@click.option("--late-after-minutes", type=int, help="Minutes of waiting until the queue is told to be late; 0: never.")
@click.option(
    "--reader-trust",
    type=click.Choice([trust.value for trust in ReaderTrust]),
    help="What readers gain whom the site signs in, under the policy first: none, proven, or trusted at once.",
)
@click.option(
    "--retention",
    multiple=True,
    help="Days for which something is kept, or never to let it go: client_keys=30, rejected=180, spam=60, "
    "unproven_emails=365, log=never.",
)
@told_plainly
def set_site(
    slug: str,
    name: str | None,
    origins: tuple[str, ...],
    policy: str | None,
    limits: str | None,
    max_depth: int | None,
    revise_minutes: int | None,
    flag_threshold: int | None,
    trusted_after: int | None,
    close_after_days: int | None,
    spam_threshold: float | None,
    late_after_minutes: int | None,
    reader_trust: str | None,
    retention: tuple[str, ...],
) -> None:
    """Change what is given of a site; the rest stays."""
    site = sites.change_site(
        slug,
        now=utc_now(),
        name=name,
        origins=origins or None,
        policy=None if policy is None else Policy(policy),
        limits=limits,
        max_depth=max_depth,
        revise_window=None if revise_minutes is None else timedelta(minutes=revise_minutes),
        flag_threshold=flag_threshold,
        trusted_after=trusted_after,
        close_after_days=close_after_days,
        spam_threshold=spam_threshold,
        late_after_minutes=late_after_minutes,
        reader_trust=None if reader_trust is None else ReaderTrust(reader_trust),
        retention=dict(map(_term, retention)) or None,
    )
    click.echo(_describe(site))


def _term(text: str) -> tuple[str, int | None]:
    name, _, days = text.partition("=")
    if days == "never":
        return name, None
    if not (days.isascii() and days.isdigit() and len(days) <= 9):
        raise click.ClickException(f"--retention {text}: write it as spam=60, or log=never.")
    return name, int(days)


@site_group.command("list")
@told_plainly
def list_sites() -> None:
    """Print every site, a line each."""
    for site in sites.list_sites():
        click.echo(_describe(site))


@moderator_group.command("create")
@click.option("--site", "slug", required=True, help="The site they are to moderate.")
@click.option("--name", required=True, help="What colleagues call them.")
@click.option("--role", type=click.Choice([r.value for r in Role]), default=Role.ADMIN.value, show_default=True)
@click.option("--email", help="Make the account at once, with the password from standard input.")
@told_plainly
def create_moderator(slug: str, name: str, role: str, email: str | None) -> None:
    """Print an invitation link; with --email, make the account at once.

    The link is good for seven days, once. The password is read from the first line of standard input, or asked for.
    """
    if email is None:
        invited = invitations.invite(slug, name=name, role=Role(role), now=utc_now())
        click.echo(f"{_address_of_the_service()}/desk/invitations/{invited.token}")
        return
    given = click.prompt("Password", hide_input=True, confirmation_prompt=True) if sys.stdin.isatty() else _first_line()
    invitations.create_moderator(slug, name=name, email=email, password=given, role=Role(role), now=utc_now())
    click.echo(f"{name} can sign in at {_address_of_the_service()}/desk/sign-in")


def _first_line() -> str:
    return sys.stdin.readline().rstrip("\n")


def _address_of_the_service() -> str:
    return current_app.config["POSTBAG_SETTINGS"].public_url or "http://127.0.0.1:8000"


@moderator_group.command("list")
@click.option("--site", "slug", required=True)
@told_plainly
def list_moderators(slug: str) -> None:
    """Print who moderates a site, a line each: id, name, role, second factor."""
    for member in invitations.read_team(sites.find_site(slug).id, now=utc_now()).members:
        factor = "second factor on" if member.has_second_factor else "no second factor"
        click.echo(f"{member.id}  {member.name}  {member.role}  {factor}")


@moderator_group.command("remove")
@click.argument("moderator_id", type=click.UUID)
@click.option("--site", "slug", required=True)
@told_plainly
def remove_moderator(moderator_id: UUID, slug: str) -> None:
    """Take a moderator's role on a site; the id is in `moderator list`."""
    invitations.remove(sites.find_site(slug).id, moderator_id, actor=COMMAND, now=utc_now())
    click.echo(f"Removed {moderator_id}.")


@moderator_group.command("reset-second-factor")
@click.argument("email")
@told_plainly
def reset_second_factor(email: str) -> None:
    """Take an account's second factor out of force, for somebody who lost phone and codes."""
    invitations.reset_second_factor(email)
    click.echo("The second factor is off; the password alone signs in.")


@token_group.command("create")
@click.option("--site", "slug", required=True, help="The site it is good for.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice([s.value for s in Scope]))
@click.option("--name", help="Who uses it; decisions are logged under this name.")
@told_plainly
def create_token(slug: str, scopes: tuple[str, ...], name: str | None) -> None:
    """Print a new token, alone on its line; it cannot be shown again."""
    name = name or f"a token made on {utc_now():%Y-%m-%d %H:%M:%S}"
    click.echo(sites.create_token(slug, name=name, scopes=[Scope(scope) for scope in scopes], now=utc_now()))


@token_group.command("list")
@click.option("--site", "slug", required=True)
@told_plainly
def list_tokens(slug: str) -> None:
    """Print a site's tokens, a line each: id, name, scopes, last use."""
    for token in sites.list_tokens(slug):
        used = f"last used {token.last_used_at:%Y-%m-%d %H:%M} UTC" if token.last_used_at else "never used"
        state = f"revoked {token.revoked_at:%Y-%m-%d %H:%M} UTC" if token.revoked_at else used
        click.echo(f"{token.id}  {token.name}  {' '.join(sorted(token.scopes))}  {state}")


@token_group.command("revoke")
@click.argument("token_id", type=click.UUID)
@click.option("--site", "slug", required=True)
@told_plainly
def revoke_token(token_id: UUID, slug: str) -> None:
    """Make a token useless from now on; its id is in `token list`."""
    if not sites.revoke_token(slug, token_id, now=utc_now()):
        raise click.ClickException(f"The site `{slug}` has no token {token_id} in use.")
    click.echo(f"Revoked {token_id}.")


@retention_group.command("apply")
@told_plainly
def apply_retention() -> None:
    """Forget at once what each site keeps no longer (`site set --retention`), as a worker does once a day."""
    done = upkeep.apply_retention(now=utc_now())
    click.echo(
        f"Dropped {done.client_keys} client keys, {done.answers} idempotency answers, {done.sketches} numbers of "
        f"sketches, {done.jobs} jobs of the outbox and {done.deliveries} deliveries to webhooks; took {done.texts} "
        f"texts, {done.emails} addresses and the words of {done.entries} log entries."
    )


@email_group.command("reseal")
@told_plainly
def reseal_emails() -> None:
    """Move every sealed address from a key in SECRET_KEY_FALLBACKS to SECRET_KEY."""
    click.echo(f"Re-sealed {upkeep.reseal_emails()} addresses.")


@click.command("worker")
@click.option("--with-parent", "parent", type=int, help="End when the process of this id is no longer the parent.")
@with_appcontext
def run_worker(parent: int | None) -> None:
    """Do what need not be done before people are answered, until it is stopped; several may run at once."""
    # Only now, since it brings scikit-learn along, which no other command or process needs.
    from service import worker

    worker.run(current_app._get_current_object(), parent=parent)  # type: ignore[attr-defined]


@audit_group.command("verify")
@click.option("--site", "slug", help="Only this site's log.")
@told_plainly
def verify_log(slug: str | None) -> None:
    """Walk the chain of every log, say how it ends or where it is broken, and fail where one is.

    Keep what is printed: whoever forges a whole log cannot make it end with the same hash.
    """
    is_broken = False
    for found in audit.verify(slug):
        if found.broken is None:
            click.echo(f"{found.slug}: {found.entries} entries, whole, ends with {found.hash.hex()}")
            continue
        is_broken = True
        click.echo(f"{found.slug}: broken at entry {found.number}, {BROKEN[found.broken]}: {found.why}")
    if is_broken:
        sys.exit(1)


@audit_group.command("proof")
@click.argument("file", type=click.File("r"))
@told_plainly
def check_proof(file: TextIO) -> None:
    """Say whether the proof of an erasure in FILE (- for what comes in) is ours, and fail where it is not."""
    found = erase.check_proof(file.read())
    if found is None:
        click.echo("This is no proof of ours: it was not signed here, was changed, or the log does not know of it.")
        sys.exit(1)
    click.echo(
        f"{found.site}: {found.comments} comments of one author were erased, {found.erased_at:%Y-%m-%d %H:%M:%S} UTC."
    )


@openapi_group.command("write")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=OPENAPI_FILE)
def write_openapi(file: Path) -> None:
    """Write the API document out of the schemas."""
    try:
        file.write_text(openapi_text())
    except OSError as fault:
        raise click.ClickException(f"{file} cannot be written ({fault.strerror}).") from fault
    click.echo(f"Wrote {file.name}.")


def openapi_text() -> str:
    """Return the API document as YAML, the same for the same code."""
    spec = current_app.extensions["postbag-openapi"]()
    return yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=110)


@demo_group.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@told_plainly
def serve_demo(host: str, port: int) -> None:
    """Migrate, fill the demo site if it is not there, print where to look, and serve."""
    _check_port(host, port)
    # Alembic comes with it, which no process needs that serves.
    from flask_migrate import upgrade

    upgrade()
    base_url = f"http://{host}:{port}"
    token = _prepare_demo(base_url, [base_url, f"http://localhost:{port}"])
    password = _demo_password()
    click.echo(
        f"""
Postbag serves the demo newspaper; stop it with Ctrl-C.

  Article, thread and reply form   {base_url}/demo/tide-barrier
  Moderators' desk                 {base_url}/desk
    sign in as                     {demo_actions.MODERATOR_EMAIL}
    with the password              {password}
  API documentation                {base_url}/docs
  Moderator's token                {token}

  What waits for review:
    curl -H 'Authorization: Bearer {token}' '{base_url}/v1/moderation/comments?site=demo'
"""
    )
    sys.stdout.flush()
    granian = Path(sys.executable).with_name("granian")
    arguments = ["--interface", "wsgi", "--host", host, "--port", str(port), "--no-ws", "--log-level", "error"]
    # As in the image. granian warns of so many threads, which here wait and do not compute: only errors are shown.
    arguments += ["--blocking-threads", "32", "--backpressure", "512"]
    os.environ["POSTBAG_DEMO"] = "1"
    # This process becomes the server and stays the worker's parent, so that the worker ends with it, however it does.
    flask = Path(sys.executable).with_name("flask")
    subprocess.Popen([flask, "--app", "wsgi", "worker", "--with-parent", str(os.getpid())])  # noqa: S603 - likewise
    os.execv(granian, [str(granian), *arguments, "wsgi:app"])  # noqa: S606 - our own server, from our own environment


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise click.ClickException(
                f"Port {port} on {host} cannot be used ({fault.strerror}). Choose another: make run PORT={port + 1}"
            ) from fault


def _prepare_demo(base_url: str, origins: list[str]) -> str:
    now = utc_now()
    demo_actions.ensure_site(origins, now=now)
    # The token moves to its lasting place when everything is there. Until then the next run goes on with it: the same
    # moderator may change what was decided, another would be told that somebody came first.
    kept = Path(current_app.instance_path) / "demo-token"
    begun = kept.with_name("demo-token.begun")
    finished = _good_token(kept, now)
    token = finished or _good_token(begun, now) or _new_token(begun, now)
    demo_actions.register_articles(token, base_url, now=now)
    if finished is None:
        demo_actions.seed_discussions(token, now=now)
        begun.replace(kept)
    return token


def _demo_password() -> str:
    """Return the password of the demo's account, which is made with it where there is none yet."""
    kept = Path(current_app.instance_path) / "demo-password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(f"{secrets.token_urlsafe(12)}\n")
    password = kept.read_text().strip()
    demo_actions.ensure_moderator(password, now=utc_now())
    return password


def _new_token(file: Path, now: datetime) -> str:
    token = demo_actions.make_token(now=now)
    file.touch(mode=0o600)
    file.write_text(token + "\n")
    return token


def _good_token(file: Path, now: datetime) -> str | None:
    """Return the token in the file, or None where there is none, half of one, or one of another database."""
    token = file.read_text().strip() if file.exists() else ""
    return token if demo_actions.is_good_token(token, now=now) else None
