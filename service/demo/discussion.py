"""What the readers of the demo site wrote: published, edited, removed, and waiting for review.

Between them the comments show what a moderator and a style sheet have to cope with: depth, Markdown, a script that runs
from right to left, a correction, a removed comment with answers, advertising, anger, a private telephone number. Mail
addresses and links are of domains reserved for examples (RFC 2606), the number of a range reserved for drama.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DemoComment:
    """One reply; `reply_to` is the `ref` of an earlier one under the same article, or None at the top.

    Where `state` is `edited`, `earlier_body` was approved first and `body` after it; where it is `revised`, the edit
    waits. A `removed` comment was published before a moderator took it away; a `reported` one is published, and readers
    have brought it back to the queue. `minutes_ago` counts back from the moment of seeding.
    """

    ref: str
    reply_to: str | None
    name: str
    email: str
    body: str
    minutes_ago: int
    url: str | None = None
    state: Literal["published", "pending", "removed", "edited", "revised", "reported"] = "published"
    earlier_body: str | None = None


TIDE_COMMENTS: tuple[DemoComment, ...] = (
    DemoComment(
        ref="pumping",
        reply_to=None,
        name="Aoife Brennan",
        email="aoife.brennan@example.org",
        url="https://example.org/aoife",
        body=(
            "The sum that is missing from every leaflet is the pumping. £2,300 a night, forty-one nights: "
            "that is **£94,300** for last winter alone, and it grows with every closing.\n\n"
            "I would gladly pay for new gates if someone showed me that line over thirty years, beside the "
            "other two."
        ),
        minutes_ago=4100,
    ),
    DemoComment(
        ref="minutes",
        reply_to="pumping",
        name="Tomás Ferreira",
        email="tomas@example.net",
        body=(
            "> the sum that is missing from every leaflet\n\n"
            "It is in the harbour board’s [minutes of "
            "November](https://example.org/harbour-board/minutes/november), though you have to know that it "
            "is item 14:\n\n"
            "- two diesel pumps, from 1987, *“at the end of their life”*\n"
            "- one electric pump, from 2011, which runs at a third of the cost\n"
            "- a quote to replace both diesels, £1.4 million, “noted”\n\n"
            "Noted!"
        ),
        minutes_ago=4050,
    ),
    DemoComment(
        ref="estuary",
        reply_to="minutes",
        name="ليلى منصور",
        email="layla.mansour@example.org",
        body=(
            "عشتُ عند مصبّ النهر ثلاثين عامًا، وكنا نرفع الأثاث بأيدينا قبل كل مدٍّ عالٍ. لا أحد يحبّ الجدار، "
            "لكن السؤال الحقيقي هو: من يدفع ثمن الانتظار؟\n\n"
            "(In short: nobody loves a wall. But who pays for waiting?)"
        ),
        minutes_ago=3980,
    ),
    DemoComment(
        ref="we-do",
        reply_to="estuary",
        name="Nguyễn Thị Hạnh",
        email="hanh.nguyen@example.net",
        body=("We do. It is in the drainage charge, second page of the council tax bill: £31 in 2015, £58 this year."),
        minutes_ago=3900,
    ),
    DemoComment(
        ref="bill",
        reply_to="we-do",
        name="Margaret Lowe",
        email="m.lowe@example.org",
        body=(
            "I have just gone to look, and you are right. Forty years of paying that bill and I never turned it over."
        ),
        minutes_ago=3870,
    ),
    DemoComment(
        ref="meadow-row",
        reply_to=None,
        name="Walter Hale",
        email="walter.hale@example.org",
        body=(
            "I am the Walter Hale in the article, and my granddaughter is typing this.\n\n"
            "People have been very kind since this came out, but I would like to correct one thing. I did not "
            "say that I want to leave. I said that I want to be told. There is a difference between a house "
            "you lose to the sea and a house you are asked for.\n\n"
            "My father marked **1953** on the ruler because he wanted us to know how high it came, not "
            "because he wanted us to be afraid of it. If the meadow has to go under, then let it be decided "
            "in daylight, with a date, and with somewhere for the bowling green to go. I can be moved. I am "
            "less sure about the bowls club."
        ),
        minutes_ago=3700,
    ),
    DemoComment(
        ref="thank-you",
        reply_to="meadow-row",
        name="Priya Raghunathan",
        email="priya.r@example.net",
        body=(
            "Thank you for writing this, Mr Hale, and thank your granddaughter. It is the first thing I have "
            "read about the meadow that made me want to go to the open evening."
        ),
        minutes_ago=3640,
    ),
    DemoComment(
        ref="unkind",
        reply_to="meadow-row",
        name="Gary P.",
        email="garyp@example.net",
        body="Easy to be noble when it is other people’s money that buys your new house.",
        minutes_ago=3600,
        state="removed",
    ),
    DemoComment(
        ref="fair",
        reply_to="unkind",
        name="Samuel Adeyemi",
        email="s.adeyemi@example.org",
        body=(
            "I don’t think that is fair. Nobody on Meadow Row asked for this, and the compensation on page 9 "
            "of the proposal is the *value of the land*, not of a house anywhere else in town."
        ),
        minutes_ago=3560,
    ),
    DemoComment(
        ref="page-nine",
        reply_to="fair",
        name="Ewa Wiśniewska",
        email="ewa.w@example.net",
        body="Page 9 also says “subject to review”. I would want that explained before the ninth.",
        minutes_ago=3510,
    ),
    DemoComment(
        ref="levels",
        reply_to=None,
        name="Kwame Boateng",
        email="kwame.boateng@example.org",
        url="https://example.org/tides",
        body=(
            "I worked on gates like these for twenty years. What makes the number of closings jump is not the "
            "mean level but how it sits against the threshold. With the public data of the Gull Point gauge:\n\n"
            "```\n"
            "threshold        3.10 m\n"
            "year    mean high springs   closings\n"
            "1988         2.71 m             4\n"
            "2004         2.77 m             9\n"
            "2019         2.83 m            22\n"
            "last         2.85 m            41\n"
            "```\n\n"
            "Two centimetres doubled it. So before anyone spends £62 million:\n\n"
            "1. ask whether the threshold of 3.10 m is still the right one,\n"
            "2. ask what 3.20 m would flood (I think: the slipway and one car park),\n"
            "3. only then compare gates with walls."
        ),
        minutes_ago=3300,
    ),
    DemoComment(
        ref="slipway",
        reply_to="levels",
        name="Sigrún Jónsdóttir",
        email="sigrun@example.net",
        body=(
            "This is the most useful thing anyone has said about it. Does the threshold belong to the "
            "council, or to the people who insure the quay?"
        ),
        minutes_ago=3240,
    ),
    DemoComment(
        ref="insurers",
        reply_to="slipway",
        name="Kwame Boateng",
        email="kwame.boateng@example.org",
        url="https://example.org/tides",
        body=(
            "> or to the people who insure the quay?\n\n"
            "To both, sadly. It is written into the policy of 1994. It *can* be changed, and it has been: it "
            "was `3.00 m` until then."
        ),
        minutes_ago=3190,
    ),
    DemoComment(
        ref="eels",
        reply_to=None,
        name="Yuki Tanabe",
        email="yuki.tanabe@example.org",
        body=(
            "One sentence for the salmon and none for the eels, who cannot jump and who travel at night on "
            "exactly the tides that shut the gates. The new gates have a fish pass in the drawings. The walls "
            "need none, since the river stays open. Please put *that* on the table with the jug."
        ),
        minutes_ago=2800,
    ),
    DemoComment(
        ref="eel-pass",
        reply_to="eels",
        name="Piotr Zieliński",
        email="piotr.z@example.net",
        body=(
            "The present barrier has an eel pass too. It was added in 1998, and blocked by silt most of the "
            "time since. A pass is worth what its cleaning is worth."
        ),
        minutes_ago=2740,
        state="edited",
        earlier_body=(
            "The present barrier has an eel pass too. It was added in 1989, and blocked by silt since. A pass "
            "is worth nothing."
        ),
    ),
    DemoComment(
        ref="window",
        reply_to=None,
        name="Margaret Lowe",
        email="m.lowe@example.org",
        body="Eleven minutes is right. I have timed it from my window.",
        minutes_ago=2300,
    ),
    DemoComment(
        ref="market",
        reply_to=None,
        name="Olumide & Daughters, fishmongers",
        email="shop@example.org",
        url="https://example.org/olumide",
        body=(
            "We signed the petition against the walls and would like to say why, since we have been called "
            "selfish for it. A boat that cannot see the quay cannot sell from it. Ninety centimetres is the "
            "height of our counter. It is not about the view."
        ),
        minutes_ago=1500,
    ),
    DemoComment(
        ref="class",
        reply_to=None,
        name="Class 4b, Harbour Street School",
        email="class4b@example.org",
        body=(
            "We went to the Seamen’s Hall with our teacher and poured water into all three models. This is "
            "what we found:\n\n"
            "1. The gates keep everything dry until you pour too fast.\n"
            "2. The walls keep everything dry, but then the water cannot get out again.\n"
            "3. The meadow gets wet and everything else does not.\n\n"
            "We voted. The meadow won by 14 to 9, but everybody wants to save the bowling green."
        ),
        minutes_ago=900,
    ),
    DemoComment(
        ref="moved",
        reply_to="class",
        name="Walter Hale",
        email="walter.hale@example.org",
        body=("Dear Class 4b: you are all invited to the bowling green on Saturday at two. Bring flat shoes."),
        minutes_ago=840,
    ),
    DemoComment(
        ref="hydrologist",
        reply_to="levels",
        name="Dr Anneke de Vries",
        email="a.devries@example.net",
        body=(
            "A small addition from somebody who used to forecast these tides for a living. The table is "
            "right, but half of last winter’s jump is weather: the south-westerlies lasted *nineteen days* "
            "longer than in a usual year. Take that out and the figure is nearer thirty than forty-one.\n\n"
            "That does not make the hinges younger. It does mean that “seven winters” might be ten, and ten "
            "is long enough to do this properly."
        ),
        minutes_ago=95,
        state="pending",
    ),
    DemoComment(
        ref="ebb",
        reply_to="window",
        name="Silke Brandt",
        email="silke.brandt@example.net",
        body=(
            "Eleven minutes at the flood, thirteen at the ebb: I asked the lock keeper on Tuesday, and he was kind "
            "enough to show me the log. See https://example.org/lock/log"
        ),
        minutes_ago=80,
        state="revised",
        earlier_body=(
            "Eleven minutes at the flood, twelve at the ebb: I asked the lock keeper on Monday, and he was kind "
            "enough to show me the log."
        ),
    ),
    DemoComment(
        ref="brother",
        reply_to="market",
        name="Quayside",
        email="quayside@example.org",
        body=(
            "Ask the fishmongers whose brother wrote the leaflet for the gates. Everybody in the harbour knows, and "
            "nobody says it."
        ),
        minutes_ago=600,
        state="reported",
    ),
    DemoComment(
        ref="insurance-offer",
        reply_to=None,
        name="Best Boat Insurance",
        email="deals@example.com",
        url="https://example.com/boat-deals",
        body=(
            "Great article!! Is YOUR boat protected from closed gates? Compare now at [cheap boat "
            "cover](https://example.com/cover), [harbour deals](https://example.com/deals) and [win a free "
            "mooring](https://example.com/win). More at https://example.com/insure-today"
        ),
        minutes_ago=70,
        state="pending",
    ),
    DemoComment(
        ref="hamburg",
        reply_to=None,
        name="Jürgen Petersen",
        email="juergen.petersen@example.net",
        body=(
            "Bei uns in Hamburg hat man nach 1962 dieselbe Frage gestellt. Man hat die Mauern gebaut, und "
            "heute geht man oben auf ihnen spazieren. Eine Mauer muss den Hafen nicht verstecken, wenn man "
            "*auf* ihr sitzen kann."
        ),
        minutes_ago=55,
        state="pending",
    ),
    DemoComment(
        ref="fools",
        reply_to="page-nine",
        name="Fed up in Meadow Row",
        email="fedup@example.org",
        body=(
            "“Subject to review” means they will do what they always do, which is NOTHING, and then send the "
            "bill. Every single one of them should be made to sleep in my kitchen on a spring tide. "
            "Spineless, the lot."
        ),
        minutes_ago=42,
        state="pending",
    ),
    DemoComment(
        ref="when",
        reply_to=None,
        name="Chidi Okonkwo",
        email="chidi@example.net",
        body="When is the next open evening? The council’s page still shows last week’s.",
        minutes_ago=12,
        state="pending",
    ),
)

FERRY_COMMENTS: tuple[DemoComment, ...] = (
    DemoComment(
        ref="bread",
        reply_to=None,
        name="Marguerite Duval",
        email="m.duval@example.org",
        body=(
            "I am the one with the bread. Thank you, Ms Nazari. The *cello* gets the good seat by the heater, "
            "for the record."
        ),
        minutes_ago=2700,
    ),
    DemoComment(
        ref="cello",
        reply_to="bread",
        name="Ilan Barzilai",
        email="ilan.barzilai@example.net",
        url="https://example.org/ilan",
        body="It is a very old cello. It complains less than I do.",
        minutes_ago=2650,
    ),
    DemoComment(
        ref="heads",
        reply_to=None,
        name="Rosalind Achebe",
        email="r.achebe@example.org",
        body=(
            "> “We had counted heads. We had not counted what stops when they stop.”\n\n"
            "Please carve this over the door of every planning office in the county."
        ),
        minutes_ago=2400,
    ),
    DemoComment(
        ref="thornby",
        reply_to=None,
        name="Mehmet Yılmaz",
        email="mehmet.y@example.net",
        body=(
            "Do look at the early bus to Thornby. It is eleven of us at 5.40, and nine are cleaners at the "
            "school. If it goes, the school opens late; it is as simple as that."
        ),
        minutes_ago=1900,
    ),
    DemoComment(
        ref="bus-too",
        reply_to="thornby",
        name="Hannah Frost",
        email="hannah.frost@example.org",
        body="And the other two are the driver’s parents, who ride along for the company.",
        minutes_ago=1850,
    ),
    DemoComment(
        ref="coffee",
        reply_to=None,
        name="A Harbour Board member",
        email="board@example.org",
        body=(
            "The coffee machine was repaired this morning. We would be grateful if the Gazette could report "
            "this on the front page."
        ),
        minutes_ago=700,
    ),
    DemoComment(
        ref="phone",
        reply_to="heads",
        name="Lena Hartwig",
        email="lena.h@example.net",
        body=(
            "Anybody who wants to tell the committee what they think can ring its chairman at home, the "
            "number is 01632 960417. He is in after six."
        ),
        minutes_ago=30,
        state="pending",
    ),
    DemoComment(
        ref="repaired",
        reply_to="coffee",
        name="Tariq Khan",
        email="tariq.khan@example.org",
        body="Confirmed, last night at 1.05. It makes soup now. Nobody pressed soup.",
        minutes_ago=8,
        state="pending",
    ),
)
