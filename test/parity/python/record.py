"""What a fixture keeps of a tensor, and how fixtures are written."""

import json
import math
from pathlib import Path

import torch

from hash_fill import hashes, uniform

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
SAMPLES = 48


def digits(value: float) -> float:
    """Nine significant digits: more than float32 has."""
    return float(f"{float(value):.9g}")


def summary(name: str, exact: torch.Tensor, single: torch.Tensor) -> dict:
    """What is kept of a tensor in PyTorch's order.

    `exact` was computed in float64 and is the reference; `single`, the same in float32, shows how much of a difference is
    PyTorch's own rounding. `projection` is the sum of value * u of `check.<name>`: unlike a plain sum it notices elements
    that changed places. Of more than 48 elements, those at the hashes of `sample.<name>` modulo the size are kept.
    """
    values = exact.detach().double().contiguous().reshape(-1)
    rounding = (single.detach().double().reshape(exact.shape) - exact.detach().double()).abs().max().item()
    largest = values.abs().max().item()
    size = values.numel()
    at = range(size) if size <= SAMPLES else (hashes(f"sample.{name}", SAMPLES) % size).tolist()
    return {
        "name": name,
        "shape": list(exact.shape),
        "largest": digits(largest),
        "norm": digits(values.norm()),
        "projection": digits((values * torch.from_numpy(uniform(f"check.{name}", size))).sum()),
        "rounding": float(f"{rounding / largest if largest else 0:.2g}"),
        "samples": [digits(values[index]) for index in at],
    }


def numbers(values) -> list:
    """A tensor's numbers, nested as its shape is."""
    values = values.tolist() if isinstance(values, torch.Tensor) else values
    return [numbers(one) if isinstance(one, list) else digits(one) for one in values]


def write(name: str, cases: list) -> None:
    """fixtures/<name>.json: what made it, and a case a line, so that a changed one shows as one changed line."""
    made_by = {"torch": torch.__version__.split("+")[0], "script": "python/make_fixtures.py"}
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
    text = f'{{"madeBy":{json.dumps(made_by, separators=(",", ":"))},\n"cases":[\n{lines}\n]}}\n'
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / f"{name}.json").write_text(text)
    print(f"{name}.json: {len(cases)} cases, {math.ceil(len(text) / 1024)} KiB", flush=True)
