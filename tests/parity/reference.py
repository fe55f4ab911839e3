"""The layers of the papers written a second time, in NumPy and double precision, without torch and without hurry."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray


def convolve(maps: Array, weight: Array, bias: Array | None = None, *, stride=1, padding=0, groups=1) -> Array:
    """Cross-correlation of [batch, inputs, height, width] with [outputs, inputs / groups, rows, columns]."""
    maps = np.pad(maps, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(maps, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    parts = zip(np.split(windows, groups, axis=1), np.split(weight, groups, axis=0), strict=True)
    out = np.concatenate([np.einsum("bchwyx,ocyx->bohw", part, kernel) for part, kernel in parts], axis=1)
    return out if bias is None else out + bias[:, None, None]


def pool(maps: Array, kernel: int, stride: int, padding: int = 0) -> Array:
    """Max pooling; where the windows do not come out even the last ones hang over the edge, as Caffe has it."""
    height, width = maps.shape[2:]
    after = [(-(-(n + 2 * padding - kernel) // stride) * stride + kernel) - n - padding for n in (height, width)]
    edges = ((0, 0), (0, 0), (padding, max(after[0], 0)), (padding, max(after[1], 0)))
    windows = sliding_window_view(np.pad(maps, edges, constant_values=-np.inf), (kernel, kernel), axis=(2, 3))
    return windows[:, :, ::stride, ::stride].max((4, 5))


def average(maps: Array, kernel: int, stride: int) -> Array:
    """Average pooling without padding."""
    return sliding_window_view(maps, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride].mean((4, 5))


def respond(maps: Array) -> Array:
    """Local response normalisation (Krizhevsky et al. 2012, section 3.3): k = 2, n = 5, alpha = 1e-4, beta = 0.75."""
    out = np.empty_like(maps)
    for channel in range(maps.shape[1]):
        near = maps[:, max(0, channel - 2) : channel + 3]
        out[:, channel] = maps[:, channel] / (2 + 1e-4 * (near**2).sum(1)) ** 0.75
    return out


def standardise(maps: Array, weight: Array, bias: Array) -> Array:
    """Batch normalisation with the statistics of this batch."""
    mean, variance = maps.mean((0, 2, 3), keepdims=True), maps.var((0, 2, 3), keepdims=True)
    return (maps - mean) / np.sqrt(variance + 1e-5) * weight[:, None, None] + bias[:, None, None]


def relu(values: Array) -> Array:
    return np.maximum(values, 0)


def squash(values: Array) -> Array:
    """1.7159 tanh(2x / 3)."""
    return 1.7159 * np.tanh(2 / 3 * values)


def cross_entropy(logits: Array, targets: Array) -> float:
    shifted = logits - logits.max(1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(targets)), targets]).mean())
