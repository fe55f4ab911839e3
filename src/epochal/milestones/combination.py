"""2015: no single technique was revolutionary, but their combination: six ingredients of a residual network."""

import numpy as np

from epochal.core.claim import LESS, Picture, Series
from epochal.judge import design
from epochal.judge.claims import VALUE, Question
from epochal.kinds.image_ladder import IMAGE_LADDER, RUNGS
from epochal.milestones.table import CLAIMS
from epochal.study.lab import ACCURACY, Lab, shares, under_trained
from epochal.study.milestone import Measured, Milestone
from epochal.study.why import combine, factors_of, stripped

DEPTH = 8
EXAMPLES = 4000
POINTS = 4  # of each learning curve: fewer do not show whether a network was still learning
HALF = 0.5
SYNERGY, MARGIN = 0.1, 0.02  # of accuracy: how much more all together must bring than each alone in sum
LEAST_JOINT = 0.01  # of accuracy: shares of less than a point are taken of a point


def measure(lab: Lab) -> Measured:
    digits = lab.data("digits")
    factors = factors_of(IMAGE_LADDER, "resnet")
    control = stripped(RUNGS["resnet"].recipe.with_options(depth=DEPTH), factors)
    runs = design.designs(len(factors))[-1]  # a half, with the corners
    recipes = combine(control, factors, runs)
    arms = lab.train(digits, recipes, examples=EXAMPLES, points=POINTS)
    scores = np.stack([shares(arms[label], digits) for label in recipes], axis=1)  # [seeds, runs]
    joint, alone = design.joint(runs, scores), design.add_one_in(runs, scores)
    names = tuple(f"{factor.name} ({factor.change.name})" for factor in factors)
    found, learning = design.attribute(runs, scores), under_trained(("all together", arms["all"]))
    lab.notes.append(
        f"Shapley values add up to {100 * (found.joint.mean - found.rest.mean):.1f} points; what all bring together "
        f"is {100 * found.joint.mean:.1f}. The rest is due to three ingredients or more at once, which a half of the "
        "combinations cannot divide among them."
    )
    return Measured(
        questions=(
            Question(
                text="Does any ingredient alone bring half of what all bring together?",
                unit="share of the joint gain",
                arm="the best ingredient alone",
                values=alone.max(axis=1) / np.maximum(joint, LEAST_JOINT),
                kind=VALUE,
                predicted=LESS,
                size=HALF,
                under_trained=learning,
                percent=True,
            ),
            Question(
                text="Do all together bring more than the sum of what each brings alone?",
                unit=f"gain in {ACCURACY}",
                control="the sum of each alone",
                control_values=alone.sum(axis=1),
                arm="all together",
                values=joint,
                size=SYNERGY,
                under_trained=learning,
                margin=MARGIN,
                percent=True,
            ),
        ),
        pictures=(attribution(names, found), interplay(names, found)),
    )


def attribution(names: tuple[str, ...], found: design.Attribution) -> Picture:
    """What each ingredient brings: its Shapley value, alone, and to all the others."""
    shown = (
        ("on average over all orders (Shapley value)", "arm", found.shapley),
        ("alone, added to none", "other", found.add_one_in),
        ("last, added to all the others", "control", found.leave_one_out),
    )
    return Picture(
        kind="bars",
        title="What each ingredient brings",
        caption=f"From {100 * found.none.mean:.1f}% without any to {100 * found.every.mean:.1f}% with all. "
        "Whiskers: 95% intervals over the seeds.",
        y_label=f"gain in {ACCURACY}",
        percent=True,
        ticks=names,
        series=tuple(
            Series(
                label=label,
                role=role,
                x=tuple(float(place) for place in range(len(names))),
                y=tuple(one.mean for one in estimates),
                low=tuple(one.interval[0] for one in estimates),
                high=tuple(one.interval[1] for one in estimates),
            )
            for label, role, estimates in shown
        ),
    )


def interplay(names: tuple[str, ...], found: design.Attribution) -> Picture:
    """Interactions of two, from 0 (they stand in for each other most) over a half (none) to 1 (they help most)."""
    table = np.zeros((len(names), len(names)))
    for (one, other), estimate in zip(design.pairs(len(names)), found.interactions, strict=True):
        table[one, other] = table[other, one] = estimate.mean
    largest = float(np.abs(table).max()) or 1.0
    shades = 0.5 + table / (2 * largest)
    return Picture(
        kind="grid",
        title="Which ingredients help, and which stand in for each other",
        caption="How much more accuracy the row brings with the column than without it, on average over the rest: a "
        f"shade of 1 is {100 * largest:+.1f} points, a half is none, 0 is {-100 * largest:+.1f}.",
        ticks=names,
        series=tuple(
            Series(label=name, x=tuple(float(place) for place in range(len(names))), y=tuple(row.tolist()))
            for name, row in zip(names, shades, strict=True)
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["combination"]),
    setting=f"scikit-learn's digits, residual networks of {DEPTH} layers, {EXAMPLES:,} examples each: 44 of the 64 "
    "combinations of rectifiers (instead of sigmoids), batch normalisation, He initialisation (instead of LeCun's), "
    "dropout, random crops and shortcuts",
    differs=f"{DEPTH} layers and 8x8 digits instead of 152 layers and ImageNet, one learning rate for every "
    "combination, under four passes over the data: what pays only in long trainings, as dropout and crops may, has "
    "little chance here. The largest of six gains is taken in each seed, which makes the first question harder.",
    measure=measure,
)
