"""`flask --app wsgi site readers`: what a site signs its own readers in with."""

from __future__ import annotations

import sys
from uuid import UUID

import click
from flask.cli import AppGroup

from service.actions import known_readers, sites
from service.commands.telling import told_plainly, utc_now
from service.domain.life import COMMAND

readers_group = AppGroup("readers", help="What a site signs its own readers in with.")


@readers_group.command("show")
@click.argument("slug")
@told_plainly
def show(slug: str) -> None:
    """Print the secrets, without what they are, and the key set, a line each: id, kind, time."""
    keys = known_readers.signing_keys(sites.find_site(slug).id)
    for key in keys:
        names = f"  {' '.join(key.names)}" if key.names else ""
        click.echo(f"{key.id}  {key.kind}  since {key.created_at:%Y-%m-%d %H:%M} UTC{names}")
    if not keys:
        click.echo("The site signs nobody in.")


@readers_group.command("secret")
@click.argument("slug")
@told_plainly
def make_secret(slug: str) -> None:
    """Print a new secret for HS256, alone on its line; it cannot be shown again.

    The one before stays good until it is ended.
    """
    click.echo(known_readers.make_secret(sites.find_site(slug).id, actor=COMMAND, now=utc_now()).secret)


@readers_group.command("keys")
@click.argument("slug")
@told_plainly
def set_key_set(slug: str) -> None:
    """Let the site sign with the public keys that standard input holds (JWKS, Ed25519), in place of those before."""
    key = known_readers.set_key_set(sites.find_site(slug).id, sys.stdin.read(), actor=COMMAND, now=utc_now())
    click.echo(f"{key.id}  {key.kind}  {' '.join(key.names)}")


@readers_group.command("end")
@click.argument("slug")
@click.argument("secret_id", type=click.UUID, required=False)
@told_plainly
def end(slug: str, secret_id: UUID | None) -> None:
    """Let nothing be good any more that was signed with a secret, of an id as `show` has it, else with the key set."""
    site_id = sites.find_site(slug).id
    if secret_id is None:
        known_readers.end_key_set(site_id, actor=COMMAND, now=utc_now())
        click.echo("The key set is ended.")
        return
    known_readers.end_secret(site_id, secret_id, actor=COMMAND, now=utc_now())
    click.echo(f"Ended {secret_id}.")
