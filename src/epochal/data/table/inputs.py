"""Which of the numbers that networks see of a row are numbers of the table, and not signs or weights of words."""

from epochal.data.table.categories import CategoryCodec
from epochal.data.table.codec import TableCodec
from epochal.data.table.dates import DateCodec
from epochal.data.table.numbers import NumberCodec
from epochal.data.table.words import TextCodec


def number_inputs(codec: TableCodec) -> tuple[int, ...]:
    """Places among `codec.features` of scaled numbers and of their normal scores."""
    signs = [sign for part in codec.parts for sign in _are_numbers(part)]
    return tuple(place for place, sign in enumerate(signs) if sign)


def _are_numbers(part: NumberCodec | DateCodec | CategoryCodec | TextCodec) -> list[bool]:
    """For each feature of a column whether it is a number."""
    if isinstance(part, NumberCodec):
        return [True] + [True] * bool(part.knots) + [False] * part.missing
    if isinstance(part, DateCodec):
        days, years = _are_numbers(part.elapsed), _are_numbers(part.years)
        return days + years + [False] * (len(part.features) - len(days) - len(years))
    return [False] * len(part.features)
