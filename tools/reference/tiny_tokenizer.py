# SPDX-License-Identifier: Apache-2.0
"""A byte-level BPE vocabulary of 496 tokens with the real tokenizer's rules, for checkpoints that fit in a repository.

256 byte tokens and 240 merges, learned from the lines below. The training has no randomness, so the same vocabulary
comes out every time.
"""

import json

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from layout import PRETOKENIZER_PATTERN

BASE_TOKENS = 496

CORPUS = """\
system
You are a helpful assistant.
user
assistant
Find an image that matches the given text.
What kind of car is this? It's a small red car, and they're parked in front of the old house.
Two dogs are running on the beach; the third one doesn't want to swim.
A cup of coffee stands on the wooden table next to an open book with 128 pages.
The quick brown fox jumps over the lazy dog. THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG.
I'll say we've seen it: the picture shows a mountain lake at sunrise, taken in 2024.
for (int i = 0; i < n; i++) {
    sum += values[i] * weights[i];
}
一只猫坐在窗台上看着外面的雨。
这张图片里有什么？一辆红色的小汽车停在路边。
请找出与给定文本相匹配的图片。图文检索，文字和图片。
山上的湖水在日出时分非常美丽。
猫と犬が公園で遊んでいます。これは写真です。
고양이가 창가에 앉아 있습니다. 사진과 글.
Кошка сидит на окне и смотрит на дождь.
Η γάτα κάθεται στο παράθυρο.
القطة تجلس على النافذة وتنظر إلى المطر.
बिल्ली खिड़की पर बैठी है।
แมวนั่งอยู่ที่หน้าต่าง
Une tasse de café près de la fenêtre, à côté d'un gâteau. Größe, Straße, Übung, señor, mañana, façade.
😀 😃 👍 👍🏽 👨‍👩‍👧 🇨🇳 🇫🇷 ❤️
... !!! ??? --- *** "quoted" (parenthesised) [bracketed] <tag> https://example.org/a/b?c=d
"""


def train() -> tuple[dict[str, int], list[str]]:
    """The vocabulary by token and the merges in rank order, both in byte-level spelling."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRETOKENIZER_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=BASE_TOKENS,
        min_frequency=1,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([CORPUS], trainer)
    trained = tokenizer.get_vocab()
    vocab = dict(sorted(trained.items(), key=lambda entry: entry[1]))
    return vocab, merges_of(tokenizer)


def merges_of(tokenizer: Tokenizer) -> list[str]:
    """The merges as "left right"; newer versions of the library serialise them as pairs."""
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]
