"""2014: what a network learned on many images of other things serves where there are few of these."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from epochal.core.claim import Picture, Series
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget
from epochal.core.seeds import stream
from epochal.data.dataset import Dataset
from epochal.data.image.options import ReadOptions
from epochal.judge.claims import Question
from epochal.kinds.image_ladder import IMAGE_LADDER, RUNGS
from epochal.milestones.table import CLAIMS
from epochal.models import catalogue
from epochal.models.pretrained import Pretrained, from_network, transfer_recipes
from epochal.models.weights import read_model
from epochal.study.lab import ACCURACY, Lab
from epochal.study.milestone import Measured, Milestone
from epochal.train.fit import fit
from epochal.train.trainee import prepare

SOURCE, SIDE = "cifar10", 32
SOURCE_PASSES = 2
FEW = 200  # training images of the other set, at most
HELD_OUT = 0.5  # of its published training split: few images need many to be judged on
PASSES = 40  # over the few images, from scratch and fine-tuned alike
NETWORK = RUNGS["resnet"].recipe.with_options(depth=8)
LEARNED = NETWORK.replace(batch_size=128, learning_rate=0.2)  # on many images
SCRATCH, FROZEN, TUNED, RANDOM = "from scratch", "frozen + linear", "fine-tuned", "random features + linear"
ARMS = (SCRATCH, RANDOM, FROZEN, TUNED)

Answers = dict[str, list[int]]  # arm -> right or wrong on each image


def measure(lab: Lab) -> Measured:
    many, few = open_source(lab), open_target(lab)
    arm = lab.train(many, {SOURCE: LEARNED}, examples=SOURCE_PASSES * len(many.train))[SOURCE]
    examples = lab.examples(PASSES * len(few.train))
    found = lab.work(
        {
            f"transfer, seed {run.seed}": partial(
                transfer, lab.store.folder(name), arm.recipe, many, few, run.seed, examples
            )
            for name, run in zip(arm.names, arm.runs, strict=True)
            if run.status == FINISHED
        }
    )
    right = {name: np.array([answers[name] for answers in found.values()], bool) for name in ARMS}
    short = "the network from which is transferred" if lab.shortened else ""

    def ask(text: str, control: str, arm: str) -> Question:
        return Question(
            text=text,
            unit=ACCURACY,
            control=control,
            control_values=right[control],
            arm=arm,
            values=right[arm],
            margin=0.01,
            percent=True,
            under_trained=short,
        )

    return Measured(
        questions=(
            ask(f"Do features of {SOURCE}, frozen, beat the same network trained on the few images?", SCRATCH, FROZEN),
            ask("Does fine-tuning beat training from scratch on as many examples?", SCRATCH, TUNED),
            ask("Are the frozen features better because they were learned?", RANDOM, FROZEN),
        ),
        pictures=(bars(right, few),),
    )


def open_source(lab: Lab) -> Dataset:
    """The many images of other things: always the named set, also where the user's data take the other's place."""
    named = replace(lab, source=None, options=ReadOptions(channels="rgb"))
    dataset = named.data(SOURCE, size=SIDE)
    lab.opening = named.opening
    return dataset


def open_target(lab: Lab) -> Dataset:
    """The few images, in the size and channels of the others."""
    asked = replace(lab, options=(lab.options or ReadOptions()).replace(channels="rgb", size=SIDE))
    dataset = asked.data("hymenoptera", train=FEW, validation=HELD_OUT)
    lab.opening = asked.opening
    return dataset


def transfer(folder: Path, recipe: Recipe, many: Dataset, few: Dataset, seed: int, examples: int) -> Answers:
    """What each arm answers rightly on the validation images of `few`.

    Args:
        folder: of the network that learned on `many` by this recipe.
        examples: shown from scratch and in fine-tuning.
    """
    learned = weights(read_model(folder, recipe, many.task), recipe, many)
    torch.manual_seed(stream(seed, "weights"))
    random = weights(catalogue.build(recipe, many.task), recipe, many)
    expected = replace(few, codec=few.codec.replace(mean=many.codec.mean, std=many.codec.std))
    begins = {name: rung.recipe for name, rung in IMAGE_LADDER.transfer.items()}
    with TemporaryDirectory() as place:
        recipes = transfer_recipes(begins, learned, Path(place))
        arms = {
            SCRATCH: (few, NETWORK),
            RANDOM: (expected, transfer_recipes(begins, random, Path(place))["frozen"]),
            FROZEN: (expected, recipes["frozen"]),
            TUNED: (expected, recipes["fine-tuned"]),
        }
        return {name: answered(dataset, each, seed, examples) for name, (dataset, each) in arms.items()}


def weights(network: torch.nn.Module, recipe: Recipe, dataset: Dataset) -> Pretrained:
    """The weights of a network of this data set."""
    codec = dataset.codec
    return from_network(network.state_dict(), recipe, dataset.task, codec.mean, codec.std, SOURCE)


def answered(dataset: Dataset, recipe: Recipe, seed: int, examples: int) -> list[int]:
    """Right or wrong on each validation image; a training that diverged always answers the first class."""
    budget = Budget(examples=examples)
    predictor, run = fit(prepare(dataset, recipe, seed, budget), budget, seed, points=1)
    targets = dataset.validation.targets
    labels = predictor(dataset.validation.inputs).labels if run.status == FINISHED else np.zeros_like(targets)
    return (labels == targets).astype(int).tolist()


def bars(right: Mapping[str, np.ndarray], few: Dataset) -> Picture:
    """Accuracy of each arm: mean, lowest and highest of the seeds."""
    scores = {name: right[name].mean(axis=1) for name in ARMS}
    return Picture(
        kind="bars",
        title=f"{len(few.train):,} training images of {few.task.name}",
        caption=f"Validation accuracy on {len(few.validation):,} images. Mean of the seeds; whiskers from the lowest "
        "to the highest.",
        y_label=ACCURACY,
        percent=True,
        ticks=("",),
        series=tuple(
            Series(
                label=name,
                role="control" if name == SCRATCH else "arm",
                x=(0.0,),
                y=(float(values.mean()),),
                low=(float(values.min()),),
                high=(float(values.max()),),
            )
            for name, values in scores.items()
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["transfer"]),
    setting=f"ResNet-8 trained on {SOURCE} at {SIDE}x{SIDE} for {SOURCE_PASSES} passes; then, on at most {FEW} "
    f"photographs of ants and bees at {SIDE}x{SIDE}, a linear classifier on its frozen features, all of it fine-tuned, "
    f"the same network from random weights ({PASSES} passes each), and a linear classifier on random features",
    differs="A small network that learned from 44,000 small photographs of ten classes for minutes, not from half of "
    "ImageNet or all of it for weeks; the other task is far from the first one, and has about a hundred images.",
    measure=measure,
)
