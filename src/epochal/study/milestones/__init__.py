"""The claims that made the revolution, one file each, in the order of history."""

from epochal.core.errors import UserError
from epochal.study.milestone import Milestone
from epochal.study.milestones import (
    augmentation,
    backprop,
    batch_norm,
    combination,
    convolution,
    data,
    depth,
    dropout,
    hand_made,
    hardware,
    inception,
    initialisation,
    layerwise,
    lenet5,
    local_response,
    overlapping_pooling,
    perceptron,
    relu_speed,
    representation,
    residual_depth,
    threshold_logic,
    vanishing_gradient,
)

MILESTONES: dict[str, Milestone] = {
    milestone.name: milestone
    for milestone in (
        threshold_logic.MILESTONE,
        perceptron.MILESTONE,
        backprop.MILESTONE,
        convolution.MILESTONE,
        lenet5.MILESTONE,
        layerwise.MILESTONE,
        initialisation.MILESTONE,
        vanishing_gradient.MILESTONE,
        relu_speed.MILESTONE,
        hand_made.MILESTONE,
        dropout.MILESTONE,
        augmentation.MILESTONE,
        local_response.MILESTONE,
        overlapping_pooling.MILESTONE,
        data.MILESTONE,
        hardware.MILESTONE,
        depth.MILESTONE,
        inception.MILESTONE,
        batch_norm.MILESTONE,
        residual_depth.MILESTONE,
        representation.MILESTONE,
        combination.MILESTONE,
    )
}


def milestone(name: str) -> Milestone:
    """The milestone of this name.

    Raises:
        UserError: there is none.
    """
    if name not in MILESTONES:
        raise UserError(f"There is no milestone {name!r}. There are {', '.join(MILESTONES)}.")
    return MILESTONES[name]
