"""Parts of the climbs that the tests of the report are made with: the ladder, scores, curves, comparisons, pictures."""

import base64
import io
import math
import random
from typing import NamedTuple

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, UNDER_TRAINED, WORSE, Finding
from epochal.core.interval import Interval
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget, Cost, Point
from epochal.core.task import Task
from epochal.judge.reliability import abstaining, recalls, reliability
from epochal.report.result import ClimbResult, DataCurve, RungResult, Shipped, Stage, Trial, WrongExample


class Rung(NamedTuple):
    name: str
    title: str
    year: int
    kind: str
    paper: str
    adds: str


LADDER = [
    Rung(
        "majority",
        "Majority class",
        1950,
        "classical",
        "The most frequent label, whatever the image",
        "Nothing: the score of not looking at the image.",
    ),
    Rung(
        "nearest-neighbours",
        "Nearest neighbours",
        1967,
        "classical",
        "Cover and Hart, Nearest Neighbor Pattern Classification, 1967",
        "Looks up the most similar training images, pixel by pixel.",
    ),
    Rung(
        "boosted-trees",
        "Boosted trees",
        2001,
        "classical",
        "Friedman, Greedy Function Approximation: A Gradient Boosting Machine, 2001",
        "Many small decision trees on pixels, each mending the errors of those before it.",
    ),
    Rung(
        "hog-svm",
        "HOG + linear SVM",
        2005,
        "classical",
        "Dalal and Triggs, Histograms of Oriented Gradients for Human Detection, 2005",
        "Hand-made features: which way the edges run, cell by cell.",
    ),
    Rung(
        "perceptron",
        "Perceptron",
        1958,
        "network",
        "Rosenblatt, The Perceptron, Psychological Review 65, 1958",
        "One layer of weights that learns from its mistakes.",
    ),
    Rung(
        "mlp",
        "Multilayer perceptron",
        1986,
        "network",
        "Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986",
        "A hidden layer, trained by back-propagation.",
    ),
    Rung(
        "lenet",
        "LeNet-5",
        1998,
        "network",
        "LeCun, Bottou, Bengio and Haffner, Gradient-Based Learning Applied to Document Recognition, 1998",
        "Convolutions: the same small detectors everywhere in the image.",
    ),
    Rung(
        "alexnet",
        "AlexNet",
        2012,
        "network",
        "Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Networks, 2012",
        "Depth, ReLU, dropout and augmentation.",
    ),
    Rung(
        "vgg",
        "VGG-16",
        2014,
        "network",
        "Simonyan and Zisserman, Very Deep Convolutional Networks, 2014",
        "Nothing but 3 by 3 convolutions, stacked deep.",
    ),
    Rung(
        "googlenet",
        "GoogLeNet",
        2014,
        "network",
        "Szegedy et al., Going Deeper with Convolutions, 2014",
        "Modules that look at several scales at once.",
    ),
    Rung(
        "resnet",
        "ResNet-20",
        2015,
        "network",
        "He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition, 2015",
        "Shortcuts around layers, so that depth trains.",
    ),
]

DIGITS = {  # validation at the qualifying budget, at the finals, seconds, parameters
    "majority": (0.104, None, 0.0002, 10),
    "nearest-neighbours": (0.9826, None, 0.031, 70_000),
    "boosted-trees": (0.9549, None, 3.9, 93_000),
    "hog-svm": (0.9757, 0.9757, 0.42, 3_250),
    "perceptron": (0.934, None, 1.1, 650),
    "mlp": (0.9653, None, 2.4, 9_610),
    "lenet": (0.9815, 0.9838, 6.2, 61_706),
    "alexnet": (0.9711, None, 9.8, 731_000),
    "vgg": (0.9745, None, 11.2, 1_204_000),
    "googlenet": (0.9792, 0.9826, 12.9, 388_000),
    "resnet": (0.9838, 0.9884, 12.6, 272_000),
}
HYMENOPTERA = {
    "majority": (0.5102, None, 0.0003, 2),
    "nearest-neighbours": (0.5714, None, 0.2, 750_000),
    "boosted-trees": (0.6122, 0.6122, 8.4, 41_000),
    "hog-svm": (0.6531, 0.6531, 2.9, 3_530),
    "perceptron": (0.5306, None, 3.1, 24_600),
    "mlp": (0.5782, None, 5.5, 1_230_000),
    "lenet": (0.6054, None, 19.7, 178_000),
    "alexnet": (0.6395, 0.6667, 41.0, 4_900_000),
    "vgg": (0.5850, None, 58.3, 11_300_000),
    "googlenet": (0.6463, 0.6871, 66.0, 1_700_000),
    "resnet": (0.6735, 0.7007, 61.2, 272_000),
}


