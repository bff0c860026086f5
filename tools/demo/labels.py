# SPDX-License-Identifier: Apache-2.0
"""Labelled pairs on drawings by a hand that training never saw, for `tuwen calibrate` and `tuwen eval`.

Every concept of the style gives a picture (cut to its box, on white) and in each language these rows of labels: its own
label (yes), labels of other concepts taken at random, and labels of concepts that
are near in meaning (of the ten of the same group that share most tags). The concepts are dealt to `--parts` by a seed, and wrong labels
come from the same part, so no concept, picture or text of one part is in another: what is fitted on part 0 can be judged on part 1.
Written are DIR/pictures/*.png, DIR/labels-K.csv (image, text, label, language, kind; image relative to the file) and
DIR/pairs-K-LANGUAGE.csv (image, text: each picture with its own label).
"""
import argparse, csv, os, random
import numpy as np

from common import default_dir
from drawings import compose, merge, of_style


def near(concepts, ids):
    """For each concept the ten of its group (else of all) that share most English tags and words, most first."""
    words = {i: set(concepts[i]["en_tags"]) | set(concepts[i]["en"].lower().replace(":", "").split()) for i in ids}
    out = {}
    for i in ids:
        of_group = [j for j in ids if j != i and concepts[j]["group"] == concepts[i]["group"]]
        share = lambda j: len(words[i] & words[j]) / len(words[i] | words[j])
        out[i] = sorted(of_group or [j for j in ids if j != i], key=lambda j: (-share(j), j))[:10]
    return out


def rows_of(concepts, ids, files, r, wrong):
    """Rows of one part. `wrong` are the numbers of random and of near wrong labels of a picture in each language."""
    neighbours = near(concepts, ids)
    for i in ids:
        for language in ("en", "zh"):
            own = concepts[i][language]
            yield files[i], own, "yes", language, "own"
            used = {own}
            for kind, count in zip(("random", "near"), wrong):
                pool = sorted({concepts[j][language] for j in (ids if kind == "random" else neighbours[i])} - used)
                for text in r.sample(pool, min(count, len(pool))):
                    used.add(text)
                    yield files[i], text, "no", language, kind


def deal(concepts, ids, files, seed, parts, wrong):
    """The concepts of each part, and its rows."""
    r, ids = random.Random(seed), sorted(ids)
    r.shuffle(ids)
    for part in range(parts):
        own = sorted(ids[part::parts])
        yield own, list(rows_of(concepts, own, files, r, wrong))


def file_of(concept):
    return f"pictures/{concept['hex'].lower()}.png"


def write(path, head, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([head, *rows])


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="where prepare.py worked (default: %(default)s)")
    p.add_argument("--out", required=True, metavar="DIR")
    p.add_argument("--style", default="openmoji")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--parts", type=int, default=2)
    p.add_argument("--random", type=int, default=1, help="wrong labels of a picture and language taken at random")
    p.add_argument("--near", type=int, default=1, help="wrong labels that are near in meaning")
    a = p.parse_args()
    _, concepts, rows = merge(a.data)
    atlas = np.load(os.path.join(a.data, "atlas.npy"), mmap_mode="r")
    found = of_style(rows, a.style)
    os.makedirs(os.path.join(a.out, "pictures"), exist_ok=True)
    files = {i: file_of(concepts[i]) for i in found}
    for i, n in sorted(found.items()):
        compose(np.asarray(atlas[n]), None, False).save(os.path.join(a.out, files[i]))
    for part, (own, labelled) in enumerate(deal(concepts, found, files, a.seed, a.parts, (a.random, a.near))):
        write(os.path.join(a.out, f"labels-{part}.csv"), ("image", "text", "label", "language", "kind"), labelled)
        for language in ("en", "zh"):
            write(os.path.join(a.out, f"pairs-{part}-{language}.csv"), ("image", "text"),
                  [(files[i], concepts[i][language]) for i in own])
        print(f"part {part}: {len(own)} concepts, {len(labelled)} labels, {sum(row[2] == 'yes' for row in labelled)} of them yes")


if __name__ == "__main__":
    main()
