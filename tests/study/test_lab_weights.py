"""Experiments refuse rows with weights, which their verdicts would not know of."""

import pandas as pd
import pytest

import epochal
from epochal.core.errors import UserError
from epochal.data.table.options import TableOptions
from epochal.milestones import milestone
from epochal.study.milestone import run_milestone

FRAME = pd.DataFrame({"a": range(60), "b": [k % 7 for k in range(60)], "y": ["yes", "no"] * 30, "w": [1.0, 2.0] * 30})
OPTIONS = TableOptions(label="y", weights="w")


def test_weights_are_refused(tmp_path):
    with pytest.raises(UserError, match="--weights: milestones and `why` count each row once. Leave it out, or use"):
        epochal.why(FRAME, options=OPTIONS, rung="mlp", out=tmp_path / "why")
    with pytest.raises(UserError, match="--weights: milestones"):
        run_milestone(milestone("trees-against-nets"), source=FRAME, options=OPTIONS, out=tmp_path)
