"""`flask --app wsgi import`: another system's comments are taken over."""

from __future__ import annotations

import gc
import json
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import click
from flask.cli import AppGroup

from service.actions import imports
from service.actions.imports import NoRoom, Report
from service.actions.undo_import import undo_import
from service.commands.telling import told_plainly, utc_now
from service.domain.imports import System
from service.domain.life import COMMAND

import_group = AppGroup("import", help="Take over the comments of another system.")

TOLD_OF = {
    System.WORDPRESS: "the file of Tools, Export: WXR 1.0 to 1.2",
    System.DISQUS: "the XML of Disqus' export, gzipped or not",
    System.ISSO: "Isso's comments.db, or its generic JSON",
    System.REMARK42: "a backup of Remark42: JSON Lines, gzipped or not",
    System.COMMENTO: "Commento's JSON, gzipped or not",
    System.COMENTARIO: "Comentario's JSON of version 1 or 3, gzipped or not",
    System.POSTBAG: "what `export jsonl` has written, restored as it was, gzipped or not",
}
BESIDE = 1  # processes beside this one: another 30 MB each, and with two the database has all that it can do
KILLED = (
    "One of the processes of this import was killed, as systems do when memory is short. "
    "Run the same command again: it goes on where it stopped."
)
LINES_SHOWN = 20  # of each part of the report, for people; --json has all of them


def _add_command(system: System) -> None:
    @import_group.command(system.value, help=f"Import from {system.value}: {TOLD_OF[system]}.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--site", "slug", required=True, help="The site that gets the comments.")
    @click.option("--dry-run", "is_dry", is_flag=True, help="Only say what would be imported.")
    @click.option("--json", "is_json", is_flag=True, help="Print the whole report as JSON.")
    @told_plainly
    def take_over(file: Path, slug: str, is_dry: bool, is_json: bool) -> None:
        # Nearly all that is made for a batch goes with it. What the driver leaves in circles would come to tens of
        # megabytes in a million comments, so it is looked for now and then, and never among what was there before.
        gc.freeze()
        gc.set_threshold(5_000, 10, 5)
        order = imports.Order(system, file, slug, COMMAND, is_dry=is_dry)
        try:
            with (
                _Progress() as progress,
                imports.taking_over(order, now=utc_now(), processes=BESIDE, told=progress) as report,
            ):
                progress.end()
                if is_json:
                    _print_json(report)
                else:
                    _print_report(report, slug)
        except BrokenProcessPool as fault:
            raise click.ClickException(KILLED) from fault
        except NoRoom as fault:
            raise click.ClickException(str(fault)) from fault


for _system in TOLD_OF:
    _add_command(_system)


@import_group.command("list")
@click.option("--site", "slug", help="Only this site.")
@told_plainly
def list_imports(slug: str | None) -> None:
    """Print the latest imports, a line each, the last one first."""
    found = imports.list_imports(slug)
    for name, one in found:
        undone = f", {one.undone} taken back" if one.undone else ""
        click.echo(
            f"{one.id}  {one.created_at:%Y-%m-%d %H:%M} UTC  {name}  {one.system} {one.file_name}: {one.status}, "
            f"{one.read} read, {one.imported} imported, {one.skipped} skipped{undone}"
        )
    if not found:
        click.echo("Nothing was imported.")


@import_group.command("undo")
@click.argument("import_id", type=click.UUID)
@told_plainly
def undo(import_id: UUID) -> None:
    """Take back what an import has added, but for what people have done something with since."""
    with _Progress() as progress:
        undone = undo_import(
            import_id, actor=COMMAND, now=utc_now(), told=lambda done, total: progress("undoing", done, total)
        )
    click.echo(f"Taken back: {undone.removed}. Left: {sum(undone.left.values())}.")
    for reason, count in sorted(undone.left.items()):
        click.echo(f"  {reason} since: {count}")


class _Progress:
    """Draws a bar on a terminal for what is being done, one after another, and nothing elsewhere."""

    def __init__(self) -> None:
        self._what = ""
        self._bar: Any = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how much of how much is done."""
        if not sys.stderr.isatty():
            return
        if what != self._what:
            self.end()
            self._what = what
            self._bar = click.progressbar(length=max(total, 1), label=f"{what:<9}", file=sys.stderr)
            self._bar.render_progress()
        self._bar.update(done - self._bar.pos)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let what is printed next begin on a line of its own."""
        if self._bar is not None:
            self._bar.render_finish()
            self._what, self._bar = "", None


def _print_json(report: Report) -> None:
    """Print the report as it is read, since it may have a million lines."""
    counts = {"id": report.id and str(report.id), "read": report.read, "imported": report.imported}
    click.echo(json.dumps(counts)[:-1], nl=False)
    for name, key, lines in (("skipped", "reason", report.skipped()), ("notes", "note", report.notes())):
        click.echo(f', "{name}": [', nl=False)
        for number, (source_id, said) in enumerate(lines):
            click.echo(("," if number else "") + json.dumps({"source_id": source_id, key: said}), nl=False)
        click.echo("]", nl=False)
    click.echo("}")


def _print_report(report: Report, slug: str) -> None:
    done = "would be imported" if report.id is None else "imported"
    waiting = f", {report.pending} of them into the queue" if report.pending else ""
    click.echo(f"{report.read} read, {report.imported} {done}{waiting}, {report.skipped_count} skipped.")
    for lines in (report.skipped(), report.notes()):
        for number, (source_id, said) in enumerate(lines):
            if number == LINES_SHOWN:
                click.echo("  … --json has all of them.")
                break
            click.echo(f"  {source_id or 'without an id'}: {said}")
    if report.id is not None and report.imported:
        click.echo(f"This is import {report.id} into {slug}; `flask --app wsgi import list` names them all.")
