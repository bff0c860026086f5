# SPDX-License-Identifier: Apache-2.0
"""Training pictures: drawings placed on backgrounds and disturbed, a whole batch at a time.

Everything is float32 in 0..1, colours premultiplied by alpha until they lie on the background. Disturbances stand for what an
unseen hand or a real file changes: size, place, turn, mirror, colours, outlines, shadows, blur, noise, JPEG, few grey levels.
"""
import io, os, random, re
import numpy as np, torch, torch.nn.functional as F
from PIL import Image

from common import MEAN, STD, SIZE
from drawings import merge

NO_MIRROR = re.compile(r"arrow|left|right|clock|o.clock|thirty|keyboard|calendar|button|letter|input|sign|ABC|back|soon|top|end|"
                       r"number|keycap|flag|mark|abacus|1st|2nd|3rd|hundred|ATM|question|math|play|rewind|forward", re.I)
PLAIN = {"white": (1, 1, 1), "black": (.06, .06, .07), "red": (.86, .16, .15), "green": (.22, .66, .29), "blue": (.16, .38, .8),
         "yellow": (.98, .85, .25), "orange": (.96, .56, .14), "purple": (.53, .25, .68), "pink": (.96, .65, .75),
         "brown": (.47, .32, .22), "gray": (.55, .55, .56), "light blue": (.62, .82, .95)}


