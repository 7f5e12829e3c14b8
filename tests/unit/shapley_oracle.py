"""Shapley values by their definition, over all sets of features: slow, obvious, and without the product's parser."""

from itertools import combinations
from math import factorial, isnan

SMALLEST = 1.0000000180025095e-35


def brute_force(booster, row):
    """Contributions of each feature and the expected value, from the trees that LightGBM dumps as JSON."""
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    n = len(row)
    worth = {known: sum(expected(tree, row, known) for tree in trees) for known in subsets(range(n))}
    return [shapley(worth, feature, n) for feature in range(n)] + [worth[frozenset()]]


def subsets(features):
    features = list(features)
    return [frozenset(chosen) for size in range(len(features) + 1) for chosen in combinations(features, size)]


def shapley(worth, feature, n):
    """Mean of what a feature adds over all orders in which features become known."""
    total = 0.0
    for known in subsets(i for i in range(n) if i != feature):
        orders = factorial(len(known)) * factorial(n - 1 - len(known)) / factorial(n)
        total += orders * (worth[known | {feature}] - worth[known])
    return total


def expected(node, row, known):
    """What a tree says when only some features are known: elsewhere both branches, by their training rows."""
    if "leaf_value" in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return expected(left if is_left(node, row[node["split_feature"]]) else right, row, known)
    return sum(cover(child) * expected(child, row, known) for child in (left, right)) / node["internal_count"]


def cover(node):
    return node.get("internal_count", node.get("leaf_count"))


def is_left(node, value):
    if node["decision_type"] == "==":
        return -1 < value < 2**31 and str(int(value)) in node["threshold"].split("||")
    if isnan(value) and node["missing_type"] == "NaN":
        return node["default_left"]
    value = 0.0 if isnan(value) or abs(value) <= SMALLEST else value
    if value == 0 and node["missing_type"] == "Zero":
        return node["default_left"]
    return value <= node["threshold"]
