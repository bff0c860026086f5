# SPDX-License-Identifier: Apache-2.0
"""Seeded strings that try a byte-level BPE tokenizer: every family of text that its rules treat apart."""

import random
import unicodedata
from collections.abc import Callable, Iterator

from layout import SPECIAL_TOKENS
from tiny_tokenizer import CORPUS

# First and last code points of ranges that are drawn from with equal probability.
SCRIPTS = [
    (0x0041, 0x007A), (0x00C0, 0x024F), (0x0250, 0x02AF), (0x02B0, 0x036F), (0x0370, 0x03FF), (0x0400, 0x052F),
    (0x0530, 0x058F), (0x0590, 0x05FF), (0x0600, 0x06FF), (0x0700, 0x074F), (0x0780, 0x07BF), (0x07C0, 0x085F),
    (0x08A0, 0x08FF), (0x0900, 0x097F), (0x0980, 0x09FF), (0x0A00, 0x0A7F), (0x0A80, 0x0AFF), (0x0B00, 0x0B7F),
    (0x0B80, 0x0BFF), (0x0C00, 0x0C7F), (0x0C80, 0x0CFF), (0x0D00, 0x0D7F), (0x0D80, 0x0DFF), (0x0E00, 0x0E7F),
    (0x0E80, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x139F),
    (0x13A0, 0x13FF), (0x1400, 0x167F), (0x1680, 0x16FF), (0x1700, 0x177F), (0x1780, 0x17FF), (0x1800, 0x18AF),
    (0x1900, 0x1AAF), (0x1B00, 0x1C7F), (0x1C80, 0x1CFF), (0x1D00, 0x1DFF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF),
    (0x2000, 0x206F), (0x2070, 0x20CF), (0x20D0, 0x214F), (0x2150, 0x218F), (0x2190, 0x22FF), (0x2300, 0x25FF),
    (0x2600, 0x27BF), (0x2800, 0x2BFF), (0x2C00, 0x2DFF), (0x2E00, 0x2FDF), (0x3000, 0x303F), (0x3040, 0x30FF),
    (0x3100, 0x31FF), (0x3200, 0x33FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x4E00, 0x9FFF), (0xA000, 0xA4CF),
    (0xA4D0, 0xA6FF), (0xA700, 0xA7FF), (0xA800, 0xA95F), (0xA960, 0xAAFF), (0xAB00, 0xABFF), (0xAC00, 0xD7FF),
    (0xE000, 0xF8FF), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFEFF), (0xFF00, 0xFFEF), (0x10000, 0x101FF),
    (0x10280, 0x1037F), (0x10400, 0x1057F), (0x10600, 0x1085F), (0x10900, 0x10CFF), (0x10D00, 0x10FFF),
    (0x11000, 0x113FF), (0x11400, 0x117FF), (0x11800, 0x11BFF), (0x11C00, 0x11FFF), (0x12000, 0x1254F),
    (0x13000, 0x1345F), (0x16800, 0x16FFF), (0x17000, 0x18AFF), (0x1B000, 0x1B16F), (0x1D000, 0x1D35F),
    (0x1D400, 0x1D7FF), (0x1E000, 0x1E5FF), (0x1E800, 0x1EFFF), (0x1F000, 0x1F2FF), (0x1F300, 0x1FAFF),
    (0x20000, 0x2A6DF), (0x2A700, 0x2FA1F), (0x30000, 0x323AF), (0xE0000, 0xE01EF), (0xF0000, 0x10FFFD),
]
SPACES = (
    "\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2003\u2009\u200a\u200b\u2028\u2029"
    "\u202f\u205f\u2060\u3000\ufeff"
)
CONTRACTIONS = [
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'\u017f", "'x", "'", "\u2019s", "''s", "'sa", "'lll", "'r", "'e",
]
WORDS = CORPUS.split() + [
    "photograph", "Straße", "naïve", "coöperate", "I", "don", "we", "THEY", "Ünïcödé", "ﬁnance", "Ⅷ", "résumé",
    "東京", "北京市", "中华人民共和国", "検索", "사진", "Москва", "Αθήνα", "القاهرة", "ירושלים", "हिन्दी", "ไทย", "ქართული",
]
PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~¡¿«»…—–‘’“”、。，！？（）《》「」・％￥€£§¶†•‰′″※⁂"
EMOJI = [
    "😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇨🇳", "🇺🇳🇯🇵", "1️⃣", "#⃣", "❤️", "❤", "☎︎",
    "🧑🏿‍🚀", "👁️‍🗨️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🫠", "‍", "️", "🏻", "🇦",
]
DIGITS = "0123456789٠١٢٣۴۵०१२๓๔０１２𝟎𝟙²³¹½¾ⅧⅨ①②㊿〇一二三Ⅻ৪௧༣៤᠕"
NON_CHARACTERS = (
    "\x00\x01\x08\x0e\x7f\x80\x9f\xad\u034f\u200c\u200d\u200e\u202e\u2066\ufdd0\ufff9\ufffc\ufffd\ufffe\uffff"
    "\U0001fffe\U0010ffff"
)


