# SPDX-License-Identifier: Apache-2.0
"""Train the demo's byte-level BPE and write it in the files of a Qwen2 tokenizer.

Same normaliser (NFC), pre-tokeniser pattern, byte alphabet and 14 special tokens as Qwen2-VL, only with a small vocabulary
learnt from the labels, tags and sentence patterns of both languages.
"""
import json, os
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from common import SPECIAL

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BASE = 5000                                   # entries before the special tokens


def train(lines):
    tok = Tokenizer(models.BPE(byte_fallback=False))
    tok.normalizer = normalizers.NFC()
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PATTERN), "isolated", invert=False),
                                                 pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tok.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=BASE, min_frequency=2, show_progress=False,
                                                       initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    tok.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    assert tok.get_vocab_size() == BASE, tok.get_vocab_size()
    tok.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL])
    return tok


def save(tok, out):
    os.makedirs(out, exist_ok=True)
    tok.save(os.path.join(out, "tokenizer.json"))
    model = json.loads(tok.to_str())["model"]

    def dump(name, value):
        with open(os.path.join(out, name), "w", encoding="utf-8") as f:
            json.dump(value, f, ensure_ascii=False, indent=2 if name != "vocab.json" else None)
            f.write("\n")

    dump("vocab.json", model["vocab"])
    with open(os.path.join(out, "merges.txt"), "w", encoding="utf-8") as f:
        f.write("#version: 0.2\n" + "".join((m if isinstance(m, str) else " ".join(m)) + "\n" for m in model["merges"]))
    ids = {t: tok.token_to_id(t) for t in SPECIAL}
    dump("added_tokens.json", ids)
    flags = dict(lstrip=False, normalized=False, rstrip=False, single_word=False)
    dump("special_tokens_map.json", {"additional_special_tokens": SPECIAL[1:],
                                     "eos_token": dict(content="<|im_end|>", **flags),
                                     "pad_token": dict(content="<|endoftext|>", **flags)})
    dump("tokenizer_config.json", {
        "add_prefix_space": False,
        "added_tokens_decoder": {str(i): dict(content=t, special=True, **flags) for t, i in ids.items()},
        "additional_special_tokens": SPECIAL[1:], "bos_token": None, "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>", "errors": "replace", "model_max_length": 32768, "pad_token": "<|endoftext|>",
        "padding_side": "right", "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer", "unk_token": None})
