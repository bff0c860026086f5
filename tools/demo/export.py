# SPDX-License-Identifier: Apache-2.0
"""Write the checkpoint in the published layout, and check it against transformers.

Takes the moving average from train.py's state, rounds it to bfloat16 and writes config.json, model.safetensors, the
preprocessor's and tokenizer's files. `--check` then loads the result with transformers' own Qwen2-VL in float32, called as
GME's modeling file calls it, and compares its vectors with this folder's forward pass for several pictures and texts.
"""
import argparse, json, os, shutil
import numpy as np, torch
from safetensors.torch import load_file, save_file

import tokenizer as tk
from common import DEFAULT_SYSTEM, MAX_TOKENS, MEAN, MIN_TOKENS, QUERY_SYSTEM, STD, default_dir
from model import EPS, TEXT, THETA, VISION, Demo

FILES = ("tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json", "special_tokens_map.json")


def config(vocab, ids):
    d = TEXT["hidden_size"] // TEXT["num_attention_heads"]
    return {
        "architectures": ["Qwen2VLForConditionalGeneration"], "attention_dropout": 0.0, "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"], "hidden_act": "silu", **TEXT, "image_token_id": ids["<|image_pad|>"],
        "initializer_range": 0.02, "max_position_embeddings": 32768, "max_window_layers": TEXT["num_hidden_layers"],
        "model_type": "qwen2_vl", "rms_norm_eps": EPS,
        "rope_scaling": {"mrope_section": [d // 8, 3 * d // 16, 3 * d // 16], "type": "mrope"}, "rope_theta": THETA,
        "sliding_window": 32768, "tie_word_embeddings": True, "torch_dtype": "bfloat16", "use_cache": True,
        "use_sliding_window": False, "video_token_id": ids["<|video_pad|>"], "vision_end_token_id": ids["<|vision_end|>"],
        "vision_start_token_id": ids["<|vision_start|>"], "vision_token_id": ids["<|vision_pad|>"], "vocab_size": vocab,
        "vision_config": {**VISION, "hidden_act": "quick_gelu", "hidden_size": TEXT["hidden_size"], "in_chans": 3,
                          "model_type": "qwen2_vl", "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14,
                          "temporal_patch_size": 2}}


def dump(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False, indent=2)
        f.write("\n")


def export(state, data, out):
    weights = {}
    for n, w in state["ema"].items():
        w = w.detach().float()
        if n == "visual.patch_embed.proj.weight":             # half for each of the two equal frames (exact in bfloat16)
            w = (w / 2).view(-1, 3, 1, 14, 14).expand(-1, 3, 2, 14, 14)
        weights[n] = w.to(torch.bfloat16).contiguous()
    os.makedirs(out, exist_ok=True)
    save_file(weights, os.path.join(out, "model.safetensors"), metadata={"format": "pt"})
    os.chmod(os.path.join(out, "model.safetensors"), 0o644)
    for f in FILES:
        shutil.copyfile(os.path.join(data, "tokenizer", f), os.path.join(out, f))
    with open(os.path.join(out, "added_tokens.json")) as f:
        ids = json.load(f)
    dump(os.path.join(out, "config.json"), config(len(weights["model.embed_tokens.weight"]), ids))
    dump(os.path.join(out, "preprocessor_config.json"), {
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": MEAN, "image_std": STD,
        "image_processor_type": "Qwen2VLImageProcessor", "max_pixels": MAX_TOKENS * 784, "merge_size": 2, "min_pixels": MIN_TOKENS * 784,
        "patch_size": 14, "processor_class": "Qwen2VLProcessor", "resample": 3, "rescale_factor": 1 / 255, "temporal_patch_size": 2})
    if not os.path.exists(os.path.join(out, "tuwen.json")):    # calibrated later, by evaluate.py --calibrate
        dump(os.path.join(out, "tuwen.json"), {"name": "tuwen-demo", "image_tokens": [MIN_TOKENS, MAX_TOKENS], "max_length": 256,
             "score": {"low": 0.1, "high": 0.9}, "bands": [{"name": "very high", "min": 0.75}, {"name": "high", "min": 0.55}, {"name": "fair", "min": 0.4}]})
    size = sum(os.path.getsize(os.path.join(out, f)) for f in os.listdir(out) if os.path.isfile(os.path.join(out, f)))
    print(f"step {state['step']}: {sum(w.numel() for w in weights.values())} weights, {size / 1e6:.2f} MB in {out}")


def load(out):
    """(network in float32, tokenizer) from the exported files."""
    w = load_file(os.path.join(out, "model.safetensors"))
    p = "visual.patch_embed.proj.weight"
    w[p] = w[p].float().sum(2).flatten(1)
    net = Demo(len(w["model.embed_tokens.weight"]))
    net.load_state_dict({n: v.float() for n, v in w.items()})
    return net.eval(), tk.Tokenizer.from_file(os.path.join(out, "tokenizer.json"))


class Reference:
    """transformers' Qwen2-VL driven as GME's modeling file does: sequential positions, last token, L2 norm."""

    def __init__(self, out):
        from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration, Qwen2VLImageProcessor
        self.net = Qwen2VLForConditionalGeneration.from_pretrained(out, torch_dtype=torch.float32).eval()
        self.tok = AutoTokenizer.from_pretrained(out)
        self.images = Qwen2VLImageProcessor(min_pixels=MIN_TOKENS * 784, max_pixels=MAX_TOKENS * 784)

    @torch.no_grad()
    def embed(self, text="", image=None, system=DEFAULT_SYSTEM):
        from common import prompt
        from reference_image import fetch_image
        n, vision = 0, None
        if image is not None:
            px = self.images(images=[fetch_image(image)], return_tensors="pt")
            n = int(px["image_grid_thw"].prod()) // 4
            vision = self.net.visual(px["pixel_values"].float(), grid_thw=px["image_grid_thw"])
        ids = self.tok(prompt(text, n, system), return_tensors="pt")["input_ids"]
        x = self.net.model.embed_tokens(ids)
        if n:
            x[ids == self.net.config.image_token_id] = vision
        h = self.net.model(input_ids=None, position_ids=None, attention_mask=torch.ones_like(ids), inputs_embeds=x).last_hidden_state
        return torch.nn.functional.normalize(h[0, -1], dim=-1)


def check(out):
    from PIL import Image
    import reference_image as ri
    from embed import Embedder
    ref, own = Reference(out), Embedder(out)
    rng = np.random.default_rng(5)
    worst = 1.
    for h, w in ((112, 112), (480, 640), (90, 400), (333, 200), (30, 31), (600, 800)):
        small = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
        im = Image.fromarray(small).resize((w, h), Image.BICUBIC)
        c = float(ref.embed(image=im) @ own.pictures([im])[0])
        worst = min(worst, c)
        print(f"picture {w}x{h}: {ri.size_b(im)} cosine {c:.7f}")
    for t in ("a traffic light", "狗和猫", "", "A girl on a bench. 42", "naïve café ☕ 𠮷"):
        for s in (DEFAULT_SYSTEM, QUERY_SYSTEM):
            c = float(ref.embed(t, system=s) @ own.texts([t], s)[0])
            worst = min(worst, c)
            print(f"text {t!r}: cosine {c:.7f}")
    assert worst > .9999, worst
    print(f"equal to transformers (worst cosine {worst:.7f})")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="where train.py worked (default: %(default)s)")
    p.add_argument("--state", help="state file (default: DATA/state.pt)")
    p.add_argument("--out", default="models/demo")
    p.add_argument("--check", action="store_true", help="only compare OUT with transformers")
    a = p.parse_args()
    if not a.check:
        export(torch.load(a.state or os.path.join(a.data, "state.pt"), weights_only=False), a.data, a.out)
    check(a.out)


if __name__ == "__main__":
    main()
