"""The measurement of how many honest comments are kept back: what it reads, what it counts, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.honest import main, measured, read

LONG = "Wir waren im letzten Sommer dort und fanden die Leute sehr freundlich, das Wetter war leider ziemlich schlecht."
LINES = [
    "Danke!",
    "",
    LONG,
    f"{LONG} Schade.",
    "Siehe https://a.example, https://b.example und https://c.example",
    "Schreibt mir an ada@example.org, ich habe noch zwei Karten.",
    "WARUM MUSS DAS DENN IMMER SO TEUER SEIN",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with one comment a line, one line of them blank."""
    path = tmp_path / "de.txt"
    path.write_text("\n".join(LINES), encoding="utf-8")
    return path


def test_every_comment_goes_through_all_phases_beside_those_before_it(file: Path) -> None:
    found = measured(file, read(file))
    assert found.count == 6
    assert [[signal.name for signal in kept.signals] for kept in found.kept] == [
        ["near_duplicate"], ["many_links"], ["own_email"],
    ]  # fmt: skip
    assert [kept.is_copy for kept in found.kept] == [True, False, False]
    assert found.noted["shouting"] == 1


def test_it_says_which_part_got_more_than_a_note_and_shows_examples(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(file)]) == 0
    said = capsys.readouterr().out
    assert "50.00% (near_duplicate 1, many_links 1, own_email 1); without what stands there twice 33.33%" in said
    assert "(twice) Wir waren im letzten Sommer dort" in said


def test_a_table_has_its_text_in_a_column(tmp_path: Path) -> None:
    path = tmp_path / "fr.csv"
    path.write_text('label,Comment\n1,"Merci,\nbeaucoup"\n0,Non<br>merci\n', encoding="utf-8")
    assert list(read(path)) == ["Merci,\nbeaucoup", "Non\nmerci"]
    with pytest.raises(SystemExit, match="has no column for the text; it has label, Comment"):
        list(read(path, "words"))


def test_without_a_file_it_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Give at least one file of honest comments" in capsys.readouterr().err
