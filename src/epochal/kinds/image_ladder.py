"""The ladder of images: every rung in the order in which it is climbed, with its citation and honest default.

A recipe keeps the architecture of the paper and the augmentation and weight decay of its day, and gives every network
the same modern help: momentum with a one-cycle rate, and for AlexNet, VGG and GoogLeNet the initialisation of He et
al. 2015 in place of their own, with which they learn next to nothing at the widths and budgets of a CPU.

A rung is a family, from a small member to the paper's own network. Which member a climb trains follows from its budget
by one rule, the same for all (`train/members.py`): the largest that the budget lets see the training data often enough.
"""

from epochal.core.recipe import Option, Recipe
from epochal.kinds.rung import Ladder, Rung

WIDTHS = tuple({"width": width} for width in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0))  # shares of the paper's own
DEPTHS = tuple({"depth": depth} for depth in (8, 14, 20, 32, 44, 56, 110))  # of the CIFAR residual networks
# Few rounds learn more at a higher rate. `numbers` is how far an image is averaged down.
ROUNDS = (
    *({"rounds": rounds, "learning_rate": 0.3, "numbers": 256} for rounds in (1, 2, 4, 8, 16, 32)),
    {"rounds": 32, "learning_rate": 0.3, "numbers": 1024},
    {"rounds": 100, "learning_rate": 0.1, "numbers": 1024},
)
LANDMARKS = tuple({"landmarks": landmarks} for landmarks in (128, 512, 2048, 4096))
TREES = tuple({"trees": trees} for trees in (10, 30, 100, 300))


def _estimate(name: str, **options: Option) -> Recipe:
    """The recipe of a rung that fits itself."""
    return Recipe(model=name, options=options, objective="estimate", schedule="constant")


_LADDER = (
    Rung(
        name="majority",
        title="Majority class",
        year=1950,
        paper="No paper: older than the field, and set at the beginning of its history",
        adds="Always the class seen most often, whatever the image: the floor that every other rung must beat.",
        recipe=_estimate("majority"),
    ),
    Rung(
        name="nearest-neighbours",
        title="Nearest neighbours",
        year=1967,
        paper="Cover & Hart, Nearest neighbor pattern classification, IEEE Trans. Information Theory 13(1), 1967",
        adds="Looks at the pixels: an image gets the label of the training images most like it.",
        recipe=_estimate("nearest-neighbours"),
    ),
    Rung(
        name="boosted-trees",
        title="Gradient-boosted trees",
        year=2001,
        paper="Friedman, Greedy function approximation: a gradient boosting machine, Annals of Statistics 29(5), 2001",
        adds="Learns which pixels matter, by hundreds of small decision trees that mend each other's errors.",
        recipe=_estimate("boosted-trees", **ROUNDS[-1]),
        family=ROUNDS,
        work=("rounds", "numbers"),
        called="Gradient-boosted trees, {rounds} rounds",
    ),
    Rung(
        name="hog-svm",
        title="HOG + linear SVM",
        year=2005,
        paper="Dalal & Triggs, Histograms of oriented gradients for human detection, CVPR 2005",
        adds="Features designed by hand: directions of edges, counted cell by cell, and a large-margin classifier.",
        recipe=_estimate("hog-svm"),
    ),
    Rung(
        name="hog-rbf",
        title="HOG + RBF SVM",
        year=2005,  # when both of its ideas were there
        paper="Cortes & Vapnik, Support-vector networks, Machine Learning 20, 1995, on the features of Dalal & Triggs",
        adds="A kernel: classes are told apart by likeness to remembered images, so that no plane need separate them.",
        recipe=_estimate("hog-rbf", **LANDMARKS[-1]),
        family=LANDMARKS,
        work=("landmarks",),
        called="HOG + RBF SVM, {landmarks} landmarks",
    ),
    Rung(
        name="extra-trees",
        title="Extremely randomised trees",
        year=2006,
        paper="Geurts, Ernst & Wehenkel, Extremely randomized trees, Machine Learning 63, 2006",
        adds="Chance in place of search: many trees that split at random thresholds, and their mean opinion.",
        recipe=_estimate("extra-trees", **TREES[-1]),
        family=TREES,
        work=("trees",),
        called="Extremely randomised trees, {trees} trees",
    ),
    Rung(
        name="perceptron",
        title="Perceptron",
        year=1958,
        paper="Rosenblatt, The perceptron, Psychological Review 65(6), 1958",
        adds="Weights that are learned from mistakes, one example after another.",
        recipe=Recipe(
            model="perceptron",
            objective="perceptron",
            optimiser="sgd",
            momentum=0.0,
            learning_rate=0.03,
            schedule="cosine",
            batch_size=64,
        ),
    ),
    Rung(
        name="mlp",
        title="Multilayer perceptron",
        year=1986,
        paper="Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, Nature 323, 1986",
        adds="A hidden layer: features are learned too, by sending errors back through smooth units.",
        recipe=Recipe(model="mlp", learning_rate=0.3, schedule="one_cycle", weight_decay=1e-4, batch_size=64),
    ),
    Rung(
        name="lenet",
        title="LeNet-5",
        year=1998,
        paper="LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, 1998",
        adds="Convolutions: the same small detector everywhere in the image, so that position matters less.",
        recipe=Recipe(
            model="lenet",
            options={"output": "linear"},  # learns faster than the fixed codes of the paper, and no worse
            learning_rate=0.03,
            schedule="one_cycle",
            weight_decay=5e-4,
            batch_size=64,
        ),
    ),
    Rung(
        name="alexnet",
        title="AlexNet",
        year=2012,
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, 2012",
        adds="Scale: five convolutions of rectifiers, with dropout and augmented images against overfitting.",
        recipe=Recipe(
            model="alexnet",
            options={"initialisation": "he"},  # see the top of this module
            learning_rate=0.01,
            schedule="one_cycle",
            weight_decay=5e-4,
            augment=("flip", "crop", "colour_pca"),
            batch_size=32,
            memory_format="channels_last",
        ),
        family=WIDTHS,
    ),
    Rung(
        name="vgg",
        title="VGG",
        year=2014,
        paper="Simonyan & Zisserman, Very deep convolutional networks for large-scale image recognition, 2014",
        adds="Depth by repetition: stacks of small 3x3 convolutions in place of a few large ones.",
        recipe=Recipe(
            model="vgg",
            options={"depth": 11, "initialisation": "he"},  # A: the one that the paper trains from random weights
            learning_rate=0.01,
            schedule="one_cycle",
            weight_decay=5e-4,
            augment=("flip", "crop"),
            batch_size=32,
            memory_format="channels_last",
        ),
        family=WIDTHS,
        called="VGG-{depth}",
    ),
    Rung(
        name="googlenet",
        title="GoogLeNet",
        year=2014,
        paper="Szegedy et al., Going deeper with convolutions, 2014",
        adds="Inception: several scales side by side, squeezed by 1x1 convolutions, and no large dense layers.",
        recipe=Recipe(
            model="googlenet",
            options={"initialisation": "he"},  # see the top of this module
            learning_rate=0.01,
            schedule="one_cycle",
            weight_decay=2e-4,
            augment=("flip", "crop"),
            batch_size=32,
            memory_format="channels_last",
        ),
        family=WIDTHS,
    ),
    Rung(
        name="resnet",
        title="ResNet",
        year=2015,
        paper="He, Zhang, Ren & Sun, Deep residual learning for image recognition, 2015",
        adds="Shortcuts past the layers, and batch normalisation: depth stops being an obstacle to training.",
        recipe=Recipe(
            model="resnet",
            options={"depth": 20},
            learning_rate=0.05,
            schedule="one_cycle",
            weight_decay=5e-4,
            augment=("flip", "crop"),
            batch_size=32,
            memory_format="channels_last",
        ),
        family=DEPTHS,
        called="ResNet-{depth}",
    ),
)

