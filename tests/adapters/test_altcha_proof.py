"""Proofs of work: solved as a browser does, good once, on one site, for ten minutes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.adapters.altcha_proof import ITERATIONS, AltchaProof, Checked, Outcome
from service.adapters.keyring import Keyring
from service.adapters.once import Once
from service.adapters.redis_link import RedisLink
from tests.proofs import solved


@pytest.fixture
def once(redis_url: str, tmp_path: Path) -> Iterator[Once]:
    link = RedisLink()
    link.bind(redis_url, tmp_path)
    yield Once(link)
    link.close()


@pytest.fixture
def proof(once: Once) -> AltchaProof:
    return AltchaProof(Keyring.from_secrets("a secret"), once)


def now() -> datetime:
    # The package compares expiries with the clock of the machine, so the tests stand in the present.
    return datetime.now(UTC)


@pytest.mark.parametrize("price", ITERATIONS)
def test_a_solution_is_good_once(proof: AltchaProof, price: int) -> None:
    solution = solved(proof.challenge("garden", price=price, now=now()))
    checked = proof.check(solution, "garden", now=now())
    assert (checked.outcome, checked.price) == (Outcome.OK, price)
    assert proof.check(solution, "garden", now=now()).outcome is Outcome.USED


def test_a_solution_that_bought_nothing_is_good_again(proof: AltchaProof) -> None:
    solution = solved(proof.challenge("garden", price=1, now=now()))
    proof.give_back(proof.check(solution, "garden", now=now()), "garden")
    again = proof.check(solution, "garden", now=now())
    assert again.outcome is Outcome.OK
    # A second sending, while the first is under way, does not give back what it does not have.
    proof.give_back(proof.check(solution, "garden", now=now()), "garden")
    assert proof.check(solution, "garden", now=now()).outcome is Outcome.USED


def test_a_solution_is_good_for_ten_minutes_on_one_site(proof: AltchaProof) -> None:
    made_at = now()  # Solving takes a busy machine longer than the seconds that are told apart below.
    solution = solved(proof.challenge("garden", price=1, now=made_at))
    assert proof.check(solution, "kitchen", now=now()) == Checked(Outcome.WRONG)
    later = made_at + timedelta(minutes=10)
    assert proof.check(solution, "garden", now=later) == Checked(Outcome.EXPIRED)
    assert proof.check(solution, "garden", now=later - timedelta(seconds=5)).outcome is Outcome.OK


def test_an_older_key_still_opens_what_it_signed(proof: AltchaProof, once: Once) -> None:
    solution = solved(proof.challenge("garden", price=1, now=now()))
    assert AltchaProof(Keyring.from_secrets("new"), once).check(solution, "garden", now=now()).outcome is Outcome.WRONG
    after = AltchaProof(Keyring.from_secrets("new", ["a secret"]), once)
    assert after.check(solution, "garden", now=now()).outcome is Outcome.OK


def altered(challenge: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return challenge | {"parameters": challenge["parameters"] | changes}


@pytest.fixture(scope="module")
def bought() -> dict[str, Any]:
    """Return a challenge of price 1 and its solution, paid for once; what is found wrong is not used up."""
    made = AltchaProof(Keyring.from_secrets("a secret"), Once(RedisLink())).challenge("garden", price=1, now=now())
    said: dict[str, Any] = json.loads(base64.b64decode(solved(made)))
    return said


def test_nobody_makes_it_cheaper(proof: AltchaProof, bought: dict[str, Any]) -> None:
    challenge = bought["challenge"]
    # What is to be computed has changed here, so that it is solved anew; it costs next to nothing.
    cheap = [solved(altered(challenge, cost=1)), solved(altered(challenge, keyPrefix=""))]
    # What was paid for solves these as well: nonce, salt and cost are the same.
    paid_for = [
        altered(challenge, data={"site": "garden", "price": 2}),
        altered(challenge, expiresAt=challenge["parameters"]["expiresAt"] + 60),
        altered(challenge, data=None),
        altered(challenge, expiresAt="never"),
        challenge | {"signature": None},
        challenge | {"signature": "é" * 64},
    ]
    given = cheap + [encoded(bought | {"challenge": made}) for made in paid_for]
    assert {proof.check(solution, "garden", now=now()).outcome for solution in given} == {Outcome.WRONG}
    # It is what was altered that is wrong, and nothing else about it.
    assert proof.check(encoded(bought), "garden", now=now()).outcome is Outcome.OK


@pytest.mark.parametrize("changes", [{"counter": 0}, {"counter": -1}, {"counter": "1"}, {"derivedKey": 7}])
def test_what_is_not_the_solution_is_wrong(proof: AltchaProof, bought: dict[str, Any], changes: dict[str, Any]) -> None:
    wrong = bought["solution"] | {"derivedKey": "00" * 32} | changes
    assert proof.check(encoded(bought | {"solution": wrong}), "garden", now=now()) == Checked(Outcome.WRONG)


def encoded(said: Any) -> str:
    return base64.b64encode(json.dumps(said).encode()).decode()


NO_PAYLOADS: list[Any] = [[], None, 7, {}, {"challenge": 1, "solution": 2}, {"challenge": {"parameters": []}}]


@pytest.mark.parametrize(
    "solution",
    [
        "x",
        "not base64!",
        "é",
        "\ud800",
        "A" * 100_000,
        base64.b64encode(b"\xff\xfe").decode(),
        base64.b64encode(b"[" * 2_900).decode(),
        *(encoded(said) for said in NO_PAYLOADS),
    ],
)
def test_what_is_no_solution_at_all_is_malformed(proof: AltchaProof, solution: str) -> None:
    assert proof.check(solution, "garden", now=now()) == Checked(Outcome.MALFORMED)
