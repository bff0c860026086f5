# SPDX-License-Identifier: Apache-2.0
"""What 8-bit products cost a checkpoint, whatever program computes them: cosines to float32 of the same inputs.

Every linear layer is computed with its weights and its inputs rounded to 8 bits and multiplied in float32 ("fake
quantisation"), in several ways at once: the inputs stand in the batch once for each way. Attention, norms, biases and
the embedding table stay in float32. Texts of full_cases.py that have at most 40 tokens, and two small pictures.

    python int8_bound.py --model DIR
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from full_cases import ALL, PICTURES
from gme_reference import Item, Reference
from golden_vectors import Case
from pictures import scene

LONGEST = 40
SMALL_PICTURES = ("image-112x140", "image-200x280")


@dataclass(frozen=True)
class Way:
    """How a product is rounded: what of it, how many of a row's largest inputs are not, and over which length."""

    label: str
    weights: bool = False
    inputs: bool = False
    apart: int = 0
    group: int = 0  # inputs that share a scale; 0 is all


WAYS = [
    Way("float32"),
    Way("only weights, a scale per output", weights=True),
    Way("only inputs, a scale and a zero per row", inputs=True),
    Way("both", weights=True, inputs=True),
    Way("both, the 8 largest inputs of a row apart", weights=True, inputs=True, apart=8),
    Way("both, the 32 largest inputs of a row apart", weights=True, inputs=True, apart=32),
    Way("both, scales per group of 128 inputs", weights=True, inputs=True, group=128),
]


def groups(x: torch.Tensor, group: int) -> torch.Tensor:
    """[n][in] as [n * in / group][group], zeros added to the last."""
    if group == 0:
        return x
    return torch.nn.functional.pad(x, (0, -x.shape[1] % group)).reshape(-1, group)


def round_weights(w: torch.Tensor, group: int) -> torch.Tensor:
    """Symmetric, -127 to 127."""
    parts = groups(w, group)
    scale = parts.abs().amax(1, keepdim=True).clamp_min(1e-30) / 127
    return ((parts / scale).round() * scale).reshape(len(w), -1)[:, : w.shape[1]]


def round_inputs(x: torch.Tensor, way: Way) -> torch.Tensor:
    """0 to 255 with a zero of each row's own, as src/kernels quantises; the largest ones stay as they are."""
    largest = x.abs().topk(way.apart, 1).indices if way.apart else None
    rest = x if largest is None else x.scatter(1, largest, 0.0)
    parts = groups(rest, way.group)
    low, high = parts.amin(1, keepdim=True).clamp_max(0), parts.amax(1, keepdim=True).clamp_min(0)
    scale = (high - low).clamp_min(1e-30) / 254
    zero = (-low / scale).round()
    rounded = (((parts / scale).round() + zero).clamp(0, 255) - zero) * scale
    rounded = rounded.reshape(len(x), -1)[:, : x.shape[1]]
    return rounded if largest is None else rounded.scatter(1, largest, x.gather(1, largest))


def product(weight: torch.Tensor, bias: torch.Tensor | None, given: torch.Tensor, errors: list) -> torch.Tensor:
    """The layer, for each part of the rows in its way; adds the relative error of each way to `errors`."""
    weight = weight.reshape(len(weight), -1)
    rows = given.reshape(len(WAYS), -1, weight.shape[1])
    by_group = {group: round_weights(weight, group) for group in {way.group for way in WAYS}}
    results = []
    for way, x in zip(WAYS, rows):
        y = (round_inputs(x, way) if way.inputs else x) @ (by_group[way.group] if way.weights else weight).T
        exact = x @ weight.T
        errors.append(((y - exact).norm(dim=1) / exact.norm(dim=1).clamp_min(1e-30)).square().mean().sqrt().item())
        results.append(y if bias is None else y + bias)
    return torch.stack(results).reshape(*given.shape[:-1], len(weight))


def item_of(case: Case) -> Item:
    return Item(case.text, scene(*PICTURES[case.picture]) if case.picture else None, case.instruction, case.is_query)


class Rounded(Reference):
    """The reference, with every linear layer's product in all ways."""

    def __init__(self, directory: Path):
        super().__init__(directory)
        self.errors: list[float] = []
        for module in self.model.modules():
            if isinstance(module, torch.nn.Linear):
                module.forward = lambda x, m=module: product(m.weight, m.bias, x, self.errors)
        patches = self.model.visual.patch_embed
        patches.forward = lambda x: product(patches.proj.weight, None, x, self.errors)

    def cosines(self, item, limits) -> torch.Tensor:
        """[ways]"""
        given = self.inputs(item, limits)
        ways = len(WAYS)
        ids = given["input_ids"].repeat(ways, 1)
        with torch.no_grad():
            states = self.model.model.embed_tokens(ids)
            if "pixel_values" in given:
                states[ids == self.model.config.image_token_id] = self.model.visual(
                    given["pixel_values"].repeat(ways, 1), grid_thw=given["image_grid_thw"].repeat(ways, 1)
                )
            last = self._decode({"attention_mask": torch.ones_like(ids)}, states)[:, -1]
        return torch.nn.functional.cosine_similarity(last, last[:1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--texts", type=int, default=8, help="how many (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = Rounded(options.model)
    texts = [case for case in ALL if case.picture is None]
    texts = [case for case in texts if model.inputs(item_of(case), case.limits)["input_ids"].shape[1] <= LONGEST]
    found = []
    for case in texts[: options.texts] + [case for case in ALL if case.name in SMALL_PICTURES]:
        found.append(model.cosines(item_of(case), case.limits))
        print(case.name, " ".join(f"{value:.5f}" for value in found[-1].tolist()), flush=True)
    cosines = torch.stack(found)
    errors = torch.tensor(model.errors).reshape(-1, len(WAYS)).square().mean(0).sqrt()
    print(f"{len(found)} inputs\n| products in 8 bits | error of a product | least cosine | median |\n|---|---|---|---|")
    for i, way in enumerate(WAYS[1:], 1):
        values = cosines[:, i]
        print(f"| {way.label} | {100 * errors[i]:.2f} % | {values.min():.4f} | {values.median():.4f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
