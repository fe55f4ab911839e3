"""A card: what an ingredient is, where it comes from, and when to use it."""

from dataclasses import dataclass

from epochal.core.record import Record


@dataclass(frozen=True, kw_only=True)
class Card(Record):
    """What a reader wants to know of an ingredient before using it.

    `what` says what it does, `when` says when it helps and when it does not; each in a sentence or two.
    """

    name: str
    title: str
    paper: str
    year: int
    what: str
    when: str