def _score(mean: float, items: int, seed_spread: float = 0.003) -> Interval:
    half = 1.96 * math.sqrt(max(mean * (1 - mean), 0.002) / items + seed_spread**2)
    return Interval(mean=mean, low=max(0.0, mean - half), high=min(1.0, mean + half * 0.8))


def _curve(mean: float, examples: int, classes: int) -> tuple[Point, ...]:
    points, final_loss = [], 0.04 + 1.1 * (1 - mean) * math.log(classes)
    for step in range(13):
        share = step / 12
        loss = final_loss + (math.log(classes) - final_loss) * math.exp(-4.5 * share)
        values = {
            "loss": loss,
            "train_loss": loss * (1 - 0.45 * share),
            "score": mean - (mean - 1 / classes) * math.exp(-6 * share),
        }
        points.append(Point(step=int(share * examples / 64), examples=int(share * examples), values=values))
    return tuple(points)


def _finding(control: str, arm: str, effect: float, half: float, items: int, comparisons: int) -> Finding:
    margin, wide = 0.005, half * 1.45
    low, high = effect - wide, effect + wide
    if low > margin / 5:
        verdict = BETTER
    elif high < -margin / 5:
        verdict = WORSE
    elif low > -margin and high < margin:
        verdict = EQUIVALENT
    else:
        verdict = CANNOT_TELL
    return Finding(
        control=control,
        arm=arm,
        effect=effect,
        interval=(effect - half, effect + half),
        simultaneous=(low, high),
        p_value=min(1.0, 2 * math.exp(-2 * (effect / max(half, 1e-9)) ** 2)),
        verdict=verdict,
        margin=margin,
        marks=(UNDER_TRAINED,) if arm == "vgg" else (),
        detectable=2.8 * half / 1.96,
        needed_items=1900 if verdict == CANNOT_TELL else None,
        needed_seeds=None,
        comparisons=comparisons,
        seeds=3,
        items=items,
    )


def wrong_examples(labels: tuple[str, ...], side: int, number: int) -> tuple[WrongExample, ...]:
    random_numbers = random.Random(7)
    digits = load_digits()
    wrong = []
    for index in range(number):
        if side == 8:
            picture = Image.fromarray((digits.images[index * 11] * 15.9).astype("uint8"), "L")
            truth = str(digits.target[index * 11])
            item = f"test[{index * 11}]"
        else:
            corner = tuple(random_numbers.randrange(60, 220) for _ in range(3))
            picture = Image.linear_gradient("L").resize((side, side)).convert("RGB")
            picture = Image.blend(picture, Image.new("RGB", (side, side), corner), 0.7)
            truth = labels[index % 2]
            item = f"photos/{truth}/IMG_{2300 + index * 17} copy.jpg"
        others = [label for label in labels if label != truth]
        memory = io.BytesIO()
        picture.save(memory, "PNG")
        uri = "data:image/png;base64," + base64.b64encode(memory.getvalue()).decode()
        wrong.append(
            WrongExample(
                item=item,
                truth=truth,
                predicted=random_numbers.choice(others),
                confidence=0.99 - 0.03 * index,
                thumbnail=uri,
            )
        )
    return tuple(wrong)


