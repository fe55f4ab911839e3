"""A family of comparisons keeps its promises: a short run of bench/families.py, whose full table is in records/."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from epochal.core.experiment import BETTER, WORSE
from epochal.core.metric import ACCURACY
from epochal.judge.compare import Pair, compare_family

BENCH = Path(__file__).parents[2] / "bench" / "families.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_families", BENCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judged(tables):
    pairs = [
        Pair(control="best", arm=str(place), control_items=tables[0], arm_items=table)
        for place, table in enumerate(tables[1:])
    ]
    return compare_family(pairs, margin=0.005, metric=ACCURACY)


def test_the_bench_computes_what_the_judge_computes(bench):
    family = bench.Family(spreads=(5.0,) * 13, seeds=3, items=200)
    (tables,) = bench.draw(family, bench.ACCURACY, 3, np.random.default_rng(0), planted=True)
    found = bench.measure(tables, bench.ACCURACY)
    for place, experiment in enumerate(tables):
        findings = judged(experiment)
        assert [one.effect for one in findings] == pytest.approx(found.differences[place])
        alone = [(one.interval[1] - one.interval[0]) / 2 for one in findings]
        assert alone == pytest.approx(found.alone[place])
        first = max(range(12), key=lambda k: abs(findings[k].effect))  # the one that is tested at the strictest level
        low, high = findings[first].simultaneous
        assert (high - low) / 2 == pytest.approx(found.corrected[place][first])


def test_a_difference_of_fifty_points_is_told_among_twelve_rungs(bench):
    """Three seeds whose accuracy varies by five points: by its own seeds alone every fourth was "cannot tell"."""
    family = bench.Family(spreads=(5.0,) * 13, seeds=3, items=400)
    assert bench.told_rate(family, 600, np.random.default_rng(0)) > 0.99
    for tables in bench.draw(family, bench.ACCURACY, 8, np.random.default_rng(1), planted=True):
        for experiment in tables:
            planted, *equal = judged(experiment)
            assert planted.verdict == WORSE
            assert planted.simultaneous[1] < 0
            for one in (planted, *equal):  # the corrected interval holds the one of this effect alone
                assert one.simultaneous[0] <= one.interval[0] < one.interval[1] <= one.simultaneous[1]


@pytest.mark.parametrize("metric", ["accuracy", "log-loss"])
@pytest.mark.parametrize("spreads", [(1.0,) * 13, (5.0,) * 13, (0.3,) * 6 + (5.0,) * 6 + (10.0,)])
def test_equal_rungs_are_rarely_told_apart(bench, spreads, metric):
    """Six of them far less steady than the best, too."""
    covered, told = bench.rates(
        bench.Family(spreads=spreads, seeds=3, items=200), metric, 300, np.random.default_rng(0)
    )
    assert told <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
    assert (covered > 0.91).all()


def test_an_unsteady_best_is_no_excuse(bench):
    """The seeds of the best vary most: it is in every comparison, and the others lend it what it has not got."""
    random = np.random.default_rng(0)
    spreads = np.tile(np.exp(np.linspace(np.log(5), 0, 13)), (2_000, 1))
    told, covered = bench.seed_level(spreads, 3, np.tile(np.arange(12), (2_000, 1)), random)
    assert told <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)
    assert covered > 0.93


def test_a_rung_that_is_better_than_an_unsteady_best_is_told(bench):
    """The other way round: the control is the arm that is 50 points lower."""
    family = bench.Family(spreads=(5.0,) * 13, seeds=3, items=400)
    (tables,) = bench.draw(family, bench.ACCURACY, 6, np.random.default_rng(2), planted=True)
    for experiment in tables:
        findings = judged(np.concatenate([experiment[1:2], experiment[:1], experiment[2:]]))
        assert {one.verdict for one in findings} == {BETTER}
