"""Features, losses and gradients of torchvision's encoders and of the report's two networks on them."""

import torch
from torch import nn

from fixtures_losses import CLASSIFICATION, REGRESSION, classification_loss, regression_loss
from hash_fill import fill, integers, tensor
from networks import STAGES, VGG_POOLS, channels_of, classification_decoder, encoder, model, regression_decoder
from record import digits, summary, write

ENCODERS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "vgg16", "vgg16bn")
BATCH = 2


def encoders() -> None:
    """Loss of a case: mean of features * u of `dy`."""
    cases = []
    for name in ENCODERS:
        for stage in STAGES:
            cases += [encoder_case(name, stage, "eval"), encoder_case(name, stage, "train")]
    cases += [adaptation_case(name) for name in ("sum", "mean", "replicate-normalised")]
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


def adaptation_case(adaptation: str) -> dict:
    """A network of three input channels on L, as the one-channel network with adapted weights must act."""
    side = 64

    def compute(dtype):
        net = fill(encoder("resnet18", "conv2", channels=3), "encoder.").to(dtype).eval()
        l = tensor("input", (BATCH, 1, side, side), 0.5).to(dtype)
        return {"features": net(three_channels(l, adaptation))}

    case = {"encoder": "resnet18", "stage": "conv2", "mode": "eval", "adaptation": adaptation}
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
    """Weights whose gradient is kept, and the batch norm whose new statistics are."""
    last = STAGES.index(stage)
    if name == "vgg16":
        conv = VGG_POOLS[name][last] - 2
        return {"weights": ["features.0.weight", "features.0.bias", f"features.{conv}.weight"], "batch_norm": None}
    if name == "vgg16bn":
        conv = VGG_POOLS[name][last] - 3
        weights = ["features.0.weight", f"features.{conv}.weight", f"features.{conv + 1}.weight"]
        return {"weights": weights, "batch_norm": f"features.{conv + 1}"}
    block = f"layer{last + 1}.0"
    weights = ["conv1.weight", "bn1.weight", f"{block}.conv2.weight", f"{block}.bn2.weight"]
    return {"weights": weights, "batch_norm": f"{block}.bn2"}


def models() -> None:
    """The report's Table 1 and Table 2 on 8-bit lightness, the hashes of `l` modulo 256, with their losses."""
    cases = [
        *(regression_case("resnet34", activation) for activation in ("linear", "sigmoid", "tanh")),
        *(regression_case(name, "linear") for name in ("resnet18", "resnet50", "resnet152", "vgg16", "vgg16bn")),
        regression_case("resnet34", "linear", upsampling="bilinear"),
        classification_case("gamut", kernel=1, resolution="quarter"),
        classification_case("gamut", kernel=1, resolution="full"),
        classification_case("square", kernel=3, resolution="quarter", relu=True),
        classification_case("square", kernel=3, resolution="full", relu=True),
    ]
    write("models", cases)


def regression_case(name: str, activation: str, upsampling: str = "nearest") -> dict:
    stage, side = "conv4", 64
    recipe = {**REGRESSION, "outputActivation": activation}

    def build():
        decoder = regression_decoder(channels_of(name, stage), activation, upsampling)
        return model(name, stage, decoder)

    case = {"encoder": name, "stage": stage, "upsampling": upsampling, "loss": recipe, "batch": BATCH, "side": side}
    return {**case, **model_results(build, regression_loss(recipe, side), side, watched_of_model(name, stage, "3"))}


def classification_case(bin_set: str, kernel: int, resolution: str, relu: bool = False) -> dict:
    name, stage, side = "resnet34", "conv3", 32
    recipe = {**CLASSIFICATION, "binSet": bin_set, "headResolution": resolution}
    bins, loss = classification_loss(recipe, side)

    def build():
        decoder = classification_decoder(channels_of(name, stage), bins, kernel, resolution, relu)
        return model(name, stage, decoder)

    recipe |= {"headKernel": kernel, "reluBeforeSoftmax": relu}
    case = {"encoder": name, "stage": stage, "upsampling": "nearest", "loss": recipe, "batch": BATCH, "side": side}
    return {**case, **model_results(build, loss, side, watched_of_model(name, stage, "fc2"))}


def watched_of_model(name: str, stage: str, last_layer: str) -> dict:
    in_encoder = [f"encoder.{weight}" for weight in watched_of_encoder(name, stage)["weights"]]
    in_decoder = ["0.conv.weight", "0.bn.weight", "0.bn.bias", "1.conv.weight"]
    in_decoder += [f"{last_layer}.conv.weight", f"{last_layer}.conv.bias"]
    weights = in_encoder + [f"decoder.{weight}" for weight in in_decoder]
    return {"weights": weights, "batch_norm": "decoder.0.bn"}


def model_results(build, loss, side: int, watched: dict) -> dict:
    """Prediction and loss with moving statistics (`eval`), and of a training step (`train`), which has gradients too."""
    losses = {}
    lightness = integers("l", (BATCH, 1, side, side), 256)

    def compute(dtype, mode):
        net = fill(build()).to(dtype).train(mode == "train")
        prediction = net(lightness.to(dtype) / 255 - 0.5)
        value = loss(prediction)
        losses[mode, dtype] = value.item()
        if mode == "eval":
            return {"prediction": prediction}
        value.backward()
        return {"prediction": prediction, **gradients_and_statistics(net, "", watched)}

    modes = {}
    for mode in ("eval", "train"):
        tensors = twice(lambda dtype, mode=mode: compute(dtype, mode))
        modes[mode] = {"loss": digits(losses[mode, torch.float64]), "tensors": tensors}
    return modes


def gradients_and_statistics(net: nn.Module, prefix: str, watched: dict) -> dict:
    parameters, state = dict(net.named_parameters()), net.state_dict()
    found = {f"gradient/{prefix}{name}": parameters[name].grad for name in watched["weights"]}
    if watched["batch_norm"]:
        for statistic in ("running_mean", "running_var"):
            name = f"{watched['batch_norm']}.{statistic}"
            found[f"after/{prefix}{name}"] = state[name]
    return found


def twice(compute) -> list:
    """Summaries of the tensors that `compute(dtype)` gives, computed in float64 and in float32."""
    exact, single = compute(torch.float64), compute(torch.float32)
    return [summary(name, exact[name], single[name]) for name in exact]
