"""Medians, percentiles and ratios with their noise."""
import random
import statistics


def percentile(values, p):
    """The p-th percentile (0 to 100) by linear interpolation."""
    v = sorted(values)
    at = (len(v) - 1) * p / 100
    low = int(at)
    high = min(low + 1, len(v) - 1)
    return v[low] + (v[high] - v[low]) * (at - low)


def summary(values):
    return {"n": len(values), "median": statistics.median(values), "p95": percentile(values, 95), "min": min(values)}


def ratio(a, b, resamples=400):
    """median(a)/median(b) with the interval that 95 of 100 resamplings fall into. The rounds are drawn in pairs: what
    disturbed one of them disturbed the other."""
    n = min(len(a), len(b))
    draw = random.Random(1)  # the same data give the same interval
    found = []
    for _ in range(resamples):
        rounds = draw.choices(range(n), k=n)
        found.append(statistics.median(a[i] for i in rounds) / statistics.median(b[i] for i in rounds))
    return {"ratio": statistics.median(a) / statistics.median(b), "low": percentile(found, 2.5),
            "high": percentile(found, 97.5)}
