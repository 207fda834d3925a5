"""Every phase of the screening on its own: what it finds, what it asks for, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.flood import FloodLevel
from service.domain.forms import FormSeen, FormState
from service.domain.life import Status
from service.domain.rules import RuleAction, RuleKind
from service.domain.screening import (
    PHASES,
    Facts,
    Signal,
    Submission,
    Verdict,
    may_be_published_at_once,
    rejection_among,
    screen,
    status_asked_for,
)
from service.domain.site import Policy
from tests.domain.rule_making import NOW, book, rule

KNOWN = Facts(Policy.NONE, author_approved=3, now=NOW)
ADDRESS = "192.0.2.7"


def found(body: str, facts: Facts = KNOWN, **sent: object) -> dict[str, Signal]:
    """Return what is found, by name."""
    submission = replace(Submission(body, is_edit=False, client_address=ADDRESS), **sent)  # type: ignore[arg-type]
    return {signal.name: signal for signal in screen(submission, facts)}


def quoted(body: str, signal: Signal) -> list[str]:
    """Return the words that a signal marks."""
    return [body[start:end] for start, end in signal.spans]


@pytest.mark.parametrize(
    ("body", "hosts"),
    [
        ("read https://bit.ly/3x", ["bit.ly"]),
        ("read www.tinyurl.com/a and http://t.co/b", ["www.tinyurl.com", "t.co"]),
        ("watch https://youtu.be/abc", []),
        ("read https://bit.ly.example.org/3x and https://notbit.ly/", []),
        ("bit.ly is a word here", []),
    ],
    ids=["one", "two", "a site's own", "other hosts", "no link"],
)
def test_a_link_that_hides_where_it_leads_is_held(body: str, hosts: list[str]) -> None:
    signal = found(body).get("link_shortener")
    assert (signal is not None) == bool(hosts)
    if signal:
        assert signal.verdict is Verdict.HOLD
        assert ", ".join(hosts) in signal.detail
        assert len(signal.spans) == len(hosts)


@pytest.mark.parametrize(
    ("approved", "body", "is_held"),
    [
        ("Good", "Good, see https://a.example", True),
        ("See https://a.example/1", "See https://a.example/2", False),
        ("See https://a.example", "See https://a.example and https://b.example", True),
        ("See https://a.example", "Good", False),
        (None, "See https://a.example", False),
    ],
    ids=["adds one", "another page", "adds another", "takes it away", "nothing is published"],
)
def test_an_edit_of_published_text_that_leads_elsewhere_is_held(approved: str | None, body: str, is_held: bool) -> None:
    signal = found(body, replace(KNOWN, approved_body=approved), is_edit=True).get("edit_adds_link")
    assert (signal is not None) == is_held


@pytest.mark.parametrize(
    ("alike", "said"), [(0, None), (1, "another recent comment"), (50, "50 other recent comments")]
)
def test_a_text_sent_before_in_nearly_the_same_words_is_held(alike: int, said: str | None) -> None:
    signal = found("Hello", replace(KNOWN, alike=alike)).get("near_duplicate")
    assert (signal and signal.verdict) == (said and Verdict.HOLD)
    assert said is None or (signal is not None and said in signal.detail)


@pytest.mark.parametrize(
    ("body", "is_noted"),
    [
        ("THIS IS AN OUTRAGE AND YOU KNOW IT", True),
        ("ЭТО ПРОСТО ВОЗМУТИТЕЛЬНО, ДРУЗЬЯ", True),
        ("NASA and ESA were both right about this one", False),
        ("OK, LOL", False),
        ("これは大声ではありません。大文字がないからです。本当です。", False),
        ("هذا ليس صراخا لأن العربية لا تعرف الحروف الكبيرة", False),
        ("装了XP系统，BIOS里把SATA改成IDE，驱动在LENOVO网站都能下载到，THINKPAD的键盘也不错", False),
        ("ESKİDEN BURALAR HEP DUTLUKTU, ŞİMDİ HER YER BETON", True),
    ],
    ids=["English", "Russian", "acronyms", "short", "Japanese", "Arabic", "Chinese with acronyms", "Turkish"],
)
def test_shouting_is_noted_and_not_held(body: str, is_noted: bool) -> None:
    signal = found(body).get("shouting")
    assert (signal and signal.verdict) == (Verdict.NOTE if is_noted else None)


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        ("Soooooooooo good", ["oooooooooo"]),
        ("What?!?!?!?!", ["?!?!?!?!"]),
        ("buy buy buy buy buy buy buy my thing now buy buy buy", ["buy"] * 10),
        ("Sooo good!!!", []),
        ("the cat and the dog and the bird and the fish met", []),
        ("哈哈哈哈哈", []),
        ("哈哈哈哈哈哈哈哈哈哈哈哈哈哈，说得太对了", []),
        ("ههههههههههههههههه والله صحيح", []),
        ("ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ 진짜 웃기다", []),
        ("555555555555 จริงด้วย", []),
        ("Точно, и у нас так же))))))))))))", []),
        ("kkkkkkkkkkkkk adorei", []),
        ("Jajajajajajajajajajaja qué bueno", []),
        ("Bravo 👏👏👏👏👏👏👏👏👏👏 ❤️❤️❤️❤️❤️❤️❤️❤️❤️❤️", []),
        ("Bon.......... on verra bien", []),
        ("以后再说吧。。。。。。。。。。", []),
        ("One\n------------\nTwo", []),
        ("kkk kkk kkk kkk kkk kkk kkk kkk kkk kkk kkk kkk kkk", []),
        ("不错不错不错不错不错不错不错不错", ["不"] * 8),
    ],
    ids=[
        "a letter",
        "marks",
        "a word",
        "a little",
        "articles",
        "laughing",
        "Chinese laughter",
        "Arabic laughter",
        "Korean laughter",
        "Thai laughter",
        "smiling brackets",
        "Portuguese laughter",
        "Spanish laughter",
        "emoji",
        "trailing off",
        "Chinese dots",
        "a line",
        "laughter in words",
        "a word of two characters",
    ],
)
def test_repetition_is_noted_and_not_held_and_laughter_is_none(body: str, marked: list[str]) -> None:
    signal = found(body).get("repetition")
    assert (quoted(body, signal) if signal else []) == marked
    assert signal is None or signal.verdict is Verdict.NOTE


@pytest.mark.parametrize(
    ("spam", "flagged", "said"),
    [
        (0, 0, None),
        (1, 0, "There is one comment by this author marked as spam here."),
        (0, 2, "There are 2 comments by this author under readers' flags."),
        (2, 1, "There are 2 comments by this author marked as spam here and one comment by this author under"),
    ],
)
def test_what_comes_from_a_reported_author_is_held(spam: int, flagged: int, said: str | None) -> None:
    signal = found("Hello", replace(KNOWN, author_spam=spam, author_flagged=flagged)).get("reported_author")
    assert (signal and signal.verdict) == (said and Verdict.HOLD)
    assert said is None or (signal is not None and signal.detail.startswith(said))


def test_a_closed_article_and_an_exact_copy_are_refused_before_anything_else_is_looked_at() -> None:
    listed = book(rule(RuleKind.WORD, "casino"))
    closed = found("casino", replace(KNOWN, rules=listed, article_is_open=False))
    assert [(signal.name, signal.verdict) for signal in closed.values()] == [("article_closed", Verdict.REJECT)]
    twice = found("casino", replace(KNOWN, rules=listed, is_duplicate=True))
    assert list(twice) == ["duplicate"]
    assert "article_closed" not in found("Hello", replace(KNOWN, article_is_open=False), is_edit=True)


RULES = {
    RuleKind.WORD: "casino",
    RuleKind.PATTERN: r"cas\wno",
    RuleKind.DOMAIN: "casino.example",
    RuleKind.AUTHOR: "@spam.example",
    RuleKind.NETWORK: "192.0.2.0/24",
}


@pytest.mark.parametrize("kind", list(RuleKind))
@pytest.mark.parametrize("action", [RuleAction.HOLD, RuleAction.SPAM, RuleAction.REJECT])
def test_a_rule_of_every_kind_asks_for_what_it_says_and_is_named(kind: RuleKind, action: RuleAction) -> None:
    listed = rule(kind, RULES[kind], action=action, note="Gambling", version=4)
    signals = found(
        "Win at https://casino.example", replace(KNOWN, rules=book(listed)), email="ada@spam.example"
    )  # fmt: skip
    signal = signals[f"rule_{kind}"]
    assert (signal.verdict.value, signal.rule_id, signal.rule_version) == (action.value, listed.id, 4)
    assert "“Gambling”" in signal.detail
    assert signal.detail.endswith(".")
    assert "ada@" not in signal.detail


def test_what_a_rule_met_is_quoted_as_a_sentence_of_bearable_length() -> None:
    listed = book(
        rule(RuleKind.WORD, "casino", "poker"),
        rule(RuleKind.PATTERN, "a+$", note="Screams"),
        rule(RuleKind.DOMAIN, "casino.example", note="Gambling"),
    )
    facts = replace(KNOWN, rules=listed)
    assert found("A casino, poker", facts)["rule_word"].detail == (
        "The text has “casino” and “poker”, which are held by a rule of the site."
    )
    assert found("a" * 9_000, facts)["rule_pattern"].detail == (
        f"The text has “{'a' * 59}…”, which is held by the rule “Screams”."
    )
    assert found("Hello", facts, website="https://casino.example")["rule_domain"].detail == (
        "The author’s website leads to “casino.example”, which is held by the rule “Gambling”."
    )


def test_the_first_rule_that_rejects_is_the_only_signal_of_its_kind_and_the_last_of_all() -> None:
    rules = book(
        rule(RuleKind.WORD, "casino"),
        rule(RuleKind.WORD, "poker", action=RuleAction.REJECT),
        rule(RuleKind.WORD, "roulette", action=RuleAction.REJECT),
        rule(RuleKind.NETWORK, "192.0.2.0/24"),
    )
    signals = list(found("casino, roulette and poker", replace(KNOWN, rules=rules)).values())
    assert [signal.verdict for signal in signals] == [Verdict.REJECT]
    assert rejection_among(signals) is signals[0]


@pytest.mark.parametrize("is_proven", [True, False])
def test_a_trusted_author_is_trusted_at_a_proven_address_alone(is_proven: bool) -> None:
    rules = book(rule(RuleKind.AUTHOR, "@paper.example", action=RuleAction.TRUST))
    facts = Facts(Policy.FIRST, author_approved=0, now=NOW, author_is_proven=is_proven, rules=rules)
    signals = found("See https://bit.ly/1", facts, email="ada@paper.example")
    assert ("policy" in signals) != is_proven
    assert signals["link_shortener"].verdict is (Verdict.NOTE if is_proven else Verdict.HOLD)


def test_a_trusted_network_turns_holds_into_notes_but_not_the_policy_of_reading_everything() -> None:
    rules = book(rule(RuleKind.NETWORK, "192.0.2.0/24", action=RuleAction.TRUST), rule(RuleKind.WORD, "casino"))
    facts = replace(KNOWN, rules=rules, alike=3)
    assert found("Hello", facts)["near_duplicate"].verdict is Verdict.NOTE
    assert "policy" not in found("Hello", replace(facts, policy=Policy.FIRST))
    assert found("Hello", replace(facts, policy=Policy.ALL))["policy"].verdict is Verdict.HOLD
    assert found("casino", facts)["rule_word"].verdict is Verdict.HOLD


def test_links_to_a_trusted_domain_are_not_counted() -> None:
    rules = book(rule(RuleKind.DOMAIN, "paper.example", action=RuleAction.TRUST))
    body = "https://paper.example/1 https://www.paper.example/2 https://a.example https://b.example"
    assert "many_links" in found(body)
    assert "many_links" not in found(body, replace(KNOWN, rules=rules))


def broken(submission: Submission, facts: Facts) -> Signal | None:
    """A phase that fails as a programmer's mistake would."""
    raise ZeroDivisionError("secret words")


