"""Each layer of a graph in QuantizeLinear and DequantizeLinear form as a graph of its own, on codes alone."""

from __future__ import annotations

import numpy as np

from archsim.workload import Op


class QdqLayers:
    """The stored tensors of a graph, in order: the images' codes, then those of one layer after another."""

    def __init__(self, path):
        import onnx
        from onnx.utils import Extractor

        model = onnx.shape_inference.infer_shapes(onnx.load(path))
        self.extractor = Extractor(model)
        self.makers = {name: node for node in model.graph.node for name in node.output}
        self.stored = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"]

    def sources(self, stored):
        """Return the stored tensors that a stored tensor is made of."""
        return list(dict.fromkeys(name for name, _ in self._read(self.makers[stored].input[0])))

    def weight(self, stored):
        """Return the name of the weights it is made with, or None."""
        names = [weight for _, weight in self._read(self.makers[stored].input[0]) if weight]
        return names[0] if names else None

    def _read(self, name):
        """Yield each stored tensor above a float tensor, with the weights of the node that reads it."""
        node = self.makers.get(name)
        if node is None:
            return
        if node.op_type == "DequantizeLinear":
            if node.input[0] in self.makers:
                yield node.input[0], None
            return
        weight = None
        if node.op_type in {"Conv", "Gemm"}:
            weight = self.makers[node.input[1]].input[0].removesuffix(".weight")
        for source in node.input:
            for found, below in self._read(source):
                yield found, weight or below

    def session(self, stored, *, optimised, saved=None):
        """Return ONNX Runtime's session from the codes that a layer reads to the codes that it makes.

        Parameters
        ----------
        optimised
            Whether operators between Dequantize- and QuantizeLinear become one on integers.
        saved
            File for the graph that is run.
        """
        import onnxruntime as runtime

        levels = runtime.GraphOptimizationLevel
        settings = runtime.SessionOptions()
        settings.graph_optimization_level = (
            levels.ORT_ENABLE_EXTENDED if optimised else levels.ORT_DISABLE_ALL
        )
        # Off by default on x86.
        settings.add_session_config_entry("session.qdqisint8allowed", "1")
        settings.intra_op_num_threads = 1
        if saved is not None:
            settings.optimized_model_filepath = str(saved)
        model = self.extractor.extract_model(self.sources(stored), [stored])
        return runtime.InferenceSession(
            model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
        )

    def operators(self, stored, path):
        """Return the operators that are left after ONNX Runtime's optimisation."""
        import onnx

        self.session(stored, optimised=True, saved=path)
        return [node.op_type for node in onnx.load(path).graph.node]


def stored_layers(network):
    """Return the layers whose outputs are stored as codes, activations being fused."""
    return [
        layer for layer in network.layers if not layer.folded and layer.op not in {Op.ACTIVATION, Op.SOFTMAX}
    ]


def differences(layers, network, codes, *, optimised):
    """Return |ours - theirs| of every layer, each run on our codes of its inputs.

    Parameters
    ----------
    codes
        Ours of one batch, by layer and ``input``.
    """
    made = [codes["input"], *(codes[layer.name] for layer in stored_layers(network))]
    ours = dict(zip(layers.stored, made, strict=True))
    found = {}
    for stored, layer in zip(layers.stored[1:], stored_layers(network), strict=True):
        expected_weight = network.name_in_weights(layer.name) if layer.is_mac else None
        assert layers.weight(stored) == expected_weight
        session = layers.session(stored, optimised=optimised)
        fed = {name: ours[name] for name in layers.sources(stored)}
        (theirs,) = session.run(None, fed)
        mine = ours[stored].reshape(theirs.shape)
        found[layer.name] = np.abs(mine.astype(np.int16) - theirs.astype(np.int16))
    return found
