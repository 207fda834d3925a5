"""A mail server that hangs keeps nobody waiting: replies are taken, scored and read while a letter is on its way."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from sqlalchemy import select

from service.extensions import db
from service.store.models import OutboxRow
from service.store.session import reading
from service.worker import Worker
from tests.driver import SiteDriver, make_site
from tests.granian_server import until
from tests.mailbox import Mailbox, hang, saying
from tests.mailed import mailing_app, wish


def waiting(site: SiteDriver) -> list[str]:
    with site.app.app_context(), reading():
        return list(db.session.scalars(select(OutboxRow.kind)))


def test_while_a_letter_hangs_everything_else_goes_on(redis_url: str, quick_folder: Path) -> None:
    is_hanging, is_enough = threading.Event(), threading.Event()

    def take_and_hang(taken: socket.socket, _: threading.Event) -> None:
        is_hanging.set()
        hang(taken, is_enough)

    mailbox, url = Mailbox(), f"sqlite:///{quick_folder / 'mail-hangs.sqlite'}"
    with saying(take_and_hang) as mailbox.address, mailing_app(url, redis_url, quick_folder / "hangs", mailbox) as app:
        site, worker = make_site(app, limits="off"), Worker(app)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            for _ in range(3):
                sent = site.submitted()
                wish(site, sent, "decision")
                site.approve(sent["id"])
            assert is_hanging.wait(30)
            later = site.submitted()
            site.approve(later["id"])
            until(lambda: set(waiting(site)) == {"letter"}, "something waits behind the letters")
            assert len(site.page()["comments"]) == 4
            assert waiting(site) == ["letter"] * 3
        finally:
            is_enough.set()
            worker.stop()
            thread.join()
