"""People who go on using the service while something happens to it, and note what they were promised.

with under_load(server, site, senders=4, readers=2) as load:
    ...                        something happens
load.sent                      what was acknowledged: the text of each reply, and the id it was given
load.assert_kept(app)          it is all there, once
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select

from service.extensions import db
from service.store.models import CommentRow, LogRow, RevisionRow
from service.store.session import reading
from service.store.sites import find_site
from tests.driver import SiteDriver
from tests.granian_server import LOOK_EVERY, Answer, GranianServer, until

TRY_AGAIN = frozenset({409, 503})
"""What an honest client sends again under the same key: somebody is at it, or nobody can be."""


@dataclass(frozen=True)
class Said:
    """An answer as the one who asked saw it; status 0 where the connection broke."""

    status: int
    seconds: float
    headers: dict[str, str]
    was_reading: bool = False


@dataclass
class Load:
    """What a number of people do at once, and what came of it."""

    server: GranianServer
    site: SiteDriver
    sent: dict[str, str] = field(default_factory=dict)
    decided: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _to_decide: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def goes_on(self, answers: int = 10, within: float = 30.0) -> None:
        """Wait until that many more replies were acknowledged."""
        before = len(self.sent)
        until(lambda: len(self.sent) >= before + answers, f"nothing is accepted: {self.told()}", within=within)

    def lasts(self, seconds: float) -> None:
        """Wait until people have gone on for so long."""
        ends = time.monotonic() + seconds
        until(lambda: time.monotonic() > ends, "time stands still", within=seconds + 60)

    def told(self) -> Counter[tuple[bool, int]]:
        """Return how often each status was answered, to readers and to others."""
        return Counter((one.was_reading, one.status) for one in list(self.said))

    def statuses(self, *, readers: bool, since: int = 0) -> set[int]:
        return {one.status for one in self.said[since:] if one.was_reading == readers}

    def assert_kept(self, app: Flask) -> None:
        """Fail unless everything acknowledged is in the database exactly once, and every decision in the log."""
        assert not self.faults, self.faults[:3]
        with app.app_context(), reading():
            site_id = find_site(self.site.slug).id
            stored = Counter(
                db.session.scalars(select(RevisionRow.body_raw).join(CommentRow).where(CommentRow.site_id == site_id))
            )
            ids = set(db.session.scalars(select(CommentRow.id).where(CommentRow.site_id == site_id)))
            logged = Counter(
                db.session.scalars(
                    select(LogRow.comment_id).where(LogRow.site_id == site_id, LogRow.comment_id.is_not(None))
                )
            )
        assert {body: stored[body] for body in self.sent if stored[body] != 1} == {}
        assert {body: times for body, times in stored.items() if times != 1} == {}
        assert {UUID(comment_id) for comment_id in self.sent.values()} <= ids
        assert {UUID(one): logged[UUID(one)] for one in self.decided if logged[UUID(one)] != 1} == {}
        assert {one: times for one, times in logged.items() if times != 1} == {}
        checked = app.test_cli_runner().invoke(args=["counters", "check", "--site", self.site.slug])
        assert checked.exit_code == 0, checked.output
        verified = app.test_cli_runner().invoke(args=["audit", "verify", "--site", self.site.slug])
        assert verified.exit_code == 0, verified.output

    def _asked(self, ask: Callable[[], Answer], *, was_reading: bool = False) -> Answer | None:
        began = time.monotonic()
        try:
            answer = ask()
        except OSError:
            self.said.append(Said(0, time.monotonic() - began, {}, was_reading))
            self._stop.wait(LOOK_EVERY)
            return None
        headers = {name.lower(): text for name, text in answer.headers.items()}
        self.said.append(Said(answer.status, time.monotonic() - began, headers, was_reading))
        return answer

    def _keep_sending(self, sender: int) -> None:
        # Whoever has begun to send goes on until there is an answer, as the widget does.
        number = 0
        while not self._stop.is_set():
            number += 1
            body = f"Sender {sender} has this to say, {number}"
            reply = self.site.reply(body=body, email=f"sender{sender}@example.org")
            self._send(body, reply)

    def _send(self, body: str, reply: dict[str, object]) -> None:
        headers = {"Origin": self.site.origin, "Idempotency-Key": str(uuid4())}
        gives_up_at = 0.0
        while True:
            answer = self._asked(lambda: self.server.ask("POST", "/v1/comments", body=reply, headers=headers))
            if answer is not None and answer.status == 202:
                self.sent[body] = answer.json["id"]
                self._to_decide.put(answer.json["id"])
                return
            if answer is not None and answer.status not in TRY_AGAIN:
                self.faults.append(f"a reply was answered {answer.status}: {answer.text[:300]}")
                return
            if self._stop.is_set():
                gives_up_at = gives_up_at or time.monotonic() + 15
                if time.monotonic() > gives_up_at:
                    return
            time.sleep(LOOK_EVERY)

    def _keep_deciding(self) -> None:
        while not self._stop.is_set():
            try:
                comment_id = self._to_decide.get(timeout=0.1)
            except queue.Empty:
                continue
            self._decide(comment_id)

    def _decide(self, comment_id: str) -> None:
        path = f"/v1/moderation/comments/{comment_id}/decisions"
        decision = {"action": "approve", "revision": 1, "version": 1}
        while not self._stop.is_set():
            answer = self._asked(lambda: self.server.ask("POST", path, body=decision, headers=self.site.bearer))
            if answer is None or answer.status == 503:
                time.sleep(LOOK_EVERY)
                continue
            if answer.status == 201:
                self.decided.append(comment_id)
            elif answer.json.get("code") != "stale_decision":  # it was carried out, and the answer was lost
                self.faults.append(f"a decision was answered {answer.status}: {answer.text[:300]}")
            return

    def _keep_reading(self) -> None:
        query = urlencode({"site": self.site.slug, "article": self.site.article})
        while not self._stop.is_set():
            self._asked(lambda: self.server.ask("GET", f"/v1/comments?{query}"), was_reading=True)
            self._stop.wait(LOOK_EVERY)


@contextmanager
def under_load(
    server: GranianServer, site: SiteDriver, *, senders: int = 4, readers: int = 1, moderators: int = 1
) -> Iterator[Load]:
    """Yield what people do at the service within the block; at its end they finish what they have begun."""
    load = Load(server, site)
    with ThreadPoolExecutor(senders + readers + moderators) as pool:
        people = [pool.submit(load._keep_sending, number) for number in range(senders)]
        people += [pool.submit(load._keep_reading) for _ in range(readers)]
        people += [pool.submit(load._keep_deciding) for _ in range(moderators)]
        try:
            yield load
        finally:
            load._stop.set()
        for person in people:
            person.result()
