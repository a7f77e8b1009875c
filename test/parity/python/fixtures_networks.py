"""Features, losses and gradients of torchvision's encoders and of the report's two networks on them."""

import torch
from torch import nn

from fixtures_losses import CLASSIFICATION, REGRESSION, classification_loss, regression_loss
from hash_fill import fill, integers, tensor
from networks import (
    ACTIVATIONS,
    STAGES,
    VGG_POOLS,
    Model,
    channels_of,
    classification_decoder,
    encoder,
    regression_decoder,
)
from record import digits, summary, write

ENCODERS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "vgg16", "vgg16bn")
BATCH = 2


def encoders() -> None:
    """Loss of a case: mean of features * u of `dy`."""
    cases = []
    for name in ENCODERS:
        for stage in STAGES:
            cases += [encoder_case(name, stage, "eval"), encoder_case(name, stage, "train")]
    cases += [adaptation_case("resnet18", how) for how in ("sum", "mean", "replicate-normalised")]
    cases += [adaptation_case(name, how) for name in ("vgg16", "vgg16bn") for how in ("sum", "replicate-normalised")]
    write("encoders", cases)


def encoder_case(name: str, stage: str, mode: str) -> dict:
    side = 64
    watched = watched_of_encoder(name, stage)

    def compute(dtype):
        net = fill(encoder(name, stage), "encoder.").to(dtype).train(mode == "train")
        features = net(tensor("input", (BATCH, 1, side, side), 0.5).to(dtype))
        found = {"features": features}
        if mode == "train":
            (features * tensor("dy", tuple(features.shape)).to(dtype)).mean().backward()
            found |= gradients_and_statistics(net, "encoder.", watched)
        return found

    case = {"encoder": name, "stage": stage, "mode": mode, "adaptation": "new", "batch": BATCH, "side": side}
    return {**case, "tensors": twice(compute)}


def adaptation_case(name: str, adaptation: str) -> dict:
    """A network of three input channels on L, as the one-channel network with adapted weights must act."""
    side = 64

    def compute(dtype):
        net = fill(encoder(name, "conv2", channels=3), "encoder.").to(dtype).eval()
        l = tensor("input", (BATCH, 1, side, side), 0.5).to(dtype)
        return {"features": net(three_channels(l, adaptation))}

    case = {"encoder": name, "stage": "conv2", "mode": "eval", "adaptation": adaptation}
    return {**case, "batch": BATCH, "side": side, "tensors": twice(compute)}


def three_channels(l: torch.Tensor, adaptation: str) -> torch.Tensor:
    if adaptation == "sum":
        return l.expand(-1, 3, -1, -1)
    if adaptation == "mean":
        return l.expand(-1, 3, -1, -1) / 3
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=l.dtype).reshape(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225], dtype=l.dtype).reshape(1, 3, 1, 1)
    return (l + 0.5 - mean) / deviation


def watched_of_encoder(name: str, stage: str) -> dict:
    """Weights whose gradient is kept, and the batch norms whose new statistics are."""
    last = STAGES.index(stage)
    if name == "vgg16":
        conv = VGG_POOLS[name][last] - 2
        return {"weights": ["features.0.weight", "features.0.bias", f"features.{conv}.weight"], "batch_norms": []}
    if name == "vgg16bn":
        conv = VGG_POOLS[name][last] - 3
        weights = ["features.0.weight", f"features.{conv}.weight", f"features.{conv + 1}.weight"]
        return {"weights": weights, "batch_norms": [f"features.{conv + 1}"]}
    block = f"layer{last + 1}.0"
    weights = ["conv1.weight", "bn1.weight", f"{block}.conv2.weight", f"{block}.bn2.weight"]
    return {"weights": weights, "batch_norms": [f"{block}.bn2"]}


def models() -> None:
    """The report's Table 1 and Table 2 on 8-bit lightness, the hashes of `l` modulo 256, with their losses."""
    cases = [
        *(regression_case("resnet34", "conv4", activation) for activation in ACTIVATIONS),
        *(regression_case(name, "conv4") for name in ("resnet18", "resnet50", "resnet152", "vgg16", "vgg16bn")),
        *(regression_case("resnet18", stage) for stage in ("conv2", "conv3", "conv5")),
        regression_case("resnet18", "conv4", upsampling="bilinear"),
        regression_case("resnet18", "conv4", upsampling="transposed"),
        regression_case("resnet18", "conv4", "sigmoid", upsampling="transposed"),
        regression_case("resnet18", "conv4", batch_norm="frozen"),
        classification_case("resnet34", "conv3", "gamut", kernel=1, resolution="quarter"),
        classification_case("resnet34", "conv3", "gamut", kernel=1, resolution="full"),
        classification_case("resnet34", "conv3", "square", kernel=3, resolution="quarter", relu=True),
        classification_case("resnet34", "conv3", "square", kernel=3, resolution="full", relu=True, side=16),
        *(classification_case("resnet18", stage, "gamut", 1, "quarter", side=64) for stage in ("conv2", "conv4", "conv5")),
        classification_case("resnet18", "conv3", "gamut", 1, "quarter", upsampling="transposed"),
        combined_case(),
    ]
    write("models", cases)


