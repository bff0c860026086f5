# SPDX-License-Identifier: Apache-2.0
"""tuwen against PyTorch: transformers' GME as published, run eagerly and compiled.

Towers, prompt and image processor are those of tools/reference. Captions go in batches of about one length, padded on
the right; each variant takes the batch size that is quickest for it. Compiled means that every block of both towers
went through torch.compile; `frozen` compiles each tower as one graph whose weights are constants, which lets the
compiler pack them for oneDNN and costs a second copy of them.

    python against_pytorch.py --model FULL/gme-2b --precision bf16 --tuwen FULL/gme-2b.tuwen --json pytorch-bf16.json
"""

import copy
import time

import numpy as np
import torch
import transformers

import common
from common import DEFAULT_INSTRUCTION, Turn, Work, log
from gme_reference import Arithmetic, Item, Limits, load_model, load_processor, prompt, step_a

BATCH_SIZES = (1, 4, 8, 16, 32, 64)
PRECISIONS = {"f32": torch.float32, "bf16": torch.bfloat16}


class PyTorch:
    """One variant: the model as it is, or with compiled blocks or towers."""

    def __init__(self, label: str, model: torch.nn.Module, processor):
        self.label = label
        self._model = model
        self._processor = processor
        self._batch = 0  # not chosen yet

    def run(self, work: Work) -> Turn:
        if work.texts and not self._batch:
            self._batch = self._quickest_batch(work)
        return self._do(work, self._batch)

    @torch.no_grad()
    def _do(self, work: Work, batch: int) -> Turn:
        start = time.perf_counter()
        preparing, vectors = 0.0, []
        if work.picture:
            from PIL import Image

            item = Item(image=Image.open(work.picture), instruction=DEFAULT_INSTRUCTION)
            inputs = self._processor(text=[prompt(item)], images=[step_a(item.image)], return_tensors="pt")
            preparing += time.perf_counter() - start
            vectors.append(self._forward(inputs))
        # By length, so that a batch has little padding; the longest first.
        order = sorted(range(len(work.texts)), key=lambda i: -len(work.texts[i]))
        texts = [None] * len(order)
        for first in range(0, len(order), batch or 1):
            at = time.perf_counter()
            some = order[first : first + batch]
            prompts = [prompt(Item(work.texts[i], instruction=work.instruction)) for i in some]
            inputs = self._processor(text=prompts, padding=True, truncation=True, max_length=1800, return_tensors="pt")
            preparing += time.perf_counter() - at
            for i, vector in zip(some, self._forward(inputs)):
                texts[i] = vector
        if texts:
            vectors.append(torch.stack(texts))
        result = torch.nn.functional.normalize(torch.cat(vectors).float(), p=2, dim=-1).numpy()
        return Turn(time.perf_counter() - start, result, preparing)

    def _forward(self, inputs) -> torch.Tensor:
        """The state of each row's last token."""
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        states = self._model.model.embed_tokens(ids)
        if "pixel_values" in inputs:
            pictures = self._model.visual(inputs["pixel_values"], grid_thw=inputs["image_grid_thw"])
            states[ids == self._model.config.image_token_id] = pictures
        states = self._model.model(
            input_ids=None, position_ids=None, attention_mask=mask, inputs_embeds=states, use_cache=False
        ).last_hidden_state
        return states[torch.arange(len(ids)), mask.sum(1) - 1]

    def _quickest_batch(self, work: Work) -> int:
        """The best of two tries of each size, on up to 64 of the texts."""
        sample = Work("a sample", None, work.texts[:: max(1, len(work.texts) // 64)][:64], work.instruction)
        times = {}
        for size in BATCH_SIZES:
            if size <= len(sample.texts):
                times[size] = min(self._do(sample, size).seconds for _ in range(2))
        size = min(times, key=times.get)
        log(f"{self.label}: batches of {size}: " + ", ".join(f"{k}: {v:.2f} s" for k, v in times.items()))
        return size


def twin_of(model: torch.nn.Module) -> torch.nn.Module:
    """A second model with the same weights in memory.

    Its vision blocks get the picture's bounds as integers: as a tensor they break each block's graph in two.
    """
    twin = copy.deepcopy(model, {id(p): p for p in [*model.parameters(), *model.buffers()]})
    for block in twin.visual.blocks:
        block.register_forward_pre_hook(bounds_as_integers, with_kwargs=True)
    return twin


def bounds_as_integers(_block, arguments, named):
    return arguments, named | {"cu_seqlens": [0, arguments[0].shape[0]]}


def compiled(model: torch.nn.Module) -> torch.nn.Module:
    """Each block compiled. One compilation serves all blocks of a tower, for each shape."""
    twin = twin_of(model)
    for block in [*twin.visual.blocks, *twin.model.layers]:
        block.compile()
    twin.visual.merger.compile()
    return twin


def frozen(model: torch.nn.Module) -> torch.nn.Module:
    """Each tower compiled with constant weights, a setting of the whole process."""
    import torch._inductor.config

    torch._inductor.config.freezing = True
    twin = twin_of(model)
    twin.model.compile()
    twin.visual.compile()
    return twin


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--precision", choices=PRECISIONS, default="bf16", help="of PyTorch: weights and computing")
    p.add_argument("--variants", default="eager,compiled", help="of eager, compiled, frozen (frozen not with compiled)")
    options = common.parse(p)
    torch.set_num_threads(options.threads)
    torch._dynamo.config.cache_size_limit = 64
    dtype = PRECISIONS[options.precision]
    model = load_model(options.model, Arithmetic(dtype=dtype, weights=dtype))
    processor = load_processor(options.model, Limits())
    make = {"eager": lambda m: m, "compiled": compiled, "frozen": frozen}
    variants = options.variants.split(",")
    others = [PyTorch(f"PyTorch {options.precision} {v}", make[v](model), processor) for v in variants]
    versions = {"torch": f"torch {torch.__version__}", "transformers": f"transformers {transformers.__version__}"}
    common.main_loop(options, others, versions)


if __name__ == "__main__":
    main()
