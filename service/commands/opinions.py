"""`flask --app wsgi site opinions`: whom a site asks what they think of a reply."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from service.actions import opinions, sites
from service.actions.opinions import Asked
from service.commands.telling import told_plainly, utc_now
from service.domain.life import COMMAND
from service.domain.opinions import OpinionKind

opinions_group = AppGroup("opinions", help="Whom a site asks what they think of a reply.")


def _tell(asked: Asked) -> None:
    click.echo(f"{asked.kind}: {asked.url}, since {asked.changed_at:%Y-%m-%d %H:%M} UTC")
    if asked.secret is not None:
        click.echo(f"secret: {asked.secret}")


@opinions_group.command("show")
@click.argument("slug")
@told_plainly
def show(slug: str) -> None:
    """Print whom a site asks, a line each, without secrets."""
    asked = opinions.who_is_asked(sites.find_site(slug).id)
    for one in asked:
        _tell(one)
    if not asked:
        click.echo("Nobody is asked.")


@opinions_group.command("hook")
@click.argument("slug")
@click.argument("url")
@click.option("--new-secret", is_flag=True, help="Make a new secret where there is one already.")
@told_plainly
def ask_hook(slug: str, url: str, new_secret: bool) -> None:
    """Let a server of the site's own be asked at URL.

    The secret that requests are signed with (Standard Webhooks) is printed when it is made, and cannot be shown again.
    """
    site_id = sites.find_site(slug).id
    _tell(opinions.ask_a_hook(site_id, url, actor=COMMAND, now=utc_now(), keep_secret=not new_secret))


@opinions_group.command("akismet")
@click.argument("slug")
@click.option("--url", help="A server that speaks the same as Akismet.")
@told_plainly
def ask_akismet(slug: str, url: str | None) -> None:
    """Let Akismet be asked, with the key from the first line of standard input, or asked for."""
    site_id = sites.find_site(slug).id
    is_typed = sys.stdin.isatty()
    key = click.prompt("Key of the account", hide_input=True) if is_typed else sys.stdin.readline().rstrip("\n")
    _tell(opinions.ask_akismet(site_id, key, url=url, actor=COMMAND, now=utc_now()))


@opinions_group.command("off")
@click.argument("slug")
@click.argument("kind", type=click.Choice([kind.value for kind in OpinionKind]))
@told_plainly
def ask_no_more(slug: str, kind: str) -> None:
    """Ask one of them no more, and forget the secret or key."""
    opinions.ask_no_more(sites.find_site(slug).id, OpinionKind(kind), actor=COMMAND, now=utc_now())
    click.echo(f"{kind} is asked no more.")


@opinions_group.command("try")
@click.argument("slug")
@told_plainly
def try_hook(slug: str) -> None:
    """Send the hook one request about no reader's words, and fail where its answer would not do."""
    tried = opinions.try_hook(sites.find_site(slug).id, now=utc_now())
    told = "no answer" if tried.status is None else f"status {tried.status}"
    click.echo(f"{told} after {tried.seconds:.2f} s")
    if tried.said:
        click.echo(tried.said)
    if tried.opinion is None:
        raise click.ClickException(tried.problem or "")
    click.echo(tried.opinion.signal.detail)
