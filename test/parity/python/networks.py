"""The networks of the parity fixtures and of the benchmark: torchvision's encoders, and the report's decoders on them."""

from collections import OrderedDict

import torch
import torchvision
from torch import nn

STAGES = ("conv2", "conv3", "conv4", "conv5")
VGG_POOLS = {"vgg16": (9, 16, 23, 30), "vgg16bn": (13, 23, 33, 43)}


def encoder(name: str, stage: str, channels: int = 1) -> nn.Module:
    """torchvision's encoder on `channels` input channels, cut after `stage`; VGG-16: conv2 is pool2, to pool5.

    The tensors keep torchvision's names.
    """
    last = STAGES.index(stage)
    if name.startswith("vgg"):
        whole = torchvision.models.vgg16_bn if name == "vgg16bn" else torchvision.models.vgg16
        features = whole(weights=None).features
        if channels != 3:
            features[0] = nn.Conv2d(channels, 64, 3, padding=1)
        return nn.Sequential(OrderedDict(features=features[: VGG_POOLS[name][last] + 1]))

    whole = getattr(torchvision.models, name)(weights=None)
    if channels != 3:
        whole.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    kept = ["conv1", "bn1", "relu", "maxpool"] + [f"layer{1 + n}" for n in range(last + 1)]
    return nn.Sequential(OrderedDict((part, getattr(whole, part)) for part in kept))


def channels_of(name: str, stage: str) -> int:
    last = STAGES.index(stage)
    if name.startswith("vgg"):
        return (128, 256, 512, 512)[last]
    return 64 * 2**last * (1 if name in ("resnet18", "resnet34") else 4)


class Block(nn.Module):
    """Convolution with bias, batch norm, ReLU."""

    def __init__(self, into: int, out: int, kernel: int):
        super().__init__()
        self.conv = nn.Conv2d(into, out, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class Bare(nn.Module):
    """Convolution with bias, nothing after it."""

    def __init__(self, into: int, out: int, kernel: int):
        super().__init__()
        self.conv = nn.Conv2d(into, out, kernel, padding=kernel // 2)

    def forward(self, x):
        return self.conv(x)


def up(mode: str = "nearest") -> nn.Module:
    return nn.Upsample(scale_factor=2, mode=mode)


ACTIVATIONS = {"linear": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def regression_decoder(into: int, activation: str, upsampling: str = "nearest") -> nn.Module:
    """Table 1 of the report: from side / 16 to ab at the full side."""
    return nn.Sequential(
        OrderedDict(
            [
                ("0", Block(into, 128, 3)),
                ("up0", up(upsampling)),
                ("1", Block(128, 64, 3)),
                ("up1", up(upsampling)),
                ("2", Block(64, 32, 3)),
                ("up2", up(upsampling)),
                ("3", Bare(32, 2, 3)),
                ("activation", ACTIVATIONS[activation]()),
                ("up3", up(upsampling)),
            ]
        )
    )


def classification_decoder(
    into: int, bins: int, kernel: int, resolution: str, relu: bool = False, upsampling: str = "nearest"
) -> nn.Module:
    """Table 2 of the report: from side / 8 to logits of bins, at the full side or at a quarter of it."""
    full = resolution == "full"
    parts = [("up0", up(upsampling)), ("0", Block(into, 64, 3))]
    parts += [("up1", up(upsampling))] if full else []
    parts += [("1", Block(64, 500, 3))]
    parts += [("up2", up(upsampling))] if full else []
    parts += [("fc0", Block(500, 1000, kernel)), ("fc2", Bare(1000, bins, kernel))]
    parts += [("relu", nn.ReLU())] if relu else []
    return nn.Sequential(OrderedDict(parts))


def model(encoder_name: str, stage: str, decoder: nn.Module) -> nn.Module:
    return nn.Sequential(OrderedDict(encoder=encoder(encoder_name, stage), decoder=decoder))
