"""`flask --app wsgi outbox`: what waits for a worker, and what none could do."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import click
from flask.cli import AppGroup, with_appcontext

from service.actions import outbox
from service.commands.telling import told_plainly, utc_now


@click.group("outbox", cls=AppGroup, invoke_without_command=True)
@click.pass_context
@with_appcontext
@told_plainly
def outbox_group(context: click.Context) -> None:
    """Print what waits for a worker, and what was given up; the commands below do something about the latter."""
    if context.invoked_subcommand is not None:
        return
    waiting, given_up = outbox.state()
    for kind in waiting:
        click.echo(f"{kind.kind}: {kind.count} waiting, the oldest since {kind.since:%Y-%m-%d %H:%M} UTC")
    if not waiting:
        click.echo("Nothing waits.")
    for job in given_up:
        about = f" on comment {job.comment_id}" if job.comment_id else ""
        click.echo(
            f"{job.id}  {job.kind}{about} of {job.site_slug or 'all sites'}, given up {job.failed_at:%Y-%m-%d %H:%M} "
            f"UTC after {job.attempts} tries: {job.last_error}"
        )


@outbox_group.command("retry")
@click.argument("job_ids", nargs=-1, type=click.UUID)
@told_plainly
def retry(job_ids: Sequence[UUID]) -> None:
    """Let a worker do what was given up once more: these jobs, or all of them."""
    taken = outbox.take_up_again(job_ids or None, now=utc_now())
    click.echo(f"Jobs that are tried again: {taken}.")


@outbox_group.command("forget")
@click.argument("job_ids", nargs=-1, type=click.UUID)
@click.option("--all", "everything", is_flag=True, help="All that was given up.")
@told_plainly
def forget(job_ids: Sequence[UUID], everything: bool) -> None:
    """Drop what was given up: these jobs, or all of them. What a comment says of it stays."""
    if bool(job_ids) == everything:
        raise click.UsageError("Name the jobs to forget, or say --all.")
    click.echo(f"Jobs that were forgotten: {outbox.forget(job_ids or None)}.")
