"""The catalogue of claims: in the order of history, complete, and within the time that it promises."""

import pytest

from epochal.core.errors import UserError
from epochal.milestones import MILESTONES, milestone
from epochal.study.milestone import Milestone


def test_it_is_in_the_order_of_history() -> None:
    years = [entry.year for entry in MILESTONES.values()]
    assert years == sorted(years)
    assert (years[0], years[-1]) == (1943, 2022)
    assert len(MILESTONES) == 25


def test_the_whole_history_takes_an_hour_and_no_claim_more_than_ten_minutes() -> None:
    minutes = [entry.minutes for entry in MILESTONES.values()]
    assert max(minutes) <= 10
    assert sum(minutes) <= 60


@pytest.mark.parametrize("entry", MILESTONES.values(), ids=list(MILESTONES))
def test_every_claim_says_where_it_is_from_and_how_the_small_version_differs(entry: Milestone) -> None:
    for field in ("title", "claim", "paper", "published", "setting", "differs"):
        assert len(getattr(entry, field)) > 5, field
    assert str(entry.year)[:2] in entry.paper + entry.published
    assert entry.seeds >= 5, "no verdict from fewer"
    assert entry.code == f"epochal.milestones.{entry.module}"
    assert entry.large == (entry.paper_scale is not None), "the list says whether it can be run as in its paper"


def test_an_unknown_one_is_named() -> None:
    with pytest.raises(UserError, match="There is no milestone 'relu'"):
        milestone("relu")
