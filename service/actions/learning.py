"""The filter of each site: it learns from what moderators decide, and tells them what it makes of what waits.

Only the worker imports this module, since it brings scikit-learn along.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from service.actions import outbox
from service.actions.findings import add_finding, hold_undecided, is_new, move_to_spam
from service.actions.toolbox import Toolbox, tools
from service.adapters.spam_filter import WINDOW, Lessons, SpamFilter
from service.domain.learning import ALL_SITES, LEARNED, learned_signal, lesson_of
from service.store import comments, filters, revisions, sites
from service.store.outbox import Job
from service.store.session import reading, writing

LOOKED_BACK = 4 * WINDOW
"""Entries of the log, from its end, among which a window's decisions are looked for: most entries are decisions."""
IN_MEMORY = 32  # sites whose lessons and filters a worker keeps, some 10 MB each with a full window
PRIOR_LASTS = timedelta(days=1)  # until what was learned on all sites is put together anew
PRIOR_SITES, PRIOR_OF_EACH = 20, 100  # sites whose newest lessons make the prior; no site makes more than a twentieth


class LearnedMeanwhile(Exception):
    """Another worker has stored a filter for this site since; the job is done again from there."""


@dataclass
class Classroom:
    """What a worker remembers of a site: its lessons up to an entry of the log."""

    lessons: Lessons = field(default_factory=Lessons)
    learned_to: int = 0


class Memory:
    """What one worker remembers; whatever is missing is read again, so that forgetting costs time alone."""

    def __init__(self) -> None:
        self._classrooms: OrderedDict[UUID, Classroom] = OrderedDict()
        self._filters: OrderedDict[UUID, tuple[int, SpamFilter | None]] = OrderedDict()

    def classroom(self, site_id: UUID) -> Classroom:
        """Return the classroom of a site, an empty one where none is remembered."""
        classroom = self._classrooms.setdefault(site_id, Classroom())
        self._classrooms.move_to_end(site_id)
        if len(self._classrooms) > IN_MEMORY:
            self._classrooms.popitem(last=False)
        return classroom

    def stored_filter(self, site_id: UUID, version: int | None) -> SpamFilter | None:
        """Return the stored filter of a site, read anew where another version stands in the table by now."""
        if version is None:
            return None
        known = self._filters.get(site_id)
        if known is None or known[0] != version:
            stored = filters.find_filter(site_id)
            known = (version, None if stored is None else SpamFilter.loads(stored.blob))
            self._filters[site_id] = known
        self._filters.move_to_end(site_id)
        if len(self._filters) > IN_MEMORY:
            self._filters.popitem(last=False)
        return known[1]


_memories: WeakKeyDictionary[Toolbox, Memory] = WeakKeyDictionary()
"""One for each application of this process; the sites of another one may have the same ids."""


def _remembered() -> Memory:
    return _memories.setdefault(tools(), Memory())


def score(job: Job, now: datetime) -> None:
    """Leave a note on a revision with what the site's filter makes of it, and let it count for the queue's order.

    Nothing happens where the author has taken it back or revised it since, where a person was faster, where it was
    scored already, or while nobody's decisions have taught anything yet.
    """
    assert job.comment_id is not None, "what is scored is a comment"
    assert job.revision is not None, "what is scored is a revision"
    memory = _remembered()
    with reading():
        versions = filters.filter_versions([job.site_id, ALL_SITES])
        own = memory.stored_filter(job.site_id, versions.get(job.site_id))
        prior = memory.stored_filter(ALL_SITES, versions.get(ALL_SITES))
        text = filters.texts_of([(job.comment_id, job.revision)]).get(job.comment_id)
    used = own if own is not None and (own.knows_enough or prior is None) else prior
    if used is None or not used.knows_enough or text is None or not text.body_raw:
        return
    probability = used.score(text.body_raw, text.author_name)
    signal = learned_signal(
        probability,
        decisions=used.decisions,
        from_all_sites=used is not own,
        spans=[(part.start, part.end) for part in used.explain(text.body_raw, text.author_name)],
    )
    with writing():
        found = hold_undecided(job)
        if found is None:
            return
        comment, last = found
        known = revisions.signals_of([(comment.id, job.revision)])[comment.id, job.revision]
        if any(one.name == LEARNED for one in known):
            return
        add_finding(comment, signal, now=now)
        comments.add_to_score(comment.id, signal.score)
        threshold = sites.get_site(job.site_id).spam_threshold
        if threshold is not None and used is own and signal.score >= threshold and last is None and is_new(comment):
            move_to_spam(comment, signal, now)


