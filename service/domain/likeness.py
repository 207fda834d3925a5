"""How two texts are known to be nearly the same without being kept beside each other: a sketch of three numbers.

The words of a text are taken in runs of three, every run is hashed, and the least hash of each third of all hashes is
kept: one permutation hashing (Li, Owen and Zhang 2012), a kind of MinHash (Broder 1997). Of two texts that share a
part p of their runs each number is the same with probability p, so two of three are a good sign, and by chance never.
"""

from __future__ import annotations

from hashlib import blake2b

from service.domain.folding import words_of
from service.domain.rulebook import LINK

NUMBERS = 3
ENOUGH_ALIKE = 2  # numbers of three that two texts share, to be called nearly the same
RUN = 3  # words
FEWEST_WORDS = 10  # below that, people say the same without having copied it: "Great article, thank you very much!"
MOST_WORDS = 400  # the beginning of a long text tells as much, and this keeps the work bounded


def sketch(text: str) -> tuple[int, ...]:
    """Return three numbers of 64 bits with sign for a text, or none for one too short to tell anything by.

    Links and digits do not count: what is sent to a thousand sites differs in these.
    """
    words = [word.text for word in words_of(LINK.sub(" ", text)) if not word.text.isdigit()][:MOST_WORDS]
    if len(words) < FEWEST_WORDS:
        return ()
    least: dict[int, int] = {}
    for at in range(len(words) - RUN + 1):
        digest = blake2b(" ".join(words[at : at + RUN]).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = int.from_bytes(digest, "big", signed=True)
        part = number % NUMBERS
        least[part] = min(number, least.get(part, number))
    return tuple(least[part] for part in sorted(least))
