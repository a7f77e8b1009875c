"""Losses with their gradients in the prediction, what is known of them beforehand, how well a head knows the bins, and the
colours that a distribution over bins is decoded to.

The true colours are 8-bit: the hashes of `ab` modulo 256, laid out (n, 2, h, w), a first. A prediction is 3 u of
`prediction`, in PyTorch's layout (n, channels, h, w).
"""

import numpy as np
import torch
from torch.nn import functional as F

from color_bins import bins_of, hard_labels, rebalancing_weights, soft_targets
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
    "rebalancing": {"type": "none"},
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
        *(
            {**CLASSIFICATION, "rebalancing": {"type": kind, "lambda": 0.5, "sigma": 5.0}, **change}
            for kind in ("paper", "released-code")
            for change in ({}, {"encoding": SOFT}, {"headResolution": "quarter", "reduction": "sum"})
        ),
    ]
    ranked = [{**CLASSIFICATION, **change} for change in ({}, {"headResolution": "quarter"}, {"binSet": "gamut"})]
    write("losses", [case(recipe) for recipe in recipes] + [measures_case(recipe) for recipe in ranked] + decodings())


def case(recipe: dict) -> dict:
    if recipe["type"] == "regression":
        return {"recipe": recipe, **value_and_gradient(regression_loss(recipe), 2, SIDE)}
    bins, loss, bounds = classification_loss(recipe, SIDE)
    side = SIDE // 4 if recipe["headResolution"] == "quarter" else SIDE
    return {"recipe": recipe, "bins": bins, **value_and_gradient(loss, bins, side), **bounds}


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
    """Number of bins, the loss of logits, and its bounds. At a quarter resolution every fourth pixel of every fourth row counts."""
    bins = bins_of(recipe["binSet"], recipe["binGridSize"])
    pixels = pixels_of(recipe, side)
    n, h, w = BATCH, *[round((len(pixels) / BATCH) ** 0.5)] * 2
    encoding = recipe["encoding"]
    if encoding["type"] == "hard":
        labels = np.eye(len(bins))[hard_labels(pixels, bins)]
        target = torch.from_numpy(hard_labels(pixels, bins)).reshape(n, h, w)
    else:
        labels = soft_targets(pixels, bins, encoding["neighbors"], encoding["sigma"])
        target = torch.from_numpy(labels).reshape(n, h, w, -1).permute(0, 3, 1, 2)
    importance = importance_of(recipe["rebalancing"], pixels, bins, side)
    is_printed = recipe["rebalancing"]["type"] != "released-code"
    reduced = (lambda of_pixels: of_pixels.mean()) if recipe["reduction"] == "mean" else (lambda of_pixels: of_pixels.sum() / n)

    def loss(prediction):
        logits = torch.softmax(prediction, 1) if recipe["doubleSoftmax"] else prediction
        goal = target if target.dtype == torch.int64 else target.to(logits.dtype)
        of_pixels = F.cross_entropy(logits, goal, reduction="none")
        weighted = reduced(of_pixels * torch.from_numpy(importance).to(logits.dtype).reshape(n, h, w))
        # The released code trains with the weights and prints the loss without. Each picture here has a colour.
        return weighted if is_printed else weighted + (reduced(of_pixels) - weighted).detach()

    if recipe["doubleSoftmax"]:
        return len(bins), loss, {}
    weights = importance if is_printed else np.ones(len(pixels))
    mean_label = weights @ labels / weights.sum()
    aimed = importance @ labels / importance.sum()  # where training a constant prediction ends
    added = 1 if recipe["reduction"] == "mean" else h * w
    bounds = {
        "floor": digits((weights * entropy(labels)).mean() * added),
        "marginal": digits(weights.mean() * cross_entropy(mean_label, aimed) * added),
    }
    return len(bins), loss, bounds


def pixels_of(recipe: dict, side: int) -> np.ndarray:
    """True ab of the pixels that have labels, (count, 2)."""
    step = 4 if recipe["headResolution"] == "quarter" else 1
    truth = true_colors(side)[:, :, ::step, ::step] - 128
    return truth.permute(0, 2, 3, 1).reshape(-1, 2).numpy()


def importance_of(rebalancing: dict, pixels: np.ndarray, bins: np.ndarray, side: int) -> np.ndarray:
    """Weight of each pixel; the training split is all pixels of these pictures."""
    if rebalancing["type"] == "none":
        return np.ones(len(pixels))
    training = true_colors(side).permute(0, 2, 3, 1).reshape(-1, 2).numpy() - 128
    prior = np.bincount(hard_labels(training, bins), minlength=len(bins)) / len(training)
    weights = rebalancing_weights(prior, bins, rebalancing["type"], rebalancing["lambda"], rebalancing["sigma"])
    return weights[hard_labels(pixels, bins)]


def entropy(distributions: np.ndarray) -> np.ndarray:
    """Over the last axis, in nats."""
    return cross_entropy(distributions, distributions)


def cross_entropy(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Over the last axis, in nats; `predicted` is above 0 where the labels are."""
    logs = np.log(predicted, where=predicted > 0, out=np.zeros_like(predicted))
    return -(labels * logs).sum(-1)


def measures_case(recipe: dict) -> dict:
    """Of logits to which 3 is added at the true bin, or few would be right."""
    bins = bins_of(recipe["binSet"], recipe["binGridSize"])
    labels = torch.from_numpy(hard_labels(pixels_of(recipe, SIDE), bins))
    side = SIDE // 4 if recipe["headResolution"] == "quarter" else SIDE
    logits = tensor("prediction", (BATCH, len(bins), side, side), 3.0).double()
    rows = logits.permute(0, 2, 3, 1).reshape(-1, len(bins)) + 3 * F.one_hot(labels, len(bins))
    share = lambda k: digits((rows.topk(k).indices == labels[:, None]).any(1).double().mean())  # noqa: E731
    measures = {
        "top1": share(1),
        "top5": share(5),
        "entropy": digits(torch.distributions.Categorical(logits=rows).entropy().mean()),
    }
    return {"recipe": recipe, "bins": len(bins), "measures": measures}


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
