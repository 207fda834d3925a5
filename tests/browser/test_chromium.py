"""Whether there is a browser; without one this test stands for all of them, so that one line tells of it."""

from __future__ import annotations

import os

import pytest

from tests.browser.chromium import find_chromium

NO_BROWSER = "browser tests left out: no Chromium found; install it with apt install chromium"


def test_there_is_a_browser_to_test_with() -> None:
    if find_chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
