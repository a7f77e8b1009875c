"""Trains one network with PyTorch when it is its turn: `take_steps_torch.py JOB`, JOB being JSON."""

import json
import sys
import time
from pathlib import Path

started_at = time.perf_counter()

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "parity" / "python"))
import networks  # noqa: E402
from turns import serve  # noqa: E402


def main(job: dict) -> None:
    device = torch.device(job["device"])
    torch.set_num_threads(job["threads"])
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    layout = torch.channels_last if job["channelsLast"] else torch.contiguous_format
    model = network(job).to(device, memory_format=layout).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=job["learningRate"], fused=True)
    lightness, target = batch(job)
    lightness, target = lightness.to(device, memory_format=layout), target.to(device)

    def take_step() -> float:
        optimizer.zero_grad(set_to_none=True)
        output = model(lightness)["decoder"]
        loss = F.mse_loss(output, target) if job["loss"] == "regression" else F.cross_entropy(output, target)
        loss.backward()
        optimizer.step()
        return loss.item()

    name = f"torch {torch.__version__.split('+')[0]}, {'channels last' if job['channelsLast'] else 'channels first'}"
    serve(take_step, job["batchSize"], name, started_at)


def network(job: dict) -> torch.nn.Module:
    name, stage = job["encoder"], job["cut"]
    into = networks.channels_of(name, stage)
    if job["loss"] == "regression":
        head = networks.regression_decoder(into, stage, job["outputActivation"])
    else:
        head = networks.classification_decoder(into, stage, job["bins"], job["headKernel"], job["headResolution"])
    return networks.Model(name, stage, {"decoder": head})


def batch(job: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """As the network takes it: nothing is decoded, converted or encoded in the measured time."""
    torch.manual_seed(0)
    images, side = job["batchSize"], job["imageSize"]
    lightness = torch.rand(images, 1, side, side) - 0.5
    if job["loss"] == "regression":
        return lightness, torch.rand(images, 2, side, side) - 0.5
    out = side if job["headResolution"] == "full" else side // 4
    return lightness, torch.randint(job["bins"], (images, out, out))


main(json.loads(sys.argv[1]))
