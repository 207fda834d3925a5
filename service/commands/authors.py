"""`flask --app wsgi author`: what an author asks for by post: everything they wrote, or that it be erased."""

from __future__ import annotations

from typing import TextIO

import click
from flask.cli import AppGroup

from service.actions import erase, mine
from service.actions.authors import find_owner
from service.commands.telling import told_plainly, utc_now
from service.domain.life import COMMAND
from service.domain.mine_export import json_pieces

author_group = AppGroup("author", help="What is kept of one author: take it out, or erase it.")


@author_group.command("export")
@click.argument("email")
@click.option("--site", "slug", required=True, help="The site that they wrote on.")
@click.option("--with-notes", is_flag=True, help="Also moderators' private notes; they may speak of others.")
@click.option("--output", type=click.File("w", lazy=True), default="-", help="A file; else it is printed.")
@told_plainly
def export(email: str, slug: str, with_notes: bool, output: TextIO) -> None:
    """Write everything that was written with EMAIL on a site, as JSON."""
    owner = find_owner(slug, email, with_notes=with_notes)
    written = mine.everything_of(owner, with_notes=with_notes)
    for piece in json_pieces(owner, written, made_at=utc_now(), with_notes=with_notes):
        output.write(piece)


@author_group.command("erase")
@click.argument("email")
@click.option("--site", "slug", required=True, help="The site that they wrote on.")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@told_plainly
def erase_author(email: str, slug: str, yes: bool) -> None:
    """Erase everything that was written with EMAIL on a site, for good, and print the proof of it."""
    owner = find_owner(slug, email)
    if not yes:
        record = owner.record
        count = record.pending + record.approved + record.rejected + record.spam
        click.confirm(f"Erase {count} comments of this author on {slug} for good?", abort=True, err=True)
    done = erase.erase_everything(owner.ids[0], owner.site, actor=COMMAND, now=utc_now())
    assert done is not None, "nobody said how much to do at once"
    click.echo(erase.proof(done), nl=False)