class Atlas:
    """The rasterised drawings, and which of them training may see.

    rows[n] is (style, concept, name, whether the plain form), or None."""

    def __init__(self, root):
        self.styles, self.concepts, self.rows = merge(root)
        self.data = torch.from_numpy(np.load(os.path.join(root, "atlas.npy"), mmap_mode="c"))
        half = os.path.join(root, "atlas64.npy")
        if not os.path.exists(half):
            a = np.load(os.path.join(root, "atlas.npy"), mmap_mode="r")
            small = np.stack([a[k].reshape(64, SIZE // 64, 64, SIZE // 64, 4).mean((1, 3)).round().astype(np.uint8) for k in range(len(a))])
            np.save(half + ".part.npy", small)
            os.replace(half + ".part.npy", half)
        self.half = torch.from_numpy(np.load(half))
        self.choices = [[] for _ in self.concepts]
        self.mono = np.zeros(len(self.rows), bool)
        for n, row in enumerate(self.rows):
            if row is None:
                continue
            style, i, name, own = row
            s = self.styles.get(style, dict(train=True))
            if not s["train"] or (style == "bench" and int(name) < 4):
                continue
            self.mono[n] = bool(s.get("mono"))
            self.choices[i].append((n, (.35 if self.mono[n] else 1.) * (1. if own else .4)))
        self.mirror = [c["group"] not in (8, 9) and not NO_MIRROR.search(c["en"]) for c in self.concepts]
        self.bench = next(i for i, c in enumerate(self.concepts) if c["hex"] == "bench")

    def pick(self, r, i):
        rows, w = zip(*self.choices[i])
        return r.choices(rows, w)[0]


def background(r, B, h, w):
    """[B, 3, h, w] and, where the background is one plain named colour, its name."""
    g = torch.Generator().manual_seed(r.getrandbits(60))
    out, names = torch.empty(B, 3, h, w), [None] * B
    lows = {k: torch.rand(B, 3, k, k, generator=g) for k in (2, 4, 9)}
    for i in range(B):
        u = r.random()
        if u < .30:
            names[i] = "white"
            out[i] = 1 if r.random() < .8 else r.uniform(.94, 1)
        elif u < .52:
            names[i] = r.choice(list(PLAIN))
            out[i] = (torch.tensor(PLAIN[names[i]])[:, None, None] + r.uniform(-.05, .05)).clamp(0, 1)
        elif u < .60:
            out[i] = torch.rand(3, 1, 1, generator=g)
        elif u < .75:                                     # two-coloured gradient, or ground and sky
            a, b = torch.rand(2, 3, 1, 1, generator=g)
            t = torch.linspace(0, 1, h)[None, :, None] if r.random() < .7 else torch.linspace(0, 1, w)[None, None, :]
            if r.random() < .5:
                t = ((t - r.uniform(.4, .85)) * r.choice([6, 40]) + .5).clamp(0, 1)
            out[i] = a + (b - a) * t
        else:                                             # blotches of some coarseness, a little noise on them
            k = r.choice((2, 4, 9))
            x = F.interpolate(lows[k][i:i + 1], (h, w), mode="bicubic", align_corners=False)[0]
            out[i] = (x * r.uniform(.3, 1) + r.uniform(0, .5)).clamp(0, 1)
    return out, names


def place(icons, cx, cy, size, turn, aspect, flip, h, w):
    """icons [b, 4, s, s] -> [b, 4, h, w]; centre and size in pixels."""
    ys = torch.arange(h).float() + .5
    xs = torch.arange(w).float() + .5
    dx = xs[None, None, :] - cx[:, None, None]
    dy = ys[None, :, None] - cy[:, None, None]
    c, s = turn.cos()[:, None, None], turn.sin()[:, None, None]
    half = (size / 2)[:, None, None]
    u = (dx * c + dy * s) / (half * aspect[:, None, None]) * flip[:, None, None]
    v = (dy * c - dx * s) / (half / aspect[:, None, None])
    return F.grid_sample(icons, torch.stack((u, v), -1), mode="bilinear", padding_mode="zeros", align_corners=False)


def recolour(r, x, mono, hard=1.):
    """Hue, saturation, brightness, ink colours and outlines of a layer [b, 4, h, w], premultiplied."""
    b = x.shape[0]
    M, add = torch.eye(3).repeat(b, 1, 1), torch.zeros(b, 3)
    W = torch.tensor([.299, .587, .114])
    for i in range(b):
        if mono[i]:                                       # a black drawing takes any ink
            add[i] = torch.tensor([r.random() ** 2 for _ in range(3)]) if r.random() < .6 else 0
            continue
        u = r.random() / max(hard, .05)
        if u < .55:
            t = r.uniform(-.25, .25) if u < .45 else r.uniform(-3, 3) * .4   # small hue turns, seldom larger
            c, s = np.cos(t), np.sin(t)
            k = 1 / 3
            rot = torch.full((3, 3), k * (1 - c)) + torch.eye(3) * c + \
                torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) * (s * k ** .5)
            sat = r.uniform(.5, 1.4)
            M[i] = (torch.eye(3) * sat + (1 - sat) * W.expand(3, 3)) @ rot.float()
            M[i] *= r.uniform(.8, 1.15)
            add[i] = r.uniform(-.08, .1)
        elif u < .60:
            M[i] = W.expand(3, 3)
    rgb, a = x[:, :3], x[:, 3:]
    rgb = torch.einsum("bij,bjhw->bihw", M, rgb) + add[:, :, None, None] * a
    rgb = torch.minimum(rgb.clamp_(min=0), a)
    lined = [i for i in range(b) if r.random() < .45 * min(1, hard + .3) and not mono[i]]
    if lined:                                             # dark lines where colours or the outside meet
        L = torch.tensor(lined)
        p, q = rgb[L], a[L]
        lum = torch.cat((p.mean(1, keepdim=True), q), 1)
        e = (F.max_pool2d(lum, 3, 1, 1) + F.max_pool2d(-lum, 3, 1, 1)).amax(1, keepdim=True)
        hard = torch.tensor([r.uniform(1, 4) for _ in lined])[:, None, None, None]
        flat = torch.tensor([r.random() < .5 for _ in lined])[:, None, None, None]
        e = (e * hard).clamp_(max=1) * torch.tensor([r.uniform(.5, 1) for _ in lined])[:, None, None, None]
        grown = torch.where(flat, F.max_pool2d(q, 3, 1, 1), q)
        rgb, a = rgb.clone(), a.clone()
        rgb[L] = p * (1 - e)
        a[L] = torch.maximum(grown, q)
    return torch.cat((rgb, a), 1)


def disturb(r, x, hard=1.):
    """Blur, noise, contrast, grey, few levels, JPEG: on finished pictures [B, 3, h, w]."""
    B, _, h, w = x.shape
    g = torch.Generator().manual_seed(r.getrandbits(60))
    idx = torch.randperm(B, generator=g)
    a, b, c, d = (int(B * f * hard) for f in (.18, .15, .1, .05))
    k = idx[:a]
    x[k] = F.avg_pool2d(F.pad(x[k], (1, 1, 1, 1), mode="replicate"), 3, 1)
    k = idx[a:a + b]
    x[k] += torch.randn(b, 3, h, w, generator=g) * (torch.rand(b, 1, 1, 1, generator=g) * .08)
    k = idx[a + b:a + b + c]
    f = r.choice((.5, .6, .75))
    x[k] = F.interpolate(F.interpolate(x[k], scale_factor=f, mode="bilinear", antialias=True), (h, w), mode="bilinear")
    idx = torch.randperm(B, generator=g)
    k = idx[:d]
    x[k] = x[k].mean(1, keepdim=True)
    k = idx[d:d + b]
    x[k] = (x[k] - .5) * (torch.rand(b, 1, 1, 1, generator=g) * .7 + .6) + .5 + (torch.rand(b, 1, 1, 1, generator=g) - .5) * .2
    k = idx[d + b:d + b + c]
    n = r.choice((4, 6, 10))
    x[k] = (x[k] * n).round() / n
    x.clamp_(0, 1)
    for i in idx[-max(1, B // 12):].tolist():
        f = io.BytesIO()
        Image.fromarray((x[i] * 255).byte().permute(1, 2, 0).numpy()).save(f, "JPEG", quality=r.randint(25, 90))
        x[i] = torch.from_numpy(np.array(Image.open(f))).permute(2, 0, 1).float() / 255
    return x


def normalise(x):
    x = (x * 255).round_() / 255
    return (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def batch(atlas, texts, r, ids, gh, gw, hard=1.):
    """Pictures [B, 3, h, w] for the concepts `ids`, with two texts each (one English, one Chinese, in random order).

    `hard` in 0..1 is the share of scenes, odd sizes and disturbances: training begins with the plain cases.
    Returns pictures, [(text, concepts) x B, (text, concepts) x B], [concepts of the picture x B]."""
    B, h, w = len(ids), gh * 14, gw * 14
    n_scene = int(B * .25 * hard)
    x, colours = background(r, B, h, w)
    shown, kinds = [], []                     # concepts in the picture; how its texts are made
    layers = [[], [], []]                     # (picture, row, cx, cy, size, turn, aspect, flip)
    easy = atlas.easy

    def layer(k, j, i, cx, cy, size, turn):
        flip = -1. if atlas.mirror[i] and r.random() < .5 else 1.
        layers[k].append((j, atlas.pick(r, i), cx, cy, size, turn, r.uniform(.9, 1.11), flip))

    for j, i in enumerate(ids):
        small = min(h, w)
        if j >= n_scene:
            size = small * (r.uniform(.78, 1.05) if r.random() < 1 - .4 * hard else r.uniform(.45, .85))
            if h != w and r.random() < .3:
                size = min(size * 1.25, max(h, w) * .9)
            mx, my = max(0, (w - size * .85) / 2), max(0, (h - size * .85) / 2)
            layer(0, j, i, w / 2 + r.uniform(-mx, mx), h / 2 + r.uniform(-my, my), size,
                  r.uniform(-.35, .35) if r.random() < .5 * hard else r.uniform(-.06, .06))
            shown.append({i})
            kinds.append("one")
            continue
        u = r.random()
        if u < .16:                           # somebody or something on a bench
            i = r.choice(atlas.people) if r.random() < .7 else i
            size = small * r.uniform(.62, .8)
            cx = w / 2 + r.uniform(-.1, .1) * w
            px = cx + r.uniform(-.2, .2) * size
            s2 = size * r.uniform(.5, .7)
            back = r.random() < .5
            layer(0 if not back else 1, j, i, px, h * .62 - size * .30 - s2 * .1, s2, r.uniform(-.06, .06))
            layer(1 if not back else 0, j, atlas.bench, cx, h * .62, size, 0.)
            shown.append({i, atlas.bench})
            kinds.append(("bench", i))
        elif u < .80:                         # two or three different things
            k = 2 if r.random() < .8 else 3
            who = [i] + r.sample(easy, k - 1)
            r.shuffle(who)
            along = max(h, w) >= 1.2 * min(h, w) and w > h or (h == w and r.random() < .7)
            for m, c in enumerate(who):
                step = (w if along else h) / k
                size = min(step * r.uniform(.85, 1.15), (h if along else w) * .95)
                a, b = step * (m + .5) + r.uniform(-.06, .06) * step, (h if along else w) * .5
                b += r.uniform(-1, 1) * max(0, ((h if along else w) - size) / 2)
                layer(m, j, c, a if along else b, b if along else a, size, r.uniform(-.2, .2))
            shown.append(set(who))
            kinds.append(("several", who))
        else:                                 # two or three of the same
            k = r.choice((2, 2, 3))
            for m in range(k):
                size = min(w / k * r.uniform(.85, 1.1), h * .9)
                layer(m, j, i, w / k * (m + .5), h / 2 + r.uniform(-.3, .3) * (h - size), size, r.uniform(-.2, .2))
            shown.append({i})
            kinds.append(("count", i, k))

    for rows in layers:
        for lo in range(0, len(rows), 128):
            part = rows[lo:lo + 128]
            if not part:
                continue
            js = torch.tensor([p[0] for p in part])
            cx, cy, size, turn, aspect, flip = torch.tensor([p[2:] for p in part]).float().unbind(1)
            source = atlas.half if size.median() < SIZE * .8 else atlas.data
            icons = source[torch.tensor([p[1] for p in part])].permute(0, 3, 1, 2).float().mul_(1 / 255)
            if size.median() < SIZE * .25:
                icons = F.avg_pool2d(icons, 2)
            put = recolour(r, place(icons, cx, cy, size, turn, aspect, flip, h, w), [atlas.mono[p[1]] for p in part], hard)
            a = put[:, 3:]
            under = x[js]
            if r.random() < .3:               # a soft shadow below
                shade = F.pad(F.avg_pool2d(a, 7, 1, 3), (2, -2, 3, -3))
                under = under * (1 - shade * r.uniform(.1, .5))
            x[js] = under * (1 - a) + put[:, :3]
    x = normalise(disturb(r, x.clamp_(0, 1), hard))

    pairs = ([], [])
    for j, i in enumerate(ids):
        lang = r.randrange(2)
        for k in (0, 1):
            kind, l = kinds[j], (lang + k) % 2
            if kind == "one":
                t = texts.one(r, i, l, colours[j])
            elif kind[0] == "bench":
                t = texts.on_bench(r, kind[1], atlas.bench, l)
            elif kind[0] == "several":
                t = texts.several(r, kind[1], l)
            else:
                t = texts.count(r, kind[1], kind[2], l) if r.random() < .7 else texts.one(r, kind[1], l)
            pairs[k].append(t)
    return x, pairs, shown


def prepare(atlas):
    """Which concepts go into scenes: things, animals, food, places, people; not symbols, flags or bare faces' variants."""
    atlas.easy = [i for i, c in enumerate(atlas.concepts) if c["group"] in (3, 4, 5, 6, 7)]
    known = {"girl", "boy", "woman", "man", "baby", "child", "old man", "old woman", "person", "adult", "dog", "cat", "princess",
             "older person", "man: beard", "woman: blond hair", "man: blond hair", "teddy bear", "dog face", "cat face",
             "woman: curly hair", "man: curly hair", "woman: red hair", "man: red hair"}
    atlas.people = [i for i, c in enumerate(atlas.concepts) if c["en"] in known]
    return atlas
