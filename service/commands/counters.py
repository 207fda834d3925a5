"""`flask --app wsgi counters`: whether the kept numbers are what the comments say, and how to make them so."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from service.actions import recount
from service.commands.telling import told_plainly

counters_group = AppGroup("counters", help="The numbers that are kept beside the comments they count.")


@counters_group.command("check")
@click.option("--site", "slug", help="Only this site.")
@told_plainly
def check(slug: str | None) -> None:
    """Hold every kept number against the comments, name those that are wrong, and fail where one is."""
    wrong = 0
    for found in recount.check(slug):
        wrong += _tell(found, "all numbers are right")
    if wrong:
        sys.exit(1)


@counters_group.command("repair")
@click.option("--site", "slug", help="Only this site.")
@told_plainly
def repair(slug: str | None) -> None:
    """Put every kept number right, and name those that were wrong; people may go on writing meanwhile."""
    for found in recount.repair(slug):
        _tell(found, "all numbers were right already")


def _tell(found: recount.Recount, otherwise: str) -> int:
    for one in found.wrong:
        click.echo(f"{found.slug}: {one.noun} {one.id}: {one.counts} is {one.kept}, should be {one.right}")
    if not found.wrong:
        click.echo(f"{found.slug}: {otherwise}")
    return len(found.wrong)
