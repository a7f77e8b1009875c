"""Values that follow from a tensor's name and an element's index alone, by integer arithmetic.

Any language computes the same ones, so fixtures need no weights. `src/hash-fill.ts` is this file's twin, and its spec
holds literal values of both. The index counts in PyTorch's own order: out, in, height, width for a convolution's weight,
image, channel, row, column for images.

    name  -> h = 32-bit FNV-1a of the name's UTF-8 bytes
    index -> x = h + index * 0x9E3779B1 (mod 2^32), through murmur3's 32-bit finalizer
    u     =  (x >> 8) / 2^23 - 1, in [-1, 1), exact in float32

What a tensor of a network holds follows from its name and shape:

    weight of a convolution   sqrt(6 / fan in) * u, which keeps the variance through a ReLU (He et al. 2015)
    bias of a convolution     0.1 u
    running_mean              0.1 u               running_var     0.75 + 0.5 u
    batch norm                weight 0.25 + 0.05 u, bias +-(0.9 + 0.15 u), the sign being bit 0 of the hash
    batch norm 2 or 3 of a    weight 0.1 + 0.05 u,  bias 0.3 + 0.1 u
    residual block

computed in double precision and rounded once to float32.
"""

import math

import numpy as np
import torch

GOLDEN = 0x9E3779B1
MASK = 0xFFFFFFFF


def hash_of(name: str) -> int:
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & MASK
    return h


def hashes(name: str, count: int) -> np.ndarray:
    """`count` 32-bit hashes, as uint64."""
    x = (hash_of(name) + np.arange(count, dtype=np.uint64) * GOLDEN) & MASK
    x ^= x >> np.uint64(16)
    x = (x * 0x85EBCA6B) & MASK
    x ^= x >> np.uint64(13)
    x = (x * 0xC2B2AE35) & MASK
    x ^= x >> np.uint64(16)
    return x


def uniform(name: str, count: int) -> np.ndarray:
    """In [-1, 1), float64."""
    return (hashes(name, count) >> np.uint64(8)).astype(np.float64) / 2**23 - 1


def tensor(name: str, shape, scale: float = 1.0, offset: float = 0.0) -> torch.Tensor:
    """offset + scale * u, rounded to float32."""
    values = offset + scale * uniform(name, math.prod(shape))
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def integers(name: str, shape, below: int) -> torch.Tensor:
    """Whole numbers from 0, int64."""
    values = hashes(name, math.prod(shape)) % np.uint64(below)
    return torch.from_numpy(values.astype(np.int64).reshape(shape))


def weight_of(name: str, shape, of_batch_norm: bool) -> torch.Tensor:
    """What the tensor `name` of a network holds."""
    *_, layer, kind = name.split(".")
    if kind == "running_mean":
        return tensor(name, shape, 0.1)
    if kind == "running_var":
        return tensor(name, shape, 0.5, 0.75)
    if not of_batch_norm:
        return tensor(name, shape, 0.1 if kind == "bias" else math.sqrt(6 / math.prod(shape[1:])))
    if layer in ("bn2", "bn3"):
        return tensor(name, shape, 0.05, 0.1) if kind == "weight" else tensor(name, shape, 0.1, 0.3)
    if kind == "weight":
        return tensor(name, shape, 0.05, 0.25)
    return tensor(name, shape, 0.15, 0.9) * (1 - 2 * integers(name, shape, 2))


def fill(module: torch.nn.Module, prefix: str = "") -> torch.nn.Module:
    """Fills all weights and moving statistics. `prefix` stands before each name, such as `encoder.`."""
    with torch.no_grad():
        state = module.state_dict()
        for name, value in state.items():
            if not name.endswith("num_batches_tracked"):
                of_batch_norm = f"{name.rpartition('.')[0]}.running_mean" in state
                value.copy_(weight_of(prefix + name, tuple(value.shape), of_batch_norm))
    return module
