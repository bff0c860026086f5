# SPDX-License-Identifier: Apache-2.0
"""How good the hints of `tuwen explain` are, on drawings of a style that the checkpoint never saw.

pointing: does the map find the half of a picture that the text is about? Two drawings stand side by side; the text is the
label of one of them. A hit is when the strongest cell lies in that drawing's half; chance is 50 %. The second figure counts
only pictures in which the checkpoint sees what the text says (the band is fair or better).

colors: does the contrast check tell the truth? Drawings whose label has a colour are asked with their own colour, with
another one, and with all colour taken out of the drawing. Only in the first case the picture can tell the colour; printed is
how often it is said to, for several margins (parts of the score range).

`prepare.py --styles fxemoji openmoji` is enough before.
"""
import argparse, json, os, random, subprocess, tempfile
import numpy as np
from PIL import Image

from common import default_dir

COLORS = {"en": ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey"),
          "zh": tuple("红橙黄绿蓝紫粉棕黑白灰")}


def drawing(rgba, side):
    """Premultiplied [s, s, 4] uint8 -> cut to what is drawn, at most `side` pixels, RGBA."""
    ys, xs = np.nonzero(rgba[..., 3] > 8)
    rgba = rgba[ys.min():ys.max() + 1, xs.min():xs.max() + 1]
    figure = Image.fromarray(np.ascontiguousarray(rgba), "RGBa").convert("RGBA")
    k = side / max(figure.size)
    return figure.resize([max(1, round(n * k)) for n in figure.size], Image.BICUBIC)


def composite(left, right, r, scenery):
    """Both on white, or on a coloured gradient from top to bottom."""
    top, bottom = (np.array([r.uniform(60, 255) if scenery else 255 for _ in range(3)]) for _ in range(2))
    rows = top + (bottom - top) * np.linspace(0, 1, 480)[:, None]
    ground = Image.fromarray(np.repeat(rows[:, None], 640, 1).astype(np.uint8))
    for figure, middle in ((left, 160), (right, 480)):
        ground.paste(figure, (middle - figure.width // 2, 240 - figure.height // 2), figure)
    return ground


def explain(a, picture, text, *options):
    out = subprocess.run([a.tuwen, "explain", "-q", "--json", "--threads", "1", "-m", a.model, *options, picture, text], check=True,
                         capture_output=True)
    return json.loads(out.stdout)


def points_right(found):
    cells = np.array(found["regions"]["cells"])
    return np.unravel_index(cells.argmax(), cells.shape)[1] >= cells.shape[1] / 2


def share(name, part, whole):
    p = part / max(whole, 1)
    print(f"{name}: {part} of {whole}, {100 * p:.1f} % +- {196 * (p * (1 - p) / max(whole, 1)) ** .5:.1f}")


def pointing(a, concepts, data, rows, picture):
    ids, r = sorted(rows), random.Random(5)
    hits, seen, known, known_seen = 0, 0, 0, 0
    for _ in range(a.pairs):
        pair = r.sample(ids, 2)
        left, right = (drawing(np.asarray(data[rows[i]]), 280) for i in pair)
        composite(left, right, r, a.scenery).save(picture)
        for half, concept in enumerate(pair):
            found = explain(a, picture, concepts[concept][a.language])
            hit = points_right(found) == bool(half)
            hits, seen = hits + hit, seen + 1
            if found["band"] != "mismatch":
                known, known_seen = known + hit, known_seen + 1
    share(f"{a.style} {a.language} all", hits, seen)
    share(f"{a.style} {a.language} fair or better", known, known_seen)


def swap(label, word, r, a):
    return label.replace(word, r.choice([c for c in COLORS[a.language] if c != word]))


def colors(a, concepts, data, rows, picture):
    r, leads = random.Random(6), {"its own color": [], "another color": [], "no color in the picture": []}
    for concept, row in sorted(rows.items()):
        label = concepts[concept][a.language]
        words = [c for c in COLORS[a.language] if c in (label.split() if a.language == "en" else label)]
        if len(words) != 1:
            continue
        for kind, kept in leads.items():
            ground = Image.new("RGB", (448, 448), "white")
            figure = drawing(np.asarray(data[row]), 392)
            ground.paste(figure, ((448 - figure.width) // 2, (448 - figure.height) // 2), figure)
            (ground.convert("L") if kind.startswith("no") else ground).save(picture)
            found = explain(a, picture, swap(label, words[0], r, a) if kind == "another color" else label, "--budget", "0")
            for one in found["contrasts"]:
                if one["kind"] == "color":
                    lead = found["cosine"] - max(other["cosine"] for other in one["others"])
                    kept.append(lead / found["margin"])
    for margin in (0, .5, 1, 2):
        for kind, kept in leads.items():
            share(f"{a.style} {a.language} margin x {margin}, {kind}", sum(lead >= margin for lead in kept), len(kept))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    games = {"pointing": pointing, "colors": colors}
    p.add_argument("game", choices=games)
    p.add_argument("--data", default=default_dir())
    p.add_argument("--model", default="models/demo")
    p.add_argument("--tuwen", default="build/tuwen")
    p.add_argument("--style", default="fxemoji")
    p.add_argument("--language", default="en", choices=("en", "zh"))
    p.add_argument("--scenery", action="store_true", help="coloured gradients instead of white")
    p.add_argument("--pairs", type=int, default=300)
    a = p.parse_args()
    with open(os.path.join(a.data, "atlas.json"), encoding="utf-8") as f:
        meta = json.load(f)
    data = np.load(os.path.join(a.data, "atlas.npy"), mmap_mode="r")
    rows = {}
    for n, row in enumerate(meta["rows"]):
        if row and row[0] == a.style:
            rows.setdefault(row[1], n)
    with tempfile.TemporaryDirectory() as folder:
        games[a.game](a, meta["concepts"], data, rows, os.path.join(folder, "picture.png"))


if __name__ == "__main__":
    main()
