import json
import sys

import pytest

from archsim.arithmetic.netlists import synthesis
from archsim.arithmetic.netlists.evaluation import evaluate
from archsim.arithmetic.netlists.gates import GATES
from archsim.arithmetic.netlists.synthesis import is_available, read_json, synthesised, tool_version
from archsim.errors import InputError

needs_yosys = pytest.mark.skipif(
    not is_available(), reason="synthesis needs yosys: pip install archsim[netlist]"
)


def written(cells, **ports):
    """A module in yosys' JSON form with one-letter inputs and outputs by their bits."""
    inputs = {name: {"direction": "input", "bits": bits} for name, bits in ports.items() if name != "y"}
    module = {"ports": inputs | {"y": {"direction": "output", "bits": ports["y"]}}, "cells": cells}
    return {"modules": {"design": module}}


def cell(kind, **pins):
    return {"type": kind, "connections": {pin: [net] for pin, net in pins.items()}}


def test_yosys_json_is_read():
    cells = {"second": cell("$_NOT_", A=5, Y=6), "first": cell("$_MUX_", A=2, B=3, S=4, Y=5)}
    netlist = read_json(written(cells, a=[2], b=[3], s=[4], y=[6, "1"]), "design", "mul.v")
    assert [gate.kind for gate in netlist.gates] == ["MUX", "NOT"]
    values = evaluate(netlist, {"a": [0, 1, 0, 1], "b": [1, 1, 0, 0], "s": [0, 0, 1, 1]})["y"]
    assert values.tolist() == [3, 2, 3, 3]


@pytest.mark.parametrize(
    ("cells", "bits", "message"),
    [
        (
            {"f": cell("$_DFF_P_", D=2, C=2, Q=3, Y=3)},
            [3],
            r"mul.v: holds a \$_DFF_P_, so it is not combinational",
        ),
        ({}, ["x"], "mul.v: a bit is undriven or unknown"),
        ({}, [7], "mul.v: design: a net has no driver"),
    ],
)
def test_what_is_not_combinational_is_refused(cells, bits, message):
    with pytest.raises(InputError, match=message):
        read_json(written(cells, a=[2], y=bits), "design", "mul.v")


def test_ports_that_are_neither_inputs_nor_outputs_are_refused():
    module = written({}, a=[2], y=[2])
    module["modules"]["design"]["ports"]["a"]["direction"] = "in" + "out"
    with pytest.raises(InputError, match="neither inputs nor outputs"):
        read_json(module, "design", "mul.v")


def test_without_yosys_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(synthesis, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match=r"pip install 'archsim\[netlist\]'"):
        synthesised("module unheard_of; endmodule", "unheard_of")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_one_text_is_synthesised_once(monkeypatch):
    calls = []

    def stand_in(arguments, folder):
        calls.append(arguments)
        content = written({}, a=[2], y=[2])
        with open(f"{folder}/netlist.json", "w") as file:
            json.dump(content, file)
        return synthesis.subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(synthesis, "is_available", lambda: True)
    monkeypatch.setattr(synthesis, "_yosys", stand_in)
    texts = ["// one design", "// one design", "// another"]
    netlists = [synthesised(text, "design") for text in texts]
    assert netlists[0] is netlists[1]
    assert len(calls) == 2


@pytest.mark.parametrize("top", ["", "a b", "x; shell rm", "1st"])
def test_the_name_of_the_module_cannot_hold_a_command(top, monkeypatch):
    monkeypatch.setattr(synthesis, "is_available", lambda: True)
    with pytest.raises(InputError, match="not the name of a Verilog module"):
        synthesised("", top)


@needs_yosys
class TestYosys:
    def test_names_its_version(self):
        assert tool_version().startswith("yosys 0.")

    def test_maps_behavioural_verilog_to_our_gates(self):
        text = "module m(input [3:0] a, input [3:0] b, output [7:0] p); assign p = a * b; endmodule"
        netlist = synthesised(text, "m")
        assert netlist.counts().keys() <= GATES.keys()
        assert evaluate(netlist, {"a": 13, "b": 11})["p"] == 143

    def test_flattens_a_hierarchy(self):
        text = (
            "module inner(input x, output y); assign y = ~x; endmodule\n"
            "module m(input a, output p); wire w; inner one(a, w); inner two(w, p); endmodule"
        )
        assert synthesised(text, "m").counts() == {}

    def test_the_same_text_gives_the_same_netlist(self):
        text = "module m(input [3:0] a, input [3:0] b, output [7:0] p); assign p = a * b + a; endmodule"
        first = synthesised(text, "m", "one.v")
        assert synthesised(text, "m", "two.v") == first

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("module m(input a, output p); assign p = a & ; endmodule", "mul.v:1: ERROR: syntax error"),
            ("module n(input a, output p); assign p = a; endmodule", "mul.v: ERROR: Module `m' not found"),
            ("module m(input a, output p); foo u(a, p); endmodule", r"ERROR: Module `\\foo' referenced"),
            ("module m(input c, input d, output reg q); always @(posedge c) q<=d; endmodule", "mul.v: hold"),
            ("module m(input a, output p); endmodule", "mul.v: m: a net has no driver"),
            ("", "mul.v"),
            ("module m(input a, output p); `include \"/etc/passwd\"\nendmodule", "mul.v"),
        ],
    )  # fmt: skip
    def test_bad_designs_are_one_clear_error(self, text, message):
        with pytest.raises(InputError, match=message) as caught:
            synthesised(text, "m", "mul.v")
        assert "\n" not in str(caught.value)
