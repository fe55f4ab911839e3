"""Numeric embeddings: one ingredient, which lets a network see narrow bands of a number, as trees do."""

from pathlib import Path

import pytest
import torch

from epochal.core.claim import CONFIRMED
from epochal.kinds.opening import input_of
from epochal.kinds.table_ladder import TABLE_CLASSES_LADDER
from epochal.milestones.adult_claims import TREES
from epochal.milestones.numeric_embeddings import MILESTONE, WITH, WITHOUT, networks
from epochal.milestones.trees_against_nets import PERCEPTRON
from epochal.milestones.trees_against_nets import networks as opponents
from epochal.models.catalogue import config, model
from epochal.study.milestone import run_milestone


def test_the_two_differ_in_one_option_and_the_control_is_the_perceptron_that_trees_meet() -> None:
    recipes = networks(TABLE_CLASSES_LADDER)
    assert recipes[WITHOUT].differs(recipes[WITH]) == ("options.bins",)
    reads = input_of("wine", None)
    task = reads.open("wine", reads.options(), None).task
    built = []
    for recipe in (recipes[WITHOUT], opponents(TABLE_CLASSES_LADDER)[PERCEPTRON]):
        torch.manual_seed(0)
        built.append(model(recipe.model).build(config(recipe), task).eval())
    rows = torch.randn(5, *task.input_shape)
    assert torch.equal(built[0](rows), built[1](rows))


def test_bins_reach_what_a_perceptron_does_not(jagged: Path, tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, source=jagged, scale=3.0, seeds=3, out=tmp_path)
    lifted, near = result.checks
    assert (lifted.control, lifted.arm, near.control, near.arm) == (WITHOUT, WITH, TREES, WITH)
    assert lifted.verdict == CONFIRMED
    assert near.arm_mean == pytest.approx(lifted.arm_mean)
    assert near.margin == 0.01
