# SPDX-License-Identifier: Apache-2.0
"""Sentences about a concept, in English and Chinese, and the tokenizer's corpus.

A sample is (text, concepts it names). A tag that several concepts share names all of them, so that "apple" is no mistake
for a green apple; tags that are shared widely ("animal") are only used together with others.
"""
import random, re

SHARED = 4                                   # a tag named by more concepts than this never stands alone
EN = ["{a}"] * 6 + ["{A}"] * 6 + ["the {a}", "a picture of {A}", "an image of {A}", "a drawing of {A}", "an icon of {A}",
      "an emoji of {A}", "this is {A}", "there is {A} in the picture", "a photo of {A}", "{a} emoji", "{a} icon", "picture of {a}"]
ZH = ["{a}"] * 10 + ["一张{a}的图片", "{a}的图片", "{a}的照片", "一个{a}", "这是{a}", "{a}图标", "画着{a}的图", "图里有{a}", "{a}表情", "一幅{a}的画"]
EN2 = ["{A} and {B}"] * 5 + ["{a} and {b}", "{A} with {B}", "{A} next to {B}", "{a}, {b}", "a picture of {A} and {B}",
       "there is {A} and {B}", "{A} beside {B}"]
ZH2 = ["{a}和{b}"] * 5 + ["{a}与{b}", "{a}、{b}", "一张{a}和{b}的图片", "{a}和{b}在一起", "{a}旁边有{b}", "图里有{a}和{b}"]
EN3 = ["{A}, {B} and {C}", "{a}, {b}, {c}", "a picture of {A}, {B} and {C}"]
ZH3 = ["{a}、{b}和{c}", "{a}，{b}，{c}", "图里有{a}、{b}和{c}"]
EN_ON = ["{A} on a bench"] * 3 + ["{A} sitting on a bench", "{A} sits on a bench", "{a} on a park bench", "a bench with {A}", "{A} and a bench"]
ZH_ON = ["长椅上的{a}"] * 3 + ["坐在长椅上的{a}", "{a}坐在长椅上", "{a}和长椅", "公园长椅上的{a}", "一个{a}坐在长凳上"]
EN_BG = ["{A} on a {col} background", "{a} on {col}", "{A} in front of a {col} background"]
ZH_BG = ["{col}背景上的{a}", "{col}背景的{a}", "{col}背景，{a}"]
COLOURS = {"white": "白色", "black": "黑色", "red": "红色", "green": "绿色", "blue": "蓝色", "yellow": "黄色", "orange": "橙色",
           "purple": "紫色", "pink": "粉色", "brown": "棕色", "gray": "灰色", "light blue": "浅蓝色"}
