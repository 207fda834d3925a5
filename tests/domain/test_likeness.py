"""Which texts are known to say nearly the same."""

from __future__ import annotations

import pytest

from service.domain.likeness import ENOUGH_ALIKE, NUMBERS, sketch

SPAM = (
    "I lost my job last year and then found this wonderful trader who doubled my savings within three weeks, "
    "write to him at once and he will help your family as he helped mine, God bless him"
)


def shared(one: str, other: str) -> int:
    """Return how many numbers two texts share."""
    return len(set(sketch(one)) & set(sketch(other)))


@pytest.mark.parametrize(
    "copy",
    [
        SPAM.upper(),
        SPAM.replace("trader", "trader https://x7f.example/19283"),
        SPAM.replace(", ", " ... "),
        f"{SPAM} 83746",
        SPAM.replace("o", "о"),
        f"{SPAM} hugs",
    ],
    ids=["case", "a link", "punctuation", "a number", "look-alikes", "a word more"],
)
def test_copies_that_differ_in_little_are_nearly_the_same(copy: str) -> None:
    assert shared(SPAM, copy) >= ENOUGH_ALIKE


@pytest.mark.parametrize(
    "other",
    [
        "I found this article very interesting and wonder whether the author could say more about the second table, "
        "since the numbers there do not agree with those of the report that is cited",
        "Last year I lost my keys, and my family found them within three weeks; God bless them all for their patience",
    ],
)
def test_texts_about_other_things_are_not(other: str) -> None:
    assert shared(SPAM, other) < ENOUGH_ALIKE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "晚上隔壁有点吵，前台等了半个小时，性价比不错，字印得太小了。",
            "停车要另外收费，性价比不错，早餐的品种不多，风景拍得漂亮。",
        ),
        (
            "孩子很喜欢游泳池，送货很快，翻译有几处错误，性价比不错。",
            "字印得太小了，替朋友订的，性价比不错，停车要另外收费。",
        ),
        (
            "駅から歩いて五分でした。楽しみにしています。部屋が少し狭いです。結論には賛成できません。",
            "子どもが喜びました。楽しみにしています。次の記事はいつですか。質問に答えてくれました。",
        ),
        ("ห้องเล็กไปนิด รูปสวยจังเลย อ่านแล้วเข้าใจง่าย รอคิวนานเกินไป", "เดินจากสถานีห้านาที อ่านแล้วเข้าใจง่าย อาหารอร่อย ลูกชอบสระว่ายน้ำ"),
        (
            "Ürünü herkese gönül rahatlığıyla tavsiye ederim, kargo iki günde geldi, kızım çok sevdi, rengi koyu",
            "Paketleme özensizdi, bedeni küçük, ürünü herkese gönül rahatlığıyla tavsiye ederim, fiyatı yüksek",
        ),
        (
            "الأسعار مرتفعة قليلا، شكرا جزيلا على هذا المقال الرائع، لا أوافق على الخاتمة، الصور جميلة",
            "انتظرنا نصف ساعة، شكرا جزيلا على هذا المقال الرائع، الغرفة صغيرة، وصل الطلب بسرعة",
        ),
        (
            "Merci beaucoup pour cet article très intéressant, le second tableau manque de clarté, le prix reste élevé",
            "Mes enfants adorent, merci beaucoup pour cet article très intéressant, livré en deux jours, à bientôt",
        ),
        (
            "De lo que no se puede hablar, la habitación era pequeña, llegó en dos días, el precio es alto",
            "Esperamos una hora, la segunda tabla no se entiende, de lo que no se puede hablar, las fotos son buenas",
        ),
        (
            "Большое спасибо автору за интересную статью, вторая таблица непонятна, у нас в городе всё иначе",
            "Рецепт проверила, дети в восторге, большое спасибо автору за интересную статью, жду продолжения",
        ),
    ],
    ids=["Chinese", "Chinese too", "Japanese", "Thai", "Turkish", "Arabic", "French", "Spanish", "Russian"],
)
def test_people_who_share_a_turn_of_phrase_have_not_copied_each_other(one: str, other: str) -> None:
    assert len(sketch(one)) >= ENOUGH_ALIKE
    assert len(sketch(other)) >= ENOUGH_ALIKE
    assert shared(one, other) < ENOUGH_ALIKE


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        ("加我微信，老师每天免费推荐三只涨停股票，已经帮助上千位股民翻本，名额有限，先到先得，错过不再有。", "🔥{}🔥"),
        ("このサイトで登録するだけで毎月三十万円の副収入が手に入ります。今だけ無料なのでお早めにどうぞ。", "{} 8741"),
        ("สมัครวันนี้รับเครดิตฟรีทันทีไม่ต้องฝาก เว็บตรงแตกง่าย ถอนได้ไม่จำกัดทุกวัน ทีมงานดูแลตลอดยี่สิบสี่ชั่วโมง", "{} คลิกเลย"),
    ],
    ids=["Chinese", "Japanese", "Thai"],
)
def test_copies_are_found_where_words_are_not_spaced(text: str, copy: str) -> None:
    assert shared(text, copy.format(text)) >= ENOUGH_ALIKE


def test_whoever_answers_a_comment_line_by_line_is_no_copy_of_it() -> None:
    answer = "\n".join(f"> {line}" for line in SPAM.split(", "))
    assert shared(SPAM, f"{answer}\n\nThis is a fraud, do not write to that address.") == 0
    own = "Please do not believe this, my neighbour has lost her savings to the very same man last winter"
    assert sketch(f"{answer}\n\n{own}") == sketch(own)


def test_a_text_that_is_nothing_but_a_quotation_is_looked_at_all_the_same() -> None:
    assert shared(SPAM, f"> {SPAM}") >= ENOUGH_ALIKE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thank you very much, this was a great article!",
        "👍" * 50,
        "1 2 3 " * 20,
        "文章写得很好，我完全同意作者的观点。",
        "とても面白かったです。ありがとうございます。",
        "ขอบคุณมากครับ บทความดีมากเลย",
    ],
    ids=["nothing", "thanks", "emoji", "numbers", "Chinese", "Japanese", "Thai"],
)
def test_short_texts_have_no_sketch_since_people_say_the_same(text: str) -> None:
    assert sketch(text) == ()


def test_a_sketch_is_a_few_numbers_of_64_bits_for_any_script_and_length() -> None:
    for text in (SPAM, "これは非常に長い日本語の文章であり、単語の間に空白はありません。", "слово за слово " * 500):
        numbers = sketch(text)
        assert 1 <= len(numbers) <= NUMBERS
        assert all(-(2**63) <= number < 2**63 for number in numbers)