_BESIDE = (
    Rung(
        name="zipcode",
        title="Zip code network",
        year=1989,
        paper="LeCun et al., Backpropagation applied to handwritten zip code recognition, Neural Computation 1, 1989",
        adds="Kernels learned by back-propagation and shared across the image: the first trained convolutions.",
        recipe=Recipe(model="zipcode", learning_rate=0.03, schedule="one_cycle", weight_decay=5e-4, batch_size=64),
    ),
)

_TRANSFER = (
    Rung(
        name="frozen",
        title="Frozen features + linear",
        year=2014,
        paper="Donahue et al., DeCAF: a deep convolutional activation feature for generic visual recognition, 2014; "
        "Yosinski, Clune, Bengio & Lipson, How transferable are features in deep neural networks?, 2014",
        adds="Features that a network learned on other images, as they are, and a linear classifier on top.",
        recipe=_estimate("frozen"),
        called="Frozen ResNet-{depth} + linear",
    ),
    Rung(
        name="fine-tuned",
        title="Fine-tuned",
        year=2014,
        paper="Yosinski, Clune, Bengio & Lipson, How transferable are features in deep neural networks?, 2014",
        adds="Weights that were learned on other images as the beginning, from where all layers learn on.",
        recipe=Recipe(
            model="fine-tuned",
            learning_rate=0.01,
            schedule="one_cycle",
            weight_decay=5e-4,
            augment=("flip", "crop"),
            batch_size=32,
            memory_format="channels_last",
        ),
        called="Fine-tuned ResNet-{depth}",
    ),
)

IMAGE_LADDER = Ladder(
    rungs={rung.name: rung for rung in _LADDER},
    transfer={rung.name: rung for rung in _TRANSFER},
    beside={rung.name: rung for rung in _BESIDE},
)
RUNGS = IMAGE_LADDER.rungs