def model_of(name: str, stage: str, upsampling: str = "nearest", batch_norm: str = "micro") -> dict:
    return {"encoder": name, "cut": stage, "upsampling": upsampling, "batchNorm": batch_norm}


def regression_case(name, stage, activation="linear", upsampling="nearest", batch_norm="micro") -> dict:
    side = 64
    recipe = {**REGRESSION, "outputActivation": activation}
    value = regression_loss(recipe, side)

    def build():
        return Model(name, stage, {"decoder": regression_decoder(channels_of(name, stage), stage, activation, upsampling)})

    model = model_of(name, stage, upsampling, batch_norm)
    last = "4" if stage == "conv5" else "3"
    results = results_of(build, lambda found: value(found["decoder"]), side, model, {"decoder": last})
    return {"model": model, "loss": recipe, "batch": BATCH, "side": side, **results}


def classification_case(name, stage, bin_set, kernel, resolution, relu=False, upsampling="nearest", side=32) -> dict:
    recipe = {**CLASSIFICATION, "binSet": bin_set, "headResolution": resolution}
    bins, value = classification_loss(recipe, side)

    def build():
        into = channels_of(name, stage)
        return Model(
            name, stage, {"decoder": classification_decoder(into, stage, bins, kernel, resolution, relu, upsampling)}
        )

    recipe |= {"headKernel": kernel, "reluBeforeSoftmax": relu}
    model = model_of(name, stage, upsampling)
    results = results_of(build, lambda found: value(found["decoder"]), side, model, {"decoder": "fc2"})
    return {"model": model, "loss": recipe, "batch": BATCH, "side": side, **results}


def combined_case() -> dict:
    """Cross entropy + 10 x squared error, on heads called `regression` and `classification`."""
    name, stage, side, weight = "resnet18", "conv4", 32, 10
    classification = {**CLASSIFICATION, "binSet": "gamut", "headResolution": "quarter"}
    error = regression_loss(REGRESSION, side)
    bins, entropy = classification_loss(classification, side)

    def build():
        into = channels_of(name, stage)
        heads = {
            "regression": regression_decoder(into, stage, "linear"),
            "classification": classification_decoder(into, stage, bins, 1, "quarter"),
        }
        return Model(name, stage, heads)

    def value(found):
        return entropy(found["classification"]) + weight * error(found["regression"])

    classification |= {"headKernel": 1, "reluBeforeSoftmax": False}
    recipe = {"type": "combined", "regression": REGRESSION, "classification": classification, "regressionWeight": weight}
    model = model_of(name, stage)
    results = results_of(build, value, side, model, {"regression": "3", "classification": "fc2"})
    return {"model": model, "loss": recipe, "batch": BATCH, "side": side, **results}


def results_of(build, loss, side: int, model: dict, last_layers: dict) -> dict:
    """Predictions and loss with moving statistics (`eval`), and of a training step (`train`), with gradients too."""
    losses = {}
    lightness = integers("l", (BATCH, 1, side, side), 256)
    watched = watched_of_model(model, last_layers)

    def compute(dtype, mode):
        is_training = mode == "train" and model["batchNorm"] == "micro"
        net = fill(build()).to(dtype).train(is_training)
        found = net(lightness.to(dtype) / 255 - 0.5)
        value = loss(found)
        losses[mode, dtype] = value.item()
        predictions = {f"prediction/{head}": prediction for head, prediction in found.items()}
        if mode == "eval":
            return predictions
        value.backward()
        return {**predictions, **gradients_and_statistics(net, "", watched)}

    modes = {}
    for mode in ("eval", "train"):
        tensors = twice(lambda dtype, mode=mode: compute(dtype, mode))
        modes[mode] = {"loss": digits(losses[mode, torch.float64]), "tensors": tensors}
    return modes


def watched_of_model(model: dict, last_layers: dict) -> dict:
    weights = [f"encoder.{weight}" for weight in watched_of_encoder(model["encoder"], model["cut"])["weights"]]
    for head, last in last_layers.items():
        in_head = ["0.conv.weight", "0.bn.weight", "0.bn.bias", "1.conv.weight", f"{last}.conv.weight", f"{last}.conv.bias"]
        in_head += ["upsample.0.weight", "upsample.0.bias"] if model["upsampling"] == "transposed" else []
        weights += [f"{head}.{weight}" for weight in in_head]
    norms = [f"{head}.0.bn" for head in last_layers] if model["batchNorm"] == "micro" else []
    return {"weights": weights, "batch_norms": norms}


def gradients_and_statistics(net: nn.Module, prefix: str, watched: dict) -> dict:
    parameters, state = dict(net.named_parameters()), net.state_dict()
    found = {f"gradient/{prefix}{name}": parameters[name].grad for name in watched["weights"]}
    for norm in watched["batch_norms"]:
        for statistic in ("running_mean", "running_var"):
            found[f"after/{prefix}{norm}.{statistic}"] = state[f"{norm}.{statistic}"]
    return found


def twice(compute) -> list:
    """Summaries of the tensors that `compute(dtype)` gives, computed in float64 and in float32."""
    exact, single = compute(torch.float64), compute(torch.float32)
    return [summary(name, exact[name], single[name]) for name in exact]
