"""Texts that are nobody's, in as many orders as are wanted."""

from __future__ import annotations

import random

_VOCABULARY = """harbour council vote tide barrier minutes lantern ferry ledger orchard thunder marble velvet compass
jug boats walked evening kettle window sparrow pepper saddle ribbon"""
WORDS = _VOCABULARY.split()


def a_text(dice: random.Random) -> str:
    """Return forty words in an order of their own."""
    return f"{' '.join(dice.choices(WORDS, k=40))}."
