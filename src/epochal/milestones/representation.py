"""2015: the deeper a layer of a trained network, the more simply its features tell classes apart."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from epochal.core.claim import Picture, Series
from epochal.core.run import FINISHED
from epochal.core.seeds import stream
from epochal.data.dataset import Dataset
from epochal.judge.claims import Question
from epochal.kinds.image_input import thumbnail
from epochal.kinds.image_ladder import RUNGS
from epochal.kinds.table import kind_of
from epochal.milestones.table import CLAIMS
from epochal.models import catalogue
from epochal.models.weights import read_model
from epochal.study.lab import Lab, under_trained
from epochal.study.milestone import Measured, Milestone
from epochal.train.experiment import Arm

PASSES = 20
LABELS = 10  # labelled images of each class that a probe learns from
STRENGTH = 100.0  # the inverse of the probe's weight decay; pixels do best with it, of 1 to 10,000
LARGEST = 16  # maps and images are averaged down to at most this side before they are probed
MOST = 1000  # validation images that a probe is judged on
RECIPE = RUNGS["lenet"].recipe
PIXELS = "pixels"
LAYERS = ("C1", "S2", "C3", "S4", "C5", "F6")  # as the paper of LeNet-5 names them
LAST = LAYERS[-1]
TRAINED, UNTRAINED = "trained", "untrained"
LINEAR, NEAREST = "linear probe", "nearest neighbour"
CELL = 8  # pixels to each weight of a filter that is drawn

Answers = dict[str, dict[str, dict[str, list[int]]]]  # network, layer, method -> right or wrong on each image


def measure(lab: Lab) -> Measured:
    digits = lab.data("digits")
    held_out = tuple(range(1, digits.task.classes, 2))
    known = digits.subset(np.flatnonzero(~np.isin(digits.train.targets, held_out)))
    examples = PASSES * len(digits.train)
    whole = lab.train(digits, {"all classes": RECIPE}, examples=examples)["all classes"]
    half = lab.train(known, {"every other class": RECIPE}, examples=examples)["every other class"]
    seen = probe_all(lab, "all classes", whole, digits, tuple(range(digits.task.classes)))
    right = {"the classes that the network learned": seen}
    questions = [
        ask(
            "Does the last layer tell the classes apart better than pixels, by a linear probe on few labels?",
            (PIXELS, seen[UNTRAINED, PIXELS, LINEAR]),
            (f"last layer, {TRAINED}", seen[TRAINED, LAST, LINEAR]),
            size=0.02,
            learning=under_trained(("the network", whole)),
        ),
        ask(
            "Is that learned, and no property of the architecture?",
            (f"last layer, {UNTRAINED}", seen[UNTRAINED, LAST, LINEAR]),
            (f"last layer, {TRAINED}", seen[TRAINED, LAST, LINEAR]),
            size=0.02,
            learning=under_trained(("the network", whole)),
        ),
    ]
    if len(held_out) > 1:
        unseen = probe_all(lab, "other classes", half, digits, held_out)
        right["classes that the network never saw"] = unseen
        questions.append(
            ask(
                "Does a network trained on other classes hold more of classes it never saw than an untrained one?",
                (f"last layer, {UNTRAINED}", unseen[UNTRAINED, LAST, LINEAR]),
                (f"last layer, {TRAINED} on other classes", unseen[TRAINED, LAST, LINEAR]),
                size=0.02,
                learning=under_trained(("the network", half)),
            )
        )
    else:
        lab.notes.append("Classes that a network never saw need four classes or more: that question is left out.")
    return Measured(
        questions=tuple(questions),
        pictures=(*(layers(what, table) for what, table in right.items()), filters(lab, whole, digits)),
    )


def ask(
    text: str,
    control: tuple[str, np.ndarray],
    arm: tuple[str, np.ndarray],
    *,
    size: float,
    margin: float = 0.01,
    learning: str = "",
) -> Question:
    return Question(
        text=text,
        unit="validation accuracy of a linear probe",
        control=control[0],
        control_values=control[1],
        arm=arm[0],
        values=arm[1],
        size=size,
        margin=margin,
        percent=True,
        under_trained=learning,
    )


def probe_all(
    lab: Lab, name: str, arm: Arm, dataset: Dataset, classes: tuple[int, ...]
) -> dict[tuple[str, str, str], np.ndarray]:
    """Correctness [seeds, images] by network (trained or not), layer and method, on images of these classes."""
    jobs: dict[str, Callable[[], Answers]] = {
        f"probes, {name}, seed {run.seed}": partial(probe_seed, lab.store.folder(run_name), dataset, classes, run.seed)
        for run_name, run in zip(arm.names, arm.runs, strict=True)
        if run.status == FINISHED
    }
    results = list(lab.work(jobs).values())
    return {
        (network, layer, method): np.array([result[network][layer][method] for result in results], bool)
        for network in (TRAINED, UNTRAINED)
        for layer in (PIXELS, *LAYERS)
        for method in (LINEAR, NEAREST)
    }


def untrained(dataset: Dataset, seed: int) -> nn.Module:
    """The network that the training of this seed began with."""
    torch.manual_seed(stream(seed, "weights"))
    return catalogue.build(RECIPE, dataset.task).eval()


def probe_seed(folder: Path, dataset: Dataset, classes: tuple[int, ...], seed: int) -> Answers:
    """What the trained network of one seed, and the same one before training, tell of images of these classes.

    Every layer is judged by the same few labelled images, drawn from the training split by the seed.
    """
    chance = np.random.default_rng(stream(seed, "labelled"))
    train, validation = dataset.train, dataset.validation
    labelled = np.concatenate([chance.permutation(np.flatnonzero(train.targets == c))[:LABELS] for c in classes])
    judged = np.flatnonzero(np.isin(validation.targets, classes))[:MOST]
    networks = {TRAINED: read_model(folder, RECIPE, dataset.task), UNTRAINED: untrained(dataset, seed)}
    answers: Answers = {}
    for name, network in networks.items():
        known = features(network, dataset, train.inputs[labelled])
        asked = features(network, dataset, validation.inputs[judged])
        answers[name] = {
            layer: {
                method: (predicted == validation.targets[judged]).astype(int).tolist()
                for method, predicted in probe(known[layer], train.targets[labelled], asked[layer]).items()
            }
            for layer in known
        }
    return answers


def features(network: nn.Module, dataset: Dataset, images: np.ndarray) -> dict[str, np.ndarray]:
    """[images, numbers] of the pixels, and of what each layer of the network makes of them."""
    kept: list[Tensor] = []  # of each batch, what every layer gives in turn
    hook = network.get_submodule("squash").register_forward_hook(
        lambda module, inputs, output: kept.append(flat(output))
    )
    try:
        kind_of(dataset.task).predictor(network, dataset.codec, RUNGS["lenet"].recipe, dataset.task)(images)
    finally:
        hook.remove()
    by_layer = {layer: torch.cat(kept[place :: len(LAYERS)]).numpy() for place, layer in enumerate(LAYERS)}
    pixels = dataset.codec.tensors()(torch.from_numpy(np.array(images)))
    return {PIXELS: flat(pixels).numpy()} | by_layer


def flat(maps: Tensor) -> Tensor:
    """[images, numbers] of maps [images, channels, height, width], or of what is flat already."""
    if maps.ndim == 4:
        height, width = (min(side, LARGEST) for side in maps.shape[2:])
        maps = maps if maps.shape[2:] == (height, width) else F.adaptive_avg_pool2d(maps, (height, width))
    return maps.flatten(1).cpu()


def probe(known: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> dict[str, np.ndarray]:
    """The class of each row of `asked` by each method that learns from `known`, both brought to unit mean length."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    centre = known.mean(axis=0)
    length = max(float(np.sqrt(np.square(known - centre).sum(axis=1).mean())), 1e-12)
    known, asked = (known - centre) / length, (asked - centre) / length
    methods = {
        LINEAR: LogisticRegression(C=STRENGTH, max_iter=5000),
        NEAREST: KNeighborsClassifier(n_neighbors=1),
    }
    return {name: method.fit(known, targets).predict(asked) for name, method in methods.items()}


