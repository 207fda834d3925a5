"""A hundred decisions at once, each with all the words that it may have."""

from __future__ import annotations

import json
from typing import Any

from service.domain.comment import NOTE_MAX, REASON_MAX
from tests.driver import SiteDriver
from tests.refusals import refused, refused_fields
from tests.store.ledger import discrepancies

BATCH = "/v1/moderation/decisions"


def sent(site: SiteDriver, body: str | bytes) -> Any:
    """Send a body as it is."""
    return site.client.post(BATCH, data=body, headers=site.bearer | {"Content-Type": "application/json"})


def test_a_hundred_rejections_with_the_longest_reasons_and_notes_are_carried_out(free_site: SiteDriver) -> None:
    ids = [free_site.submitted()["id"] for _ in range(100)]
    words = {"reason": "汉" * REASON_MAX, "note": "字" * NOTE_MAX}
    decisions = [{"comment_id": one, "action": "reject", "revision": 1} | words for one in ids]
    answer = sent(free_site, json.dumps({"decisions": decisions}, ensure_ascii=False).encode())
    assert answer.status_code == 200, answer.text[:300]
    assert [result["status"] for result in answer.get_json()["results"]] == [201] * 100
    assert free_site.opened(ids[-1])["decisions"][0]["note"] == words["note"]
    assert discrepancies(free_site.app, free_site.slug) == []


def test_more_than_a_mebibyte_is_refused(site: SiteDriver) -> None:
    refused(sent(site, b" " * (1024 * 1024 + 1)), 413, "too_large")


def test_what_is_no_decision_is_named_with_its_place(site: SiteDriver) -> None:
    assert refused_fields(sent(site, '{"decisions": [null, 1, []]}')) == {
        "decisions.0": "required",
        "decisions.1": "wrong_type",
        "decisions.2": "wrong_type",
    }