NUM_EN = {2: ["two", "two", "2", "a pair of"], 3: ["three", "three", "3"]}
NUM_ZH = {2: ["两个", "两只", "两", "2个"], 3: ["三个", "三只", "3个"]}
# what people say, where the standard's label is stiffer: label -> (English, Chinese)
ALIASES = {
    "horizontal traffic light": (["traffic light", "traffic lights", "stoplight"], ["红绿灯", "交通灯", "信号灯"]),
    "vertical traffic light": (["traffic light", "traffic lights", "stoplight"], ["红绿灯", "交通灯", "信号灯"]),
    "dog": (["dog", "puppy"], ["狗", "小狗"]), "dog face": (["dog", "puppy"], ["狗", "小狗"]),
    "cat": (["cat", "kitten"], ["猫", "小猫"]), "cat face": (["cat", "kitten"], ["猫", "小猫"]),
    "automobile": (["car", "red car"], ["汽车", "小汽车", "车"]), "oncoming automobile": (["car"], ["汽车", "车"]),
    "sport utility vehicle": (["car", "SUV"], ["汽车", "越野车"]), "bicycle": (["bike", "bicycle"], ["自行车", "单车"]),
    "beach with umbrella": (["beach", "sunny beach", "parasol on the beach"], ["海滩", "沙滩", "海边"]),
    "sunset": (["sunset", "sunset over the city", "dusk"], ["日落", "夕阳", "城市日落"]),
    "sunrise": (["sunrise", "sunrise over the sea", "sunset over the sea", "sunset at the beach"], ["日出", "海上日出", "海边日落"]),
    "red apple": (["apple", "red apple"], ["苹果", "红苹果"]), "pizza": (["pizza", "slice of pizza"], ["披萨", "一块披萨", "比萨"]),
    "girl": (["girl", "little girl"], ["女孩", "小女孩"]), "boy": (["boy", "little boy"], ["男孩", "小男孩"]),
    "woman": (["woman"], ["女人", "女士"]), "man": (["man"], ["男人", "男士"]),
    "hot beverage": (["cup of coffee", "coffee", "hot coffee"], ["一杯咖啡", "咖啡", "热咖啡"]),
    "deciduous tree": (["tree"], ["树", "大树"]), "evergreen tree": (["tree", "pine tree"], ["树", "松树"]),
    "house": (["house", "home"], ["房子", "家"]), "birthday cake": (["birthday cake", "cake with candles"], ["生日蛋糕", "蛋糕"]),
    "soccer ball": (["football", "soccer ball"], ["足球"]), "umbrella": (["umbrella"], ["雨伞", "伞"]),
    "airplane": (["airplane", "plane"], ["飞机"]), "sun": (["sun"], ["太阳"]), "rose": (["rose", "red rose"], ["玫瑰", "玫瑰花"]),
    "mobile phone": (["phone", "smartphone"], ["手机"]), "laptop": (["laptop", "laptop computer"], ["笔记本电脑", "电脑"]),
    "bench": (["bench", "park bench", "wooden bench"], ["长椅", "长凳", "公园长椅"]),
    "hamburger": (["hamburger", "burger"], ["汉堡", "汉堡包"]), "fish": (["fish"], ["鱼"]), "bird": (["bird"], ["鸟", "小鸟"]),
    "horse": (["horse"], ["马"]), "horse face": (["horse"], ["马"]), "snow-capped mountain": (["mountain", "snowy mountain"], ["雪山", "山"]),
    "bus": (["bus"], ["公交车", "公共汽车"]), "chair": (["chair"], ["椅子"]), "book": (["book"], ["书"]), "panda": (["panda"], ["熊猫", "大熊猫"]),
}
FIXED = {w: 3 for w in ["You are a helpful assistant.", "Find an image that matches the given text.", "system\nuser\nassistant\n"]}


def article(noun):
    w = noun.split()[0].lower() if noun.split() else ""
    if w in ("a", "an", "the", "two", "three", "my", "your"):
        return noun
    return ("an " if w[:1] in "aeiou" and not w.startswith(("uni", "eu", "one")) else "a ") + noun


def names(c):
    """(English names, Chinese names) of a concept, the standard's label first."""
    en, zh = [c["en"]], [c["zh"]]
    if ": " in c["en"]:
        kind, rest = c["en"].split(": ", 1)
        if kind == "flag":
            en += [f"flag of {rest}", f"{rest} flag", f"the flag of {rest}"]
        elif kind == "keycap":
            en += [f"keycap {rest}", f"{rest} key"]
        else:
            en += [f"{kind} with {rest}", f"{kind}, {rest}"]
    if ": " in c["zh"]:
        kind, rest = c["zh"].split(": ", 1)
        zh += [f"{rest}国旗", f"{rest}旗"] if kind == "旗" else [f"{rest}{kind}", f"{kind}，{rest}"]
    if c["zht"] != c["zh"]:
        zh.append(c["zht"])
    more = ALIASES.get(c["en"], ([], []))
    return en + more[0] * 2 + c.get("more_en", []), zh + more[1] * 2 + c.get("more_zh", [])


