"""What the benchmarks write down: a missed aim says so, and what was not run again stays as it was."""

from __future__ import annotations

from benchmarks.results import Finding, Findings, at_least, at_most, ratios, rewritten, spread

ORDER = {"reads": "Reads", "cold": "A cold page", "start": "Start"}


def test_each_line_says_whether_its_aim_was_reached() -> None:
    findings = Findings(
        [
            Finding("page", "0.90", 0.9, at_least(0.85, "of bare")),
            Finding("start", "1.8 s", 1.8, at_most(1.5, "s")),
            Finding("Isso", "could not be installed", None, at_least(800)),
            Finding("rows", "12"),
        ],
        profiles={"Imports": "| flask | 9 ms |"},
    )
    assert [line.verdict for line in findings.lines] == ["reached", "MISSED", "not measured", ""]
    assert findings.has_missed
    told = findings.told()
    assert [line.split("|")[2].strip() for line in told.splitlines()[2:6]] == [
        ">= 0.85 of bare",
        "<= 1.50 s",
        ">= 800",
        "",
    ]
    assert told.endswith("Imports:\n\n```\n| flask | 9 ms |\n```")


def test_parts_that_were_not_run_keep_their_section_and_the_order_of_parts_is_kept() -> None:
    first = rewritten("", ORDER, {"start": "2026-01-01\n\n| 1.4 s |", "reads": "2026-01-01\n\n| 0.90 |"})
    second = rewritten(first, ORDER, {"cold": "2026-02-02\n\n| 5 ms |", "reads": "2026-02-02\n\n| 0.95 |"})
    assert [line for line in second.splitlines() if line.startswith("## ")] == [
        "## Reads",
        "## A cold page",
        "## Start",
    ]
    assert "0.90" not in second
    assert all(found in second for found in ("0.95", "5 ms", "2026-01-01\n\n| 1.4 s |"))
    assert rewritten(second, ORDER, {}) == second
    assert rewritten(second + "\n## Gone\n\nof a part that there is no more\n", ORDER, {}) == second


def test_what_is_compared_is_the_ratio_of_each_round() -> None:
    assert ratios([10, 30], [5, 10]) == [2, 3]
    assert spread([3, 1, 2], "ms") == "2 ms (1 to 3)"
    assert spread([1234.5, 1200]) == "1,217 (1,200 to 1,234)"
