"""What a browser calls itself, in words that its owner knows it by."""

from __future__ import annotations

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
            ("Chrome/", "Chrome"), ("Version/", "Safari"))  # fmt: skip
"""Marks in the order in which they decide: most browsers also claim to be those below them."""
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"),
           ("Windows", "Windows"), ("Macintosh", "a Mac"), ("Linux", "Linux"))  # fmt: skip


def browser_words(user_agent: str) -> str:
    """Return a browser as `Firefox on Windows`, and what it calls itself where that says neither."""
    browser = next((words for mark, words in BROWSERS if mark in user_agent), None)
    system = next((words for mark, words in SYSTEMS if mark in user_agent), None)
    if browser and system:
        return f"{browser} on {system}"
    return user_agent or "Unknown"
