"""Trees against networks: which wins depends on the table, and a network that was still learning loses to nobody."""

from pathlib import Path

import pytest

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, REFUTED
from epochal.core.errors import DataError
from epochal.judge.claim_text import answer
from epochal.milestones.adult_claims import TREES
from epochal.milestones.trees_against_nets import MILESTONE, PERCEPTRON, RESIDUAL
from epochal.study.milestone import run_milestone


@pytest.mark.parametrize("table, verdict", [("jagged", CONFIRMED), ("smooth", REFUTED)])
def test_trees_win_where_bands_are_narrow_and_lose_where_a_sum_decides(
    table: str, verdict: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source = request.getfixturevalue(table)
    result = run_milestone(MILESTONE, source=source, scale=2.0, seeds=3, out=tmp_path)
    assert [(check.control, check.arm) for check in result.checks] == [(PERCEPTRON, TREES), (RESIDUAL, TREES)]
    assert [check.verdict for check in result.checks] == [verdict, verdict]
    (picture,) = result.pictures
    assert [one.label for one in picture.series] == [TREES, PERCEPTRON, RESIDUAL]
    assert picture.series[0].y[0] == pytest.approx(result.checks[0].arm_mean)


def test_networks_that_were_still_learning_leave_it_open(jagged: Path, tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, source=jagged, scale=0.5, seeds=3, out=tmp_path)
    assert [check.verdict for check in result.checks] == [INCONCLUSIVE] * 2
    assert result.checks[0].interval[0] > 0, "what they had learned was less"
    assert [answer(check) for check in result.checks] == ["inconclusive: under-trained"] * 2
    assert "a longer one may refute the claim" in result.sentence


def test_it_takes_tables_and_refuses_other_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="digits has images, and this claim is about tables. Give a table with --data"):
        run_milestone(MILESTONE, source="digits", scale=0.1, seeds=2, out=tmp_path)
    number = run_milestone(MILESTONE, source="diabetes", scale=0.1, seeds=2, out=tmp_path)
    assert {check.unit for check in number.checks} == {"validation R2"}
