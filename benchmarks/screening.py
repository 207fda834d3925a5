"""Measure what the screening costs a reader's request, with the longest list of words that a site may have and none.

`python -m benchmarks.screening` asks every phase about made-up comments in several scripts, each text once, so that no
words come from a cache; then it sends such comments to an application on PostgreSQL that holds 100,000, by authors who
have written there before, and times what the screening does within each request: its facts, its queries, its phases.
"""

from __future__ import annotations

import random
import statistics
import string
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import select

from benchmarks.filled import ALL_PENDING, ORIGIN, SLUG, fill
from benchmarks.printing import print_table, quieten
from service.actions import sites
from service.actions.screen import ALIKE_WINDOW
from service.actions.screen import screen as ask_all_phases
from service.adapters.patterns import searching
from service.domain.comment import DUPLICATE_WINDOW
from service.domain.likeness import sketch
from service.domain.queue import AuthorRecord
from service.domain.rulebook import NO_RULES, RuleBook
from service.domain.rules import Rule, RuleAction, RuleKind
from service.domain.screening import Facts, Submission, screen
from service.domain.site import Policy, Site
from service.domain.text import body_fingerprint
from service.extensions import db
from service.store import arrivals, comments
from service.store.models import AuthorRow
from service.store.session import reading
from tests.granian_server import beside
from tests.servers import empty_database, running_postgres

TERMS = 65_000
LETTERS = 300  # of a comment, as most are
TEXTS = 300
STORED = 100_000  # comments of the site whose requests are timed
SCRIPTS = {
    "English": string.ascii_lowercase,
    "Russian": "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "Turkish": "abcçdefgğhıijklmnoöprsştuüvyz",
    "Arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
}
IDEOGRAPHS = [chr(code) for code in range(0x4E00, 0x9000)]


def main() -> None:
    """Print the milliseconds of a text at the median, and of making the list ready once."""
    dice = random.Random(1)
    began = time.perf_counter()
    listed = RuleBook([_list_of_words(dice)], patterns=searching)
    ready = time.perf_counter() - began
    rows = []
    for script in [*SCRIPTS, "Chinese"]:
        shortest = _median(dice, script, NO_RULES)
        longest = _median(dice, script, listed)
        rows.append((f"a comment of {LETTERS} letters, {script}", "2 ms", f"{shortest:.2f} ms, {longest:.2f} ms"))
    rows.append(("English in a request, with the queries of its facts", "2 ms", _in_requests(dice)))
    rows.append((f"{TERMS:,} terms made ready, once in a process", "", f"{ready:.1f} s"))
    print(f"{datetime.now(UTC):%Y-%m-%d}: all phases and the sketch, without rules and with {TERMS:,} terms")
    print_table(rows)


def _in_requests(dice: random.Random) -> str:
    """Return the median and the ninth decile of what is added to a request that stores the reply anyway."""
    quieten()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        empty_database(postgres.url, "bench_screening") as url,
        beside(Path(folder), url) as app,
    ):
        fill(app, ALL_PENDING.of(STORED))
        with app.app_context():
            site = sites.find_site(SLUG)
            with reading():
                known = list(db.session.scalars(select(AuthorRow.id).limit(TEXTS)))
            taken = [_screened_once(site, author_id, _text(dice, "English")) for author_id in known]
    return f"{statistics.median(taken) * 1000:.2f} ms, {statistics.quantiles(taken, n=10)[-1] * 1000:.2f} ms"


def _screened_once(site: Site, author_id: UUID, text: str) -> float:
    now = datetime.now(UTC)
    author = AuthorRecord(author_id, 10, 3, 0, 0, 0)
    submission = Submission(text, is_edit=False, email="ada@example.org", name="Ada Okafor", author_id=author_id)
    with reading():
        # The connection is there already, as it is in a request that stores the reply.
        db.session.connection()
        began = time.perf_counter()
        numbers = sketch(text)
        sketched = time.perf_counter()
        looked_up = []
        for compared in ((), numbers):
            arrivals.look_up(
                site.id,
                ORIGIN,
                email_hashes=[author_id.bytes],
                email_sealed=b"",
                numbers=compared,
                alike_since=now - ALIKE_WINDOW,
                now=now,
            )
            looked_up.append(time.perf_counter())
        # Author and article would be looked up without any screening; what comparing adds to that is counted.
        comparing = (looked_up[1] - looked_up[0]) - (looked_up[0] - sketched)
        asked = time.perf_counter()
        same, flagged = comments.past_of_author(
            author_id, site.id, body_fingerprint(text), since=now - DUPLICATE_WINDOW
        )
        ask_all_phases(
            submission,
            site,
            author,
            book=NO_RULES,
            alike=0,
            author_flagged=flagged,
            now=now,
            is_duplicate=same,
        )
        return (sketched - began) + comparing + (time.perf_counter() - asked)


def _median(dice: random.Random, script: str, book: RuleBook) -> float:
    facts = Facts(Policy.ALL, author_approved=0, now=datetime.now(UTC), rules=book)
    taken = []
    for _ in range(TEXTS):
        text = _text(dice, script)
        began = time.perf_counter()
        sketch(text)
        screen(Submission(text, is_edit=False, email="ada@example.org", name="Ada Okafor"), facts)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def _text(dice: random.Random, script: str) -> str:
    if script == "Chinese":
        return "".join(dice.choices(IDEOGRAPHS, k=LETTERS))
    words: list[str] = []
    while sum(map(len, words)) + len(words) < LETTERS:
        words.append(_word(dice, SCRIPTS[script], 2, 10))
    return " ".join(words)[:LETTERS]


def _word(dice: random.Random, letters: str, least: int, most: int) -> str:
    return "".join(dice.choices(letters, k=dice.randint(least, most)))


def _list_of_words(dice: random.Random) -> Rule:
    makers: list[Callable[[], str]] = [lambda: "".join(dice.choices(IDEOGRAPHS, k=dice.randint(2, 4)))]
    for letters in SCRIPTS.values():
        makers.append(lambda letters=letters: _word(dice, letters, 4, 10))  # type: ignore[misc]
    makers.append(lambda: f"{_word(dice, string.ascii_lowercase, 3, 8)} {_word(dice, string.ascii_lowercase, 3, 8)}")
    terms: dict[str, None] = {}
    while len(terms) < TERMS:
        terms[dice.choice(makers)()] = None
    now = datetime.now(UTC)
    return Rule(
        id=uuid4(),
        site_id=uuid4(),
        kind=RuleKind.WORD,
        action=RuleAction.HOLD,
        terms=tuple(terms),
        note="",
        expires_at=None,
        version=1,
        created_by="benchmark",
        created_at=now,
        changed_at=now,
        term_count=len(terms),
    )


if __name__ == "__main__":
    main()
