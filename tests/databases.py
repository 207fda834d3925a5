"""Which databases a test runs on: on both kinds, unless it says that the database has no part in its subject."""

from __future__ import annotations

import pytest

ON_SQLITE_ALONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is settled before any SQL, or after it: parsing, headers, words, pages, limits, signatures."""