class Texts:
    def __init__(self, concepts):
        self.names = [names(c) for c in concepts]
        self.tags = ([c["en_tags"] for c in concepts], [c["zh_tags"] for c in concepts])
        self.owners = ({}, {})                # a name or tag -> the concepts that it names
        for i, c in enumerate(concepts):
            for lang in (0, 1):
                for t in set(list(self.tags[lang][i]) + self.names[i][lang]):
                    self.owners[lang].setdefault(t.lower(), set()).add(i)
        self.alone = [[[t for t in self.tags[lang][i] if len(self.owners[lang][t.lower()]) <= SHARED and len(t) > (1 - lang)]
                       for i in range(len(concepts))] for lang in (0, 1)]
        self.groups = [c["group"] for c in concepts]
        self.labels = [c["en"] for c in concepts]

    def noun(self, r, i, lang):
        """A name for concept i, and the concepts that this name fits."""
        u, alone = r.random(), self.alone[lang][i]
        own = self.names[i][lang]
        n = r.choice(alone) if alone and u < .22 else own[0] if u < .62 else r.choice(own)
        return n, self.owners[lang].get(n.lower(), {i}) | {i}

    def one(self, r, i, lang, colour=None):
        n, who = self.noun(r, i, lang)
        tags = self.tags[lang][i]
        u = r.random()
        if u < .2 and tags:                   # label and tags, or a few tags alone
            some = r.sample(tags, min(len(tags), r.randint(1, 3)))
            both = [self.names[i][lang][0]] + some
            if r.random() < .35 and len(some) > 1:
                both = some
                who = set.intersection(*[self.owners[lang][t.lower()] for t in some])
            else:
                who = {i}
            r.shuffle(both)
            t = (r.choice([", ", " ", ", "]) if lang == 0 else r.choice(["，", "、", " ", ""])).join(both)
        elif colour and u < .45:
            f = r.choice((EN_BG, ZH_BG)[lang])
            t = f.format(a=n, A=article(n) if lang == 0 else n, col=colour if lang == 0 else COLOURS[colour])
        else:
            t = r.choice((EN, ZH)[lang]).format(a=n, A=article(n) if lang == 0 else n)
        return self.finish(r, t, lang), frozenset(who)

    def finish(self, r, t, lang):
        u = r.random()
        if lang == 0:
            t = t.lower() if u < .25 else t.upper() if u < .27 else t[:1].upper() + t[1:] if u < .45 else t
        if r.random() < .06:
            t += "." if lang == 0 else "。"
        return t.strip() or "?"

    def several(self, r, ids, lang):
        ids = list(ids)
        r.shuffle(ids)
        ns = [(self.noun(r, i, lang)[0] if r.random() < .5 else r.choice(self.names[i][lang])) for i in ids]
        a, A = dict(zip("abc", ns)), dict(zip("ABC", [article(n) if lang == 0 else n for n in ns]))
        f = r.choice((EN2, ZH2)[lang] if len(ids) == 2 else (EN3, ZH3)[lang])
        return self.finish(r, f.format(**a, **A), lang), frozenset(ids)

    def count(self, r, i, k, lang):
        n, who = self.noun(r, i, lang)
        if lang == 0:
            w = n if re.search(r"[^a-z]$", n.lower()) else n + ("es" if n.endswith(("s", "x", "ch", "sh")) else "s")
            t = f"{r.choice(NUM_EN[k])} {w}"
        else:
            t = r.choice(NUM_ZH[k]) + n
        return self.finish(r, t, lang), frozenset(who)

    def on_bench(self, r, i, bench, lang):
        n = r.choice(self.names[i][lang])
        return self.finish(r, r.choice((EN_ON, ZH_ON)[lang]).format(a=n, A=article(n) if lang == 0 else n), lang), frozenset({i, bench})


def corpus(concepts, seed=1):
    """Everything that the tokenizer learns its merges from."""
    r, texts, out = random.Random(seed), Texts(concepts), []
    for i, c in enumerate(concepts):
        for lang in (0, 1):
            out += texts.names[i][lang] * 2 + list(texts.tags[lang][i])
            out += [texts.one(r, i, lang)[0] for _ in range(2)]
            out += [texts.one(r, i, lang, r.choice(list(COLOURS)))[0]]
        out.append(texts.several(r, [i, r.randrange(len(concepts))], 0)[0])
        out.append(texts.several(r, [i, r.randrange(len(concepts))], 1)[0])
    for f in EN_ON + ZH_ON + EN3 + ZH3:
        out += [re.sub(r"\{\w\}", " ", f)] * 20
    for t, k in FIXED.items():
        out += [t] * 60 * k
    return out
