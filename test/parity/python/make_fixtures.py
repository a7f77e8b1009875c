"""Makes fixtures/*.json with PyTorch and torchvision. Run it by: node test/parity/dist/make-fixtures.js [GROUP ...]

Weights and inputs are those of hash_fill.py, so that only outputs are kept. Every number is computed in float64 from
float32 weights; `rounding` says how far PyTorch's own float32 is from that.
"""

import sys

import torch

import fixtures_color
import fixtures_losses
import fixtures_lpips
import fixtures_networks
import fixtures_optimizers

GROUPS = {
    "colors": fixtures_color.colors,
    "metrics": fixtures_color.metrics,
    "lpips": fixtures_lpips.lpips,
    "encoders": fixtures_networks.encoders,
    "models": fixtures_networks.models,
    "losses": fixtures_losses.losses,
    "optimizers": fixtures_optimizers.optimizers,
    "schedules": fixtures_optimizers.schedules,
}


def main() -> None:
    torch.manual_seed(0)  # PyTorch's initial weights are overwritten; this is for those that read them
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)
    for group in sys.argv[1:] or GROUPS:
        GROUPS[group]()


main()
