"""A quantized network as a graph of ONNX's integer operators, every layer's codes an output."""

from __future__ import annotations

import numpy as np

from archsim.workload import Op

MICROSOFT = "com.microsoft"


class Builder:
    """Collects nodes and constants; tensors are called as the layers."""

    def __init__(self, quantized):
        from onnx import helper

        self.helper, self.quantized = helper, quantized
        self.nodes, self.constants = [], []

    def model(self):
        from onnx import TensorProto

        helper, network = self.helper, self.quantized.network
        self.node("QuantizeLinear", ["images", *self.scale("input", self.quantized.coded["input"])], "input")
        for layer in network.layers:
            self.layer(layer)
        shape = ["n", *network.input_shape]
        outputs = [helper.make_empty_tensor_value_info(layer.name) for layer in self.outputs]
        graph = helper.make_graph(
            self.nodes,
            "integers",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
            outputs,
            self.constants,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    @property
    def outputs(self):
        return [layer for layer in self.quantized.network.layers if layer.op is not Op.SOFTMAX]

    def constant(self, name, values):
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def scale(self, name, coded):
        kind = np.int8 if coded.format.lowest < 0 else np.uint8
        count = coded.scale.size
        shape = (count,) if count > 1 else ()
        return [
            self.constant(f"{name}:scale{len(self.constants)}", coded.scale.reshape(shape)),
            self.constant(f"{name}:zero{len(self.constants)}", coded.zero_point.astype(kind).reshape(shape)),
        ]

    def coded(self, name, tensor=None):
        return [tensor or name, *self.scale(name, self.quantized.coded[name])]

    def node(self, kind, inputs, output, domain="", **attributes):
        self.nodes.append(self.helper.make_node(kind, inputs, [output], domain=domain, **attributes))

    def layer(self, layer):
        (source, *_), name = layer.inputs, layer.name
        into = self.scale(name, self.quantized.coded[name]) if layer.op is not Op.SOFTMAX else []
        fused = self.quantized.fused
        made = f"{name}:wide" if name in fused else name
        if layer.folded or name in fused.values():
            self.node("Identity", [source], name)
        elif layer.is_mac:
            (self.linear if layer.op is Op.LINEAR else self.convolution)(layer, into, made)
        elif layer.op is Op.ADD:
            pair = [*self.coded(layer.inputs[0]), *self.coded(layer.inputs[1])]
            self.node("QLinearAdd", [*pair, *into], made, MICROSOFT)
        elif layer.op is Op.MAX_POOL:
            self.node("MaxPool", [source], name, kernel_shape=layer.kernel, strides=layer.stride)
        elif layer.op is Op.AVERAGE_POOL:
            size = {"kernel_shape": layer.kernel, "strides": layer.stride}
            self.node("QLinearAveragePool", [*self.coded(source), *into], name, MICROSOFT, **size)
        else:
            assert layer.op is Op.SOFTMAX
        if name in fused:
            zero = self.constant(f"{name}:floor", self.quantized.coded[name].zero_point.astype(np.int8))
            self.node("Clip", [made, zero], name)

    def weights(self, layer, matrix=False):
        mac = self.quantized.macs[layer.name]
        codes = mac.codes.astype(np.int8)
        codes = codes.reshape(len(codes), -1) if matrix else codes
        return [self.constant(f"{layer.name}:weight", codes), *self.scale(layer.name, mac.weight)]

    def bias(self, layer):
        mac = self.quantized.macs[layer.name]
        return self.constant(f"{layer.name}:bias", mac.bias.astype(np.int32))

    def convolution(self, layer, into, made):
        operands = [*self.coded(layer.inputs[0]), *self.weights(layer), *into, self.bias(layer)]
        self.node(
            "QLinearConv",
            operands,
            made,
            pads=layer.padding,
            strides=layer.stride,
            dilations=layer.dilation,
            group=layer.groups,
        )

    def linear(self, layer, into, made):
        (source,) = layer.inputs
        self.node("Flatten", [source], f"{layer.name}:flat")
        operands = [*self.coded(source, f"{layer.name}:flat"), *self.weights(layer, matrix=True)]
        self.node("QGemm", [*operands, self.bias(layer), *into], made, MICROSOFT, transB=1)
