"""A multiplier given as Verilog: what its gates compute and what they cost."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field, PrivateAttr, model_validator

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.multipliers.base import TABLE_BITS, Integers, SplittingMultiplier
from archsim.arithmetic.netlist_costs import relative
from archsim.arithmetic.netlists.evaluation import evaluate
from archsim.arithmetic.netlists.exact_array import NAME, exact_verilog
from archsim.arithmetic.netlists.figures import figures
from archsim.arithmetic.netlists.netlist import Netlist
from archsim.arithmetic.netlists.synthesis import synthesised, tool_version
from archsim.config import NamedFile
from archsim.config.loader import read_text
from archsim.errors import InputError


class NetlistMultiplier(SplittingMultiplier, kind="netlist"):
    """A combinational Verilog design, synthesised by yosys to two-input gates and evaluated bit by bit.

    Cost: its transistors, its longest path and the capacitance that its nets charge over uniform operands,
    each over that of an exact carry-save array (Baugh-Wooley if signed) of the same width, synthesised with
    the same recipe. Wires, leakage and sizing of gates are left out, and glitches too: the source of the cost
    tells the energy with them, see :mod:`archsim.arithmetic.netlists.glitches`. Needs yosys: ``pip install
    'archsim[netlist]'``.
    """

    file: NamedFile
    """Verilog file, relative to the configuration, else to the working directory; it includes no others."""

    top: str = Field(min_length=1, examples=["exact"])
    """Name of the module."""

    a_port: str = "a"
    """Input port of the first operand, as many bits as the design's operands have."""

    b_port: str = "b"
    """Input port of the second operand, as wide."""

    product_port: str = "p"
    """Output port of the product, twice as wide; in two's complement if the design is signed."""

    _text: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _check_design(self) -> Self:
        self._text = _read(self.file)
        inputs, outputs = self._netlist.inputs, self._netlist.outputs
        if self.a_port == self.b_port or set(inputs) != {self.a_port, self.b_port}:
            raise InputError(
                f"{self.top} has inputs {', '.join(inputs)}: expected the operands", field="a_port"
            )
        if set(outputs) != {self.product_port}:
            raise InputError(
                f"{self.top} has outputs {', '.join(outputs)}: expected one", field="product_port"
            )
        found = len(inputs[self.a_port]), len(inputs[self.b_port]), len(outputs[self.product_port])
        if self.bits not in self.widths or found != (self.bits, self.bits, 2 * self.bits):
            ports = ", ".join(map(str, found))
            raise InputError(
                f"its ports have {ports} bits: expected N, N and 2 N for N-bit operands", field="top"
            )
        return self

    @property
    def bits(self) -> int:
        """Bits of each operand, sign included: as stated, else as the port has."""
        return self.width if self.width is not None else len(self._netlist.inputs[self.a_port])

    @property
    def content_hash(self) -> str:
        """SHA-256 of the file's text, hexadecimal."""
        return sha256(self._text.encode()).hexdigest()

    def described(self) -> str:
        """Return the file, its hash and the module as one line of text."""
        operands = f"{'signed' if self.is_signed else 'unsigned'} {self.bits}-bit"
        parts = [Path(self.file).name, f"sha256 {self.content_hash[:16]}", f"module {self.top}", operands]
        return f"{self.kind} ({', '.join(parts)})"

    def _products(self, a: Integers, b: Integers) -> Integers:
        if self.bits > TABLE_BITS:
            bits = evaluate(self._netlist, {self.a_port: a, self.b_port: b})[self.product_port]
        else:
            mask = (1 << self.bits) - 1
            bits = _table(self._text, self.top, self.file, (self.a_port, self.b_port, self.product_port))[
                a & mask, b & mask
            ]
        if not self.is_signed:
            return bits
        half = 1 << (2 * self.bits - 1)
        return np.asarray((bits ^ half) - half, dtype=np.int64)

    def _published_cost(self) -> RelativeCost:
        return _cost(self._text, self.top, self.file, self.bits, self.is_signed)

    @property
    def _netlist(self) -> Netlist:
        return _synthesised(self._text, self.top, self.file)


def _read(file: str) -> str:
    try:
        return read_text(Path(file))
    except InputError as error:
        raise InputError(f"{file}: {error.message}", field="file") from error


def _synthesised(text: str, top: str, file: str) -> Netlist:
    try:
        return synthesised(text, top, file)
    except InputError as error:
        raise InputError(error.message, field=error.field or "file") from error


@lru_cache(maxsize=64)
def _cost(text: str, top: str, file: str, bits: int, signed: bool) -> RelativeCost:
    """Return the cost of a design: measured once in a process, asked for once per layer and more."""
    exact = synthesised(exact_verilog(bits, signed=signed), NAME)
    return relative(figures(_synthesised(text, top, file)), figures(exact), tool_version())


@lru_cache(maxsize=16)
def _table(text: str, top: str, file: str, ports: tuple[str, str, str]) -> Integers:
    """Return all products of a narrow design by the bits of its operands: computed once, looked up after."""
    netlist = _synthesised(text, top, file)
    a, b, product = ports
    values = np.arange(1 << len(netlist.inputs[a]), dtype=np.int64)
    left, right = np.broadcast_arrays(values[:, None], values[None, :])
    return evaluate(netlist, {a: left, b: right})[product]
