"""Twenty steps of each optimizer on a given series of gradients, and the learning rates of schedules.

There are two tensors, `encoder.weight` of 12 numbers and `decoder.weight` of 5, which begin as u of their names. The
gradient of step n = 1, 2, ... is scale * u of `gradient.<n>.<name>`, whatever the weights are.
"""

import torch
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import ChainedScheduler, CosineAnnealingLR, LinearLR, StepLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hash_fill import tensor
from record import numbers, write

STEPS = 20
KEPT = (1, 2, 5, 10, 20)
SIZES = {"encoder.weight": 12, "decoder.weight": 5}

ADAM = {"learningRate": 1e-2, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.0}
SGD_PLAIN = {"learningRate": 1e-2, "momentum": 0.0, "nesterov": False, "weightDecay": 0.0}


def optimizers() -> None:
    adam, adamw, sgd = ({"type": name, **plain} for name, plain in (("adam", ADAM), ("adamw", ADAM), ("sgd", SGD_PLAIN)))
    momentum = {**sgd, "momentum": 0.9}
    cases = [
        case("adam", adam),
        case("adam with weight decay", {**adam, "weightDecay": 0.01}),
        case("adam with other betas and epsilon", {**adam, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}),
        case("adam on small gradients", adam, scale=1e-6),
        case("adamw", adamw),
        case("adamw with weight decay", {**adamw, "weightDecay": 0.01}),
        case("sgd", sgd),
        case("sgd with weight decay", {**sgd, "weightDecay": 0.01}),
        case("sgd with momentum", momentum),
        case("sgd with momentum and weight decay", {**momentum, "weightDecay": 0.01}),
        case("sgd with Nesterov's momentum", {**momentum, "nesterov": True}),
        case("sgd with Nesterov's momentum and weight decay", {**momentum, "nesterov": True, "weightDecay": 0.01}),
        case("adam, gradients clipped to norm 0.5", adam, clip=0.5),
        case("sgd, gradients clipped to norm 0.5", momentum, clip=0.5),
        case("sgd, gradients that need no clipping", momentum, clip=1000.0),
        case("adam, encoder at a tenth of the rate", adam, encoder_factor=0.1),
        case("adamw, encoder at a tenth of the rate", {**adamw, "weightDecay": 0.01}, encoder_factor=0.1),
        case("sgd, encoder at a tenth of the rate", momentum, encoder_factor=0.1),
        case("moving average of adam's weights", adam, average_decay=0.9),
    ]
    write("optimizers", cases)


def case(name, optimizer, scale=1.0, clip=0.0, encoder_factor=1.0, average_decay=0.0) -> dict:
    def compute(dtype):
        weights = {key: torch.nn.Parameter(tensor(key, (size,)).to(dtype)) for key, size in SIZES.items()}
        rate = optimizer["learningRate"]
        stepper = torch_optimizer(
            optimizer,
            [
                {"params": [weights["encoder.weight"]], "lr": rate * encoder_factor},
                {"params": [weights["decoder.weight"]], "lr": rate},
            ],
        )
        module = torch.nn.ParameterList(weights.values())
        average = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(average_decay)) if average_decay else module
        after = []
        for step in range(1, STEPS + 1):
            for key, weight in weights.items():
                weight.grad = tensor(f"gradient.{step}.{key}", (SIZES[key],), scale).to(dtype)
            if clip:
                torch.nn.utils.clip_grad_norm_(weights.values(), clip)
            stepper.step()
            if average_decay:
                average.update_parameters(module)
            if step in KEPT:
                after.append([value.detach().clone() for value in average.parameters()])
        return after

    exact, single = compute(torch.float64), compute(torch.float32)
    rounding = max((a - b).abs().max().item() for e, s in zip(exact, single) for a, b in zip(e, s))
    settings = {"scale": scale, "gradientClip": clip, "encoderLearningRateFactor": encoder_factor}
    settings |= {"averageDecay": average_decay}
    after = [
        {"step": step, "weights": {key: numbers(value) for key, value in zip(SIZES, values)}}
        for step, values in zip(KEPT, exact)
    ]
    return {"name": name, "optimizer": optimizer, **settings, "rounding": float(f"{rounding:.2g}"), "after": after}


def torch_optimizer(settings: dict, groups: list) -> torch.optim.Optimizer:
    if settings["type"] == "sgd":
        return SGD(
            groups,
            lr=settings["learningRate"],
            momentum=settings["momentum"],
            nesterov=settings["nesterov"],
            weight_decay=settings["weightDecay"],
        )
    kind = Adam if settings["type"] == "adam" else AdamW
    return kind(
        groups,
        lr=settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        weight_decay=settings["weightDecay"],
    )


def schedules() -> None:
    """Learning rates at t = 0, 1, ... of a base rate of 0.1; t is whatever the schedule counts, steps or epochs."""
    base, span, warm = 0.1, 30, 5

    def step(optimizer):
        return StepLR(optimizer, step_size=8, gamma=0.3)

    def cosine(floor):
        return lambda optimizer: CosineAnnealingLR(optimizer, T_max=span, eta_min=floor * base)

    def warm_up(optimizer):
        """From base / 5 at t = 0 to base at t = 4: (t + 1) / 5."""
        return LinearLR(optimizer, start_factor=1 / warm, total_iters=warm - 1)

    def warmed_up(schedule):
        return lambda optimizer: ChainedScheduler([warm_up(optimizer), schedule(optimizer)], optimizer=optimizer)

    falling = {"type": "step", "every": 8, "factor": 0.3}
    parts = [
        ("step", falling, 0, step),
        ("cosine", {"type": "cosine", "floor": 0.05}, 0, cosine(0.05)),
        ("cosine to zero", {"type": "cosine", "floor": 0.0}, 0, cosine(0)),
        ("warm-up", {"type": "constant"}, warm, warm_up),
        ("warm-up and step", falling, warm, warmed_up(step)),
        ("warm-up and cosine", {"type": "cosine", "floor": 0.0}, warm, warmed_up(cosine(0))),
    ]
    cases = [
        {"name": name, "base": base, "schedule": recipe, "warmupSteps": steps, "rates": rates(schedule, base, span)}
        for name, recipe, steps, schedule in parts
    ]
    write("schedules", cases)


def rates(schedule, base: float, span: int) -> list:
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    scheduler = schedule(optimizer)
    found = []
    for _ in range(span):
        found.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return numbers(found)
