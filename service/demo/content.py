"""The demo site's articles: two pieces of The Harbour Gazette, each with what its readers wrote under it.

Pure data: this says what stands on the page, and whoever seeds the demo decides how it gets there. The town, its people
and its figures are made up.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.demo.discussion import FERRY_COMMENTS, TIDE_COMMENTS, DemoComment

SITE_SLUG = "demo"
SITE_NAME = "The Harbour Gazette"


@dataclass(frozen=True)
class DemoArticle:
    """One article as the site's own server would print it; its comments stand parents first."""

    slug: str
    headline: str
    standfirst: str
    byline: str
    minutes_ago: int
    paragraphs: tuple[str, ...]
    comments: tuple[DemoComment, ...]


TIDE_BARRIER = DemoArticle(
    slug="tide-barrier",
    headline="The gates that shut forty-one times",
    standfirst=(
        "Port Merrow’s tide barrier was built for the storm of a decade. Last winter it closed on forty-one "
        "nights, and the town has to decide what comes next before the hinges decide for it."
    ),
    byline="By Ruth Calloway",
    minutes_ago=4_300,
    paragraphs=(
        (
            "At ten past four on a Tuesday morning in January, Ines Okafor put down her tea, checked the "
            "gauge at Gull Point against the one on her screen, and closed the river. It took eleven minutes. "
            "Nobody in Port Merrow woke up, which is how she likes it. “If I do my work well,” says the "
            "barrier’s night keeper, “nothing happens.”"
        ),
        (
            "Nothing happened forty-one times last winter. When the barrier was opened in 1987, its engineers "
            "expected to shut it three or four times in an average year, for the kind of storm that people "
            "name and remember. The log in the control room, kept by hand until 2009, shows how that went: "
            "four closings in the first winter, nine in 2004, twenty-two in 2019."
        ),
        (
            "The sea at the harbour gauge now stands fourteen centimetres higher than it did on opening day. "
            "That sounds like little, and on most days it is. But the barrier closes at a fixed level, and an "
            "ordinary spring tide with an ordinary south-westerly behind it begins where a storm used to end. "
            "“We did not get more storms,” says Okafor. “We got a higher floor.”"
        ),
        (
            "Every closing has a price. While the gates are shut the river still comes down, and three pumps "
            "lift it over into the sea at a cost of some £2,300 a night. Boats wait, and so do the salmon. "
            "And the hinges, each as tall as a bus, were designed for a thousand closings in their life. They "
            "passed seven hundred in February. At the present pace they reach the thousand in seven winters, "
            "not in the forty that the accounts assume."
        ),
        (
            "Three proposals lie before the council. New gates with electric pumps would cost £62 million and "
            "keep everything as it is. Raising the quay walls by ninety centimetres would cost £19 million, "
            "bring the closings down to perhaps ten a year, and hide the harbour from anyone sitting down. "
            "The third, at £8 million, gives the Lower Meadow back to the tide: room for the water, and an "
            "end to forty-three gardens, an allotment society and one bowling green."
        ),
        (
            "Walter Hale has lived on Meadow Row for fifty-one years, and keeps in his hall a brass ruler on "
            "which his father marked the flood of 1953. “I’m not against it,” he says, to the surprise of the "
            "surveyor who has come to tell him about it. “I’d only like somebody to say it to my face, and to "
            "say when.” His neighbours are less patient. A petition for the walls had 1,180 names by Friday; "
            "one against them, from the fish market, had 640."
        ),
        (
            "The council votes on the ninth. Before that there are open evenings at the Seamen’s Hall, where "
            "the models of all three proposals stand on one table and visitors may pour water into them. On "
            "the first evening the queue for the jug was longer than that for the microphone."
        ),
        (
            "At the barrier, Okafor writes the forty-first closing into a log that no longer needs to be "
            "written by hand. She does it anyway. “Somebody will want to know what it was like,” she says, "
            "“when forty was a lot.”"
        ),
    ),
    comments=TIDE_COMMENTS,
)

NIGHT_FERRY = DemoArticle(
    slug="night-ferry",
    headline="The ten past one to Saltholm stays for another winter",
    standfirst=(
        "The island’s night ferry carries nine passengers on a good night. The county has found out who they are."
    ),
    byline="By Daniel Osei",
    minutes_ago=2_900,
    paragraphs=(
        (
            "The ten past one to Saltholm leaves from the end of the fish quay, where the light is bad and "
            "the coffee machine has been broken since March. On Wednesday it carried seven people, two "
            "bicycles and a cello. By the arithmetic of the county’s transport office, each of them cost the "
            "public £38.40."
        ),
        (
            "That arithmetic was to end the night ferry in October. Instead it runs for another winter, "
            "because somebody did what in eleven years of reports had not been done: Farida Nazari, who "
            "joined the office in spring, bought a ticket and asked the passengers where they were going."
        ),
        (
            "Four were going home from the late shift at the hospital. One bakes the bread that Saltholm eats "
            "at seven. One, the cellist, plays in two orchestras, and would otherwise have to choose. The "
            "seventh was on her way to sit with her father, as she is every Wednesday, because the night "
            "nurse cannot be there before three."
        ),
        (
            "“We had counted heads,” says Nazari. “We had not counted what stops when they stop.” Her paper "
            "of four pages sets beside the £38.40 what the county would pay instead: taxis through the tunnel "
            "for hospital staff, a second carer on the island, a bread delivery that no bidder wanted."
        ),
        (
            "The difference, she found, is about £11,000 a year in favour of the boat. The transport "
            "committee took nine minutes to agree, and asked her to look at the early bus to Thornby next."
        ),
        (
            "The crew, two men and a woman who have worked the crossing for a combined sixty-four years, "
            "heard of it from a passenger. The coffee machine, the county says, is the responsibility of the "
            "harbour board."
        ),
    ),
    comments=FERRY_COMMENTS,
)

ARTICLES: tuple[DemoArticle, ...] = (TIDE_BARRIER, NIGHT_FERRY)
