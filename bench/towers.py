# SPDX-License-Identifier: Apache-2.0
"""The two towers of GME as plain modules for export to other engines, over the weights of transformers' model.

They compute what transformers' modules compute, without what an exporter cannot follow or an engine need not do: one
picture needs no mask, texts padded on the right need no more than the causal one, and rotary tables are inputs. The
vision tower takes [1, patches, ...], so that its products are of the same kind as the language model's. `Towers` is the
other side: it makes those inputs out of a picture or texts, and calls whatever computes the two towers. `Processed` is
what it shares with PyTorch's own contestant: inputs from the published processor.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import scaled_dot_product_attention
from transformers import Qwen2VLConfig
from transformers.models.qwen2_vl.processing_qwen2_vl import Qwen2VLProcessor

from common import DEFAULT_INSTRUCTION, Engine
from gme_reference import Arithmetic, Item, Limits, Shards, load_model, load_processor, prompt, step_a


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary embedding of [..., tokens, head size] by tables of [tokens, head size]."""
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), dim=-1) * sin


class Vision(torch.nn.Module):
    """[1, patches, 1176] and rotary tables [patches, 80] to [1, patches / 4, language model's width]."""

    def __init__(self, visual: torch.nn.Module):
        super().__init__()
        self.blocks, self.merger = visual.blocks, visual.merger
        kernel = visual.patch_embed.proj.weight
        self.embed = torch.nn.Linear(kernel[0].numel(), len(kernel), bias=False)
        self.embed.weight = torch.nn.Parameter(kernel.detach().flatten(1))

    def forward(self, patches: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        x = self.embed(patches)
        for block in self.blocks:
            x = x + self.attend(block.attn, block.norm1(x), cos, sin)
            x = x + block.mlp(block.norm2(x))
        return self.merger.mlp(self.merger.ln_q(x).reshape(1, -1, self.merger.hidden_size))

    @staticmethod
    def attend(attention: torch.nn.Module, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        width = x.shape[-1]
        parts = attention.qkv(x).reshape(1, -1, 3, attention.num_heads, width // attention.num_heads)
        q, k, v = (part.squeeze(2).transpose(1, 2) for part in parts.split(1, dim=2))
        mixed = scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v)
        return attention.proj(mixed.transpose(1, 2).reshape(1, -1, width))


class Language(torch.nn.Module):
    """[texts, tokens, width] and rotary tables [tokens, head size] to the states after the final norm."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.layers, self.norm = model.layers, model.norm

    def forward(self, states: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            states = states + self.attend(layer.self_attn, layer.input_layernorm(states), cos, sin)
            states = states + layer.mlp(layer.post_attention_layernorm(states))
        return self.norm(states)

    @staticmethod
    def attend(attention: torch.nn.Module, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        texts, tokens, width = x.shape
        q, k, v = (
            product(x).reshape(texts, tokens, -1, attention.head_dim).transpose(1, 2)
            for product in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (part.repeat_interleave(attention.num_key_value_groups, dim=1) for part in (k, v))
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True)
        return attention.o_proj(mixed.transpose(1, 2).reshape(texts, tokens, width))


def load_towers(checkpoint: Path) -> dict[str, tuple[torch.nn.Module, tuple[torch.Tensor, ...]]]:
    """Each tower by name, in float32 mapped from disk, with an example of its inputs."""
    model = load_model(checkpoint)
    vision, config = model.config.vision_config, model.config
    head, text_head = vision.embed_dim // vision.num_heads, config.hidden_size // config.num_attention_heads
    patch = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
    picture = (torch.randn(1, 48, patch), torch.randn(48, head), torch.randn(48, head))
    text = (torch.randn(2, 24, config.hidden_size), torch.randn(24, text_head), torch.randn(24, text_head))
    return {"vision": (Vision(model.visual).eval(), picture), "language": (Language(model.model).eval(), text)}


# Which dimensions of the inputs vary, in the order of the modules' arguments.
VARYING = {
    "vision": ({1: "patches"}, {0: "patches"}, {0: "patches"}),
    "language": ({0: "texts", 1: "tokens"}, {0: "tokens"}, {0: "tokens"}),
}

Tower = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Processed(Engine):
    """An engine whose inputs are made by the published processor, texts padded on the right."""

    def __init__(self, label: str, batch: int, processor: Qwen2VLProcessor):
        super().__init__(label, batch)
        self._processor = processor

    def picture_inputs(self, path: Path, kind: str) -> dict:
        """`kind` is "pt" for torch's tensors or "np" for numpy's arrays."""
        item = Item(image=Image.open(path), instruction=DEFAULT_INSTRUCTION)
        with self.preparing():
            return self._processor(text=[prompt(item)], images=[step_a(item.image)], return_tensors=kind)

    def text_inputs(self, texts: list[str], instruction: str, kind: str) -> dict:
        with self.preparing():
            prompts = [prompt(Item(text, instruction=instruction)) for text in texts]
            return self._processor(text=prompts, padding=True, truncation=True, max_length=1800, return_tensors=kind)


class Towers(Processed):
    """A contestant out of two functions of numpy arrays, called as the modules above."""

    def __init__(self, label: str, checkpoint: Path, vision: Tower, language: Tower, batch: int):
        super().__init__(label, batch, load_processor(checkpoint, Limits()))
        self._vision, self._language = vision, language
        self._table = Shards(checkpoint, Arithmetic()).under("model.embed_tokens.")["weight"].numpy()
        self._config = Qwen2VLConfig.from_pretrained(checkpoint)

    def embed_picture(self, path: Path) -> np.ndarray:
        inputs = self.picture_inputs(path, "np")
        ids = inputs["input_ids"]
        with self.preparing():
            tables = self._vision_tables(*inputs["image_grid_thw"][0, 1:])
        states = self._table[ids]
        states[ids == self._config.image_token_id] = self._vision(inputs["pixel_values"][None], *tables)[0]
        return self._decode(states, np.ones_like(ids))[0]

    def embed_texts(self, texts: list[str], instruction: str) -> np.ndarray:
        inputs = self.text_inputs(texts, instruction, "np")
        return self._decode(self._table[inputs["input_ids"]], inputs["attention_mask"])

    def _decode(self, states: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """The state of each row's last token; positions are sequential, as GME's are."""
        size = self._config.hidden_size // self._config.num_attention_heads
        angles = np.outer(np.arange(states.shape[1]), self._config.rope_theta ** (-np.arange(0, size, 2) / size))
        output = self._language(states, *cos_sin(angles))
        return output[np.arange(len(mask)), mask.sum(1) - 1]

    def _vision_tables(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """For patches in the processor's order, in which the four of a merged token stand together."""
        size = self._config.vision_config.embed_dim // self._config.vision_config.num_heads // 2
        rows, columns = np.mgrid[0:height, 0:width].reshape(2, height // 2, 2, width // 2, 2)
        frequencies = 10000.0 ** (-np.arange(0, size, 2) / size)
        angles = [np.outer(axis.transpose(0, 2, 1, 3).ravel(), frequencies) for axis in (rows, columns)]
        return cos_sin(np.concatenate(angles, axis=1))


def cos_sin(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    angles = np.concatenate([angles, angles], axis=1)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
