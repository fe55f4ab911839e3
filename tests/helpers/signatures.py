"""How types and shapes in the signatures of the source are checked while tests run."""

from collections.abc import Iterator
from contextlib import contextmanager

from beartype import BeartypeConf, beartype
from jaxtyping import config

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))  # whole numbers will do for fractions, as PEP 484 has it


@contextmanager
def unchecked() -> Iterator[None]:
    """For tests of what the source itself says of values that no signature allows."""
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", False)
