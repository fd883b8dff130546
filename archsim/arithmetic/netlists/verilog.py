"""Write structural Verilog: nets named one by one, so that the text fixes the structure of a design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

LOW: Final = "1'b0"
HIGH: Final = "1'b1"


class Module:
    """A Verilog module under construction; methods add gates and return the nets that they drive."""

    def __init__(self, name: str, inputs: Mapping[str, int]) -> None:
        """Open a module with input ports by width."""
        self.name = name
        self._inputs = dict(inputs)
        self._lines: list[str] = []

    def port(self, name: str) -> list[str]:
        """Return the bits of an input port, the least significant first."""
        return [f"{name}[{place}]" for place in range(self._inputs[name])]

    def net(self, expression: str) -> str:
        """Return a new net with the value of a Verilog expression."""
        name = f"n{len(self._lines)}"
        self._lines.append(f"wire {name} = {expression};")
        return name

    def both(self, *bits: str) -> str:
        """Return the AND of bits."""
        return LOW if LOW in bits else self.net(" & ".join(bits))

    def either(self, *bits: str) -> str:
        """Return the OR of bits."""
        present = [bit for bit in bits if bit != LOW]
        return self.net(" | ".join(present)) if present else LOW

    def parity(self, *bits: str) -> str:
        """Return the XOR of bits."""
        present = [bit for bit in bits if bit != LOW]
        return self.net(" ^ ".join(present)) if present else LOW

    def inverse(self, bit: str) -> str:
        """Return the complement of a bit."""
        return self.net(f"~{bit}")

    def choice(self, select: str, high: str, low: str) -> str:
        """Return `high` where `select` is 1, else `low`."""
        return self.net(f"{select} ? {high} : {low}")

    def add(self, *bits: str) -> tuple[str, str]:
        """Return sum and carry of up to three bits: a full adder, a half adder, or nothing to add.

        The full adder is two half adders whose carries are joined.
        """
        present = [bit for bit in bits if bit != LOW]
        if len(present) < 2:
            return (present[0] if present else LOW), LOW
        first, carry = self.parity(*present[:2]), self.both(*present[:2])
        if len(present) == 2:
            return first, carry
        return self.parity(first, present[2]), self.either(carry, self.both(first, present[2]))

    def ripple(self, left: Sequence[str], right: Sequence[str], carry: str = LOW) -> list[str]:
        """Return the sum of two numbers by a ripple-carry adder, the carry out as its highest bit."""
        sums = []
        for place in range(max(len(left), len(right))):
            bits = [number[place] for number in (left, right) if place < len(number)]
            total, carry = self.add(*bits, carry)
            sums.append(total)
        return [*sums, carry]

    def text(self, **outputs: Sequence[str]) -> str:
        """Return the finished module with output ports of the given bits, the least significant first."""
        ports = [f"input [{width - 1}:0] {name}" for name, width in self._inputs.items()]
        ports += [f"output [{len(bits) - 1}:0] {name}" for name, bits in outputs.items()]
        assigned = [f"assign {name} = {{{', '.join(reversed(bits))}}};" for name, bits in outputs.items()]
        return "\n".join([f"module {self.name}({', '.join(ports)});", *self._lines, *assigned, "endmodule\n"])
