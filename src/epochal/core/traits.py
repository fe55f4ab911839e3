"""Traits: what the loop, the experiment and the climb may ask of a model, in place of what it is."""

from dataclasses import dataclass

from epochal.core.record import Record

BY_STEPS, AT_ONCE = "by steps", "at once"


@dataclass(frozen=True, kw_only=True)
class Traits(Record):
    """How a model learns.

    A model that learns `by steps` follows gradients: it sees the data again and again, has a learning curve, learning
    rates to try, and a state to keep on the way; its trainings run in parallel with one thread each. One that learns
    `at once` fits itself to the examples that it is given, once, with all threads.
    """

    learns: str = BY_STEPS  # BY_STEPS | AT_ONCE
    deep: bool = True  # a network answers: one that learns here, or one whose features are used as they are
    deterministic: bool = False  # every seed gives the same model, so that one training tells all
    stackable: bool = False  # seeds trained together gain, because its steps are products of matrices
    as_tensors: bool = False  # learns at once from what a network would see, and not from the inputs at rest
    looks: bool = False  # is shown training inputs before its first step, by its `look`
    pretrained: bool = False  # it begins with weights that were learned on other data
    weighs: bool = True  # examples can count more than others while it learns

    @property
    def by_steps(self) -> bool:
        return self.learns == BY_STEPS
