"""The ladder of images: every rung in the order in which it is climbed, with its citation and honest default.

`OFF_LADDER` holds historical networks that recipes may use but climbs do not try.

A recipe keeps the architecture of the paper and the augmentation and weight decay of its day, and gives every network
the same modern help: momentum with a one-cycle rate, and for AlexNet, VGG and GoogLeNet the initialisation of He et
al. 2015 in place of their own, with which they learn next to nothing at the widths and budgets of a CPU.

A rung is a family, from a small member to the paper's own network. Which member a climb trains follows from its budget
by one rule, the same for all (`train/members.py`): the largest that the budget lets see the training data often enough.
"""

from epochal.core.recipe import Option, Recipe
from epochal.models.rung import CLASSICAL, NETWORK, Rung

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
        kind=CLASSICAL,
        recipe=_estimate("majority"),
        code="classical.majority:MajorityConfig:Majority",
        deterministic=True,
    ),
    Rung(
        name="nearest-neighbours",
        title="Nearest neighbours",
        year=1967,
        paper="Cover & Hart, Nearest neighbor pattern classification, IEEE Trans. Information Theory 13(1), 1967",
        adds="Looks at the pixels: an image gets the label of the training images most like it.",
        kind=CLASSICAL,
        recipe=_estimate("nearest-neighbours"),
        code="classical.neighbours:NearestNeighboursConfig:NearestNeighbours",
        deterministic=True,
    ),
    Rung(
        name="boosted-trees",
        title="Gradient-boosted trees",
        year=2001,
        paper="Friedman, Greedy function approximation: a gradient boosting machine, Annals of Statistics 29(5), 2001",
        adds="Learns which pixels matter, by hundreds of small decision trees that mend each other's errors.",
        kind=CLASSICAL,
        recipe=_estimate("boosted-trees", **ROUNDS[-1]),
        code="classical.boosted_trees:BoostedTreesConfig:BoostedTrees",
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
        kind=CLASSICAL,
        recipe=_estimate("hog-svm"),
        code="classical.hog_svm:HogSvmConfig:HogSvm",
    ),
    Rung(
        name="hog-rbf",
        title="HOG + RBF SVM",
        year=2005,  # when both of its ideas were there
        paper="Cortes & Vapnik, Support-vector networks, Machine Learning 20, 1995, on the features of Dalal & Triggs",
        adds="A kernel: classes are told apart by likeness to remembered images, so that no plane need separate them.",
        kind=CLASSICAL,
        recipe=_estimate("hog-rbf", **LANDMARKS[-1]),
        code="classical.hog_rbf:HogRbfConfig:HogRbf",
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
        kind=CLASSICAL,
        recipe=_estimate("extra-trees", **TREES[-1]),
        code="classical.extra_trees:ExtraTreesConfig:ExtraTrees",
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
        kind=NETWORK,
        recipe=Recipe(
            model="perceptron",
            objective="perceptron",
            optimiser="sgd",
            momentum=0.0,
            learning_rate=0.03,
            schedule="cosine",
            batch_size=64,
        ),
        code="perceptron:PerceptronConfig:build",
    ),
    Rung(
        name="mlp",
        title="Multilayer perceptron",
        year=1986,
        paper="Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, Nature 323, 1986",
        adds="A hidden layer: features are learned too, by sending errors back through smooth units.",
        kind=NETWORK,
        recipe=Recipe(model="mlp", learning_rate=0.3, schedule="one_cycle", weight_decay=1e-4, batch_size=64),
        code="mlp:MlpConfig:build",
    ),
    Rung(
        name="lenet",
        title="LeNet-5",
        year=1998,
        paper="LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, 1998",
        adds="Convolutions: the same small detector everywhere in the image, so that position matters less.",
        kind=NETWORK,
        recipe=Recipe(
            model="lenet",
            options={"output": "linear"},  # learns faster than the fixed codes of the paper, and no worse
            learning_rate=0.03,
            schedule="one_cycle",
            weight_decay=5e-4,
            batch_size=64,
        ),
        code="lenet:LeNetConfig:build",
    ),
    Rung(
        name="alexnet",
        title="AlexNet",
        year=2012,
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, 2012",
        adds="Scale: five convolutions of rectifiers, with dropout and augmented images against overfitting.",
        kind=NETWORK,
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
        code="alexnet:AlexNetConfig:build",
        family=WIDTHS,
    ),
    Rung(
        name="vgg",
        title="VGG",
        year=2014,
        paper="Simonyan & Zisserman, Very deep convolutional networks for large-scale image recognition, 2014",
        adds="Depth by repetition: stacks of small 3x3 convolutions in place of a few large ones.",
        kind=NETWORK,
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
        code="vgg:VggConfig:build",
        family=WIDTHS,
        called="VGG-{depth}",
    ),
    Rung(
        name="googlenet",
        title="GoogLeNet",
        year=2014,
        paper="Szegedy et al., Going deeper with convolutions, 2014",
        adds="Inception: several scales side by side, squeezed by 1x1 convolutions, and no large dense layers.",
        kind=NETWORK,
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
        code="googlenet:GoogLeNetConfig:build",
        family=WIDTHS,
    ),
    Rung(
        name="resnet",
        title="ResNet",
        year=2015,
        paper="He, Zhang, Ren & Sun, Deep residual learning for image recognition, 2015",
        adds="Shortcuts past the layers, and batch normalisation: depth stops being an obstacle to training.",
        kind=NETWORK,
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
        code="resnet:ResNetConfig:build",
        family=DEPTHS,
        called="ResNet-{depth}",
    ),
)

RUNGS: dict[str, Rung] = {rung.name: rung for rung in _LADDER}

_BESIDE = (
    Rung(
        name="zipcode",
        title="Zip code network",
        year=1989,
        paper="LeCun et al., Backpropagation applied to handwritten zip code recognition, Neural Computation 1, 1989",
        adds="Kernels learned by back-propagation and shared across the image: the first trained convolutions.",
        kind=NETWORK,
        recipe=Recipe(model="zipcode", learning_rate=0.03, schedule="one_cycle", weight_decay=5e-4, batch_size=64),
        code="zipcode:ZipcodeConfig:build",
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
        kind=CLASSICAL,
        recipe=_estimate("frozen"),
        code="frozen:FrozenConfig:Frozen",
        called="Frozen ResNet-{depth} + linear",
        deterministic=True,
        pretrained=True,
    ),
    Rung(
        name="fine-tuned",
        title="Fine-tuned",
        year=2014,
        paper="Yosinski, Clune, Bengio & Lipson, How transferable are features in deep neural networks?, 2014",
        adds="Weights that were learned on other images as the beginning, from where all layers learn on.",
        kind=NETWORK,
        recipe=Recipe(
            model="fine-tuned",
            learning_rate=0.01,
            schedule="one_cycle",
            weight_decay=5e-4,
            augment=("flip", "crop"),
            batch_size=32,
            memory_format="channels_last",
        ),
        code="resnet:ResNetConfig:build",
        called="Fine-tuned ResNet-{depth}",
        pretrained=True,
    ),
)

OFF_LADDER: dict[str, Rung] = {rung.name: rung for rung in _BESIDE}
TRANSFER: dict[str, Rung] = {rung.name: rung for rung in _TRANSFER}  # climbed where pretrained weights are given
MODELS: dict[str, Rung] = RUNGS | TRANSFER | OFF_LADDER  # all that a recipe can name
