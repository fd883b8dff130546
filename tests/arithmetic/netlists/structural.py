"""Run the structural Verilog of `Module` without a synthesis tool: every expression is one of numpy's."""

from __future__ import annotations

import re

import numpy as np

LINE = re.compile(r"(?:wire|assign) (\w+) = (.*);")


def run(verilog: str, operands: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Values of the output ports for operands by input port."""
    size = len(next(iter(operands.values())))
    nets: dict[str, object] = {
        port: [values >> place & 1 == 1 for place in range(64)] for port, values in operands.items()
    }
    nets |= {"where": np.where, "low": np.zeros(size, bool), "high": np.ones(size, bool)}
    outputs = {}
    for name, expression in LINE.findall(verilog):
        nets[name] = eval(_python(expression), {}, nets)
        if isinstance(nets[name], list):
            outputs[name] = sum(bit.astype(np.int64) << i for i, bit in enumerate(reversed(nets[name])))
    return outputs


def _python(expression: str) -> str:
    text = expression.replace("1'b0", "low").replace("1'b1", "high")
    text = re.sub(r"^(\S+) \? (\S+) : (\S+)$", r"where(\1, \2, \3)", text)
    return text.replace("{", "[").replace("}", "]")
