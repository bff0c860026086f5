# SPDX-License-Identifier: Apache-2.0
"""tests/golden/statistics.json: what scikit-learn, SciPy and NumPy make of small seeded data, for the figures and fits of
src/engine (statistics.c, fit.c).

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python tools/reference/golden_statistics.py > tests/golden/statistics.json

Calibration errors alone have no function in these packages; they are a few lines of NumPy here.
"""
import json, platform, sys, warnings
import numpy as np, scipy, sklearn
from scipy.stats import bootstrap
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (accuracy_score, average_precision_score, brier_score_loss, f1_score, log_loss,
                             precision_score, recall_score, roc_auc_score, top_k_accuracy_score)


def calibration_error(y, p, w, mass, bins=15):
    order = np.argsort(p, kind="stable")
    y, p, w = y[order], p[order], w[order]
    part = (np.cumsum(w) - w) / w.sum() if mass else p
    k = np.minimum((part * bins).astype(int), bins - 1)
    return sum(abs((w * (p - y))[k == b].sum()) for b in range(bins)) / w.sum()


def figures(y, p, w):
    best = {}
    for name, score in (("f1", f1_score), ("accuracy", accuracy_score)):
        values = sorted(set(p), reverse=True)
        scores = [score(y, p >= t, sample_weight=w) for t in values]
        best[name] = dict(threshold=values[int(np.argmax(scores))], value=max(scores))
    points = []
    for t in np.quantile(p, [.1, .4, .5, .8, 1]):
        passed = p >= t
        points.append(dict(threshold=t, precision=precision_score(y, passed, sample_weight=w),
                           recall=recall_score(y, passed, sample_weight=w),
                           false_pass=1 - recall_score(1 - y, 1 - passed, sample_weight=w),
                           f1=f1_score(y, passed, sample_weight=w), accuracy=accuracy_score(y, passed, sample_weight=w)))
    low = {}
    for rate in (0, .05, .2):
        values = [t for t in sorted(set(p)) if (w * (1 - y))[p >= t].sum() <= rate * (w * (1 - y)).sum()]
        low[str(rate)] = values[0] if values else None
    return dict(auc=roc_auc_score(y, p, sample_weight=w), average_precision=average_precision_score(y, p, sample_weight=w),
                brier=brier_score_loss(y, p, sample_weight=w), log_loss=log_loss(y, p, sample_weight=w),
                error_width=calibration_error(y, p, w, False), error_mass=calibration_error(y, p, w, True),
                best=best, points=points, false_pass=low)


def observations():
    r = np.random.default_rng(5)
    cases = []
    for name, n, tied, weighted in (("plain", 60, False, False), ("ties", 80, True, False), ("weights", 70, True, True)):
        y = (r.random(n) < .4).astype(int)
        p = 1 / (1 + np.exp(-r.normal(2 * y - 1, 1.3)))
        p = np.round(p, 1 if tied else 6)
        w = r.integers(0, 4, n).astype(float) if weighted else np.ones(n)
        # what has no weight is left out, as a bootstrap leaves out what was not drawn
        cases.append(dict(name=name, values=p.tolist(), matches=y.tolist(), weights=w.tolist(),
                          figures=figures(y[w > 0], p[w > 0], w[w > 0])))
    return cases


def fits():
    r, out = np.random.default_rng(6), []
    for name, n, ridge, features in (("one", 120, 0, 1), ("ridge", 60, 3, 1), ("three", 150, 3, 3), ("separated", 12, 1, 1)):
        y = np.arange(n) % 2 if name == "separated" else (r.random(n) < .35).astype(int)
        x = np.c_[r.normal(.1 + .25 * y, .01 if name == "separated" else .15), r.normal(.05, .03, n), r.normal(.02, .04, n)]
        x = np.round(x, 6)[:, :features]
        scaled = (x - x.mean(0)) / x.std(0)
        # C=inf is the fit without a penalty
        m = LogisticRegression(C=1 / ridge if ridge else np.inf, tol=1e-12, max_iter=1000, solver="newton-cholesky").fit(scaled, y)
        slopes = m.coef_[0] / x.std(0)
        case = dict(name=name, ridge=ridge, features=x.tolist(), matches=y.tolist(), slopes=slopes.tolist(),
                    intercept=float(m.intercept_[0] - (slopes * x.mean(0)).sum()))
        if features == 1 and name != "separated":
            a, b = _sigmoid_calibration(x[:, 0], y)
            case["platt"] = dict(slope=float(-a), intercept=float(-b))
        least = 1 / (n + 2)
        at = np.linspace(-.5, 1, 40)
        case["curve"] = dict(at=at.tolist(), values=IsotonicRegression(
            out_of_bounds="clip", y_min=least, y_max=1 - least).fit(x[:, 0], y).predict(at).tolist())
        out.append(case)
    return out


def intervals():
    """95 % of 4,000 rounds, of 200 observations that are groups of their own."""
    r = np.random.default_rng(7)
    y = (r.random(200) < .5).astype(int)
    p = np.round(1 / (1 + np.exp(-r.normal(2 * y - 1, 1.5))), 6)
    out = dict(values=p.tolist(), matches=y.tolist())
    for name, f in (("auc", roc_auc_score), ("brier", brier_score_loss)):
        b = bootstrap((y, p), f, paired=True, vectorized=False, n_resamples=4000, method="percentile", rng=np.random.default_rng(8))
        out[name] = [float(b.confidence_interval.low), float(b.confidence_interval.high)]
    return out


def places():
    r = np.random.default_rng(9)
    unit = lambda a: (a / np.linalg.norm(a, axis=1, keepdims=True)).astype(np.float32)
    texts = unit(r.normal(size=(30, 19)))
    pictures = unit(texts + .8 * r.normal(size=(30, 19)))
    s = pictures.astype(float) @ texts.astype(float).T
    recall = {str(k): float(top_k_accuracy_score(np.arange(30), s, k=k, labels=np.arange(30))) for k in (1, 3, 10)}
    return dict(dimension=19, queries=np.round(pictures.astype(float), 6).ravel().tolist(),
                candidates=np.round(texts.astype(float), 6).ravel().tolist(), recall=recall)


warnings.simplefilter("ignore")
document = dict(provenance=dict(command="python tools/reference/golden_statistics.py", python=platform.python_version(),
                                numpy=np.__version__, scipy=scipy.__version__, scikit_learn=sklearn.__version__),
                observations=observations(), fits=fits(), intervals=intervals(), places=places())
short = lambda v: [short(x) for x in v] if isinstance(v, list) else {k: short(x) for k, x in v.items()} if isinstance(v, dict) \
    else float(f"{v:.15g}") if isinstance(v, float) else v
parts = [f' "{k}": ' + ("[\n  " + ",\n  ".join(json.dumps(x) for x in v) + "\n ]" if isinstance(v, list) else json.dumps(v))
         for k, v in short(document).items()]
sys.stdout.write("{\n" + ",\n".join(parts) + "\n}\n")
