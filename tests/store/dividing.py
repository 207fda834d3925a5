"""The tables divided by article, as docs/scaling.md tells an operator to divide them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg

from service.extensions import db

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "scaling.md"
PARTS = 4
DIVIDED = ("comments", "revisions", "signals", "sketches", "votes", "flags")


def divide() -> None:
    """Execute the very SQL of the document on the database of the present application."""
    (found,) = re.findall(r"^```sql\n(BEGIN;.*?PARTITION BY HASH.*?)^```$", DOCUMENT.read_text(), re.M | re.S)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver: Any = connection.connection.driver_connection
        # As psql has it, which an operator takes for it.
        psycopg.Cursor(driver).execute(b"SET statement_timeout = 0; SET lock_timeout = 0")
        psycopg.Cursor(driver).execute(found.encode())
        psycopg.Cursor(driver).execute(b"RESET statement_timeout; RESET lock_timeout")
