"""Writes similarity.golden.json: what numpy and scipy give for measures of similarity and for what explains transfer.

    python3 make_similarity.py > similarity.golden.json

The inputs are in the file too. HSIC is not computed by the closed form that is under test but by its definition: the
mean over all quadruples of different samples (Song et al. 2012, section 2.3).
"""
import itertools
import json

import numpy as np
from scipy import special, stats

random = np.random.default_rng(11)


def rounded(array):
    return np.round(np.asarray(array, dtype=np.float64), 4)


def outputs():
    cases = []
    for scale in (1.0, 5.0, 40.0):
        p, q = rounded(random.normal(0, scale, 10)), rounded(random.normal(0, scale, 10))
        cases.append({
            "p": p.tolist(), "q": q.tolist(),
            "kl": float(special.rel_entr(special.softmax(p), special.softmax(q)).sum()),
            "correlation": float(np.corrcoef(p, q)[0, 1]),
        })
    return cases


def hsic(x, y):
    k, l = x @ x.T, y @ y.T
    total = [k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q])
             for i, j, q, r in itertools.permutations(range(len(x)), 4)]
    return float(np.mean(total))


def alignment():
    x = rounded(random.normal(3, 1, (7, 5)))
    y = rounded(x[:, :3] * [1, 2, 0.5] + random.normal(0, 0.7, (7, 3)))
    return {"samples": 7, "x": x.ravel().tolist(), "y": y.ravel().tolist(),
            "xx": hsic(x, x), "yy": hsic(y, y), "xy": hsic(x, y)}


def ranks():
    cases = []
    for n, ties in ((6, False), (12, True), (30, False)):
        a = rounded(random.normal(0, 1, n))
        b = rounded(a + random.normal(0, 1.5, n))
        if ties:
            a, b = np.round(a), np.round(b)
        test = stats.spearmanr(a, b)
        cases.append({"a": a.tolist(), "b": b.tolist(), "rho": float(test.correlation),
                      "p": float(test.pvalue), "ranks": stats.rankdata(a).tolist()})
    return cases


def regressions():
    cases = []
    for k in (1, 2, 3):
        x = rounded(random.normal(0, 1, (14, k)) @ random.normal(0, 1, (k, k)))
        y = rounded(x @ random.normal(0, 1, k) + random.normal(0, 1, 14) + 3)
        slopes, residual, _, _ = np.linalg.lstsq(np.c_[x, np.ones(14)], y, rcond=None)
        cases.append({"predictors": x.T.tolist(), "outcome": y.tolist(),
                      "coefficients": (slopes[:k] * x.std(0) / y.std()).tolist(),
                      "rSquared": float(1 - residual[0] / ((y - y.mean()) ** 2).sum())})
    return cases


print(json.dumps({"outputs": outputs(), "alignment": alignment(), "ranks": ranks(), "regressions": regressions()}, indent=1))
