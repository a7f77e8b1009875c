"""Colours by scikit-image and OpenCV, and metrics of pictures by scikit-image and NumPy."""

import warnings

import cv2
import numpy as np
import torch
from skimage.color import deltaE_cie76, deltaE_ciede2000, lab2rgb, rgb2lab
from skimage.metrics import structural_similarity

from color_bins import gamut, square, zhang_313
from hash_fill import hashes, integers, uniform
from record import digits, summary, write

COLORS = 4096
GRIDS = (5, 8, 10, 12, 15, 16, 20, 25, 30, 40)


def colors() -> None:
    """RGB are the hashes of `rgb` modulo 256; Lab is L = 50 + 50 u, a and b = 110 u of `lab`, mostly beyond sRGB."""
    warnings.filterwarnings("ignore", message="Conversion from CIE-LAB")  # of what sRGB does not have
    rgb = integers("rgb", (COLORS, 3), 256).numpy().astype(np.uint8)
    lab = uniform("lab", COLORS * 3).reshape(COLORS, 3).astype(np.float32).astype(np.float64)
    lab = lab * [50, 110, 110] + [50, 0, 0]
    lab8 = integers("lab8", (COLORS, 3), 256).numpy().astype(np.uint8)
    rgb_of_lab = np.round(lab2rgb(lab) * 255)
    write(
        "colors",
        [
            {"what": "sRGB to Lab", "tensor": of(rgb2lab(rgb / 255.0))},
            {"what": "Lab to sRGB", "tensor": of(rgb_of_lab)},
            {"what": "8-bit sRGB to Lab", "tensor": of(by_opencv(rgb, cv2.COLOR_RGB2LAB))},
            {"what": "8-bit Lab to sRGB", "tensor": of(np.round(lab2rgb(from_8_bit(lab8)) * 255))},
            *({"what": "gamut", "grid": grid, "tensor": of(gamut(grid))} for grid in GRIDS),
            {"what": "square", "grid": 10, "tensor": of(square(10))},
            {"what": "zhang-313", "grid": 10, "tensor": of(zhang_313())},
        ],
    )


def by_opencv(pixels: np.ndarray, conversion: int) -> np.ndarray:
    return cv2.cvtColor(pixels[None], conversion)[0].astype(np.float64)


def from_8_bit(lab8: np.ndarray) -> np.ndarray:
    """OpenCV's convention: L * 255 / 100, a + 128, b + 128."""
    return lab8.astype(np.float64) * [100 / 255, 1, 1] - [0, 128, 128]


def of(values: np.ndarray) -> dict:
    exact = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64))
    return summary("values", exact, exact)


def metrics() -> None:
    """Three pictures of 32 x 32; a prediction is the truth and some noise. See `pictures`."""
    truth_ab, predicted_ab, truth_rgb, predicted_rgb = pictures()
    rgb_error = (predicted_rgb.astype(np.float64) - truth_rgb) ** 2
    ab_error = predicted_ab - truth_ab
    distance = np.linalg.norm(ab_error, axis=-1)
    truth_lab, predicted_lab = rgb2lab(truth_rgb), rgb2lab(predicted_rgb)
    colorfulness = [(colorfulness_of(p), colorfulness_of(t)) for p, t in zip(predicted_rgb, truth_rgb)]
    unsigned = [(colorfulness_of(p, np.abs), colorfulness_of(t, np.abs)) for p, t in zip(predicted_rgb, truth_rgb)]
    values = {
        "abRmse": np.sqrt((ab_error**2).mean()),
        "psnr": np.mean([psnr_of(error) for error in rgb_error]),
        "psnrPooled": psnr_of(rgb_error),
        "ssim": np.mean([ssim_of(p, t) for p, t in zip(predicted_rgb, truth_rgb)]),
        "deltaE76": deltaE_cie76(truth_lab, predicted_lab).mean(),
        "deltaE2000": deltaE_ciede2000(truth_lab, predicted_lab).mean(),
        "auc": auc_of(distance, np.ones_like(distance)),
        "aucRebalanced": auc_of(distance, weights_of(truth_ab)),
        "colorfulnessGap": np.mean([abs(p - t) for p, t in colorfulness]),
        "colorfulnessGapOfMeans": abs(np.mean([p - t for p, t in colorfulness])),
        "colorfulnessGapUnsigned": abs(np.mean([p - t for p, t in unsigned])),
        "saturationRatio": np.linalg.norm(predicted_ab, axis=-1).sum() / np.linalg.norm(truth_ab, axis=-1).sum(),
    }
    write("metrics", [{"metric": name, "value": digits(value)} for name, value in values.items()])


def pictures():
    """ab: the truth is 40 u of `truthAb`, rounded; the prediction adds 30 u of `abNoise`, in float32.

    RGB: the truth is the hashes of `truthRgb` modulo 256; the prediction adds 20 u of `rgbNoise`, is rounded and clipped.
    """
    shape, size = (3, 32, 32), 3 * 32 * 32
    truth_ab = np.round(40 * uniform("truthAb", size * 2)).reshape(*shape, 2)
    predicted_ab = (truth_ab + 30 * uniform("abNoise", size * 2).reshape(*shape, 2)).astype(np.float32)
    truth_rgb = integers("truthRgb", (*shape, 3), 256).numpy()
    noise = np.round(20 * uniform("rgbNoise", size * 3)).reshape(*shape, 3)
    predicted_rgb = np.clip(truth_rgb + noise, 0, 255).astype(np.uint8)
    return truth_ab, predicted_ab.astype(np.float64), truth_rgb.astype(np.uint8), predicted_rgb


def psnr_of(squared_error: np.ndarray) -> float:
    return 20 * np.log10(255 / np.sqrt(squared_error.mean()))


def ssim_of(one: np.ndarray, other: np.ndarray) -> float:
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return structural_similarity(one, other, channel_axis=2, **settings)


def colorfulness_of(rgb: np.ndarray, fold=lambda value: value) -> float:
    """Hasler and Suesstrunk (2003)."""
    red, green, blue = (rgb[..., channel].astype(np.float64) for channel in range(3))
    rg, yb = fold(red - green), fold((red + green) / 2 - blue)
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())


def auc_of(distance: np.ndarray, weights: np.ndarray) -> float:
    """Zhang et al. (2016): share of pixels within 0, 1, ... 150 ab units, by the trapezoid rule."""
    thresholds = np.arange(151)
    shares = [(weights * (distance <= threshold)).sum() / weights.sum() for threshold in thresholds]
    return np.trapezoid(shares, thresholds) / 150


def weights_of(ab: np.ndarray) -> np.ndarray:
    """1 / p of each colour's cell of 10 ab units, centred on multiples of 10.

    The prior counts every 8-bit colour as often as the hash of `counts` modulo 7 says, so no cell is empty.
    """
    counts = (hashes("counts", 65536) % np.uint64(7)).astype(np.float64).reshape(256, 256)
    cell = np.floor((np.arange(256) - 128) / 10 + 0.5).astype(int) + 13
    cells = np.zeros((27, 27))
    np.add.at(cells, (cell[:, None], cell[None, :]), counts)
    a, b = (ab[..., axis].astype(int) + 128 for axis in range(2))
    return counts.sum() / cells[cell[a], cell[b]]
