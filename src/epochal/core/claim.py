"""A claim put to the test: the questions that it rests on, their answers, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from epochal.core.effect import Effect
from epochal.core.experiment import EQUIVALENT
from epochal.core.record import Record

CONFIRMED, REFUTED, INCONCLUSIVE = "confirmed", "refuted", "inconclusive"
VERDICTS = (CONFIRMED, REFUTED, EQUIVALENT, INCONCLUSIVE)
MORE, LESS, SAME = "more", "less", "same"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the field's history, and where it was made: all that a list of claims says.

    `published` quotes the paper's figure with its table or figure number. `minutes` is about how long its experiment
    takes on two cores; `data` is the set that it runs on, or "" where it makes its own; `large` says that it can be run
    as large as in its paper, too. `module` is the file of the experiment.
    """

    name: str
    year: int
    title: str
    claim: str
    paper: str
    published: str
    minutes: float
    data: str = ""
    large: bool = False
    module: str = ""


@dataclass(frozen=True, kw_only=True)
class Check(Effect):
    """The answer to one question of a claim.

    `kind` says what `effect` is: "difference" (arm minus control), "ratio" (arm over control), "share" or "value" (the
    arm's own, where there is no control), or "exact" (a count that leaves nothing to chance, and has no interval).
    The claim predicts `more`, `less` or `same`; `size` is how large the effect must be to confirm it. The checks of a
    claim are one family. `under_trained` names the side that was still learning when its training stopped, where the
    verdict is inconclusive for that: the interval alone would have refuted the claim, or confirmed it where that side
    is the one that the claim predicts to be worse.
    """

    question: str
    kind: str
    control_mean: float | None = None
    arm_mean: float
    predicted: str
    size: float
    under_trained: str = ""


@dataclass(frozen=True, kw_only=True)
class Series(Record):
    """One line, or one row of marks, of a picture; `low` and `high` bound a band or whiskers where there are any."""

    label: str
    role: str = "other"  # control | arm | other | published: what it is drawn as
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Picture(Record):
    """What was seen, as data that any page can draw.

    `kind` is "lines" (y against x), "bars" (each series one bar a place, `ticks` naming the places), "grid" (one
    series a row, `ticks` naming the columns, y from 0 to 1 as shade), or "images" (data URIs of small PNGs).
    """

    kind: str
    title: str
    caption: str
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False
    percent: bool = False
    ticks: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    images: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MilestoneResult(Record):
    """What one run of a milestone measured, with all that a reader needs to weigh it and to repeat it."""

    name: str
    verdict: str
    sentence: str
    checks: tuple[Check, ...]
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()
    data: str  # the data set, or "made on the spot"
    published_data: bool  # whether it is the data that the milestone names: False with --data
    paper_scale: bool = False  # whether it was run as large as in the paper
    seeds: tuple[int, ...]
    scale: float  # of the trainings' lengths, 1 as the milestone has them
    seconds: float
    started: str  # ISO 8601
    command: str
    environment: Mapping[str, str] = field(default_factory=dict)
