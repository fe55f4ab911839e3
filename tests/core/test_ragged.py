"""Ragged columns: taken apart as arrays are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochal.core.ragged import Ragged

LISTS = st.lists(st.lists(st.integers(0, 255), max_size=5), min_size=1, max_size=6)


def column(lists):
    return Ragged.of([np.array(one, np.uint8) for one in lists])


def back(ragged):
    return [one.tolist() for one in ragged]


@given(LISTS, st.data())
def test_it_is_taken_apart_as_a_list_is(lists, data):
    ragged = column(lists)
    assert len(ragged) == len(lists) and back(ragged) == lists and ragged.dtype == np.uint8
    start, end = (data.draw(st.integers(-len(lists) - 1, len(lists) + 1)) for _ in range(2))
    assert back(ragged[start:end]) == lists[start:end]
    assert back(ragged[::2]) == lists[::2]
    places = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=8))
    assert back(ragged[np.array(places, np.int64)]) == [lists[place] for place in places]
    assert ragged[len(lists) - 1].tolist() == ragged[-1].tolist() == lists[-1]


@given(LISTS, LISTS)
def test_parts_are_joined(one, other):
    assert back(Ragged.joined([column(one), column(other)[1:]])) == one + other[1:]


def test_padding_fills_up_to_the_longest():
    full, there = column([[7], [], [1, 2, 3]])[1:].padded(fill=9)
    assert full.tolist() == [[9, 9, 9], [1, 2, 3]]
    assert there.tolist() == [[False] * 3, [True] * 3]
    assert column([[]]).padded()[0].shape == (1, 1)


def test_a_place_that_is_not_there_is_refused():
    with pytest.raises(IndexError):
        column([[1]])[1]
