"""Shapley values of one leaf, for every pattern of conditions that a row can meet.

Path-dependent game (Lundberg et al. 2018): with the features of a set S known, a leaf is worth its value times, per
feature on its path, 1 or 0 (the row meets the conditions on it or not) where the feature is in S, and the share of
training rows that met them where it is not.
"""

from math import factorial

import numpy as np

from features.windows import Floats


def leaf_values(weights: Floats, value: Floats) -> Floats:
    """Shapley values of leaves with m features each: shape (m, leaves, 2, 2, …, 2), entry b for the pattern b.

    `weights` is (leaves, m), `value` (leaves,). The value of feature j is value · (b_j − w_j) · Σ_s s!(m−1−s)!/m! ·
    c_s, where c_s, the part of Π_{i≠j} (w_i + b_i x) at x^s, sums over the sets of s other features. All c_s are
    positive, so nothing cancels; only sums and products in a fixed order, so every machine finds the same bits.
    """
    leaves, m = weights.shape
    result = np.empty((m, leaves, *(2,) * m))
    for j in range(m):
        others = _mean_of_others(np.delete(weights, j, axis=1)) * value.reshape(-1, *(1,) * (m - 1))
        own = np.array([0.0, 1.0]) - weights[:, j, None]
        axes = [1] * m
        axes[j] = 2
        result[j] = np.expand_dims(others, 1 + j) * own.reshape(leaves, *axes)
    return result


def _mean_of_others(weights: Floats) -> Floats:
    """Mean worth, over the orders of learning m features and one more, of what is known before that one.

    Shape (leaves, 2, …, 2) with one axis per feature.
    """
    leaves, m = weights.shape
    parts = np.ones((1, leaves))  # by power of x, then leaf, then one axis per feature done
    for i in range(m):
        absent = parts * weights[:, i].reshape(leaves, *(1,) * i)
        zero = np.zeros((1, *absent.shape[1:]))
        not_met = np.concatenate([absent, zero])
        parts = np.stack([not_met, not_met + np.concatenate([zero, parts])], axis=-1)
    mean = np.zeros(parts.shape[1:])
    for known, part in enumerate(parts):
        mean += part * (factorial(known) * factorial(m - known) / factorial(m + 1))
    return mean
