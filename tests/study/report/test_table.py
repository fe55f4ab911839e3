"""The leaderboard in its three forms."""

import io
import math

from climb_results import VARIANTS, digits, empty, hostile, hymenoptera, interrupted
from rich.console import Console

from epochal.study.report import leaderboard, plain_table, repr_html, terminal_table

COLUMNS = ["rung", "year", "kind", "validation", "low", "high", "test", "parameters", "seconds", "examples", "marks"]


def test_leaderboard_is_sorted_best_first():
    frame = leaderboard(digits())
    assert list(frame.columns) == COLUMNS
    assert list(frame.validation) == sorted(frame.validation, reverse=True)
    first = frame.iloc[0]
    assert first.rung == "resnet"
    assert first.marks == "best"
    assert first.low < first.validation < first.high
    assert first.examples == 81_920  # of the finals, its largest budget
    assert frame.set_index("rung").loc["nearest-neighbours", "marks"] == "recommended"
    assert "under-trained" in frame.set_index("rung").loc["vgg", "marks"]


def test_leaderboard_puts_rungs_without_a_score_last():
    frame = leaderboard(hymenoptera())
    last = frame.iloc[-1]
    assert last.rung == "vgg"
    assert math.isnan(last.validation)
    assert last.marks == "diverged"
    assert frame.parameters.isna().sum() == 1


def test_leaderboard_of_nothing_is_empty():
    frame = leaderboard(empty())
    assert list(frame.columns) == COLUMNS
    assert frame.empty


def test_test_scores_are_absent_until_the_split_is_opened():
    assert leaderboard(interrupted()).test.isna().all()


def test_plain_table_is_aligned_and_plain():
    for build in VARIANTS.values():
        text = plain_table(build())
        assert "\x1b" not in text
        assert all(line == line.rstrip() for line in text.splitlines())
    lines = plain_table(digits()).splitlines()
    assert len(lines) == 12
    start = lines[0].index("year")
    assert all(line[start : start + 4].isdigit() for line in lines[1:])
    assert "98.8%" in lines[1]


def test_terminal_table_prints_every_rung():
    memory = io.StringIO()
    Console(file=memory, width=160, no_color=True).print(terminal_table(digits()))
    printed = memory.getvalue()
    for rung in digits().rungs:
        assert rung.title in printed


def test_terminal_table_does_not_read_markup_in_names():
    result = digits()
    rungs = tuple(rung.replace(title="[red]not red[/red]") for rung in result.rungs)
    memory = io.StringIO()
    Console(file=memory, width=200, no_color=True).print(terminal_table(result.replace(rungs=rungs)))
    assert "[red]not red[/red]" in memory.getvalue()


def test_notebook_fragment():
    html = repr_html(digits())
    assert "ResNet-20" in html
    assert digits().verdict in html
    assert "<script" not in repr_html(hostile())
    assert "Interrupted; best so far." in repr_html(interrupted())
    assert "No verdict yet." in repr_html(empty())
