# SPDX-License-Identifier: Apache-2.0
"""The pointing game: does `tuwen explain` find the half of a picture that its text is about?

Two drawings of an unseen style stand side by side; the text is the label of one of them. A hit is when the strongest
cell of the map lies in that drawing's half; chance is 50 %. The second figure counts only pictures in which the checkpoint
sees what the text says (the band is fair or better). `prepare.py --styles fxemoji openmoji` is enough before.
"""
import argparse, json, os, random, subprocess, tempfile
import numpy as np
from PIL import Image

from common import default_dir


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


def explain(tuwen, model, picture, text):
    out = subprocess.run([tuwen, "explain", "-q", "--json", "-m", model, picture, text], check=True, capture_output=True)
    return json.loads(out.stdout)


def points_right(found):
    cells = np.array(found["regions"]["cells"])
    return np.unravel_index(cells.argmax(), cells.shape)[1] >= cells.shape[1] / 2


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    ids, r = sorted(rows), random.Random(5)
    hits, seen, known, known_seen = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        picture = os.path.join(folder, "pair.png")
        for _ in range(a.pairs):
            pair = r.sample(ids, 2)
            left, right = (drawing(np.asarray(data[rows[i]]), 280) for i in pair)
            composite(left, right, r, a.scenery).save(picture)
            for half, concept in enumerate(pair):
                found = explain(a.tuwen, a.model, picture, meta["concepts"][concept][a.language])
                hit = points_right(found) == bool(half)
                hits, seen = hits + hit, seen + 1
                if found["band"] != "mismatch":
                    known, known_seen = known + hit, known_seen + 1
    for name, part, whole in (("all", hits, seen), ("fair or better", known, known_seen)):
        share = part / max(whole, 1)
        print(f"{a.style} {a.language} {name}: {part} of {whole}, {100 * share:.1f} % "
              f"+- {196 * (share * (1 - share) / max(whole, 1)) ** .5:.1f}")


if __name__ == "__main__":
    main()