def test_a_phase_that_fails_holds_the_text_under_its_name_and_the_others_go_on() -> None:
    told: list[tuple[str, str]] = []
    signals = screen(
        Submission("https://bit.ly/1", is_edit=False),
        KNOWN,
        phases=(broken, *PHASES),
        on_failure=lambda name, fault: told.append((name, type(fault).__name__)),
    )
    assert [signal.name for signal in signals] == ["screening_failed", "link_shortener"]
    assert signals[0].verdict is Verdict.HOLD
    assert "`broken`" in signals[0].detail
    assert "secret" not in signals[0].detail
    assert told == [("broken", "ZeroDivisionError")]


@pytest.mark.parametrize(
    ("verdicts", "is_published", "status"),
    [
        ([], False, Status.APPROVED),
        ([Verdict.NOTE], False, Status.APPROVED),
        ([Verdict.NOTE, Verdict.HOLD], False, Status.PENDING),
        ([Verdict.SPAM, Verdict.HOLD], False, Status.SPAM),
        ([Verdict.SPAM], True, Status.PENDING),
    ],
    ids=["nothing", "noted", "held", "spam", "spam in an edit of what is published"],
)
def test_the_strongest_verdict_says_where_a_text_goes(
    verdicts: list[Verdict], is_published: bool, status: Status
) -> None:
    signals = [Signal(verdict.value, verdict, 1.0, "…") for verdict in verdicts]
    assert status_asked_for(signals, is_published=is_published) is status
    assert may_be_published_at_once(signals) == (status is Status.APPROVED)


