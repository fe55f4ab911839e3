"""What the tests of studies share."""

from collections.abc import Iterator

import pytest

from epochal.study import sizing


@pytest.fixture(scope="session", autouse=True)
def every_network_is_climbed() -> Iterator[None]:
    """On a busy machine, too, a climb of some seconds trains all of its few networks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizing, "least", lambda recipe, count: 1)
        yield
