"""Text of the page that compares archsim with published figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from doc_tables import figure, markdown
from validation.rows import LARGE, Basis, Row, Section

_DIGITS, _MOST_DIGITS = 4, 6
"""Significant digits of our figures, at the least and at the most."""

_BASES: Mapping[Basis, str] = {
    "validation": "no figure of this table set a constant of archsim.",
    "implementation": (
        "archsim has the same formulas or constants: this shows that they are written down right, not that "
        "they are true."
    ),
    "calibration": "figures of this table set or bounded constants of archsim: agreement shows nothing.",
}

_INTRODUCTION = """\
# Validation

Every figure of a paper, chip, data sheet or other simulator that archsim has a counterpart for, ours
beside it, and the difference. Rows are not chosen by how they look.

```sh
make validation
```

writes this page and its picture again. Do not edit it: each reference is one file in
`scripts/validation/`, and the tests check that the page is what those files give.

## How to read it

- **reference** is the figure as printed, **archsim** is ours, **difference** is archsim / reference - 1.
  Differences above 10 % are bold.
- **why** is the number of a sentence below the table. Each difference above 10 % has one.
- **What agreement says** depends on where our figure comes from: *validation*: no figure of the table
  set a constant of archsim; *implementation*: archsim has the same formulas or constants, so agreement
  shows only that they are written down right; *calibration*: figures of the table set or bounded
  constants of archsim, so agreement shows nothing.
- The tags of the sources are those of [index.md](index.md#how-to-read-the-numbers). An [abs] figure was
  read in an abstract only, and its conditions are not known.

## Summary

The largest difference stands with its row. Means hide much: read the sections.
"""

_PICTURE = """
![Reference and archsim, and their ratio](figures/validation.png)

Above: archsim against the reference, each in its own unit. Below: their ratio; the dark band is 10 %, the
light one 25 %. Figures of zero cannot be drawn.
"""

_NOT_COMPARED = """
## What is not compared

References that archsim has no counterpart for, or whose figures it ships as its own table:

- **CACTI 7, SRAM**: archsim ships the table; on its rows the difference is zero
  ([models/sram.md](models/sram.md)).
- **Stillmaker and Baas, scaling of logic**: archsim ships the polynomials and the area table; tests
  compare all printed factors ([models/technology.md](models/technology.md)).
- **OPTIMA's product codes** and their spread: the model of the bit line gives voltages and energies; the
  codes need OPTIMA's converter with its offset, which archsim does not have.
- **DRAM timing between commands**, command order and latency under load: the DRAM model has no commands
  in time ([models/dram.md](models/dram.md)).
- **Precharge standby, power-down and self-refresh** of DRAM, GDDR5, HBM2, LPDDR5, HMC, HBM-PIM, GDDR6-AiM
  and UPMEM: no such state or part.
- **Non-volatile memories, approximate SRAM, retention errors**: no such model.
- **Power and area of approximate adders**, and of multipliers whose circuits archsim does not have.
- **Accuracy** of networks and of run-time adaptation: outputs are not computed in this version.
- **Simba, Eyeriss v2, WAX**: chiplets, sparse processing and another memory hierarchy, known by abstracts
  only.
"""


def page_text(sections: Sequence[Section]) -> str:
    """Return the page; the same sections give the same bytes."""
    parts = [_INTRODUCTION, _summary(sections), _PICTURE, *map(_section, sections), _NOT_COMPARED]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _summary(sections: Sequence[Section]) -> str:
    header = ["reference", "says", "figures", "within 10 %", "mean difference", "largest", "of"]
    return markdown(header, map(_summary_row, sections))


def _summary_row(section: Section) -> list[str]:
    # Rounded, so that the last bit of a float cannot choose between equal rows.
    worst = max(section.rows, key=lambda row: round(abs(row.difference), 6))
    within = sum(abs(row.difference) <= LARGE for row in section.rows)
    return [
        f"[{section.title}](#{anchor(section.title)})",
        section.basis,
        str(len(section.rows)),
        str(within),
        percent(section.mean_absolute_difference()).lstrip("+"),
        percent(worst.difference),
        worst.quantity if percent(worst.difference) != percent(0) else "-",
    ]


def anchor(title: str) -> str:
    """Return the anchor that a heading gets on the usual sites."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _section(section: Section) -> str:
    sentences = list(dict.fromkeys(_sentence(row.why) for row in section.rows if row.why))
    rows = [_cells(row, sentences) for row in section.rows]
    table = markdown(["quantity", "unit", "reference", "archsim", "difference", "why"], rows)
    notes = "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(sentences, 1))
    parts = [
        f"## {section.title}",
        f"Source: {_sentence(section.source)}",
        _sentence(section.intro),
        f"*{section.basis.capitalize()}*: {_BASES[section.basis]}",
        table,
        *([notes] if notes else []),
    ]
    return "\n\n".join(parts)


def _cells(row: Row, sentences: Sequence[str]) -> list[str]:
    shown = percent(row.difference)
    return [
        row.quantity,
        row.unit,
        reference_figure(row.reference),
        our_figure(row),
        f"**{shown}**" if abs(row.difference) > LARGE else shown,
        str(sentences.index(_sentence(row.why)) + 1) if row.why else "",
    ]


def _sentence(text: str) -> str:
    """Return the text in one line, with a full stop."""
    line = " ".join(text.split())
    return line if line.endswith((".", "!", "?", ")")) else f"{line}."


def reference_figure(value: float) -> str:
    """Return a published figure with its own digits, six at the most."""
    return figure(value, _printed_digits(value))


def our_figure(row: Row) -> str:
    """Return our figure with four digits, or as many as the reference has; a whole number in full."""
    value = float(f"{row.ours:.12g}")
    return (
        f"{value:,.0f}" if value.is_integer() else figure(value, max(_DIGITS, _printed_digits(row.reference)))
    )


def percent(difference: float) -> str:
    """Return a relative difference in percent: one decimal, none from 100 % on."""
    if abs(difference) < 0.0005:
        return "0.0 %"
    return f"{difference * 100:+,.{0 if abs(difference) >= 1 else 1}f} %"


def _printed_digits(value: float) -> int:
    mantissa = f"{abs(value):.15g}".partition("e")[0].replace(".", "").strip("0")
    return min(max(len(mantissa), 1), _MOST_DIGITS)
