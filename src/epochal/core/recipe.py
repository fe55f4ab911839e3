"""A recipe: everything that decides a training, apart from the data, the budget and the seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from epochal.core.record import Record

Option = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Part(Record):
    """How one part of an objective steps, where it differs from the others."""

    rate: float = 1.0  # times the learning rate of the recipe, so that a trial of another rate scales all parts alike
    betas: tuple[float, float] | None = None  # None: those of the recipe


@dataclass(frozen=True, kw_only=True)
class Recipe(Record):
    """Everything that decides a training.

    `model` names an entry of the catalogue and `options` sets fields of its config. Rates are per step; `warmup`,
    and the milestones of the step schedule, are fractions of the whole training, so that a recipe means the same at
    any budget. `parts` says, by name, how a part of the objective steps otherwise than the recipe says. Classical rungs
    read `model`, `options` and nothing else.
    """

    model: str
    options: Mapping[str, Option] = field(default_factory=dict)
    objective: str = "cross_entropy"  # one of `train.objectives`; "estimate": a classical rung fits itself
    label_smoothing: float = 0.0
    class_weights: str = "none"  # none | balanced: each class weighs the same in the loss, however rare
    optimiser: str = "momentum"  # sgd | momentum | nesterov | adam | adamw
    learning_rate: float = 0.1
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)  # of adam and adamw: decay of the mean gradient, and of its square
    parts: Mapping[str, Part] = field(default_factory=dict)
    weight_decay: float = 0.0
    schedule: str = "cosine"  # constant | step | cosine | one_cycle
    warmup: float = 0.0
    clip: float | None = None  # largest norm of the gradient
    ema: float | None = None  # decay of the moving average of the weights
    augment: tuple[str, ...] = ()  # flip | crop | colour_pca, applied in this order
    batch_size: int = 64
    precision: str = "float32"  # float32 | bfloat16
    memory_format: str = "contiguous"  # contiguous | channels_last

    def differs(self, other: "Recipe") -> tuple[str, ...]:
        """Names of the fields in which two recipes differ; an option is named `options.<name>`."""
        mine, theirs = _flat(self), _flat(other)
        return tuple(sorted(name for name in mine | theirs if mine.get(name, _ABSENT) != theirs.get(name, _ABSENT)))

    def for_part(self, name: str) -> "Recipe":
        """The recipe as one part of the objective steps by it."""
        part = self.parts.get(name)
        if part is None:
            return self
        return self.replace(learning_rate=self.learning_rate * part.rate, betas=part.betas or self.betas)

    def without_augmentations(self, names: Sequence[str]) -> "Recipe":
        return self.replace(augment=tuple(name for name in self.augment if name not in names))

    def with_options(self, **options: Option) -> "Recipe":
        return self.replace(options={**self.options, **options})


_ABSENT = object()


def _flat(recipe: Recipe) -> dict[str, object]:
    fields = recipe.to_dict()
    options = fields.pop("options")
    return fields | {f"options.{name}": value for name, value in options.items()}
