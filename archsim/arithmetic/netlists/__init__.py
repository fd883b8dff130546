"""Gate netlists: written as structural Verilog, synthesised, evaluated bit-parallel, measured."""
