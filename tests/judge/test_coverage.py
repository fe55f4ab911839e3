"""Intervals must be true: a short run of bench/coverage.py, whose full table is kept in records/."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from epochal.core.experiment import BETTER, WORSE
from epochal.judge.compare import compare
from epochal.judge.statistics import crossed_difference, half_width

BENCH = Path(__file__).parents[2] / "bench" / "coverage.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_coverage", BENCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lowest(nominal, repetitions):
    """Three and a half Monte Carlo standard errors under what a true interval would reach."""
    return nominal - 3.5 * np.sqrt(nominal * (1 - nominal) / repetitions)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize(("seeds", "items"), [(3, 150), (3, 1_000), (5, 360), (10, 360)])
@pytest.mark.parametrize("spread", [0.0, 0.01, 0.03])
def test_the_interval_of_a_difference_covers_the_truth(bench, seeds, items, spread, deterministic):
    world = replace(bench.WORLDS[2], seed_spread=spread, deterministic_control=deterministic)
    at_95, at_995 = bench.coverage(world, seeds, items, 600, np.random.default_rng(0))
    assert lowest(0.945, 600) < at_95 < 0.995
    assert at_995 > lowest(0.993, 600)


@pytest.mark.parametrize("spread", [0.0, 0.01])
def test_a_family_of_nulls_is_rarely_called_better_or_worse(bench, spread):
    world = replace(bench.WORLDS[1], seed_spread=spread)
    rate = bench.family_error(world, 3, 360, 300, 5, np.random.default_rng(0))
    assert rate <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.parametrize(
    ("seeds", "accuracy", "spread"), [(1, 0.9, 0.0), (3, 0.9, 0.01), (3, 0.98, 0.0), (1, 0.995, 0.0)]
)
def test_the_interval_of_a_score_covers_the_truth(bench, seeds, accuracy, spread):
    world = replace(bench.WORLDS[1], control=accuracy, arm=accuracy, seed_spread=spread)
    assert bench.score_coverage(world, seeds, 360, 300, np.random.default_rng(0)) > lowest(0.945, 300)


@pytest.mark.parametrize(
    ("positives", "items", "spread"), [(0.02, 1_000, 0.0), (0.2, 100, 0.0), (0.2, 300, 0.2), (0.5, 100, 0.0)]
)
def test_the_intervals_of_every_metric_cover_the_truth(bench, positives, items, spread):
    """Twenty positives; fewer, or a ranking that is nearly perfect, are in the bench."""
    world = bench.Detector(positives=positives, seed_spread=spread, least=5)
    found = bench.metric_coverage(world, bench.ALL_METRICS, 3, items, 150, np.random.default_rng(0))
    assert len(found) == 7
    for name, (one, both) in found.items():
        assert one > lowest(0.945, 150), name
        assert both > lowest(0.945, 150), name


def test_the_bench_computes_what_the_judge_computes(bench):
    world = replace(bench.WORLDS[0], seed_spread=0.02)
    mean, item_part, seed_parts, freedoms = bench.differences(world, 3, 100, 5, np.random.default_rng(0))
    (control, arm), *_ = bench.simulate(world, 3, 100, 5, np.random.default_rng(0))
    halves = half_width(item_part, seed_parts, freedoms, 100, 0.95)
    for index in range(5):
        layout = crossed_difference(control[index], arm[index])
        assert layout.mean == pytest.approx(mean[index])
        assert layout.half_width() == pytest.approx(halves[index])
        finding = compare(control[index], arm[index], control="old", arm="new", margin=0.0)
        assert (finding.verdict in (BETTER, WORSE)) == (abs(mean[index]) > halves[index])


def test_the_simulated_truth_is_the_truth(bench):
    world = replace(bench.WORLDS[2], seed_spread=0.02)
    tables = list(bench.simulate(world, 5, 1_000, 400, np.random.default_rng(0)))
    control, arm = (np.concatenate([batch[index] for batch in tables]) for index in (0, 1))
    assert control.mean() == pytest.approx(world.control, abs=0.003)
    assert arm.mean() == pytest.approx(world.arm, abs=0.003)
    assert arm.mean(axis=2).std(axis=1, ddof=1).mean() == pytest.approx(0.02, rel=0.25)
