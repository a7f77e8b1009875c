"""LPIPS by its own package, on torchvision's networks."""

import warnings

import lpips as package
import torch

from hash_fill import integers, tensor, weight_of
from record import numbers, write


def lpips() -> None:
    """Two pictures that are all noise, and one that is nearly its counterpart: see `pictures`."""
    warnings.filterwarnings("ignore", module="torchvision")  # of how the package asks for its networks
    write("lpips", [case("alex", 32), case("alex", 64), case("vgg", 16), case("vgg", 64)])


def case(network: str, side: int) -> dict:
    one, other = (scaled(rgb) for rgb in pictures(side))
    with torch.no_grad():
        distances = filled(network).double()(one, other).flatten()
    return {"network": f"lpips-{network}", "side": side, "distances": numbers(distances)}


def filled(network: str) -> torch.nn.Module:
    """Its network as `fill` does it; the weights of distances, which are not negative, 0.1 + 0.1 u."""
    metric = package.LPIPS(net=network, version="0.1", pretrained=False, pnet_rand=True, verbose=False).eval()
    with torch.no_grad():
        for name, value in metric.state_dict().items():
            if name.startswith("net."):
                value.copy_(weight_of(name, tuple(value.shape), of_batch_norm=False))
            elif name.startswith("lin") and not name.startswith("lins."):  # which are the same ones again
                value.copy_(tensor(name, tuple(value.shape), 0.1, 0.1))
    return metric


def pictures(side: int):
    """8-bit RGB, rows of pixels: the hashes of `one` modulo 256; of `other` likewise, but the last picture is that of `one`
    less 20 plus the hashes of `noise` modulo 41, clipped."""
    shape = (3, side, side, 3)
    one, other = integers("one", shape, 256), integers("other", shape, 256)
    other[2] = (one[2] + integers("noise", shape[1:], 41) - 20).clamp(0, 255)
    return one, other


def scaled(rgb: torch.Tensor) -> torch.Tensor:
    """-1 to 1, channels first, as the package wants them (`lpips.im2tensor`)."""
    return (rgb.double() / 127.5 - 1).permute(0, 3, 1, 2)
