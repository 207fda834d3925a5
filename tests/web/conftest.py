"""What the tests of letters share: a mailbox, an application whose mail goes there, and a site of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete

from service.extensions import db
from service.store.models import UnaskedLetterRow
from service.store.session import writing
from tests.driver import SiteDriver, make_site
from tests.mailbox import Mailbox, running_smtp
from tests.mailed import letters_of, mailing_app
from tests.servers import empty_database


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """Return what a mail server of these tests alone is given."""
    with running_smtp() as mailbox:
        yield mailbox


@pytest.fixture(scope="module", params=["sqlite"])
def own_app(
    request: pytest.FixtureRequest,
    redis_url: str,
    quick_folder: Path,
    testrun_uid: str,
    worker_id: str,
    mailbox: Mailbox,
) -> Iterator[Flask]:
    """Return an application that sends mail, on a database of its own: SQLite, unless a test is `ON_BOTH`."""
    folder = quick_folder / f"{request.module.__name__}-{request.param}"
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{folder}.sqlite"
        else:
            name = f"postbag_letters_{testrun_uid}_{worker_id}"
            url = stack.enter_context(empty_database(os.environ["TEST_DATABASE_URL"], name))
        yield stack.enter_context(mailing_app(url, redis_url, folder, mailbox))


@pytest.fixture
def mailing_site(own_app: Flask, mailbox: Mailbox) -> SiteDriver:
    """Return a new site of that application, when all that earlier tests had to tell is told."""
    # The same people write on many sites, and would soon have had the six letters of this day.
    with own_app.app_context(), writing():
        db.session.execute(delete(UnaskedLetterRow))
    letters_of(own_app, mailbox)
    return make_site(own_app, limits="off")
