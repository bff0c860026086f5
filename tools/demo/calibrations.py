# SPDX-License-Identifier: Apache-2.0
"""Ways from a cosine to a probability, compared on labels that they were not fitted on: the tables of docs/calibration.md.

Vectors come from `tuwen embed`, once for each picture and text; everything else is NumPy and scikit-learn, so this is a second
implementation beside the library's. Labels are those of labels.py: for each seed the concepts are dealt anew to two halves, one to
fit on and one to judge on, and wrong labels are half random and half near in meaning.

    python tools/demo/prepare.py --data DATA --styles openmoji fxemoji
    python tools/demo/calibrations.py --data DATA
"""
import argparse, os, subprocess, tempfile, warnings
import numpy as np
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from common import default_dir, QUERY_SYSTEM
from drawings import compose, merge, of_style
from labels import deal, file_of

LOW, HIGH = -.005, .61                                      # the scale of models/demo/tuwen.json
RIDGES = (.1, .3, 1, 3, 10)                                 # of which the library takes the best out of fold


class World:
    """A style: its concepts, and the vectors of its pictures and texts, which are kept in DATA/vectors-STYLE.npz."""

    def __init__(self, a, concepts, rows, style):
        found, atlas = of_style(rows, style), np.load(os.path.join(a.data, "atlas.npy"), mmap_mode="r")
        self.ids, self.files = sorted(found), {i: file_of(concepts[i]) for i in found}
        texts = sorted({concepts[i][l] for i in found for l in ("en", "zh")})
        kept = os.path.join(a.data, f"vectors-{style}.npz")
        if os.path.exists(kept):
            kept = np.load(kept)
            self.texts, self.pictures = dict(zip(texts, kept["texts"])), dict(zip((self.files[i] for i in self.ids), kept["pictures"]))
            return
        with tempfile.TemporaryDirectory() as folder:
            lines, out = os.path.join(folder, "texts.txt"), os.path.join(folder, "out.npy")
            with open(lines, "w", encoding="utf-8") as f:
                f.writelines(t + "\n" for t in texts)
            pngs = [os.path.join(folder, f"{i}.png") for i in self.ids]
            for i, png in zip(self.ids, pngs):
                compose(np.asarray(atlas[found[i]]), None, False).save(png)

            def embed(*arguments):
                subprocess.run([a.tuwen, "embed", "-q", "-m", a.model, "--format", "npy", "-o", out, *arguments], check=True)
                return np.load(out).astype(float)

            vectors = dict(texts=embed("--instruction", QUERY_SYSTEM, "-f", lines),
                           pictures=embed(*(w for png in pngs for w in ("-i", png))))
        np.savez(kept, **vectors)
        self.texts, self.pictures = dict(zip(texts, vectors["texts"])), dict(zip((self.files[i] for i in self.ids), vectors["pictures"]))


class Labels:
    """Labelled pairs with their cosines."""

    def __init__(self, world, rows):
        self.rows, self.world = rows, world
        self.p = np.stack([world.pictures[r[0]] for r in rows])
        self.t = np.stack([world.texts[r[1]] for r in rows])
        self.cosine = (self.p * self.t).sum(1)
        self.y = np.array([r[2] == "yes" for r in rows]).astype(int)
        self.zh = np.array([r[3] == "zh" for r in rows])


class Background:
    """The pictures and texts of labels that are fitted on."""

    def __init__(self, labels):
        w = labels.world
        self.pictures, self.texts = sorted({r[0] for r in labels.rows}), sorted({r[1] for r in labels.rows})
        self.P, self.T = np.stack([w.pictures[x] for x in self.pictures]), np.stack([w.texts[x] for x in self.texts])
        self.of_picture, self.of_text, self.world = {}, {}, w
        for r in labels.rows:
            if r[2] == "yes":
                self.of_picture.setdefault(r[0], set()).add(r[1])
                self.of_text.setdefault(r[1], set()).add(r[0])

    def cosines(self, labels, known):
        """Each row's cosines with the background, what matches (where that is known) and the row's own taken out as NaN."""
        sp, st = labels.p @ self.T.T, labels.t @ self.P.T
        ip, it = {x: i for i, x in enumerate(self.pictures)}, {x: i for i, x in enumerate(self.texts)}
        for n, r in enumerate(labels.rows):
            out_t, out_p = {r[1]} | (self.of_picture.get(r[0], set()) if known else set()), {r[0]} | (
                self.of_text.get(r[1], set()) if known else set())
            sp[n, [it[x] for x in out_t if x in it]] = np.nan
            st[n, [ip[x] for x in out_p if x in ip]] = np.nan
        return sp, st


def features(kind, labels, background, known):
    if kind == "cosine":
        return labels.cosine[:, None]
    c = labels.cosine
    sp, st = background.cosines(labels, known)
    if kind == "levels":
        return np.c_[c, np.nanmean(sp, 1), np.nanmean(st, 1)]
    if kind == "z":
        return np.c_[c, (c - np.nanmean(sp, 1)) / np.nanstd(sp, 1), (c - np.nanmean(st, 1)) / np.nanstd(st, 1)]
    if kind == "nearest":
        top = lambda s: np.sort(np.where(np.isnan(s), -2, s), 1)[:, -10:].mean(1)
        return np.c_[c, top(sp), top(st)]
    rank = lambda s: np.log((.5 + (s >= c[:, None]).sum(1)) / (.5 + (s < c[:, None]).sum(1)))
    return np.c_[c, rank(sp), rank(st)]