def learn(job: Job, now: datetime) -> None:
    """Learn what the site's log tells since the last time, decisions and what was taken back, and store the filter.

    Jobs that wait for the same are done along with it. Raises LearnedMeanwhile where another worker was faster.
    """
    memory = _remembered()
    alike = outbox.waiting_alike(job)
    with reading():
        stored = filters.find_filter(job.site_id)
        end = filters.end_of_log(job.site_id)
        prior_version = filters.filter_versions([ALL_SITES]).get(ALL_SITES)
        prior = memory.stored_filter(ALL_SITES, prior_version)
        if stored is not None and stored.learned_to >= end and SpamFilter.loads(stored.blob) is not None:
            return
        classroom = memory.classroom(job.site_id)
        _catch_up(job.site_id, classroom, end)
    learned = classroom.lessons.fit(prior)
    with writing():
        is_saved = filters.save_filter(
            job.site_id,
            learned.dumps(),
            learned_to=end,
            decisions=learned.decisions,
            expected_version=None if stored is None else stored.version,
            now=now,
        )
        if not is_saved:
            raise LearnedMeanwhile
        if prior_version is None and learned.knows_enough:
            outbox.enqueue("learn_prior", ALL_SITES, now=now)
        outbox.finish([other for other in alike if other != job.id])


def learn_prior(job: Job, now: datetime) -> None:
    """Put together what sites start from, of the newest lessons of each site that has learned lately; once a day."""
    alike = outbox.waiting_alike(job)
    together = Lessons()
    with reading():
        stored = filters.find_filter(ALL_SITES)
        if stored is not None and now - stored.updated_at < PRIOR_LASTS / 2:
            return
        for site_id in filters.sites_that_learned(limit=PRIOR_SITES):
            end = filters.end_of_log(site_id)
            _read_lessons(site_id, together, after=max(0, end - LOOKED_BACK), to=end, most=PRIOR_OF_EACH)
    learned = together.fit()
    with writing():
        is_saved = filters.save_filter(
            ALL_SITES,
            learned.dumps(),
            learned_to=0,
            decisions=learned.decisions,
            expected_version=None if stored is None else stored.version,
            now=now,
        )
        if not is_saved:
            raise LearnedMeanwhile
        outbox.finish([other for other in alike if other != job.id])
        outbox.enqueue("learn_prior", ALL_SITES, due_at=now + PRIOR_LASTS, now=now)


def _catch_up(site_id: UUID, classroom: Classroom, end: int) -> None:
    after = classroom.learned_to or max(0, end - LOOKED_BACK)
    _read_lessons(site_id, classroom.lessons, after=after, to=end, most=WINDOW)
    classroom.learned_to = end


def _read_lessons(site_id: UUID, lessons: Lessons, *, after: int, to: int, most: int) -> None:
    decided = filters.decided_between(site_id, after, to)[-most:]
    made = filters.decisions_made(decided, to=to)
    stand = {comment_id: lesson_of(made.get(comment_id, [])) for comment_id in decided}
    texts = filters.texts_of([(comment_id, lesson.revision) for comment_id, lesson in stand.items() if lesson])
    for comment_id, lesson in stand.items():
        text = texts.get(comment_id)
        if lesson is None or text is None or not text.body_raw:
            # Nothing stands that teaches, or the words have been taken back since.
            lessons.unlearn(comment_id)
        else:
            lessons.learn(comment_id, text.body_raw, text.author_name, is_spam=lesson.is_spam)
