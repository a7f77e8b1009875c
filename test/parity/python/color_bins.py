"""Colour bins after Zhang et al. (2016), written anew from the paper's formulas with NumPy and scikit-image."""

import functools

import numpy as np
from skimage.color import rgb2lab

# Rows of the 313 bins of Zhang et al.: for each a, the first and the last b, in steps of 10.
ROWS_OF_313 = {
    -90: (50, 90), -80: (20, 90), -70: (0, 90), -60: (-20, 90), -50: (-30, 100), -40: (-40, 100), -30: (-50, 100),
    -20: (-50, 100), -10: (-60, 100), 0: (-70, 100), 10: (-80, 90), 20: (-80, 90), 30: (-90, 90), 40: (-100, 90),
    50: (-100, 80), 60: (-110, 80), 70: (-110, 80), 80: (-110, 70), 90: (-110, 70), 100: (-90, 0),
}  # fmt: skip


def zhang_313() -> np.ndarray:
    rows = [[a, b] for a, (first, last) in ROWS_OF_313.items() for b in range(first, last + 1, 10)]
    return np.array(rows, dtype=np.float64)


def square(grid: int) -> np.ndarray:
    """All multiples of the grid size within +-125, ordered by a, then b."""
    last = 125 // grid
    steps = np.arange(-last, last + 1) * grid
    return np.array([[a, b] for a in steps for b in steps], dtype=np.float64)


@functools.cache
def all_srgb_ab() -> np.ndarray:
    """a and b of all 2^24 colours, (2^24, 2) float32."""
    green_blue = np.stack(np.meshgrid(np.arange(256), np.arange(256), indexing="ij"), -1).reshape(-1, 2)
    parts = []
    for red in range(256):
        rgb = np.concatenate([np.full((65536, 1), red), green_blue], 1) / 255.0
        parts.append(rgb2lab(rgb[None])[0, :, 1:].astype(np.float32))
    return np.concatenate(parts)


def gamut(grid: int) -> np.ndarray:
    """Centres of the cells, centred on multiples of the grid size, that some sRGB colour touches."""
    a, b = np.floor(all_srgb_ab() / grid + 0.5).astype(np.int64).T + 100
    cells = np.flatnonzero(np.bincount(a * 256 + b))  # each cell as one number, which is faster than pairs
    return np.stack([cells // 256 - 100, cells % 256 - 100], 1).astype(np.float64) * grid


def bins_of(set_name: str, grid: int) -> np.ndarray:
    return {"gamut": lambda: gamut(grid), "square": lambda: square(grid), "zhang-313": zhang_313}[set_name]()


def distances(ab: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Squared, of each colour (n, 2) to each bin."""
    return ((ab[:, None, :].astype(np.float64) - bins[None]) ** 2).sum(-1)


def soft_targets(ab: np.ndarray, bins: np.ndarray, neighbors: int, sigma: float) -> np.ndarray:
    """Weights (n, bins): a Gaussian over the nearest bins, which sum to 1. Of equally near bins the first ones count."""
    squared = distances(ab, bins)
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :neighbors]
    near = np.take_along_axis(squared, nearest, 1)
    weights = np.exp(-(near - near[:, :1]) / (2 * sigma**2))
    targets = np.zeros_like(squared)
    np.put_along_axis(targets, nearest, weights / weights.sum(1, keepdims=True), 1)
    return targets


def rebalancing_weights(prior: np.ndarray, bins: np.ndarray, kind: str, lambda_: float, sigma: float) -> np.ndarray:
    """w of each bin, in proportion to 1 / ((1 - lambda) smoothed prior + lambda uniform), sum(smoothed prior * w) = 1.

    `paper` mixes with all bins, `released-code` with those that hold colours, where an empty bin gets no more than the
    heaviest of them.
    """
    spread = np.exp(-distances(bins, bins) / (2 * sigma**2))
    smooth = prior @ (spread / spread.sum(1, keepdims=True))
    filled = prior > 0
    uniform = np.full(len(bins), 1 / len(bins)) if kind == "paper" else filled / filled.sum()
    weights = 1 / ((1 - lambda_) * smooth + lambda_ * uniform)
    if kind == "released-code":
        weights = np.where(filled, weights, np.minimum(weights, weights[filled].max()))
    return weights / (weights * smooth).sum()


def hard_labels(ab: np.ndarray, bins: np.ndarray) -> np.ndarray:
    return distances(ab, bins).argmin(1)  # the first of equally near ones
