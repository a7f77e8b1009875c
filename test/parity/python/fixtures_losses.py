"""Losses with their gradients in the prediction, and the colours that a distribution over bins is decoded to.

The true colours are 8-bit: the hashes of `ab` modulo 256, laid out (n, 2, h, w), a first. A prediction is 3 u of
`prediction`, in PyTorch's layout (n, channels, h, w).
"""

import torch
from torch.nn import functional as F

from color_bins import bins_of, hard_labels, soft_targets
from hash_fill import integers, tensor
from record import digits, summary, write

BATCH, SIDE = 2, 8
# How a predicted number becomes ab: number * scale - offset.
UNITS = {"linear": (110, 0), "tanh": (110, 0), "sigmoid": (255, 128)}
REGRESSION = {"type": "regression", "outputActivation": "linear", "penalty": {"type": "mse"}, "reduction": "mean"}
CLASSIFICATION = {
    "type": "classification",
    "binGridSize": 10,
    "binSet": "zhang-313",
    "headResolution": "full",
    "doubleSoftmax": False,
    "encoding": {"type": "hard"},
    "reduction": "mean",
}
SOFT = {"type": "soft", "neighbors": 5, "sigma": 5.0}


def losses() -> None:
    huber = {"type": "huber", "delta": 40.0}
    recipes = [
        *({**REGRESSION, "outputActivation": activation} for activation in UNITS),
        *({**REGRESSION, "outputActivation": activation, "penalty": huber} for activation in UNITS),
        {**REGRESSION, "reduction": "sum"},
        {**REGRESSION, "penalty": huber, "reduction": "sum"},
        *(
            {**CLASSIFICATION, "encoding": encoding, "doubleSoftmax": double, "reduction": reduction}
            for encoding in ({"type": "hard"}, SOFT)
            for double in (False, True)
            for reduction in ("mean", "sum")
        ),
        {**CLASSIFICATION, "encoding": {"type": "soft", "neighbors": 10, "sigma": 10.0}},
        {**CLASSIFICATION, "headResolution": "quarter"},
        {**CLASSIFICATION, "headResolution": "quarter", "encoding": SOFT},
        {**CLASSIFICATION, "binSet": "gamut", "encoding": SOFT},
        {**CLASSIFICATION, "binSet": "square", "binGridSize": 25, "encoding": SOFT},
    ]
    write("losses", [case(recipe) for recipe in recipes] + decodings())


def case(recipe: dict) -> dict:
    if recipe["type"] == "regression":
        return {"recipe": recipe, **value_and_gradient(regression_loss(recipe), 2, SIDE)}
    bins, loss = classification_loss(recipe, SIDE)
    side = SIDE // 4 if recipe["headResolution"] == "quarter" else SIDE
    return {"recipe": recipe, "bins": bins, **value_and_gradient(loss, bins, side)}


def true_colors(side: int) -> torch.Tensor:
    """8-bit, (n, 2, side, side)."""
    return integers("ab", (BATCH, 2, side, side), 256)


def regression_loss(recipe: dict, side: int = SIDE):
    """In target units, those of the output. `delta` of Huber is in ab units. `sum` is averaged over images all the same."""
    scale, offset = UNITS[recipe["outputActivation"]]
    truth = (true_colors(side).double() - 128 + offset) / scale

    def loss(prediction):
        goal, reduction = truth.to(prediction.dtype), recipe["reduction"]
        if recipe["penalty"]["type"] == "mse":
            value = F.mse_loss(prediction, goal, reduction=reduction)
        else:
            delta = recipe["penalty"]["delta"] / scale
            value = F.huber_loss(prediction, goal, reduction=reduction, delta=delta)
        return value / BATCH if reduction == "sum" else value

    return loss


def classification_loss(recipe: dict, side: int):
    """Number of bins, and the loss of logits. At a quarter resolution every fourth pixel of every fourth row counts."""
    bins = bins_of(recipe["binSet"], recipe["binGridSize"])
    step = 4 if recipe["headResolution"] == "quarter" else 1
    truth = true_colors(side)[:, :, ::step, ::step] - 128
    n, _, h, w = truth.shape
    pixels = truth.permute(0, 2, 3, 1).reshape(-1, 2).numpy()
    encoding = recipe["encoding"]
    if encoding["type"] == "hard":
        target = torch.from_numpy(hard_labels(pixels, bins)).reshape(n, h, w)
    else:
        weights = soft_targets(pixels, bins, encoding["neighbors"], encoding["sigma"])
        target = torch.from_numpy(weights).reshape(n, h, w, -1).permute(0, 3, 1, 2)

    def loss(prediction):
        logits = torch.softmax(prediction, 1) if recipe["doubleSoftmax"] else prediction
        goal = target if target.dtype == torch.int64 else target.to(logits.dtype)
        of_pixels = F.cross_entropy(logits, goal, reduction="none")
        return of_pixels.mean() if recipe["reduction"] == "mean" else of_pixels.sum() / n

    return len(bins), loss


def value_and_gradient(loss, channels: int, side: int) -> dict:
    values = {}

    def compute(dtype):
        prediction = tensor("prediction", (BATCH, channels, side, side), 3.0).to(dtype).requires_grad_()
        value = loss(prediction)
        value.backward()
        values[dtype] = value.item()
        return prediction.grad

    exact, single = compute(torch.float64), compute(torch.float32)
    return {"value": digits(values[torch.float64]), "gradient": summary("gradient/prediction", exact, single)}


def decodings() -> list:
    recipes = [
        {"decoding": {"type": "annealed-mean", "temperature": 0.38}, "headResolution": "full"},
        {"decoding": {"type": "annealed-mean", "temperature": 0.38}, "headResolution": "quarter"},
        {"decoding": {"type": "mean"}, "headResolution": "full"},
        {"decoding": {"type": "argmax"}, "headResolution": "full"},
        {"decoding": {"type": "mean"}, "headResolution": "quarter"},
    ]
    return [decoding_case({**CLASSIFICATION, **recipe}) for recipe in recipes]


def decoding_case(recipe: dict) -> dict:
    """Expectation over bin centres; a quarter-resolution one is enlarged by PyTorch's bilinear interpolation."""
    centers = torch.from_numpy(bins_of(recipe["binSet"], recipe["binGridSize"]))
    side = SIDE // 4 if recipe["headResolution"] == "quarter" else SIDE

    def compute(dtype):
        logits = tensor("prediction", (BATCH, len(centers), side, side), 3.0).to(dtype)
        decoding = recipe["decoding"]
        if decoding["type"] == "argmax":
            ab = centers.to(dtype)[logits.argmax(1)].permute(0, 3, 1, 2)
        else:
            probabilities = torch.softmax(logits / decoding.get("temperature", 1.0), 1)
            ab = torch.einsum("nqhw,qc->nchw", probabilities, centers.to(dtype))
        return F.interpolate(ab, scale_factor=4, mode="bilinear") if side != SIDE else ab

    return {"recipe": recipe, "bins": len(centers), "decoded": summary("ab", compute(torch.float64), compute(torch.float32))}
