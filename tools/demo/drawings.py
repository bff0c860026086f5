# SPDX-License-Identifier: Apache-2.0
"""What measuring needs of the drawings, without the network: concepts, and a drawing as a picture."""
import json, os, re
import numpy as np
from PIL import Image


def base(e):
    """An emoji's identity without variation selectors and gender; None for those that the demo leaves out."""
    if re.match(r"flag: |(family|kiss|couple with heart): ", e["en"]) or re.search(r"o’clock|-thirty", e["en"]):
        return None
    p = [x for x in e["hex"].split("-") if x != "FE0F"]
    while len(p) > 2 and p[-2] == "200D" and p[-1] in ("2640", "2642"):
        p = p[:-2]
    if len(p) > 1 and p[0] in ("1F468", "1F469"):
        p[0] = "1F9D1"
    return "-".join(p)


def merge(root):
    """What prepare.py wrote in atlas.json -> styles, concepts, and for each drawing (style, concept, name, whether the plain
    form) or None.

    Men's and women's forms of one occupation or act are one concept; country flags, the 24 clock faces and the many families
    are left out: at this size they cost more than they show."""
    with open(os.path.join(root, "atlas.json"), encoding="utf-8") as f:
        meta = json.load(f)
    old, index, where, concepts = meta["concepts"], {}, {}, []
    plain = {"-".join(x for x in e["hex"].split("-") if x != "FE0F") for e in old}
    for i, e in enumerate(old):
        k = base(e)
        if k is None:
            continue
        own = "-".join(x for x in e["hex"].split("-") if x != "FE0F") == k
        if k not in index:
            index[k] = len(concepts)
            concepts.append(dict(e, more_en=[], more_zh=[]))
        c = concepts[index[k]]
        if own and c["hex"] != e["hex"]:               # the plain form names the concept
            more = dict(more_en=c["more_en"] + [c["en"]], more_zh=c["more_zh"] + [c["zh"]])
            c.clear()
            c.update(e, **more)
        elif c["hex"] != e["hex"]:
            c["more_en"].append(e["en"])
            c["more_zh"].append(e["zh"])
        where[i] = (index[k], own or k not in plain)
    rows = [(s, *where[i], n) if i in where else None for s, i, n in meta["rows"]]
    return meta["styles"], concepts, [r and (r[0], r[1], r[3], r[2]) for r in rows]


def of_style(rows, style):
    """Concepts that the style has -> the first plain row of each."""
    found = {}
    for n, row in enumerate(rows):
        if row and row[0] == style and row[3]:
            found.setdefault(row[1], n)
    return found


def compose(rgba, r, scenery):
    """Premultiplied [s, s, 4] uint8, cut to what is drawn -> 224 x 224 picture with a margin of 14 pixels."""
    ys, xs = np.nonzero(rgba[..., 3] > 8)
    rgba = rgba[ys.min():ys.max() + 1, xs.min():xs.max() + 1]
    k = 196 / max(rgba.shape[:2])
    h, w = (max(1, round(n * k)) for n in rgba.shape[:2])
    bands = [Image.fromarray(np.ascontiguousarray(rgba[..., c])).resize((w, h), Image.BICUBIC) for c in range(4)]
    a = np.stack([np.asarray(b) for b in bands], -1).astype(np.float32)
    ground = np.full((224, 224, 3), 255, np.float32)
    if scenery:
        top, bottom = (np.array([r.uniform(60, 255) for _ in range(3)], np.float32) for _ in range(2))
        ground[:] = (top + (bottom - top) * np.linspace(0, 1, 224)[:, None])[:, None]
    y, x = (224 - h) // 2, (224 - w) // 2
    part = ground[y:y + h, x:x + w]
    part[:] = part * (1 - a[..., 3:] / 255) + a[..., :3]
    return Image.fromarray(np.clip(np.rint(ground), 0, 255).astype(np.uint8))
