"""Single layers, forward and backward. The gradient is that of the sum of output * u of `dy`."""

import torch
from torch.nn import functional as F

from hash_fill import tensor
from record import summary, write

BATCH = 2


def layers() -> None:
    cases = [
        *(convolution_case(kernel, stride) for kernel in (1, 3, 7) for stride in (1, 2)),
        batch_norm_case(),
        max_pool_case(kernel=3, stride=2, padding=1),
        max_pool_case(kernel=2, stride=2, padding=0),
        *(upsample_case(mode, factor) for mode, factor in (("nearest", 2), ("bilinear", 2), ("bilinear", 4))),
        transposed_case(),
    ]
    write("layers", cases)


def convolution_case(kernel: int, stride: int) -> dict:
    inputs = {"x": tensor("x", (BATCH, 3, 10, 8)), "weight": tensor("weight", (4, 3, kernel, kernel))}

    def layer(x, weight):
        return F.conv2d(x, weight, stride=stride, padding=kernel // 2)

    return {"layer": "convolution", "kernel": kernel, "stride": stride, **forward_and_backward(layer, inputs)}


def batch_norm_case() -> dict:
    """With the statistics of the batch. Moving ones begin at 0 and 1."""
    inputs = {
        "x": tensor("x", (BATCH, 3, 6, 5), 2.0, 1.0),
        "weight": tensor("weight", (3,), 0.5, 1.0),
        "bias": tensor("bias", (3,)),
    }

    def layer(x, weight, bias):
        moving = {"running_mean": torch.zeros(3, dtype=x.dtype), "running_var": torch.ones(3, dtype=x.dtype)}
        y = F.batch_norm(x, **moving, weight=weight, bias=bias, training=True)
        return y, {f"after/{name}": value for name, value in moving.items()}

    return {"layer": "batchNorm", **forward_and_backward(layer, inputs)}


def max_pool_case(kernel: int, stride: int, padding: int) -> dict:
    """Of values in [0, 1), as after a ReLU."""
    inputs = {"x": tensor("x", (BATCH, 3, 10, 8), 0.5, 0.5)}

    def layer(x):
        return F.max_pool2d(x, kernel, stride=stride, padding=padding)

    shape = {"kernel": kernel, "stride": stride, "padding": padding}
    return {"layer": "maxPool", **shape, **forward_and_backward(layer, inputs)}


def upsample_case(mode: str, factor: int) -> dict:
    """Bilinear with align_corners=False."""
    inputs = {"x": tensor("x", (BATCH, 3, 5, 4))}

    def layer(x):
        return F.interpolate(x, scale_factor=factor, mode=mode)

    return {"layer": "upsample", "mode": mode, "factor": factor, **forward_and_backward(layer, inputs)}


def transposed_case() -> dict:
    """nn.ConvTranspose2d(3, 2, kernel_size=4, stride=2, padding=1). Its weight lies as (in, out, height, width)."""
    inputs = {"x": tensor("x", (BATCH, 3, 5, 4)), "weight": tensor("weight", (3, 2, 4, 4))}

    def layer(x, weight):
        return F.conv_transpose2d(x, weight, stride=2, padding=1)

    return {"layer": "transposed", "kernel": 4, "stride": 2, "padding": 1, **forward_and_backward(layer, inputs)}


def forward_and_backward(layer, inputs: dict) -> dict:
    def compute(dtype):
        given = {name: value.to(dtype).requires_grad_() for name, value in inputs.items()}
        result = layer(**given)
        y, more = result if isinstance(result, tuple) else (result, {})
        (y * tensor("dy", tuple(y.shape)).to(dtype)).sum().backward()
        return {"y": y, **{f"gradient/{name}": value.grad for name, value in given.items()}, **more}

    exact, single = compute(torch.float64), compute(torch.float32)
    shapes = {name: list(value.shape) for name, value in inputs.items()}
    return {"inputs": shapes, "tensors": [summary(name, exact[name], single[name]) for name in exact]}
