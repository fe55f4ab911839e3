"""Does a mirror image keep its label here? Measured with the nearest neighbour, before any network is trained."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from epochal.core.recipe import Recipe
from epochal.data.dataset import Dataset

TOLERATED = 0.95  # share of its accuracy that the nearest neighbour must keep on mirrored images
NEIGHBOURS, ASKED = 3000, 600  # examples looked at


def flips_keep_labels(dataset: Dataset) -> tuple[bool, str]:
    """Whether mirrored validation images are still recognised by their nearest unmirrored training image, and the
    sentence that says so. Digits are not; most photographs are."""
    train, validation = _some(dataset.train, NEIGHBOURS), _some(dataset.validation, ASKED)
    neighbours = KNeighborsClassifier(1).fit(_pixels(train[0]), train[1])
    plain = neighbours.score(_pixels(validation[0]), validation[1])
    mirrored = neighbours.score(_pixels(validation[0][:, :, :, ::-1]), validation[1])
    keep = mirrored >= TOLERATED * plain
    return keep, (
        f"mirroring: {'used' if keep else 'not used'} as augmentation (the nearest neighbour recognises "
        f"{100 * plain:.0f}% of the images, and {100 * mirrored:.0f}% of them mirrored)"
    )


def without_flips(recipe: Recipe) -> Recipe:
    return recipe.replace(augment=tuple(name for name in recipe.augment if name != "flip"))


def _some(examples: object, most: int) -> tuple[np.ndarray, np.ndarray]:
    count = len(examples.targets)  # type: ignore[attr-defined]
    chosen = np.linspace(0, count - 1, min(count, most)).astype(int)
    return np.asarray(examples.images[chosen]), examples.targets[chosen]  # type: ignore[attr-defined]


def _pixels(images: np.ndarray) -> np.ndarray:
    """[n, c, h, w] to [n, pixels], thinned to at most 32 by 32."""
    stride = max(1, max(images.shape[2:]) // 32)
    return images[:, :, ::stride, ::stride].reshape(len(images), -1).astype(np.float32)