HONEST = [
    "文章写得很好，我完全同意作者的观点，希望以后能看到更多这样的内容。",
    "Yazınızı çok beğendim, özellikle son bölümdeki örnekler konuyu anlamamı kolaylaştırdı. İYİ ÇALIŞMALAR!",
    "Merci pour cet article ; je ne suis pas d'accord avec la conclusion (voir https://fr.wikipedia.org/wiki/Paris).",
    "Спасибо за статью! А где можно почитать об этом подробнее? На сайте www.example.ru ничего не нашёл.",
    "مقال رائع، شكراً جزيلاً على هذا الشرح المفصل والواضح.",
    "I've used it for years... and 10/10 would recommend!!! :) ❤️❤️❤️",
    "LOL",
    "Ha ha ha ha ha, that's the best thing I have read all week.",
    "> quoted\n\nNo. See https://example.org/a and https://example.org/b",
]


@pytest.mark.parametrize("body", HONEST)
def test_honest_comments_in_any_language_get_no_more_than_a_note(body: str) -> None:
    signals = found(body, replace(KNOWN, author_approved=0), email="ada@example.org", name="Ada Okafor")
    assert may_be_published_at_once(list(signals.values())), signals


@pytest.mark.parametrize(
    ("seen", "name", "verdict", "said"),
    [
        (FormSeen(FormState.VALID, timedelta(seconds=40)), None, None, ""),
        (FormSeen(FormState.VALID), None, None, ""),
        (FormSeen(FormState.MISSING), "no_form_token", Verdict.NOTE, "without a form of ours"),
        (FormSeen(FormState.FORGED), "form_token", Verdict.HOLD, "not ours"),
        (FormSeen(FormState.OTHER_ARTICLE), "form_token", Verdict.HOLD, "another article"),
        (FormSeen(FormState.EXPIRED), "form_token", Verdict.HOLD, "more than a day"),
        (FormSeen(FormState.REUSED), "form_token", Verdict.HOLD, "Another reply"),
        (FormSeen(FormState.VALID, timedelta(seconds=2.9)), "sent_too_fast", Verdict.HOLD, "2.9 seconds"),
        (FormSeen(FormState.VALID, timedelta(seconds=-1)), "sent_too_fast", Verdict.HOLD, "0.0 seconds"),
        (FormSeen(FormState.VALID, timedelta(seconds=3)), None, None, ""),
        (FormSeen(FormState.VALID, timedelta(minutes=1), honeypot=True), "honeypot", Verdict.HOLD, "cannot see"),
        (None, None, None, ""),
    ],
    ids=["good", "shared", "none", "forged", "another article", "old", "reused", "too fast", "a clock behind",
         "just slow enough", "honeypot", "no form at all"],
)  # fmt: skip
def test_a_form_tells_of_programs_and_costs_nobody_their_text(
    seen: FormSeen | None, name: str | None, verdict: Verdict | None, said: str
) -> None:
    signals = found("Hello", replace(KNOWN, form=seen))
    assert list(signals) == ([name] if name else [])
    if name:
        assert signals[name].verdict is verdict
        assert said in signals[name].detail


