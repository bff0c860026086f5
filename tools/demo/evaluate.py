# SPDX-License-Identifier: Apache-2.0
"""Recall of the exported checkpoint on drawings by hands that it never saw, and the spread of its scores.

Every drawing of an unseen style is cut to its box and put on white (or, with `--scenery`, on a seeded coloured gradient),
made a picture of 224 x 224, and sent through the true preprocessing in float32. Texts are the bare English and Chinese labels,
as queries. Recall counts a text's own drawing among the first k drawings, and a drawing's own text among the first k texts, of
all concepts that the style has. `--calibrate` sets tuwen.json's score range and bands from the OpenMoji score distributions.
"""
import argparse, json, os, random
import numpy as np, torch

from common import default_dir
from drawings import compose, of_style
from embed import Embedder
from pictures import Atlas


def recall(s):
    """s [queries, candidates], right answers on the diagonal -> recall at 1, 5, 10."""
    rank = (s > s.diag()[:, None]).sum(1)
    return [round(100 * (rank < k).float().mean().item(), 1) for k in (1, 5, 10)]


def measure(net, atlas, style, scenery):
    r, rows = random.Random(11), of_style(atlas.rows, style)
    ids = sorted(rows)
    zi = net.pictures([compose(atlas.data[rows[i]].numpy(), r, scenery) for i in ids])
    out = {}
    for lang in ("en", "zh"):
        s = net.texts([atlas.concepts[i][lang] for i in ids]) @ zi.T
        out[lang] = dict(scores=s, ids=ids, t2i=recall(s), i2t=recall(s.T))
    return out


def quantiles(s):
    right = s.diag().numpy()
    wrong = s[~torch.eye(len(s), dtype=torch.bool)].numpy()
    best_wrong = s.masked_fill(torch.eye(len(s), dtype=torch.bool), -2).amax(1).numpy()
    q = (.05, .25, .5, .75, .95)
    return {k: [round(float(np.quantile(v, p)), 3) for p in q] for k, v in
            (("matching", right), ("mismatching", wrong), ("best mismatch of a text", best_wrong))} | {
            "mismatching, 99.9 %": round(float(np.quantile(wrong, .999)), 3)}


def calibrate(path, res):
    """0 at the median of wrong pairs, 1 at the 90 % quantile of right ones; the bands by how rare a wrong pair is there."""
    right = np.concatenate([v["scores"].diag().numpy() for v in res.values()])
    wrong = np.concatenate([v["scores"][~torch.eye(len(v["ids"]), dtype=torch.bool)].numpy() for v in res.values()])
    with open(path, encoding="utf-8") as f:
        t = json.load(f)
    cut = lambda x: round(float(x), 3)
    t["score"] = dict(low=cut(np.quantile(wrong, .5)), high=cut(np.quantile(right, .9)))
    t["bands"] = [dict(name="very high", min=cut(np.quantile(wrong, .9999))), dict(name="high", min=cut(np.quantile(wrong, .999))),
                  dict(name="fair", min=cut(np.quantile(wrong, .99)))]
    with open(path, "w", encoding="utf-8") as f:
        json.dump(t, f, ensure_ascii=False, indent=2)
        f.write("\n")
    share = [round(100 * float((right >= b["min"]).mean()), 1) for b in t["bands"]]
    print("calibrated:", json.dumps(t), "right pairs at or above each band, %:", share)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="where prepare.py worked (default: %(default)s)")
    p.add_argument("--model", default="models/demo")
    p.add_argument("--styles", nargs="+", default=["openmoji", "fxemoji"])
    p.add_argument("--scenery", action="store_true")
    p.add_argument("--calibrate", action="store_true")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    atlas, net = Atlas(a.data), Embedder(a.model)
    for style in a.styles:
        assert not atlas.styles[style]["train"] or a.styles != p.get_default("styles")
        res = measure(net, atlas, style, a.scenery)
        for lang, v in res.items():
            print(f"{style:10} {lang} {len(v['ids'])} concepts: text to picture R@1/5/10 {v['t2i']}, picture to text {v['i2t']}")
            print("   ", json.dumps(quantiles(v["scores"])))
        if a.calibrate and style == "openmoji":
            calibrate(os.path.join(a.model, "tuwen.json"), res)


if __name__ == "__main__":
    main()
