import numpy as np
import pytest
from pydantic import ValidationError

from archsim.arithmetic.multipliers.netlist import NetlistMultiplier
from archsim.arithmetic.multipliers.truncated import Truncated
from archsim.arithmetic.netlist_costs import Design, netlist_cost
from archsim.arithmetic.netlists import synthesis
from archsim.arithmetic.netlists.exact_array import exact_verilog
from archsim.arithmetic.netlists.synthesis import is_available
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture

needs_yosys = pytest.mark.skipif(
    not is_available(), reason="synthesis needs yosys: pip install archsim[netlist]"
)

DROPPED = """
module trunc2(input [7:0] x, input [7:0] w, output [15:0] r);
  wire [15:0] lost = (x[0] & w[0]) + 2 * ((x[1] & w[0]) + (x[0] & w[1]));
  assign r = x * w - lost;
endmodule
"""


@pytest.fixture
def verilog(tmp_path):
    def write(text, name="mul.v"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_without_yosys_the_extra_is_named(verilog, monkeypatch):
    monkeypatch.setattr(synthesis, "find_spec", lambda _name: None)
    with pytest.raises(ValidationError, match=r"pip install 'archsim\[netlist\]'"):
        NetlistMultiplier(file=verilog("module never_seen; endmodule"), top="never_seen")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValidationError, match=r"gone\.v: no such file"):
        NetlistMultiplier(file=str(tmp_path / "gone.v"), top="m")


@needs_yosys
class TestDesign:
    def test_behavioural_verilog_is_the_design_that_it_describes(self, verilog):
        design = NetlistMultiplier(
            file=verilog(DROPPED), top="trunc2", a_port="x", b_port="w", product_port="r"
        )
        assert (design.table() == Truncated(columns=2, signed=False).table()).all()

    @pytest.mark.parametrize("signed", [False, True])
    @pytest.mark.parametrize("width", [2, 5, 8, 11])
    def test_the_exact_array_is_exact_and_costs_itself(self, width, signed, verilog):
        text = exact_verilog(width, signed=signed)
        design = NetlistMultiplier(file=verilog(text), top="exact", signed=signed)
        assert design.bits == width
        a, b = np.random.default_rng(7).integers(design.lowest, design.highest + 1, (2, 5000))
        assert (design.products(a, b) == a * b).all()
        cost = design.relative_cost()
        assert (cost.energy, cost.delay, cost.area) == (1, 1, 1)

    def test_a_shipped_design_costs_what_its_row_says(self, verilog):
        from netlists.designs import TOP
        from netlists.designs import verilog as shipped

        text = shipped("drum", {"k": 4}, 8, signed=False)
        found = NetlistMultiplier(file=verilog(text), top=TOP).relative_cost()
        row = netlist_cost(Design("drum", "k=4", 8, False))
        assert found.area == row.area
        assert (found.energy, found.delay) == pytest.approx((row.energy, row.delay), rel=1e-5)

    def test_one_file_is_synthesised_and_measured_once(self, verilog, monkeypatch):
        file = verilog(exact_verilog(3, signed=False) + "// another text than that of other tests\n")
        first = NetlistMultiplier(file=file, top="exact")
        cost, table = first.relative_cost(), first.table()
        monkeypatch.setattr(synthesis, "_yosys", None)
        again = NetlistMultiplier(file=file, top="exact").fitted(3, signed=False)
        assert again.relative_cost() == cost
        assert (again.table() == table).all()

    def test_the_operand_order_is_the_circuit_s(self, verilog):
        text = "module m(input [3:0] a, input [3:0] b, output [7:0] p); assign p = a * b[3:1]; endmodule"
        design = NetlistMultiplier(file=verilog(text), top="m", split="activation")
        assert design.product(3, 2) == 3
        assert design.layer_products([2], [3]).tolist() == [3]

    @pytest.mark.parametrize(
        ("fields", "text", "message"),
        [
            ({}, "input [3:0] a, input [2:0] b, output [6:0] p", "its ports have 4, 3, 7 bits"),
            ({"width": 8}, "input [3:0] a, input [3:0] b, output [7:0] p", "its ports have 4, 4, 8 bits"),
            ({}, "input [3:0] a, input [3:0] c, output [7:0] p", r"a_port.*has inputs a, c"),
            ({}, "input [3:0] a, input [3:0] b, output [7:0] q", r"product_port.*has outputs q"),
            ({"b_port": "a"}, "input [3:0] a, input [3:0] b, output [7:0] p", "has inputs a, b"),
        ],
    )
    def test_ports_that_do_not_fit_are_named(self, fields, text, message, verilog):
        output = text.split()[-1]
        body = f"module m({text}); assign {output} = 0; endmodule"
        with pytest.raises(ValidationError, match=message):
            NetlistMultiplier(file=verilog(body), top="m", **fields)

    def test_a_unit_of_another_width_refuses_it(self, verilog):
        design = NetlistMultiplier(file=verilog(exact_verilog(4, signed=False)), top="exact")
        with pytest.raises(ValueError, match="its ports have 4, 4, 8 bits"):
            design.fitted(8, signed=False)

    def test_yosys_message_keeps_file_and_line(self, verilog):
        with pytest.raises(ValidationError, match=r"mul\.v:2: ERROR: syntax error"):
            NetlistMultiplier(file=verilog("module m(input a);\nassign = ;\nendmodule"), top="m")

    def test_an_error_in_an_architecture_has_its_place(self, tmp_path, verilog):
        verilog("module m(input a, output p); assign p = ; endmodule")
        (tmp_path / "arch.yaml").write_text(
            "extends: von_neumann.yaml\n"
            "compute:\n  npu:\n    multiplier: {kind: netlist, file: mul.v, top: m}\n"
        )
        with pytest.raises(InputError, match=r"arch\.yaml:4:\d+: compute\.npu\.multiplier\.file: .*ERROR"):
            Architecture.load(tmp_path / "arch.yaml")
