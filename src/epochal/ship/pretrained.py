"""What `--pretrained` names: a bundle of one's own, weights that another library wrote, or published ones."""

import os

from torch import nn

from epochal.core.errors import UserError
from epochal.core.paths import absolute
from epochal.data.download import Progress
from epochal.data.image.codec import Codec
from epochal.data.image.options import ReadOptions
from epochal.data.published_weights import WEIGHTS, fetch_weights
from epochal.models.interchange import read_weights
from epochal.models.places import is_location
from epochal.models.pretrained import Pretrained, from_network
from epochal.models.weights import TENSORS
from epochal.ship import files
from epochal.ship.bundle import Bundle


def open_weights(what: str | os.PathLike[str], progress: Progress | None = None) -> Pretrained:
    """Pretrained weights of a residual network.

    Args:
        what: the folder of a bundle, or of the run that holds one; a file or folder with weights by the names of
            torchvision, timm or Hugging Face transformers; or the name of published ones, such as "resnet50-weights".

    Raises:
        UserError: there is nothing there, it is damaged, or it holds no residual network that fits ours.
    """
    name = os.fspath(what)
    path = absolute(what)
    if name in WEIGHTS and not path.exists():
        return read_weights(fetch_weights(name, progress=progress))
    if not path.exists():
        raise UserError(
            f"--pretrained: there is nothing at {path}. Give the folder of a bundle, a file or folder with the weights "
            f"of a ResNet, or one of {', '.join(WEIGHTS)}."
        )
    places = (path.parent,) if path.name == TENSORS else (path, path / "bundle")
    folder = next((place for place in places if (place / files.MANIFEST).is_file()), None)
    if folder is None:
        return read_weights(path)
    if is_location(files.read_json(folder / files.RECIPE).get("model", "")):
        raise UserError(
            f"--pretrained: the bundle {folder} is of code that its maker brought, and a training can begin with a "
            "residual network of the ladder. Give the bundle of one, or leave out --pretrained."
        )
    bundle = Bundle.open(folder)
    if bundle.members > 1:
        raise UserError(
            f"--pretrained: the bundle {folder} is an ensemble of {bundle.members} networks, and a training can begin "
            "with one. Give the bundle of its climb."
        )
    if not isinstance(bundle.codec, Codec):
        raise UserError(
            f"--pretrained: the bundle {folder} answers for {bundle.task.item}s, and a training can begin with a "
            "residual network for images. Give the bundle of one, or leave out --pretrained."
        )
    model = getattr(bundle.predictor, "model", None)
    return from_network(
        model.state_dict() if isinstance(model, nn.Module) else {},
        bundle.recipe,
        bundle.task,
        bundle.codec.mean,
        bundle.codec.std,
        source=f"the bundle {bundle.folder}",
    )


def reading_for(pretrained: Pretrained, options: ReadOptions | None = None) -> ReadOptions:
    """How images are read for these weights: their side unless another is asked for, their channels, mean and std.

    Raises:
        UserError: the options ask for other channels than the weights take.
    """
    origin, given = pretrained.origin, options or ReadOptions()
    if given.channels not in ("auto", origin.mode):
        raise UserError(
            f"The weights of {origin.source} take {origin.mode} images, and --channels {given.channels} was asked for. "
            f"Leave out --channels, or give {origin.mode}."
        )
    return given.replace(size=given.size or origin.side, channels=origin.mode, mean=origin.mean, std=origin.std)
