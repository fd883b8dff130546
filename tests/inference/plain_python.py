"""A layer on any multiplier in plain Python: one product at a time, one value at a time."""

from itertools import product

import numpy as np


def product_table(design):
    """Products by pair of operands."""
    operands = range(design.lowest, design.highest + 1)
    products = design.layer_table().tolist()
    return {(a, w): products[a - design.lowest][w - design.lowest] for a in operands for w in operands}


def slow_sums(mac, multiplier, codes):
    """Sums of one image, one product at a time; what zero points add is taken off at the end."""
    layer = mac.layer
    codes = (codes.reshape(-1, 1, 1) if layer.op == "linear" else codes).tolist()
    top, left, _, _ = layer.padding
    first = int(mac.activation.zero_point)
    outputs, channels, rows, columns = mac.codes.shape
    origins = np.broadcast_to(mac.weight.zero_point, (outputs, 1, 1, 1)).ravel().tolist()
    weights, biases = mac.codes.tolist(), mac.bias.tolist()
    window = list(product(range(channels), range(rows), range(columns)))
    result = np.zeros(layer.output_shape, dtype=np.int64)
    for o, p, q in np.ndindex(*layer.output_shape):
        origin, total, group = origins[o], biases[o], o // (outputs // layer.groups)
        for c, r, s in window:
            y, x = p * layer.stride[0] + r - top, q * layer.stride[1] + s - left
            inside = 0 <= y < len(codes[0]) and 0 <= x < len(codes[0][0])
            a = codes[group * channels + c][y][x] if inside else first
            w = weights[o][c][r][s]
            total += multiplier[a, w] - first * (w - origin) - origin * a
        result[o, p, q] = total
    return result


def slow_codes(values, coded, low):
    """Nearest codes of one image, ties to even."""
    zero, scale = int(coded.zero_point), np.float32(coded.scale)
    codes = np.zeros(values.shape, dtype=np.int64)
    for place in np.ndindex(*values.shape):
        codes[place] = min(max(round(float(values[place] / scale)) + zero, low), coded.format.highest)
    return codes
