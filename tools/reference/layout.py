# SPDX-License-Identifier: Apache-2.0
"""The published file layout of GME-Qwen2-VL: tensor names, shapes and shards, and the small files beside the weights.

The small files are written from their rules (only the chat template is a quotation), and what comes out has been
compared, by git blob hash, with the files of the 2B model on the hub: tokenizer.json, tokenizer_config.json,
vocab.json, merges.txt, added_tokens.json, special_tokens_map.json, preprocessor_config.json and
model.safetensors.index.json.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

SPECIAL_TOKENS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
]

PRETOKENIZER_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CHAT_TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}"
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\n"
    "You are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}"
    "{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}"
    "{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}"
    "{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """The sizes of one model. The text head size is hidden / heads, the vision head size embed / vision_heads."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocab_rows: int
    vision_embed: int = 1280
    vision_depth: int = 32
    vision_heads: int = 16
    vision_mlp_ratio: int = 4
    tied: bool = True
    rope_theta: float = 1e6
    rms_norm_eps: float = 1e-6
    mrope_section: tuple[int, ...] = field(default=(16, 24, 24))

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads


GME_2B = Shape(hidden=1536, intermediate=8960, layers=28, heads=12, kv_heads=2, vocab_rows=151936)
GME_7B = Shape(hidden=3584, intermediate=18944, layers=28, heads=28, kv_heads=4, vocab_rows=152064, tied=False)


