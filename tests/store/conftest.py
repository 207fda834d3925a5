"""What the tests of the store share: one filled database for all that look at plans."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.driver import SiteDriver
from tests.store.crowd import crowded_site


@pytest.fixture(scope="session")
def crowded(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteDriver]:
    """Return a site with 20,000 comments under 20 articles, a tenth of them pending, half of all replies."""
    with crowded_site(postgres_url, redis_url, tmp_path_factory.mktemp("crowd")) as site:
        yield site
