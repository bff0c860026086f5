# SPDX-License-Identifier: Apache-2.0
"""tuwen against PyTorch: transformers' GME as published, run eagerly and compiled.

Towers, prompt and image processor are those of tools/reference. Captions go in batches of about one length, padded on
the right; each variant takes the batch size that is quickest for it. Compiled means that every block of both towers
went through torch.compile; `frozen` compiles each tower as one graph whose weights are constants, which lets the
compiler pack them for oneDNN and costs a second copy of them.

    python against_pytorch.py --model FULL/gme-2b --precision bf16 --tuwen FULL/gme-2b.tuwen --json pytorch-bf16.json
"""

import copy
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers.models.qwen2_vl.processing_qwen2_vl import Qwen2VLProcessor

import common
from gme_reference import Arithmetic, Limits, load_model, load_processor
from towers import Processed

PRECISIONS = {"f32": torch.float32, "bf16": torch.bfloat16}


class PyTorch(Processed):
    """One variant: the model as it is, or with compiled blocks or towers."""

    def __init__(self, label: str, model: torch.nn.Module, processor: Qwen2VLProcessor, batch: int):
        super().__init__(label, batch, processor)
        self._model = model

    def embed_picture(self, path: Path) -> np.ndarray:
        return self._forward(self.picture_inputs(path, "pt"))[0]

    def embed_texts(self, texts: list[str], instruction: str) -> np.ndarray:
        return self._forward(self.text_inputs(texts, instruction, "pt"))

    @torch.no_grad()
    def _forward(self, inputs: dict[str, torch.Tensor]) -> np.ndarray:
        """The state of each row's last token, in float32."""
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        states = self._model.model.embed_tokens(ids)
        if "pixel_values" in inputs:
            pictures = self._model.visual(inputs["pixel_values"], grid_thw=inputs["image_grid_thw"])
            states[ids == self._model.config.image_token_id] = pictures
        states = self._model.model(
            input_ids=None, position_ids=None, attention_mask=mask, inputs_embeds=states, use_cache=False
        ).last_hidden_state
        return states[torch.arange(len(ids)), mask.sum(1) - 1].float().numpy()


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
    others = [PyTorch(f"PyTorch {options.precision} {v}", make[v](model), processor, options.batch) for v in variants]
    versions = {"torch": f"torch {torch.__version__}", "transformers": f"transformers {transformers.__version__}"}
    common.main_loop(options, others, versions)


if __name__ == "__main__":
    main()
