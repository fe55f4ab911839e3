"""AlexNet as its paper trained it, on ImageNet: what the milestones of that paper share at its own scale."""

from epochal.study.lab import IMAGENET, Scale

ALEXNET = Scale(data=IMAGENET, side=224, passes=90, recipe={"batch_size": 128, "schedule": "step"})  # section 5
SETTING = (
    f"AlexNet on ImageNet at {ALEXNET.side}x{ALEXNET.side} pixels, {ALEXNET.passes:g} passes, batches of "
    f"{ALEXNET.recipe['batch_size']}"
)
DIFFERS = (
    "One tower instead of two, begun as by He et al. 2015; the rate falls at one half and at three quarters of the "
    "training, not when validation stalls; crops move by up to an eighth of the side over black; one crop is answered "
    "for, not ten averaged. Judged on validation images, by the first answer."
)
