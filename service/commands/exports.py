"""`flask --app wsgi export`: a site is taken out as a file."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from service.actions import exports
from service.commands.telling import told_plainly, utc_now
from service.domain.exports import FORMS, ExportForm

export_group = AppGroup("export", help="Take a site out as a file.")


def _add_command(form: ExportForm) -> None:
    words = FORMS[form]

    @export_group.command(form.value, help=f"{words.what}: {words.says}")
    @click.option("--site", "slug", required=True, help="The site that is taken out.")
    @click.option(
        "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; standard output without it."
    )
    @told_plainly
    def take_out(slug: str, output: Path | None, with_emails: bool = False) -> None:
        with exports.export(slug, form, with_emails=with_emails, now=utc_now()) as pieces, ExitStack() as files:
            out = sys.stdout.buffer if output is None else files.enter_context(_made(output))
            for piece in pieces:
                out.write(piece)

    if words.may_have_emails:
        help_text = "With authors' e-mail addresses: the file is for the site's owner."
        take_out.params.append(click.Option(["--emails", "with_emails"], is_flag=True, help=help_text))


def _made(output: Path) -> Any:
    """Open a file that only its owner may read; raises ClickException where it cannot be written."""
    try:
        output.touch(0o600)
        return output.open("wb")
    except OSError as fault:
        raise click.ClickException(f"{output} cannot be written ({fault.strerror}).") from fault


for _form in ExportForm:
    _add_command(_form)
