"""Builds realistic results of climbs for the tests of the report: no training, but numbers of the size they have."""

from typing import Any

from climb_parts import DIGITS, HYMENOPTERA, LADDER, build, measured_curve, promised, wrong_examples
from number_results import TABLES

from epochal.core.experiment import Finding
from epochal.core.interval import Interval
from epochal.core.metric import LOWER, Metric
from epochal.core.run import DIVERGED, FINISHED
from epochal.core.task import Task
from epochal.report.result import NOT_CLIMBED, ClimbResult

__all__ = ["LADDER", "VARIANTS"]
LOSS = Metric(name="log-loss", title="log-loss", unit="nats", better=LOWER, percent=False, margin=0.01)
MEMBERS = {"alexnet": "AlexNet, width 1/4", "vgg": "VGG-11, width 1/8", "resnet": "ResNet-14"}
TIERS = (
    ("resnet", "lenet", "nearest-neighbours"),
    ("alexnet", "vgg", "hog-svm", "mlp"),
    ("boosted-trees", "perceptron"),
)
DIVERGENCE = "the loss became infinite at step 41 with every learning rate"


def digits() -> ClimbResult:
    """A climb on 8 by 8 digits: everything works, and a classical rung is level with the best network."""
    labels = tuple(str(digit) for digit in range(10))
    task = Task(
        name="digits",
        input_shape=(1, 8, 8),
        labels=labels,
        fingerprint="6f1d2c9a7b30",
        counts={"train": 1149, "validation": 288, "test": 360},
    )
    confusion = [[0] * 10 for _ in range(10)]
    for truth in range(10):
        confusion[truth][truth] = 36
    for truth, predicted in ((8, 1), (8, 1), (9, 3), (3, 8), (1, 8), (5, 9), (4, 7), (9, 5)):
        confusion[truth][truth] -= 1
        confusion[truth][predicted] += 1
    data = {
        "name": "digits",
        "kind": "built-in arrays",
        "channels": 1,
        "sizes": {"smallest": [8, 8], "largest": [8, 8], "distinct": 1, "used": [8, 8]},
        "ignored": 0,
        "counts": {
            split: {label: number // 10 + (index < number % 10) for index, label in enumerate(labels)}
            for split, number in task.counts.items()
        },
        "problems": [],
        "duplicates": {
            "exact_pairs": 0,
            "near_pairs": 3,
            "clusters": 3,
            "straddling": 0,
            "set_aside": 0,
            "conflicts": 0,
            "examples": [],
            "method": "perceptual hash, verified on pixels",
        },
        "decisions": [
            {
                "what": "splits",
                "chosen": "64 / 16 / 20%, stratified, seed 0",
                "why": "no published split was given",
                "override": "--test-fraction",
            },
            {
                "what": "augmentation",
                "chosen": "crop, no flip",
                "why": "digits are not symmetric",
                "override": "--augment",
            },
        ],
        "warnings": [
            "With 360 test images, accuracies that differ by less than about 4.4 points cannot be told apart "
            "by one unpaired comparison."
        ],
    }
    return build(
        task,
        DIGITS,
        chosen="nearest-neighbours",
        winner="resnet",
        verdict="Use nearest neighbours: 97.9% on the test split, level with the best network and trained in "
        "31 milliseconds.",
        need_deep_learning="No: nearest neighbours is level with the best network, ResNet-20 (difference "
        "+0.6 points, 95% interval \u22120.6 to 1.7, margin 0.5), and trains 1,600 times faster.",
        more_data="Probably: doubling the training images would cut the error from about 2.1% to about 1.4% "
        "[1.0, 1.8].",
        data_curve=measured_curve("nearest-neighbours", (72, 144, 287, 574, 1149), 1.05, 0.56, 0.001),
        confusion=tuple(tuple(row) for row in confusion),
        wrong=wrong_examples(labels, 8, 8),
        data=data,
    )


def hymenoptera() -> ClimbResult:
    """A climb on 245 photographs of ants and bees: too few to tell much, one rung diverged, files with problems."""
    labels = ("ants", "bees")
    task = Task(
        name="hymenoptera",
        input_shape=(3, 64, 64),
        labels=labels,
        fingerprint="0a77be21d4f9",
        counts={"train": 195, "validation": 49, "test": 153},
        notes=("The published val/ folder became the test split; validation was cut from train.",),
    )
    data = {
        "name": "hymenoptera",
        "kind": "image folder",
        "channels": 3,
        "sizes": {"smallest": [150, 113], "largest": [2848, 4288], "distinct": 187, "used": [64, 64]},
        "ignored": 2,
        "counts": {
            "train": {"ants": 99, "bees": 96},
            "validation": {"ants": 24, "bees": 25},
            "test": {"ants": 70, "bees": 83},
        },
        "problems": [
            {"file": "train/ants/imageNotFound.gif", "what": "named .gif, but holds a JPEG", "action": "used"},
            {"file": "train/bees/090112099.jpg", "what": "truncated after 4,096 bytes", "action": "set aside"},
        ],
        "duplicates": {
            "exact_pairs": 1,
            "near_pairs": 4,
            "clusters": 5,
            "straddling": 1,
            "set_aside": 1,
            "conflicts": 0,
            "examples": [
                {
                    "first": "train/ants/69639610.jpg",
                    "second": "val/ants/69639610 (1).jpg",
                    "kind": "exact",
                    "first_label": "ants",
                    "second_label": "ants",
                    "straddles": True,
                }
            ],
        },
        "decisions": [
            {"what": "size", "chosen": "64 x 64", "why": "the photographs differ in size", "override": "--size"},
            {
                "what": "splits",
                "chosen": "train/ and val/ as published",
                "why": "folders of those names",
                "override": "--test-fraction",
            },
        ],
        "warnings": [
            "With 153 test images, accuracies that differ by less than about 6.7 points cannot be told apart.",
            "Only 49 images are left for validation: most steps will come out as \u201ccannot tell\u201d.",
        ],
    }
    result = build(
        task,
        HYMENOPTERA,
        chosen="hog-svm",
        winner="resnet",
        verdict="Cannot say which approach is best with 49 validation images; HOG + linear SVM is the cheapest that is "
        "not shown worse, with 64.9% on the test split.",
        need_deep_learning="Cannot tell with this validation split: ResNet-20 is ahead of HOG + linear SVM by 4.8 "
        "points, but the 95% interval runs from \u22125.1 to 14.6; about 1,900 more images would "
        "settle it.",
        more_data="Yes: the error still falls with every doubling.",
        data_curve=measured_curve("hog-svm", (24, 49, 98, 195), 0.9, 0.2, 0.03),
        confusion=((47, 23), (30, 53)),
        wrong=wrong_examples(labels, 48, 6),
        data=data,
    )
    rungs = tuple(
        rung.replace(status=DIVERGED, stages=(), marks=(), message=DIVERGENCE) if rung.name == "vgg" else rung
        for rung in result.rungs
    )
    steps = tuple(finding for finding in result.steps if finding.arm != "vgg")
    on_test = tuple(finding for finding in result.on_test if finding.control != "vgg")
    return result.replace(rungs=rungs, steps=steps, on_test=on_test)


def interrupted() -> ClimbResult:
    """Stopped in the middle of the ladder, before the finals: no test scores, no data curve, half of the rungs."""
    whole = digits()
    rungs = []
    for index, rung in enumerate(whole.rungs):
        stages = tuple(stage.replace(test=None) for stage in rung.stages if stage.name == "qualifying")
        rungs.append(
            rung.replace(
                stages=stages if index < 7 else (),
                marks=(),
                trials=rung.trials if index < 8 else (),
                status=FINISHED if index < 7 else "interrupted",
            )
        )
    return whole.replace(
        complete=False,
        rungs=tuple(rungs),
        steps=whole.steps[:6],
        finals=(),
        on_test=(),
        data_curve=None,
        confusion=(),
        wrong=(),
        winner="lenet",
        chosen="nearest-neighbours",
        more_data="",
        need_deep_learning="",
        verdict="Best so far: nearest neighbours.",
        spent_seconds=431.0,
        notes=("Stopped by Ctrl-C.",),
    )


def empty() -> ClimbResult:
    """Stopped before anything was measured."""
    task = Task(name="photos", input_shape=(3, 64, 64), labels=("a", "b"), counts={}, fingerprint="000000000000")
    return ClimbResult(
        task=task,
        command="epochal climb photos",
        started="",
        seeds=(),
        budget_seconds=60.0,
        spent_seconds=0.0,
        complete=False,
        rungs=(),
    )


def hostile() -> ClimbResult:
    """Names that would break a page that does not escape them."""
    bad = "<script>alert('1')</script>\"&.jpg"
    result = hymenoptera()
    data = {
        **result.data,
        "problems": [{"file": bad, "what": bad, "action": bad}],
        "name": bad,
        "warnings": [bad],
        "decisions": [{"what": bad, "chosen": bad, "why": bad, "override": bad}],
        "duplicates": {bad: bad},
        "counts": {bad: {bad: 3}},
        "sizes": {bad: bad},
    }
    return result.replace(
        task=result.task.replace(name=bad, labels=(bad, "bees"), notes=(bad,)),
        command=f"epochal climb '{bad}'",
        rungs=tuple(rung.replace(title=bad, paper=bad, adds=bad, message=bad, marks=(bad,)) for rung in result.rungs),
        verdict=bad,
        need_deep_learning=bad,
        more_data=bad,
        environment={bad: bad},
        notes=(bad,),
        data=data,
        wrong=tuple(
            w.replace(item=bad, truth=bad, predicted=bad, thumbnail="javascript:alert(1)") for w in result.wrong
        ),
        data_curve=result.data_curve.replace(sentence=bad) if result.data_curve else None,
    )


def many_classes(classes: int = 62) -> ClimbResult:
    """More classes than a matrix can show."""
    result = digits()
    labels = tuple(f"species {index:02d}" for index in range(classes))
    confusion = [[30 if row == column else 0 for column in range(classes)] for row in range(classes)]
    for index in range(classes - 1):
        confusion[index][index + 1] = index % 7
    return result.replace(
        task=result.task.replace(labels=labels),
        confusion=tuple(map(tuple, confusion)),
        data={**result.data, "counts": {"train": dict.fromkeys(labels, 18)}},
    )


def sized() -> ClimbResult:
    """A climb of digits that knows members, tiers, answers and sizes, scored its bundle, and left GoogLeNet out."""
    result = digits()
    tiers = {name: number for number, names in enumerate(TIERS, 1) for name in names}
    rungs = []
    for place, rung in enumerate(result.rungs):
        if rung.name == "googlenet":
            reason = {"message": "needs a budget of about 14 min here", "needs": 851.0}
            rungs.append(
                rung.replace(status=NOT_CLIMBED, stages=(), trials=(), member="GoogLeNet, width 1/16", **reason)
            )
            continue
        measured = {"answer": 2e-5 * 4**place, "size": 1000 * 5**place, "tier": tiers.get(rung.name, 4)}
        rungs.append(rung.replace(member=MEMBERS.get(rung.name, rung.title), **measured))

    def climbed(finding: Finding) -> bool:
        return "googlenet" not in (finding.arm, finding.control)

    return result.replace(
        rungs=tuple(rungs),
        steps=tuple(filter(climbed, result.steps)),
        finals=tuple(filter(climbed, result.finals)),
        on_test=tuple(filter(climbed, result.on_test)),
        headline="Recommended: Nearest neighbours. 98% right on unseen data (96 to 99%).",
        shipped=promised(result.task),
    )


def losses() -> ClimbResult:
    """The same climb by the log-loss: in nats, and lower is better."""
    result = sized()

    def turned(score: Interval | None) -> Interval | None:
        return score and Interval(mean=4 * (1 - score.mean), low=4 * (1 - score.high), high=4 * (1 - score.low))

    def in_nats(finding: Finding) -> Finding:
        effects: dict[str, Any] = {
            "effect": -4 * finding.effect,
            "interval": tuple(-4 * end for end in reversed(finding.interval)),
            "simultaneous": tuple(-4 * end for end in reversed(finding.simultaneous)),
            "detectable": 4 * finding.detectable,
        }
        return finding.replace(metric="log-loss", unit="nats", percent=False, better=LOWER, margin=0.01, **effects)

    rungs = tuple(
        rung.replace(
            stages=tuple(
                stage.replace(validation=turned(stage.validation), test=turned(stage.test)) for stage in rung.stages
            )
        )
        for rung in result.rungs
    )
    families = {name: tuple(map(in_nats, getattr(result, name))) for name in ("steps", "finals", "on_test")}
    shipped = result.shipped and result.shipped.replace(score=turned(result.shipped.score))
    return result.replace(metric=LOSS, rungs=rungs, shipped=shipped, headline="", **families)


VARIANTS = {
    "digits": digits,
    "hymenoptera": hymenoptera,
    "interrupted": interrupted,
    "empty": empty,
    "hostile": hostile,
    "many_classes": many_classes,
    "sized": sized,
    "losses": losses,
    **TABLES,
}
