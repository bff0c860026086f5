# SPDX-License-Identifier: Apache-2.0
"""What int8 and bf16 cost the checkpoint's recall, with every vector computed by tuwen itself.

The checkpoint is packed by `tuwen convert` in f32, bf16 and int8. The same drawings and labels as in evaluate.py go
through `tuwen embed` with each file: every drawing of an unseen style cut to its box and put on white, and the bare
labels as queries. Printed are recall at 1, its change against f32, how many first places are others, and the cosines of
the vectors to those of f32.
"""
import argparse, os, random, subprocess, tempfile
import numpy as np, torch

from common import default_dir, QUERY_SYSTEM
from drawings import compose, of_style
from evaluate import recall
from pictures import Atlas

PRECISIONS = ("f32", "bf16", "int8")


class Packed:
    """One packed file, and tuwen to compute with it."""

    def __init__(self, tuwen, source, precision, folder):
        self.tuwen, self.file, self.out = tuwen, os.path.join(folder, precision + ".tuwen"), os.path.join(folder, "out.npy")
        subprocess.run([tuwen, "convert", "--precision", precision, source, self.file], check=True)

    def embed(self, *arguments):
        subprocess.run([self.tuwen, "embed", "-q", "--threads", "1", "-m", self.file, "--format", "npy", "-o", self.out, *arguments], check=True)
        return torch.from_numpy(np.load(self.out))

    def pictures(self, files):
        return self.embed(*(word for file in files for word in ("-i", file)))

    def texts(self, file):
        return self.embed("--instruction", QUERY_SYSTEM, "-f", file)


def measure(files, atlas, style, folder):
    """Prints a line of a table for each language, direction and precision."""
    r, rows = random.Random(11), of_style(atlas.rows, style)
    ids = sorted(rows)
    pngs = [os.path.join(folder, f"{i}.png") for i in ids]
    for i, png in zip(ids, pngs):
        compose(atlas.data[rows[i]].numpy(), r, False).save(png)
    pictures = {p: f.pictures(pngs) for p, f in files.items()}
    for language in ("en", "zh"):
        labels = os.path.join(folder, language + ".txt")
        with open(labels, "w", encoding="utf-8") as f:
            f.writelines(atlas.concepts[i][language] + "\n" for i in ids)
        texts = {p: f.texts(labels) for p, f in files.items()}
        for direction in ("text to picture", "picture to text"):
            scores = {p: texts[p] @ pictures[p].T for p in files}
            if direction == "picture to text":
                scores = {p: s.T for p, s in scores.items()}
            for p, s in scores.items():
                queries = texts if direction == "text to picture" else pictures
                cosines = (queries[p] * queries["f32"]).sum(1)
                at_1, at_1_f32 = ((x.argmax(1) == torch.arange(len(ids))).sum().item() for x in (s, scores["f32"]))
                other = (s.argmax(1) != scores["f32"].argmax(1)).float().mean().item()
                print(f"| {style} | {language} | {direction} | {len(ids)} | {p} | {recall(s)[0]} | "
                      f"{100 * (at_1 - at_1_f32) / len(ids):+.2f} | {100 * other:.1f} % | {cosines.min():.4f} | "
                      f"{cosines.median():.4f} |", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="where prepare.py worked (default: %(default)s)")
    p.add_argument("--tuwen", default="build/tuwen")
    p.add_argument("--model", default="models/demo")
    p.add_argument("--styles", nargs="+", default=["openmoji", "fxemoji"])
    a = p.parse_args()
    atlas = Atlas(a.data)
    print("| style | labels | direction | candidates | precision | R@1 | against f32 | another first place | least cosine of a "
          "query | median |\n|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        files = {precision: Packed(a.tuwen, a.model, precision, folder) for precision in PRECISIONS}
        for style in a.styles:
            measure(files, atlas, style, folder)


if __name__ == "__main__":
    main()
