"""Migrations run beside the version before: they add, and what takes away comes a release later and says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

VERSIONS = Path(__file__).parent.parent.parent / "service" / "migrations" / "versions"
SINCE = "0008"
"""Nothing was released before that one, so nobody has run an earlier one beside a running service."""
TAKES_AWAY = {"drop_table", "drop_column", "drop_constraint", "alter_column", "rename_table", "batch_alter_table"}
READS_ALL = {"create_index", "drop_index", "create_unique_constraint", "create_check_constraint", "create_foreign_key"}
WRITES_ALL = {"execute", "bulk_insert"}


def faults(source: str) -> list[str]:
    """Return what a migration does that the version before would notice."""
    module = ast.parse(source)
    named = {ast.unparse(node.targets[0]) for node in module.body if isinstance(node, ast.Assign)}
    (upgrade,) = (node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")
    return [] if "contracts" in named else list(_faults(upgrade))


def _faults(upgrade: ast.FunctionDef) -> Iterator[str]:
    made = {
        call.args[0].value
        for call in _calls(upgrade)
        if _name(call) == "op.create_table" and isinstance(call.args[0], ast.Constant)
    }
    for call in _calls(upgrade):
        room, _, verb = _name(call).partition(".")
        tables = {argument.value for argument in call.args if isinstance(argument, ast.Constant)}
        if room != "op" or tables & made:
            continue
        if verb in TAKES_AWAY:
            yield f"{verb}: give the module `contracts = 'why nothing that runs needs it'` a release later"
        elif verb in READS_ALL:
            yield f"{verb}: it locks the table while it reads it; beside.{verb} does not"
        elif verb in WRITES_ALL:
            yield f"{verb}: rows are written in batches by a command, while people go on"
        elif verb == "add_column" and "nullable=False" in (said := ast.unparse(call)) and "server_default" not in said:
            yield "add_column: the version before does not fill it, so it needs a server_default or to be nullable"


def _calls(node: ast.AST) -> list[ast.Call]:
    return [one for one in ast.walk(node) if isinstance(one, ast.Call)]


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)


@pytest.mark.parametrize("file", sorted(f.name for f in VERSIONS.glob("*.py") if f.name[:4] >= SINCE))
def test_a_migration_is_not_noticed_by_the_version_before(file: str) -> None:
    assert faults((VERSIONS / file).read_text()) == []


@pytest.mark.parametrize(
    ("statement", "is_fine"),
    [
        ("op.add_column('t', sa.Column('c', sa.Integer(), nullable=True))", True),
        ("op.add_column('t', sa.Column('c', sa.Integer(), server_default=sa.text('0'), nullable=False))", True),
        ("op.add_column('t', sa.Column('c', sa.Integer(), nullable=False))", False),
        ("op.drop_column('t', 'c')", False),
        ("op.alter_column('t', 'c', nullable=False)", False),
        ("op.create_index('i', 't', ['c'])", False),
        ("beside.create_index('i', 't', ['c'])", True),
        ("op.create_table('t'); op.create_index('i', 't', ['c'])", True),
        ("op.execute('UPDATE t SET c = 1')", False),
    ],
)
def test_what_would_be_noticed_is_told(statement: str, is_fine: bool) -> None:
    source = f"def upgrade():\n    {statement}\n"
    assert (faults(source) == []) is is_fine
    assert faults(f"contracts = 'nothing reads it'\n{source}") == []