def git_blob_sha1(data: bytes) -> str:
    """The hash under which git, and so the hub's listing, knows a small file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def tensor_shapes(s: Shape) -> dict[str, tuple[int, ...]]:
    """Every tensor of the published file in module order, which is the order that decides the shards."""
    e, h = s.vision_embed, s.hidden
    shapes: dict[str, tuple[int, ...]] = {"visual.patch_embed.proj.weight": (e, 3, 2, 14, 14)}

    def linear(name: str, rows: int, columns: int, bias: bool) -> None:
        shapes[name + ".weight"] = (rows, columns)
        if bias:
            shapes[name + ".bias"] = (rows,)

    def layer_norm(name: str) -> None:
        shapes[name + ".weight"] = (e,)
        shapes[name + ".bias"] = (e,)

    for i in range(s.vision_depth):
        block = f"visual.blocks.{i}"
        layer_norm(block + ".norm1")
        layer_norm(block + ".norm2")
        linear(block + ".attn.qkv", 3 * e, e, True)
        linear(block + ".attn.proj", e, e, True)
        linear(block + ".mlp.fc1", s.vision_mlp_ratio * e, e, True)
        linear(block + ".mlp.fc2", e, s.vision_mlp_ratio * e, True)
    layer_norm("visual.merger.ln_q")
    linear("visual.merger.mlp.0", 4 * e, 4 * e, True)
    linear("visual.merger.mlp.2", h, 4 * e, True)

    shapes["model.embed_tokens.weight"] = (s.vocab_rows, h)
    kv = s.kv_heads * s.head_dim
    for i in range(s.layers):
        layer = f"model.layers.{i}"
        linear(layer + ".self_attn.q_proj", h, h, True)
        linear(layer + ".self_attn.k_proj", kv, h, True)
        linear(layer + ".self_attn.v_proj", kv, h, True)
        linear(layer + ".self_attn.o_proj", h, h, False)
        linear(layer + ".mlp.gate_proj", s.intermediate, h, False)
        linear(layer + ".mlp.up_proj", s.intermediate, h, False)
        linear(layer + ".mlp.down_proj", h, s.intermediate, False)
        shapes[layer + ".input_layernorm.weight"] = (h,)
        shapes[layer + ".post_attention_layernorm.weight"] = (h,)
    shapes["model.norm.weight"] = (h,)
    if not s.tied:
        shapes["lm_head.weight"] = (s.vocab_rows, h)
    return shapes


def newer_name(name: str) -> str:
    """The name that transformers 4.52 and later writes for a tensor of the published file."""
    if name.startswith("visual."):
        return "model." + name
    if name.startswith("model."):
        return "model.language_model." + name.removeprefix("model.")
    return name


def published_name(name: str) -> str:
    """The inverse of `newer_name`; a published name comes back unchanged."""
    if name.startswith("model.visual."):
        return name.removeprefix("model.")
    if name.startswith("model.language_model."):
        return "model." + name.removeprefix("model.language_model.")
    return name


def index_json(shard_of: dict[str, str], total_size: int) -> str:
    """The text of model.safetensors.index.json."""
    index = {"metadata": {"total_size": total_size}, "weight_map": dict(sorted(shard_of.items()))}
    return json.dumps(index, indent=2, sort_keys=True) + "\n"


def model_config(s: Shape, first_special: int, omit_vision_defaults: bool) -> dict:
    """config.json; the published 2B file leaves out the vision fields that equal the class defaults."""
    vision = {"hidden_size": s.hidden, "in_chans": 3, "model_type": "qwen2_vl", "spatial_patch_size": 14}
    if not omit_vision_defaults:
        vision |= {
            "depth": s.vision_depth,
            "embed_dim": s.vision_embed,
            "mlp_ratio": s.vision_mlp_ratio,
            "num_heads": s.vision_heads,
        }
    token = {name: first_special + i for i, name in enumerate(SPECIAL_TOKENS)}
    return {
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "attention_dropout": 0.0,
        "bos_token_id": token["<|endoftext|>"],
        "eos_token_id": token["<|im_end|>"],
        "hidden_act": "silu",
        "hidden_size": s.hidden,
        "image_token_id": token["<|image_pad|>"],
        "initializer_range": 0.02,
        "intermediate_size": s.intermediate,
        "max_position_embeddings": 32768,
        "max_window_layers": s.layers,
        "model_type": "qwen2_vl",
        "num_attention_heads": s.heads,
        "num_hidden_layers": s.layers,
        "num_key_value_heads": s.kv_heads,
        "rms_norm_eps": s.rms_norm_eps,
        "rope_scaling": {"mrope_section": list(s.mrope_section), "rope_type": "default", "type": "default"},
        "rope_theta": s.rope_theta,
        "sliding_window": 32768,
        "tie_word_embeddings": s.tied,
        "torch_dtype": "float32",
        "transformers_version": "4.45.0.dev0",
        "use_cache": True,
        "use_sliding_window": False,
        "video_token_id": token["<|video_pad|>"],
        "vision_config": vision,
        "vision_end_token_id": token["<|vision_end|>"],
        "vision_start_token_id": token["<|vision_start|>"],
        "vision_token_id": token["<|vision_pad|>"],
        "vocab_size": s.vocab_rows,
    }


def preprocessor_config_json() -> str:
    return json.dumps(
        {
            "min_pixels": 3136,
            "max_pixels": 12845056,
            "patch_size": 14,
            "temporal_patch_size": 2,
            "merge_size": 2,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
            "image_processor_type": "Qwen2VLImageProcessor",
            "processor_class": "Qwen2VLProcessor",
        },
        indent=2,
    )


def tokenizer_files(vocab: dict[str, int], merges: list[str]) -> dict[str, bytes]:
    """The six tokenizer files for a byte-level vocabulary; the special tokens take the ids after its last one."""
    first = len(vocab)
    if sorted(vocab.values()) != list(range(first)):
        raise ValueError("the ids of the base vocabulary must be 0, 1, 2, ... without gaps")
    ids = {token: first + i for i, token in enumerate(SPECIAL_TOKENS)}
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PRETOKENIZER_PATTERN}, "behavior": "Isolated", "invert": False}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True}
            for token, i in ids.items()
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": merges,
        },
    }
    tokenizer_config = {
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(i): {"content": token, **flags, "special": True} for token, i in ids.items()
        },
        "additional_special_tokens": SPECIAL_TOKENS[1:],
        "bos_token": None,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 32768,
        "pad_token": "<|endoftext|>",
        "padding_side": "left",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    special_tokens_map = {
        "additional_special_tokens": SPECIAL_TOKENS[1:],
        "eos_token": {"content": "<|im_end|>", **flags},
        "pad_token": {"content": "<|endoftext|>", **flags},
    }
    texts = {
        "tokenizer.json": json.dumps(tokenizer, ensure_ascii=False, indent=2),
        "tokenizer_config.json": json.dumps(tokenizer_config, ensure_ascii=False, indent=2) + "\n",
        "vocab.json": json.dumps(vocab, ensure_ascii=False, separators=(",", ":")),
        "merges.txt": "#version: 0.2\n" + "\n".join(merges) + "\n",
        "added_tokens.json": json.dumps(dict(sorted(ids.items())), indent=2) + "\n",
        "special_tokens_map.json": json.dumps(special_tokens_map, indent=2) + "\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def write_tokenizer(directory: Path, vocab: dict[str, int], merges: list[str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in tokenizer_files(vocab, merges).items():
        (directory / name).write_bytes(data)


def write_configs(directory: Path, config: dict) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (directory / "preprocessor_config.json").write_text(preprocessor_config_json())