def layers(what: str, right: Mapping[tuple[str, str, str], np.ndarray]) -> Picture:
    """Accuracy of both methods from pixels to the last layer, of trained and untrained networks."""
    roles = {(TRAINED, LINEAR): "arm", (UNTRAINED, LINEAR): "control"}
    places = (PIXELS, *LAYERS)
    series = []
    for method in (LINEAR, NEAREST):
        for network in (TRAINED, UNTRAINED):
            scores = np.array([right[network, place, method].mean(axis=1) for place in places])  # [places, seeds]
            series.append(
                Series(
                    label=f"{method}, {network}",
                    role=roles.get((network, method), "other"),
                    x=tuple(float(number) for number in range(len(places))),
                    y=tuple(scores.mean(axis=1).tolist()),
                    low=tuple(scores.min(axis=1).tolist()),
                    high=tuple(scores.max(axis=1).tolist()),
                )
            )
    return Picture(
        kind="lines",
        title=f"Layer by layer: {what}",
        caption=f"Each method learns from {LABELS} labelled images a class, by what one layer makes of them. Mean of "
        "the seeds, with a band from the lowest to the highest.",
        x_label="layer (0: pixels, 1 to 6: C1, S2, C3, S4, C5, F6)",
        y_label="validation accuracy",
        percent=True,
        series=tuple(series),
    )


def filters(lab: Lab, arm: Arm, dataset: Dataset) -> Picture:
    """The first layer's filters of one seed, before and after training."""
    name, seed = next((n, run.seed) for n, run in zip(arm.names, arm.runs, strict=True) if run.status == FINISHED)
    networks = (untrained(dataset, seed), read_model(lab.store.folder(name), RECIPE, dataset.task))
    before, after = (network.get_parameter("c1.weight").detach().numpy() for network in networks)
    return Picture(
        kind="images",
        title="What the first layer looks for",
        caption=f"Filters of the first convolution, seed {seed}: on the left as they began, on the right as they were "
        "learned. Grey is a weight of zero.",
        images=tuple(drawn(*pair) for pair in zip(before, after, strict=True)),
    )


def drawn(before: np.ndarray, after: np.ndarray) -> str:
    """Two filters [channels, height, width] side by side on one scale, every weight a square, as a PNG's data URI."""
    gap = np.zeros((*before.shape[:2], 1))
    pair = np.concatenate([before, gap, after], axis=2)
    pair = pair / max(float(np.abs(pair).max()), 1e-12)
    shades = np.round(127.5 * (pair + 1)).astype(np.uint8)
    return thumbnail(shades.repeat(CELL, axis=1).repeat(CELL, axis=2))


MILESTONE = Milestone(
    **vars(CLAIMS["representation"]),
    setting=f"LeNet-5 on scikit-learn's digits, {PASSES} passes; then, on each layer, a linear probe and the nearest "
    f"neighbour on {LABELS} labelled images a class; once trained on all classes, and once on every other class and "
    "probed on the rest",
    differs="A small network and 1,079 images of 8x8 pixels instead of a large one and 1.2 million photographs; the "
    "first two questions are about classes that the network learned with all their labels, of which the probe sees "
    "few.",
    measure=measure,
)
