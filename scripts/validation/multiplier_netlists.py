"""Costs of approximate multipliers by their netlists, beside those that were published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.netlist_costs import netlist_cost, parameter_text, Design
from archsim.registry import create
from netlists.parameters import CDM16_CODES, cdm16_parameters
from validation.rows import Row, Section


def _row_texts() -> None: ...