def logistic(x, y, ridge):
    """With Platt's targets, each example stands twice, weighted."""
    m, s, yes = x.mean(0), x.std(0), y.sum()
    t = np.where(y, (yes + 1) / (yes + 2), 1 / (len(y) - yes + 2))
    fit = LogisticRegression(C=1 / ridge, tol=1e-8, max_iter=1000).fit(
        np.r_[(x - m) / s, (x - m) / s], np.r_[np.ones(len(y)), np.zeros(len(y))], sample_weight=np.r_[t, 1 - t])
    return lambda z: fit.decision_function((z - m) / s)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def curve(x, y):
    least = 1 / (len(y) + 2)
    return IsotonicRegression(out_of_bounds="clip", y_min=least, y_max=1 - least).fit(x, y).predict


def ways(fit, judge):
    """Name -> probabilities of the labels that are judged."""
    background, out = Background(fit), {}
    by_language = min(min((fit.y[fit.zh == z] == k).sum() for k in (0, 1)) for z in (0, 1)) >= 100

    groups = [(l,) for l in (False, True)] if by_language else [(False, True)]

    def apply(x, y, zh, z, zh_z, ridge, isotonic=False):
        p = np.empty(len(z))
        for g in groups:
            a, b = np.isin(zh, g), np.isin(zh_z, g)
            f = logistic(x[a], y[a], ridge)
            p[b] = curve(f(x[a]), y[a])(f(z[b])) if isotonic else sigmoid(f(z[b]))
        return p

    pictures = sorted({r[0] for r in fit.rows})
    dealt = dict(zip(pictures, np.random.default_rng(1).permutation(len(pictures)) % 5))
    fold = np.array([dealt[r[0]] for r in fit.rows])

    def ours(kind, isotonic=False):
        x, z = features(kind, fit, background, True), features(kind, judge, background, False)
        loss = lambda ridge: sum(log_loss(fit.y[fold == k], apply(x[fold != k], fit.y[fold != k], fit.zh[fold != k], x[fold == k],
                                                                  fit.zh[fold == k], ridge), normalize=False, labels=(0, 1)) for k in range(5))
        return apply(x, fit.y, fit.zh, z, judge.zh, min(RIDGES, key=loss), isotonic)

    out["clamp-and-scale"] = np.clip((judge.cosine - LOW) / (HIGH - LOW), 0, 1)
    a, b = _sigmoid_calibration(fit.cosine, fit.y)
    out["Platt scaling"] = sigmoid(-(a * judge.cosine + b))
    out["logistic"] = ours("cosine")
    out["**logistic with contrast (levels)**"] = ours("levels")
    out["contrast by z-scores"] = ours("z")
    out["contrast by ranks"] = ours("ranks")
    out["contrast by the ten nearest"] = ours("nearest")
    out["isotonic"] = ours("cosine", True)
    out["isotonic after contrast (levels)"] = ours("levels", True)
    return out


def calibration_error(y, p, mass, bins=15):
    order = np.argsort(p, kind="stable")
    y, p = y[order], p[order]
    k = np.minimum(((np.arange(len(p)) / len(p) if mass else p) * bins).astype(int), bins - 1)
    return sum(abs((p - y)[k == b].sum()) for b in range(bins)) / len(p)


def figures(y, p):
    return [calibration_error(y, p, False), calibration_error(y, p, True), brier_score_loss(y, p),
            log_loss(y, np.clip(p, 1e-15, 1 - 1e-15)), roc_auc_score(y, p)]


def table(title, results):
    n = len(results)
    print(f"\n{title}\n\n| | error, equal width | error, equal mass | Brier | log loss | AUC | error, log loss better than Platt |\n"
          "|---|---|---|---|---|---|---|")
    base = np.array([r["Platt scaling"] for r in results])
    for name in results[0]:
        v = np.array([r[name] for r in results])
        cells = [f"{m:.3f} ({l:.3f}..{h:.3f})" for m, l, h in zip(v.mean(0), v.min(0), v.max(0))]
        wins = "" if name == "Platt scaling" else f"{(v < base)[:, 0].sum()}, {(v < base)[:, 3].sum()} of {n}"
        print(f"| {name} | {' | '.join(cells)} | {wins} |", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="where prepare.py worked (default: %(default)s)")
    p.add_argument("--tuwen", default="build/tuwen")
    p.add_argument("--model", default="models/demo")
    p.add_argument("--seeds", type=int, default=10)
    a = p.parse_args()
    warnings.simplefilter("ignore")
    _, concepts, rows = merge(a.data)
    worlds = {s: World(a, concepts, rows, s) for s in ("openmoji", "fxemoji")}
    own, other = worlds["openmoji"], worlds["fxemoji"]

    def halves(seed, wrong=(1, 1), pictures=None):
        fit, judge = (Labels(own, r) for _, r in deal(concepts, own.ids, own.files, seed, 2, wrong))
        if pictures:
            few = set(np.random.default_rng(seed).permutation(sorted({r[0] for r in fit.rows}))[:pictures])
            fit = Labels(own, [r for r in fit.rows if r[0] in few])
        return fit, judge

    seeds = range(1, a.seeds + 1)
    run = lambda pairs: [{k: figures(judge.y, v) for k, v in ways(fit, judge).items()} for fit, judge in pairs]
    table("Fitted on one half of OpenMoji (4,308 labels of 718 pictures), judged on the other half", run(halves(s) for s in seeds))
    foreign = [Labels(other, r) for s in seeds for _, r in deal(concepts, other.ids, other.files, s, 1, (1, 1))]
    table("The same fits, judged on another style: Firefox OS Emoji (3,552 labels)",
          run((halves(s)[0], j) for s, j in zip(seeds, foreign)))
    table("Wrong labels at random only", run(halves(s, (2, 0)) for s in seeds))
    for pictures in (20, 60, 200):
        table(f"Fitted on {pictures} pictures ({6 * pictures} labels)", run(halves(s, pictures=pictures) for s in seeds))


if __name__ == "__main__":
    main()
