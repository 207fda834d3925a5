"""The filter that learns: what it makes of decisions, how it explains itself, and that it forgets exactly."""

from __future__ import annotations

import pytest

from service.adapters.spam_filter import HASHED_TO, Lessons, SpamFilter

SPAM = (
    "Cheap watches, visit http://watches.example now!!!",
    "Earn money from home, visit our site http://rich.example",
    "Subscribe to my channel and win a phone",
    "Visit http://pills.example for cheap pills",
    "Best casino bonus, visit http://casino.example today",
)
HONEST = (
    "I walked along the harbour last winter and it was freezing.",
    "The council should have asked the people of Meadow Row first.",
    "Thank you for this article, the part about eels was new to me.",
    "My grandmother remembers the flood of 1953 very well.",
    "Does anybody know when the ferry leaves on Sundays?",
)
ADVERT, REPLY = "Visit http://shoes.example for cheap shoes", "My grandmother walked to the ferry last winter."


def taught(*keys_to_forget: int, window: int = 100) -> Lessons:
    lessons = Lessons(window=window)
    for number, (spam, honest) in enumerate(zip(SPAM, HONEST, strict=True)):
        lessons.learn(2 * number, spam, "Best Offers", is_spam=True)
        lessons.learn(2 * number + 1, honest, "Walter Hale", is_spam=False)
    for key in keys_to_forget:
        lessons.unlearn(key)
    return lessons


def test_it_tells_apart_what_it_was_taught_and_what_is_like_it() -> None:
    spam_filter = taught().fit()
    assert spam_filter.score(ADVERT, "Shoe Shop") > 0.7
    assert spam_filter.score(REPLY, "Ewa Lind") < 0.3
    assert (spam_filter.spam, spam_filter.honest, spam_filter.decisions) == (5, 5, 10)


def test_a_decision_moves_the_score_and_unlearning_takes_it_back_to_the_last_digit() -> None:
    lessons = taught()
    before = lessons.fit()
    lessons.learn("new", REPLY, "Ewa Lind", is_spam=True)
    assert lessons.fit().score(REPLY, "Ewa Lind") > before.score(REPLY, "Ewa Lind") + 0.2
    lessons.unlearn("new")
    after = lessons.fit()
    assert after.dumps() == before.dumps()
    assert after.score(REPLY, "Ewa Lind") == before.score(REPLY, "Ewa Lind")


def test_what_was_never_learned_can_be_forgotten() -> None:
    lessons = taught()
    lessons.unlearn("something else")
    assert len(lessons) == 10


def test_a_second_decision_on_the_same_replaces_the_first() -> None:
    lessons = taught()
    lessons.learn(0, SPAM[0], "Best Offers", is_spam=False)
    spam_filter = lessons.fit()
    assert (spam_filter.spam, spam_filter.honest) == (4, 6)


def test_beyond_the_window_the_oldest_decisions_go() -> None:
    lessons = taught(window=4)
    assert len(lessons) == 4
    assert 9 in lessons
    assert 5 not in lessons


def test_it_knows_enough_once_it_has_seen_both_kinds() -> None:
    lessons = Lessons()
    assert not lessons.fit().knows_enough
    lessons.learn(1, SPAM[0], "", is_spam=True)
    assert not lessons.fit().knows_enough
    lessons.learn(2, HONEST[0], "", is_spam=False)
    assert lessons.fit().knows_enough


def test_a_new_site_starts_from_the_prior_and_leaves_it_for_its_own_decisions() -> None:
    prior = taught().fit()
    assert Lessons().fit(prior).score(ADVERT, "") > 0.6
    own = Lessons()
    for number in range(30):
        own.learn(number, f"Visit http://shoes.example/{number} for cheap shoes", "", is_spam=False)
        own.learn(-number - 1, f"Number {number} is a liar and a crook", "", is_spam=True)
    assert own.fit(prior).score(ADVERT, "") < 0.3