def build(  # the shared frame of the two climbs
    task: Task, table: dict[str, tuple[float, float | None, float, int]], *, chosen: str, winner: str, **words: object
) -> ClimbResult:
    items, judged = task.counts["test"], task.counts["validation"]
    rungs: list[RungResult] = []
    steps: list[Finding] = []
    best: str | None = None
    for rung in LADDER:
        qualifying, final, seconds, parameters = table[rung.name]
        network = rung.kind == "network"
        recipe = Recipe(model=rung.name, objective="cross_entropy" if network else "estimate", learning_rate=0.05)
        stages = []
        for name, mean, times in (("qualifying", qualifying, 1), ("final", final, 4 if network else 1)):
            if mean is None:
                continue
            examples = 20_480 * times if network else task.counts["train"]
            reached = final or qualifying
            last = (final is None) or name == "final"
            stages.append(
                Stage(
                    name=name,
                    recipe=recipe,
                    budget=Budget(examples=examples, seconds=12.0 * times),
                    seeds=3,
                    validation=_score(mean, judged),
                    test=_score(reached - 0.004, items) if last else None,
                    cost=Cost(
                        examples=examples,
                        steps=examples // 64,
                        seconds=seconds * times,
                        parameters=parameters,
                        flops=parameters * 6.0 * examples,
                        peak_memory=412_000_000,
                    ),
                    curve=_curve(mean, examples, task.classes) if network else (),
                    under_trained=rung.name == "vgg" and name == "qualifying",
                )
            )
        trials = (
            tuple(
                Trial(learning_rate=r, loss=None if r > 0.1 and rung.name == "vgg" else 0.1 + r)
                for r in (0.2, 0.05, 0.0125)
            )
            if network
            else ()
        )
        rungs.append(
            RungResult(
                name=rung.name,
                title=rung.title,
                year=rung.year,
                paper=rung.paper,
                adds=rung.adds,
                kind=rung.kind,
                status=FINISHED,
                trials=trials,
                stages=tuple(stages),
                marks=(UNDER_TRAINED,) if rung.name == "vgg" else (),
            )
        )
        if best is not None:
            steps.append(
                _finding(
                    best,
                    rung.name,
                    qualifying - table[best][0],
                    1.96 * math.sqrt(0.016 / judged),
                    judged,
                    len(LADDER) - 1,
                )
            )
        if best is None or qualifying > table[best][0]:
            best = rung.name
    finalists = {name: row[1] for name, row in table.items() if row[1] is not None}
    others = [name for name in finalists if name != winner]
    half = 1.96 * math.sqrt(0.012 / judged)
    finals = [_finding(winner, name, finalists[name] - finalists[winner], half, judged, len(others)) for name in others]
    reached = {name: row[1] or row[0] for name, row in table.items()}
    on_test = [
        _finding(name, chosen, reached[chosen] - reached[name], 1.96 * math.sqrt(0.014 / items), items, 10)
        for name in table
        if name != chosen
    ]
    return ClimbResult(
        task=task,
        command=f"epochal climb {task.name} --budget 20m --seeds 3 --out runs/{task.name}",
        started="2026-11-21T12:30:00+00:00",
        seeds=(0, 1, 2),
        budget_seconds=1200.0,
        spent_seconds=1121.0,
        complete=True,
        rungs=tuple(rungs),
        steps=tuple(steps),
        finals=tuple(finals),
        on_test=tuple(on_test),
        winner=winner,
        chosen=chosen,
        environment={
            "epochal": "0.1.0",
            "python": "3.11.7",
            "torch": "2.13.0+cpu",
            "numpy": "2.3.5",
            "scikit-learn": "1.8.0",
            "hardware": "Intel Xeon, 2 cores, 8 GB",
            "threads": "2",
            "platform": "Linux-6.1-x86_64",
        },
        **words,  # type: ignore[arg-type]
    )


def measured_curve(rung: str, sizes: tuple[int, ...], scale: float, exponent: float, floor: float) -> DataCurve:
    noise = random.Random(3)

    def law(size: float) -> float:
        return floor + scale * size**-exponent

    errors = tuple(tuple(law(n) * (1 + noise.uniform(-0.08, 0.08)) for n in sizes) for _ in range(3))
    band = []
    for index in range(25):
        size = sizes[0] * (2 * sizes[-1] / sizes[0]) ** (index / 24)
        width = 0.12 + (0.3 * math.log2(size / sizes[-1]) if size > sizes[-1] else 0)
        band.append((size, law(size), law(size) * (1 - width), law(size) * (1 + width)))
    last = law(sizes[-1])
    return DataCurve(
        rung=rung,
        sizes=sizes,
        errors=errors,
        law={"floor": floor, "scale": scale, "exponent": exponent},
        band=tuple(band),
        held_out={
            "size": float(sizes[-1]),
            "predicted": last * 1.06,
            "low": last * 0.82,
            "high": last * 1.3,
            "measured": last,
        },
        sentence=f"Doubling the training images would cut the error from about {100 * last:.1f}% to about "
        f"{100 * law(2 * sizes[-1]):.1f}%.",
    )


def promised(task: Task) -> Shipped:
    """What a model of the test split's items does: sure where it is right, and wrong on one in twenty."""
    numbers = np.random.default_rng(5)
    count, classes = task.counts["test"], task.classes
    targets = np.arange(count) % classes
    labels = np.where(numbers.random(count) < 0.05, (targets + 1) % classes, targets)
    sure = np.where(labels == targets, numbers.uniform(0.7, 1.0, count), numbers.uniform(0.4, 0.9, count))
    chances = np.tile((1 - sure[:, None]) / (classes - 1), (1, classes))
    chances[np.arange(count), labels] = sure
    right = labels == targets
    return Shipped(
        score=_score(float(right.mean()), count),
        recalls=recalls(labels[None], targets),
        reliability=reliability(chances, targets),
        abstaining=tuple(abstaining(sure, right, threshold) for threshold in (0.5, 0.75, 0.9)),
    )
