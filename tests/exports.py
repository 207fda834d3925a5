"""Exports of other systems, made up for tests: as small as their real ones are large, and as dirty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from click.testing import Result

from tests.driver import SiteDriver

WP = 'xmlns:wp="http://wordpress.org/export/1.2/"'


def comment(number: object, text: str = "A thought.", **fields: Any) -> str:
    """Return a comment of WordPress; fields are `wp:comment_…`, those that are None are left out."""
    said = {
        "author": f"Reader {number}",
        "author_email": f"reader{number}@example.org",
        "date_gmt": "2019-05-04 03:02:01",
        "approved": "1",
        "parent": "0",
    } | fields
    inside = "".join(
        f"<wp:comment_{name}>{escape(str(value))}</wp:comment_{name}>"
        for name, value in said.items()
        if value is not None
    )
    return (
        f"<wp:comment><wp:comment_id>{number}</wp:comment_id>{inside}"
        f"<wp:comment_content><![CDATA[{text}]]></wp:comment_content></wp:comment>"
    )


def item(link: str, *comments: str, title: str = "An article", more: str = "") -> str:
    """Return a post of WordPress with its comments."""
    head = f"<title>{escape(title)}</title><link>{escape(link)}</link>{more}"
    return f"<item>{head}{''.join(comments)}</item>"


def wxr(*items: str, root: str = WP, version: str | None = "1.2", before: str = "") -> str:
    """Return an export of WordPress."""
    told = f"<wp:wxr_version>{version}</wp:wxr_version>" if version else ""
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{before}{declaration}<rss version="2.0" {root}><channel>{told}{"".join(items)}</channel></rss>'


def imported(
    site: SiteDriver, folder: Path, content: str | bytes, *options: str, kind: str = "wordpress", name: str = "export"
) -> Result:
    """Run the command on a file with this content, and return what came of it."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return site.app.test_cli_runner().invoke(args=["import", kind, str(file), "--site", site.slug, *options])


def report(
    site: SiteDriver, folder: Path, content: str | bytes, *options: str, kind: str = "wordpress", name: str = "export"
) -> dict[str, Any]:
    """Return the report of an import as JSON; the test fails where the import does."""
    result = imported(site, folder, content, "--json", *options, kind=kind, name=name)
    assert result.exit_code == 0, (result.output, result.exception)
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def reasons(said: dict[str, Any]) -> dict[str, str]:
    """Return why each comment of a report was skipped, by its id in the export."""
    return {one["source_id"]: one["reason"] for one in said["skipped"]}