def test_what_weighed_most_is_quoted_from_the_text() -> None:
    text = "Hello! Please visit http://shoes.example for some shoes, grandmother."
    found = taught().fit().explain(text, "Shoe Shop", most=3)
    assert found == sorted(found, key=lambda part: part.start)
    quoted = [text[part.start : part.end] for part in found]
    assert "visit http://shoes.example" in " ".join(quoted)
    assert "grandmother" not in " ".join(quoted)
    assert all(part.weight > 0 for part in found)
    assert sum(len(words.split()) for words in quoted) <= 3


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \n\t ", id="blanks"),
        pytest.param("!!!", id="no words"),
        pytest.param("x", id="one letter"),
        pytest.param("Подпишись на мой канал и выиграй телефон http://приз.example", id="Russian"),
        pytest.param("请访问我的频道，赢取手机", id="Chinese"),
        pytest.param("اشترك في قناتي واربح هاتفا", id="Arabic"),
        pytest.param("ＦＲＥＥ　ＰＨＯＮＥ ﬁne ŉ İstanbul", id="letters that fold to several"),
        pytest.param("v\u200bisit my\u00ad channel", id="characters that are not seen"),
        pytest.param("👩‍👩‍👧‍👦" * 500, id="emoji families"),
        pytest.param("word " * 2_000, id="10,000 characters"),
        pytest.param("x" * 10_000, id="one word of 10,000 characters"),
    ],
)
def test_any_text_can_be_learned_scored_and_explained(text: str) -> None:
    lessons = taught()
    lessons.learn("this", text, "Somebody", is_spam=True)
    spam_filter = lessons.fit()
    assert 0 <= spam_filter.score(text, "Somebody") <= 1
    for part in spam_filter.explain(text, "Somebody"):
        assert 0 <= part.start < part.end <= len(text)


@pytest.mark.parametrize(
    ("spam", "honest", "like_it"),
    [
        ("Подпишись на мой канал", "Спасибо за статью о реке", "Подпишитесь на канал"),
        ("请订阅我的频道赢取手机", "谢谢你写这篇文章", "订阅我的频道"),
    ],
    ids=["Russian", "Chinese"],
)
def test_it_learns_in_any_language(spam: str, honest: str, like_it: str) -> None:
    lessons = Lessons()
    lessons.learn(1, spam, "", is_spam=True)
    lessons.learn(2, honest, "", is_spam=False)
    spam_filter = lessons.fit()
    assert spam_filter.score(like_it, "") > 0.5 > spam_filter.score(honest, "")
    assert [like_it[part.start : part.end] for part in spam_filter.explain(like_it, "")]


def test_letters_that_only_look_different_do_not_help() -> None:
    spam_filter = taught().fit()
    plain = spam_filter.score("Visit my casino", "")
    assert spam_filter.score("Ｖｉｓｉｔ my c\u200basino", "") == pytest.approx(plain, abs=0.05)


def test_both_ends_of_a_long_text_are_read() -> None:
    spam_filter = taught().fit()
    long = f"{HONEST[0]} " * 100
    assert spam_filter.score(long + ADVERT, "") > spam_filter.score(long, "")
    text = long + ADVERT
    assert any(part.start >= len(long) for part in spam_filter.explain(text, ""))


def test_stored_and_read_again_it_is_the_same() -> None:
    spam_filter = taught().fit()
    blob = spam_filter.dumps()
    assert len(blob) < 2 * HASHED_TO
    again = SpamFilter.loads(blob)
    assert again is not None
    assert (again.spam, again.honest) == (5, 5)
    for text in (*SPAM, *HONEST, ADVERT, REPLY):
        assert again.score(text, "Ewa") == pytest.approx(spam_filter.score(text, "Ewa"), abs=0.002)


def test_what_another_version_stored_is_not_read() -> None:
    blob = taught().fit().dumps()
    assert SpamFilter.loads(b"\xff\xff" + blob[2:]) is None
