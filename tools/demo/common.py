# SPDX-License-Identifier: Apache-2.0
"""What the demo scripts share: where data live, the prompt template, and the special tokens."""
import os

SIZE = 128                                   # side of a rasterised drawing
MIN_TOKENS, MAX_TOKENS = 9, 15              # image tokens of the demo checkpoint
DEFAULT_SYSTEM = "You are a helpful assistant."
QUERY_SYSTEM = "Find an image that matches the given text."
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
           "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
           "<|image_pad|>", "<|video_pad|>"]
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def default_dir():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "tuwen-demo")


def prompt(text="", image_tokens=0, system=DEFAULT_SYSTEM):
    image = "<|vision_start|>" + "<|image_pad|>" * image_tokens + "<|vision_end|>" if image_tokens else ""
    return (f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{image}{text}<|im_end|>\n"
            f"<|im_start|>assistant\n<|endoftext|>")