def test_what_was_paid_for_is_lighter_than_what_cost_nothing() -> None:
    signal = found("Hello", replace(KNOWN, has_proof=True))["proof_of_work"]
    assert (signal.verdict, signal.score < 0) == (Verdict.NOTE, True)


def test_what_comes_while_redis_is_away_is_held_with_the_reason() -> None:
    signal = found("Hello", replace(KNOWN, redis_is_away=True))["redis_away"]
    assert (signal.verdict, signal.score) == (Verdict.HOLD, 0.0)
    assert "(Redis) was away" in signal.detail


def test_what_others_cannot_be_asked_about_is_held_whoever_writes() -> None:
    signal = found("Hello", replace(KNOWN, opinions_are_overdue=True))["opinions_overdue"]
    assert (signal.verdict, signal.score) == (Verdict.HOLD, 0.0)
    assert "could not be asked" in signal.detail


@pytest.mark.parametrize(
    ("level", "approved", "is_held"),
    [(FloodLevel.PROOF, 0, False), (FloodLevel.HOLD, 0, True), (FloodLevel.HOLD, 1, False)],
    ids=["proof alone", "a newcomer", "somebody known"],
)
def test_under_the_heaviest_flood_newcomers_are_held_whatever_the_policy(
    level: FloodLevel, approved: int, is_held: bool
) -> None:
    signals = found("Hello", replace(KNOWN, author_approved=approved, flood_level=level))
    assert ("flood" in signals) == is_held
    assert not is_held or (signals["flood"].verdict, signals["flood"].score) == (Verdict.HOLD, 0.0)
