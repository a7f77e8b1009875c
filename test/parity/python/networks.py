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


ACTIVATIONS = {"linear": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
HALVINGS = {"conv2": 2, "conv3": 3, "conv4": 4, "conv5": 5}


class Decoder(nn.Module):
    """Named layers in their order; at each number of channels among them the side doubles, by `upsample.0`, `.1`, ..."""

    def __init__(self, parts: list, upsampling: str):
        super().__init__()
        self.upsample = nn.ModuleList()
        self.order = []
        for part in parts:
            if isinstance(part, int):
                self.upsample.append(
                    nn.ConvTranspose2d(part, part, 4, stride=2, padding=1)
                    if upsampling == "transposed"
                    else nn.Upsample(scale_factor=2, mode=upsampling)
                )
                self.order.append(self.upsample[-1])
            else:
                self.add_module(*part)
                self.order.append(part[1])

    def forward(self, x):
        for layer in self.order:
            x = layer(x)
        return x


def regression_decoder(into: int, stage: str, activation: str, upsampling: str = "nearest") -> nn.Module:
    """Table 1 of the report, from the encoder's features to ab at the full side.

    Blocks of 128, 64 and 32 channels and a convolution to ab, each followed by an upsampling. After conv5 a block of 256
    comes before; after earlier stages the first upsamplings are left out. A transposed upsampling comes before the last
    activation, the others after it.
    """
    widths = [256, 128, 64, 32] if stage == "conv5" else [128, 64, 32]
    left_out = len(widths) + 1 - HALVINGS[stage]
    parts = []
    for index, width in enumerate(widths):
        parts.append((str(index), Block(into, width, 3)))
        parts += [width] if index >= left_out else []
        into = width
    parts.append((str(len(widths)), Bare(into, 2, 3)))
    activated = ("activation", ACTIVATIONS[activation]())
    parts += [2, activated] if upsampling == "transposed" else [activated, 2]
    return Decoder(parts, upsampling)


def classification_decoder(
    into: int, stage: str, bins: int, kernel: int, resolution: str, relu: bool = False, upsampling: str = "nearest"
) -> nn.Module:
    """Table 2 of the report, from the encoder's features to logits of bins at the full side or a quarter of it.

    Blocks of 64, 500 and 1000 channels and a convolution to the bins, with an upsampling before each block; a quarter does
    without the last two. After conv4 an upsampling and a block of 128 come before, after conv5 those of 256 and 128.
    """
    before = {"conv2": [], "conv3": [], "conv4": [128], "conv5": [256, 128]}[stage]
    parts = []
    for index, width in enumerate([*before, 64, 500]):
        is_doubled = width != 500 or resolution == "full"
        is_doubled &= not (stage == "conv2" and index == 0)
        parts += [into] if is_doubled else []
        parts.append((str(index), Block(into, width, 3)))
        into = width
    parts += [into] if resolution == "full" else []
    parts += [("fc0", Block(into, 1000, kernel)), ("fc2", Bare(1000, bins, kernel))]
    parts += [("relu", nn.ReLU())] if relu else []
    return Decoder(parts, upsampling)


class Model(nn.Module):
    """An encoder with one head, called `decoder`, or with several. Gives a prediction by head."""

    def __init__(self, encoder_name: str, stage: str, heads: dict):
        super().__init__()
        self.encoder = encoder(encoder_name, stage)
        for name, head in heads.items():
            self.add_module(name, head)
        self.heads = list(heads)

    def forward(self, x):
        features = self.encoder(x)
        return {name: getattr(self, name)(features) for name in self.heads}
