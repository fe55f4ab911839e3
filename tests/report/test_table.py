"""The leaderboard in its three forms."""

import io
import math

import pytest
from climb_results import VARIANTS, digits, empty, hostile, hymenoptera, interrupted, losses, sized
from rich.console import Console

from epochal.commands.options import show_climb
from epochal.report.table import leaderboard, plain_table, repr_html, shipped_score, terminal_table, without_score

COLUMNS = [
    "rung", "member", "tier", "year", "kind", "validation", "low", "high", "test", "answer", "size", "parameters",
    "seconds", "examples", "passes", "marks",
]  # fmt: skip


def printed(result, width: int) -> str:
    memory = io.StringIO()
    Console(file=memory, width=width, no_color=True).print(terminal_table(result, width))
    return memory.getvalue()


def test_leaderboard_is_sorted_best_first():
    frame = leaderboard(digits())
    assert list(frame.columns) == COLUMNS
    assert list(frame.validation) == sorted(frame.validation, reverse=True)
    first = frame.iloc[0]
    assert first.rung == "resnet"
    assert first.marks == "best on validation"
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


def test_leaderboard_tells_tiers_members_answers_and_passes():
    frame = leaderboard(sized()).set_index("rung")
    assert list(frame.tier)[:3] == [1, 1, 1] and frame.tier.isna().sum() == 1
    assert frame.loc["vgg", "member"] == "VGG-11, width 1/8"
    assert frame.loc["nearest-neighbours", "answer"] == 8e-5
    assert frame.loc["nearest-neighbours", "size"] == 5000
    assert frame.loc["resnet", "passes"] == 81_920 / 1149
    assert frame.iloc[-1].marks == "not climbed"


def test_where_lower_is_better_the_lowest_is_first():
    frame = leaderboard(losses())
    assert frame.iloc[0].rung == "resnet"
    assert list(frame.validation[:3]) == sorted(frame.validation[:3])
    text = plain_table(losses())
    assert "log-loss, in nats, lower is better" in text and "%" not in text


def test_plain_table_is_aligned_and_plain():
    for build in VARIANTS.values():
        text = plain_table(build())
        assert "\x1b" not in text
        assert all(line == line.rstrip() for line in text.splitlines())
    lines = plain_table(digits()).splitlines()
    assert len(lines) == 2 + 11
    start = lines[1].index("year")
    assert all(line[start : start + 4].isdigit() for line in lines[2:])
    assert "98.8%" in lines[2]
    assert "tier" not in lines[1] and "size" not in lines[1]  # an earlier version measured none


def test_rungs_that_cannot_be_told_apart_share_a_tier():
    groups = plain_table(sized()).split("\n\n")
    first, second = groups[0].splitlines()[2:], groups[1].splitlines()
    assert all(line.lstrip().startswith("1  ") for line in first) and len(first) == 3
    assert all(line.lstrip().startswith("2  ") for line in second) and len(second) == 4
    assert any("VGG-11, width 1/8" in line for line in second)


def test_what_was_not_climbed_has_no_numbers():
    assert "GoogLeNet" not in plain_table(sized())
    assert without_score(sized()) == ["GoogLeNet (2014)  not climbed: needs a budget of about 14 min here"]
    assert without_score(hymenoptera()) == [
        "VGG-16 (2014)  diverged: the loss became infinite at step 41 with every learning rate"
    ]


@pytest.mark.parametrize("build", [digits, sized, losses])
def test_terminal_table_prints_every_rung(build):
    text = printed(build(), 160)
    for view in build().rungs:
        if view.stages:
            assert (view.member or view.title) in text


@pytest.mark.parametrize("width,shown,left_out", [(120, ("tier", "answer", "size"), ()), (80, ("test",), ("passes",))])
def test_a_narrow_terminal_has_fewer_columns_and_no_cut_words(width, shown, left_out):
    lines = printed(sized(), width).splitlines()
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "\u2026" not in text
    assert all(word in text for word in shown) and not any(word in text for word in left_out)
    row = next(line for line in lines if "Nearest neighbours" in line)
    assert "98.3% [" in row and row.rstrip().endswith("recommended")


def test_terminal_table_does_not_read_markup_in_names():
    result = digits()
    rungs = tuple(rung.replace(title="[red]not red[/red]") for rung in result.rungs)
    assert "[red]not red[/red]" in printed(result.replace(rungs=rungs), 200)


def test_the_headline_comes_first_and_the_reasons_last(capsys):
    show_climb(sized())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Recommended: Nearest neighbours. 98% right on unseen data (96 to 99%)."
    places = [lines.index(line) for line in (*without_score(sized()), shipped_score(sized()), sized().verdict)]
    assert places == sorted(places)
    assert lines[-2:] == [sized().need_deep_learning, sized().more_data]


def test_the_bundle_is_told_from_the_mean_over_seeds():
    assert shipped_score(digits()) == ""
    said = shipped_score(sized())
    assert said.startswith("The bundle holds one training. Its accuracy on the test split is ")
    assert said.endswith("; the mean over 3 seeds is 97.9%.")


@pytest.mark.parametrize(
    "build,first",
    [
        (digits, "Recommended: Nearest neighbours. 98% right on unseen data ("),
        (interrupted, "Best so far: Nearest neighbours. Validation accuracy: 98.3%."),
        (losses, "Recommended: Nearest neighbours. Log-loss on unseen data: 0.0856 nats ("),
        (empty, "\n"),
    ],
)
def test_results_without_a_headline_have_one_made(capsys, build, first):
    show_climb(build())
    assert capsys.readouterr().out.startswith(first)


def test_notebook_fragment():
    html = repr_html(digits())
    assert "ResNet-20" in html
    assert digits().verdict in html
    assert "<script" not in repr_html(hostile())
    assert "Interrupted; best so far." in repr_html(interrupted())
    assert "No verdict yet." in repr_html(empty())
