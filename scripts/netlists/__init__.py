"""Structural Verilog of the multipliers that archsim ships, to be measured gate by gate."""
