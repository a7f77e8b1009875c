"""Losses and their gradients in the prediction, which is 3 u of `prediction`, in PyTorch's layout (n, channels, h, w)."""

import torch
from torch.nn import functional as F

from hash_fill import integers, tensor
from record import digits, numbers, summary, write

BATCH, SIDE, BINS, NEIGHBORS = 2, 4, 13, 5


def losses() -> None:
    cases = [
        *(regression_case("mse", reduction) for reduction in ("mean", "sum")),
        *(regression_case("huber", reduction, delta) for reduction in ("mean", "sum") for delta in (0.5, 2.0)),
        *(
            classification_case(encoding, weighted, double_softmax, reduction)
            for encoding in ("hard", "soft")
            for weighted in (False, True)
            for double_softmax in (False, True)
            for reduction in ("mean", "sum")
        ),
    ]
    write("losses", cases)


def regression_case(penalty: str, reduction: str, delta: float | None = None) -> dict:
    """Against u of `target`. `sum` is the sum over pixels and components, averaged over images only."""
    target = tensor("target", (BATCH, 2, SIDE, SIDE))

    def loss(prediction):
        goal = target.to(prediction.dtype)
        if penalty == "mse":
            value = F.mse_loss(prediction, goal, reduction=reduction)
        else:
            value = F.huber_loss(prediction, goal, reduction=reduction, delta=delta)
        return value / BATCH if reduction == "sum" else value

    case = {"loss": "regression", "penalty": penalty, "reduction": reduction}
    case |= {"delta": delta} if delta is not None else {}
    return {**case, **value_and_gradient(loss, 2)}


def classification_case(encoding: str, weighted: bool, double_softmax: bool, reduction: str) -> dict:
    """Cross entropy over 13 bins, a pixel's multiplied by the weight of its heaviest bin, and not divided by the weights.

    The heaviest bin is the hash of `labels` modulo 13. A soft target has it and the next four, modulo 13, with weights
    that halve: 16/31, 8/31, 4/31, 2/31, 1/31. The bins' weights are 1 + 0.5 u of `binWeights`.
    """
    labels = integers("labels", (BATCH, SIDE, SIDE), BINS)
    bin_weights = tensor("binWeights", (BINS,), 0.5, 1.0)

    def loss(prediction):
        logits = torch.softmax(prediction, 1) if double_softmax else prediction
        target = labels if encoding == "hard" else soft_target(labels).to(logits.dtype)
        of_pixels = F.cross_entropy(logits, target, reduction="none")
        if weighted:
            of_pixels = of_pixels * bin_weights.to(logits.dtype)[labels]
        return of_pixels.mean() if reduction == "mean" else of_pixels.sum() / BATCH

    case = {"loss": "classification", "encoding": encoding, "weighted": weighted}
    case |= {"doubleSoftmax": double_softmax, "reduction": reduction, "bins": BINS}
    return {**case, **value_and_gradient(loss, BINS)}


def soft_target(labels: torch.Tensor) -> torch.Tensor:
    target = torch.zeros(BATCH, BINS, SIDE, SIDE, dtype=torch.float64)
    for neighbor in range(NEIGHBORS):
        weight = 2 ** (NEIGHBORS - 1 - neighbor) / (2**NEIGHBORS - 1)
        target.scatter_(1, ((labels + neighbor) % BINS).unsqueeze(1), weight)
    return target


def value_and_gradient(loss, channels: int) -> dict:
    values = {}

    def compute(dtype):
        prediction = tensor("prediction", (BATCH, channels, SIDE, SIDE), 3.0).to(dtype).requires_grad_()
        value = loss(prediction)
        value.backward()
        values[dtype] = value.item()
        return prediction.grad

    exact, single = compute(torch.float64), compute(torch.float32)
    return {"value": digits(values[torch.float64]), "gradient": summary("gradient/prediction", exact, single)}
