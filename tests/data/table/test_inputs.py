"""Which of the inputs of networks are numbers of the table."""

import pandas as pd

from epochal.data.table.codec import TableCodec
from epochal.data.table.inputs import number_inputs
from epochal.data.table.opened import open_table


def test_numbers_their_scores_and_dates_are_numbers_and_signs_levels_and_words_are_not(table: pd.DataFrame) -> None:
    codec = open_table(table).codec
    numbers = {codec.features[place] for place in number_inputs(codec)}
    assert {"age", "income", "normal score of income", "vip", "since elapsed days", "since year"} <= numbers
    others = set(codec.features) - numbers
    assert {"age is missing", "city is missing", "city = Berlin", "since month = 0"} <= others
    assert any(feature.startswith("note: ") for feature in others)


def test_a_codec_without_numbers_has_none() -> None:
    assert number_inputs(TableCodec(columns=())) == ()
