"""Answers that are made while they are sent."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask


def each_in_a_context(app: Flask, lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines, each made in a context of the application that ends before it is sent.

    One that stayed open in between would be open in whatever the server's thread does meanwhile, and would have to be
    closed there by whoever throws away what a client no longer waits for.
    """
    while True:
        with app.app_context():
            line = next(lines, None)
        if line is None:
            return
        yield line
