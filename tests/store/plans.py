"""The plans of the very statements that the application sends to PostgreSQL, as they are sent.

with plans_of(app) as sent:
    site.page()
sent[0].scans_whole({"comments"})       tables that its plan reads from one end to the other
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import Connection, event

from service.extensions import db
from service.store.prepared import statement_sent

EXPLAINED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
STOPS_EARLY = "Limit"
TAKES_ALL_IN = {"Sort", "Aggregate", "Hash", "HashAggregate", "Materialize", "WindowAgg", "SetOp"}
"""What needs all rows beneath it before it gives the first one; a limit above does not make that cheaper."""


@dataclass(frozen=True)
class Sent:
    """A statement as it was sent, and the plan that PostgreSQL made for it."""

    statement: str
    plan: dict[str, Any]

    def nodes(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Yield each node of the plan, and whether a limit above ends it early."""
        yield from _nodes(self.plan, is_limited=False)

    def indexes(self) -> set[str]:
        """Return the indexes that are read."""
        return {node["Index Name"] for node, _ in self.nodes() if "Index Name" in node}

    def scans_whole(self, tables: Collection[str]) -> set[str]:
        """Return those of the tables that are read from one end to the other."""
        return {
            node["Relation Name"]
            for node, _ in self.nodes()
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in tables
        }

    def sorts(self) -> int:
        """Return how many rows the largest sort is expected to take in."""
        return max([node["Plan Rows"] for node, _ in self.nodes() if "Sort" in node["Node Type"]], default=0)

    def reads(self, tables: Collection[str]) -> int:
        """Return how many rows of the tables are expected to be read where no limit ends it early."""
        return max(
            [
                node["Plan Rows"]
                for node, is_limited in self.nodes()
                if not is_limited and node.get("Relation Name") in tables and "Scan" in node["Node Type"]
            ],
            default=0,
        )

    def rows_read(self, table: str = "comments") -> int:
        """Return how many rows were really taken from a table, whatever was thrown away; for a plan that was run."""
        return _rows_read(self.plan, table)

    def brief(self) -> str:
        """Return statement and plan as a person wants to read them where a test fails."""
        return f"{' '.join(self.statement.split())[:2000]}\n{_brief(self.plan)}"


@contextmanager
def plans_of(app: Flask, matching: str = "", *, by_running: bool = False) -> Iterator[list[Sent]]:
    """Yield a list that gets every statement of the block that matches, of any thread, with its plan.

    One that is prepared for all values is in it twice, since PostgreSQL may make one plan for all of them. With
    `by_running`, only SELECTs are, and the plan tells what was really read.
    """
    found: list[Sent] = []
    how = "EXPLAIN (ANALYZE, FORMAT JSON, BUFFERS) " if by_running else "EXPLAIN (FORMAT JSON) "

    def explain(
        connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        if not EXPLAINED.match(statement) or not re.search(matching, statement):
            return
        if by_running and not statement.startswith("SELECT"):
            return
        # Where a statement is sent for several rows, one stands for all.
        one = parameters[0] if isinstance(parameters, list) else parameters
        cursor = connection.connection.cursor()
        cursor.execute(how + statement, one)
        found.append(Sent(statement, _plan(cursor.fetchone())))

    def explain_prepared(_sender: Any, *, statement: str, values: Sequence[Any]) -> None:
        if not EXPLAINED.match(statement) or not re.search(matching, statement):
            return
        if by_running and not statement.startswith("SELECT"):
            return
        driver: Any = db.session.connection().connection.driver_connection
        ways: list[tuple[str, Any]] = [(how, values)]
        if not by_running:
            ways.append(("EXPLAIN (GENERIC_PLAN, FORMAT JSON) ", None))
        for own, given in ways:
            cursor: Any = psycopg.RawCursor(driver)
            found.append(Sent(statement, _plan(cursor.execute(own + statement, given, prepare=False).fetchone())))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", explain)
    try:
        with statement_sent.connected_to(explain_prepared):
            yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def _plan(row: Any) -> dict[str, Any]:
    (answer,) = row
    plan: dict[str, Any] = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any], *, is_limited: bool) -> Iterator[tuple[dict[str, Any], bool]]:
    kind = plan["Node Type"]
    yield plan, is_limited
    below = kind == STOPS_EARLY or (is_limited and kind not in TAKES_ALL_IN)
    for part in plan.get("Plans", []):
        yield from _nodes(part, is_limited=below)


def _rows_read(plan: dict[str, Any], table: str) -> int:
    thrown_away = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    own = plan["Actual Rows"] + thrown_away if plan.get("Relation Name") == table else 0
    return int(own * plan["Actual Loops"]) + sum(_rows_read(part, table) for part in plan.get("Plans", []))


def _brief(plan: dict[str, Any], indent: str = "") -> str:
    kind, named = plan["Node Type"], plan.get("Index Name") or plan.get("Relation Name", "")
    conditions = plan.get("Index Cond") or plan.get("Filter") or plan.get("Sort Key") or ""
    rows = f"rows={plan.get('Actual Rows', plan['Plan Rows'])}"
    own = f"{indent}{kind} {named} {conditions} {rows}"
    return "\n".join([own, *(_brief(part, indent + "  ") for part in plan.get("Plans", []))])