def _characters_where(test: Callable[[str], object]) -> list[str]:
    return [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and test(chr(c))]


MARKS = _characters_where(unicodedata.combining)
DECOMPOSABLE = _characters_where(lambda c: unicodedata.decomposition(c) and unicodedata.decomposition(c)[0] != "<")


class Strings:
    """Each method makes one string of its family."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def _join(self, choices: str | list[str], low: int, high: int) -> str:
        return "".join(self.random.choice(choices) for _ in range(self.random.randint(low, high)))

    def _code_point(self, first: int, last: int) -> str:
        while True:
            c = self.random.randint(first, last)
            if not 0xD800 <= c <= 0xDFFF:
                return chr(c)

    def _word(self) -> str:
        return self.random.choice(WORDS)

    def sentence(self) -> str:
        words = [self._word() for _ in range(self.random.randint(1, 12))]
        joined = self.random.choice([" ", " ", " ", "", "  "]).join(words)
        return joined + self.random.choice(["", ".", "!", "。", "?\n"])

    def corpus_slice(self) -> str:
        start = self.random.randrange(len(CORPUS))
        return CORPUS[start : start + self.random.randint(1, 80)]

    def one_script(self) -> str:
        first, last = self.random.choice(SCRIPTS)
        text = "".join(self._code_point(first, last) for _ in range(self.random.randint(1, 12)))
        return self.random.choice(["", " "]) + text

    def mixed_scripts(self) -> str:
        return "".join(self._code_point(*self.random.choice(SCRIPTS)) for _ in range(self.random.randint(1, 10)))

    def spaces(self) -> str:
        parts = []
        for _ in range(self.random.randint(1, 5)):
            parts.append(self._join(SPACES, 0, 4))
            parts.append(self.random.choice(["", "a", self._word(), "!", "7", "\u0301"]))
        return "".join(parts) + self._join(SPACES, 0, 3)

    def newlines(self) -> str:
        pieces = ["\n", "\r", "\r\n", " ", "  ", "\t", "a", ".", "1", ").", "\n\n"]
        return self._join(pieces, 1, 12)

    def digits(self) -> str:
        return self._join(list(DIGITS) + [" ", ".", ",", "a", "年", "%"], 1, 14)

    def punctuation(self) -> str:
        return self._join(list(PUNCTUATION) + [" ", " ", "\n", "a", "é", "9"], 1, 14)

    def emoji(self) -> str:
        return self._join(EMOJI + [" ", "a", "图"], 1, 6)

    def marks(self) -> str:
        parts = []
        for _ in range(self.random.randint(1, 4)):
            parts.append(self.random.choice(["a", "e", "O", "u", "क", "ท", "さ", "1", " ", "가", "\u0131", ""]))
            parts.append(self._join(MARKS, 0, 4))
        return "".join(parts)

    def decomposed(self) -> str:
        text = unicodedata.normalize("NFD", self._join(DECOMPOSABLE, 1, 4) + self._join(["", "x", " "], 0, 2))
        characters = list(text)
        if self.random.random() < 0.5:
            at = self.random.randrange(len(characters))
            characters[at:] = self.random.sample(characters[at:], len(characters) - at)
        return "".join(characters)

    def compatibility(self) -> str:
        ranges = [(0xF900, 0xFAD9), (0x2F800, 0x2FA1D), (0x2E80, 0x2FD5), (0xFB1D, 0xFB4E), (0x212A, 0x212B),
                  (0x1F71, 0x1FEF), (0x2126, 0x2126), (0x0340, 0x0344), (0x0958, 0x095F), (0xFF01, 0xFF9F)]
        return "".join(self._code_point(*self.random.choice(ranges)) for _ in range(self.random.randint(1, 6)))

    def hangul(self) -> str:
        ranges = [(0x1100, 0x1115), (0x1161, 0x1178), (0x11A7, 0x11C5), (0xAC00, 0xD7A3), (0xA960, 0xA97C),
                  (0xD7B0, 0xD7FB), (0x3131, 0x318E), (0x0301, 0x0302), (0x20, 0x20)]
        weights = [4, 4, 4, 3, 1, 1, 1, 1, 1]
        picked = self.random.choices(ranges, weights, k=self.random.randint(1, 9))
        return "".join(self._code_point(*r) for r in picked)

    def contractions(self) -> str:
        parts = []
        for _ in range(self.random.randint(1, 4)):
            contraction = self.random.choice(CONTRACTIONS)
            parts.append(self._word() + self.random.choice([contraction, contraction.upper(), contraction.title()]))
        return self.random.choice(["", " "]).join(parts)

    def specials(self) -> str:
        parts = []
        for _ in range(self.random.randint(1, 4)):
            token = self.random.choice(SPECIAL_TOKENS)
            cut = self.random.randrange(len(token))
            broken = [token[:cut], token[cut:], token.upper(), token.replace("|", " |", 1), "<" + token, token + "|>"]
            parts.append(self.random.choice([token, token, token, self.random.choice(broken)]))
            parts.append(self.random.choice(["", " ", "\n", "a", "\u0301", self._word(), "  \n"]))
        return self.random.choice(["", "a ", "\n"]) + "".join(parts)

    def latin1(self) -> str:
        return "".join(self._code_point(0, 255) for _ in range(self.random.randint(1, 16)))

    def utf8_read_as_latin1(self) -> str:
        return self._word().encode("utf-8").decode("latin-1")

    def anywhere(self) -> str:
        text = "".join(self._code_point(0, 0x10FFFF) for _ in range(self.random.randint(1, 6)))
        return text + self._join(NON_CHARACTERS, 0, 3)

    def repeated(self) -> str:
        unit = self.random.choice(["a", "=", "-", " ", "哈", "ha", "\n", "0", "ab ", "é", "!", "\u0301", "の", "\t "])
        return unit * self.random.choice([2, 3, 5, 8, 17, 33, 64, 150])

    def mixture(self) -> str:
        others = [make for make, _ in self._families() if make != self.mixture]
        return "".join(self.random.choice(others)() for _ in range(self.random.randint(2, 4)))

    def _families(self) -> list[tuple[Callable[[], str], int]]:
        return [
            (self.sentence, 10), (self.corpus_slice, 8), (self.one_script, 14), (self.mixed_scripts, 5),
            (self.spaces, 8), (self.newlines, 5), (self.digits, 4), (self.punctuation, 4), (self.emoji, 4),
            (self.marks, 6), (self.decomposed, 6), (self.compatibility, 4), (self.hangul, 5), (self.contractions, 5),
            (self.specials, 5), (self.latin1, 3), (self.utf8_read_as_latin1, 1), (self.anywhere, 3),
            (self.repeated, 1), (self.mixture, 4),
        ]

    def __iter__(self) -> Iterator[str]:
        families, weights = zip(*self._families())
        yield ""
        while True:
            yield self.random.choices(families, weights)[0]()
