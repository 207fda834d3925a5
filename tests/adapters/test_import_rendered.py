"""Texts that are rendered while the rest of an export is still read: kept for later, and never missed."""

from __future__ import annotations

import os
import signal
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path

import pytest

from service.actions.import_processes import SOON, rendering
from service.adapters.imports.bodies import body_of
from service.adapters.imports.rendered import Rendered, Unrendered
from service.domain.imports import LONGEST_BODY, Markup
from tests.disks import files_up_to

LOT = 50


def lot(number: int) -> list[Unrendered]:
    """Return texts that no other lot has."""
    return [(seq, f"Thought *{seq}*", Markup.MARKDOWN.value) for seq in range(LOT * number, LOT * (number + 1))]


def kept(file: Path, *lots: int) -> list[bool]:
    """Return of each lot whether its texts were rendered."""
    with closing(Rendered(file)) as rendered:
        found = [rendered.bodies([seq for seq, _, _ in lot(number)]) for number in lots]
    assert all(len(bodies) in {0, LOT} for bodies in found)
    return [bool(bodies) for bodies in found]


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("<p>Said &amp; <em>done</em>, see https://example.org/</p>", Markup.HTML),
        ("One\n\nTwo", Markup.HTML_LINES),
        ("*Ünïcödé* 🎉", Markup.MARKDOWN),
        ("", Markup.HTML),
        ("x" * (LONGEST_BODY + 1), Markup.MARKDOWN),
    ],
)
def test_a_text_is_kept_as_it_would_be_rendered_later(tmp_path: Path, text: str, markup: Markup) -> None:
    file = tmp_path / "rendered.sqlite"
    with closing(Rendered(file)) as rendered:
        assert rendered.render([(7, text, markup.value)])
    with closing(Rendered(file)) as rendered:
        assert rendered.bodies([6, 7, 8]) == {7: body_of(text, markup)}


def test_more_than_one_statement_takes(tmp_path: Path) -> None:
    with closing(Rendered(tmp_path / "rendered.sqlite")) as rendered:
        for number in range(0, 40, 2):
            rendered.render(lot(number))
        found = rendered.bodies(range(40 * LOT))
    assert sorted(found) == [seq for number in range(0, 40, 2) for seq, _, _ in lot(number)]


def test_a_full_disk_leaves_what_was_kept_before(tmp_path: Path) -> None:
    file = tmp_path / "rendered.sqlite"
    with closing(Rendered(file)) as rendered:
        assert rendered.render(lot(0))
        with files_up_to(file.stat().st_size):
            assert not rendered.render([(seq, "long " * 1_000, Markup.MARKDOWN.value) for seq in range(LOT, 2 * LOT)])
        assert rendered.bodies([0, LOT]) == {0: body_of("Thought *0*", Markup.MARKDOWN)}
        assert rendered.render(lot(1))
    assert kept(file, 0, 1) == [True, True]


def test_another_process_renders_all_but_the_first_lot(tmp_path: Path) -> None:
    file = tmp_path / "rendered.sqlite"
    with rendering(file, processes=1) as take:
        for number in range(1 + SOON):
            take(lot(number))
    assert kept(file, *range(1 + SOON)) == [False, *[True] * SOON]
    assert active_children() == []


def test_what_comes_sooner_than_it_can_be_rendered_is_left_for_later(tmp_path: Path) -> None:
    file = tmp_path / "rendered.sqlite"
    with rendering(file, processes=1) as take:
        take(lot(0))
        take(lot(1))
        [process] = active_children()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        for number in range(2, 20):
            take(lot(number))
        os.kill(process.pid, signal.SIGCONT)
    assert 1 <= sum(kept(file, *range(20))) <= 1 + SOON


def test_a_short_export_needs_no_process(tmp_path: Path) -> None:
    for processes in (0, 1):
        with rendering(tmp_path / "rendered.sqlite", processes=processes) as take:
            take(lot(0))
            assert active_children() == []
    assert kept(tmp_path / "rendered.sqlite", 0) == [False]


def render_in_one_that_is_killed(file: Path) -> None:
    with rendering(file, processes=1) as take:
        take(lot(0))
        take(lot(1))
        for process in active_children():
            process.kill()
            process.join()
        take(lot(2))


def test_its_process_is_killed(tmp_path: Path) -> None:
    with pytest.raises(BrokenProcessPool):
        render_in_one_that_is_killed(tmp_path / "rendered.sqlite")
