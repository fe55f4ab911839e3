"""Checks of the options that a model's config takes, with errors that say what would be accepted."""

from collections.abc import Iterable

from epochal.core.errors import UserError


def one_of(model: str, option: str, value: object, choices: Iterable[object]) -> None:
    """Raises UserError unless `value` is among `choices`."""
    choices = tuple(choices)
    if value not in choices:
        listed = ", ".join(str(choice) for choice in choices)
        raise UserError(f"{model}: option {option!r} is {value!r}, which is none of {listed}. Choose one of these.")


def fraction(model: str, option: str, value: object) -> None:
    """Raises UserError unless `value` is a number at least 0 and below 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise UserError(f"{model}: option {option!r} is {value!r}; it must be a number from 0 up to, not including, 1.")


def share(model: str, option: str, value: object) -> None:
    """Raises UserError unless `value` is a number above 0 and at most 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise UserError(f"{model}: option {option!r} is {value!r}; it must be a number above 0 and at most 1.")


def positive(model: str, option: str, value: object) -> None:
    """Raises UserError unless `value` is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"{model}: option {option!r} is {value!r}; it must be a whole number of at least 1.")
