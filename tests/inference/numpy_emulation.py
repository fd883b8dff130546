"""A network with int8 weights and activations and reals between in plain NumPy: nothing of archsim computes.

Inputs and weights of every convolution are round(value / scale), half to even, in float32, scale = largest
magnitude / 127; biases are rounded to input scale x weight scale; sums are exact. Written for MobileNet v1:
convolutions, ReLU6 and one average.
"""

import numpy as np


class Emulation:
    """Convolutions as sums over the kernel's places, in float64, which holds every sum exactly."""

    def __init__(self, network, parameters, images, *, per_channel):
        self.network, self.parameters, self.per_channel = network, parameters, per_channel
        self.largest = {}
        for batch in images.batches(25):
            self.run(batch.values, self.observed)
        self.codes = {name: self.quantized(name) for name in self.largest}

    def observed(self, layer, values):
        seen = float(np.abs(values).max())
        self.largest[layer.name] = max(seen, self.largest.get(layer.name, 0.0))
        own = self.parameters[layer.name]
        return convolved(layer, values, own.weight) + own.bias[:, None, None]

    def quantized(self, name):
        own = self.parameters[name]
        size = np.abs(own.weight).reshape(len(own.weight), -1).max(axis=1)
        size = np.where(size > 0, size, 1) if self.per_channel else np.full_like(size, size.max())
        step = (size / np.float32(127)).astype(np.float32)
        into = np.float32(np.float32(self.largest[name]) / np.float32(127))
        unit = np.float64(into) * step.astype(np.float64)
        weight = np.rint(own.weight / step[:, None, None, None]).astype(np.float64)
        return into, weight, np.rint(own.bias / unit), (into * step)[:, None, None]

    def in_codes(self, layer, values):
        into, weight, bias, unit = self.codes[layer.name]
        codes = np.clip(np.rint(values / into), -128, 127).astype(np.float64)
        sums = convolved(layer, codes, weight) + bias[:, None, None]
        return sums.astype(np.float32) * unit

    def run(self, values, convolution):
        for layer in self.network.layers:
            if layer.is_mac:
                values = convolution(layer, values).astype(np.float32)
            elif layer.op.value == "activation":
                values = np.clip(values, 0, 6)
            else:
                assert layer.op.value == "global_average_pool"
                values = values.mean(axis=(2, 3), keepdims=True, dtype=np.float32)
        return values.reshape(len(values), -1)

    def classes(self, images):
        found = [self.run(batch.values, self.in_codes).argmax(axis=1) for batch in images.batches(25)]
        return np.concatenate(found)


def convolved(layer, values, weight):
    """Sums of a full or a depthwise convolution."""
    top, left, bottom, right = layer.padding
    padded = np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)))
    _, rows, columns = layer.output_shape
    total = 0
    for row in range(layer.kernel[0]):
        for column in range(layer.kernel[1]):
            (down, along), tap = layer.stride, weight[:, :, row, column]
            seen = padded[:, :, row : row + down * rows : down, column : column + along * columns : along]
            seen = seen[:, :, :rows, :columns]
            if layer.groups > 1:
                total = total + seen * tap[:, 0, None, None]
            else:
                flat = np.ascontiguousarray(seen).reshape(*seen.shape[:2], -1)
                total = total + (tap @ flat).reshape(len(seen), len(tap), rows, columns)
    return total
