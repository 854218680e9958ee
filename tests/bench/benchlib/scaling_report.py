# SPDX-License-Identifier: MIT
"""The report of scaling.json: tables, the costs that grow, and a chart for each dimension."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import host
from .charts import COLOURS, quoted
from .plan import KIB, MIB
from .table import align

# A cost has grown when it is more than this multiple of the cost at any smaller input.
TOLERANCE = 1.10
KINDS = {"registered": "registered", "plain": "plain", "kept": "registered, all kept"}
COLOUR = {kind: COLOURS[column] for kind, column in (("registered", "registered"), ("plain", "plain"), ("kept", "linux-best"))}


@dataclass(frozen=True)
class Dimension:
    """The quantity that changes, and the cost that must not grow with it."""
    name: str
    axis: str
    constant: str           # the quantities that do not change
    cost: str = "ns_per_request"
    is_size: bool = False   # its values are bytes
    note: str = ""

    def label(self, value: int) -> str:
        if not self.is_size:
            return str(value)
        for unit, name in ((KIB * MIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
            if value >= unit:
                return f"{value // unit} {name}"
        return f"{value} B"


DIMENSIONS = [
    Dimension("queues", "queues", "4 KiB random reads, 4 threads of depth 32"),
    Dimension("disks", "disks, all at once", "4 KiB random reads, depth 32 on each"),
    Dimension("depth", "requests in flight", "4 KiB random reads"),
    Dimension("size", "size of a request", "reads in order, depth 2", cost="ns_per_byte", is_size=True,
              note="blkback keeps 1056 grants of a queue mapped (max_persistent_grants), of which registered buffers may have\n"
                   "768: 3 MiB. What is beyond them is copied. In the columns \"all kept\" it keeps as many as there are."),
    Dimension("memory", "memory of the guest", "4 KiB random reads, depth 32", is_size=True),
]


def costs(scaling: dict[str, Any], dimension: Dimension, buffers: str, cost: str = "") -> dict[int, float]:
    """By value, ascending."""
    found = {point["value"]: point[cost or dimension.cost] for point in scaling["points"]
             if (point["dimension"], point["buffers"]) == (dimension.name, buffers)}
    return dict(sorted(found.items()))


def _buffers(scaling: dict[str, Any], dimension: Dimension) -> list[str]:
    return list(dict.fromkeys(point["buffers"] for point in scaling["points"] if point["dimension"] == dimension.name))


def judge(scaling: dict[str, Any]) -> list[dict[str, Any]]:
    """For each dimension and kind of buffers: the largest rise from any value to any greater one."""
    found = []
    for dimension in DIMENSIONS:
        for buffers in _buffers(scaling, dimension):
            by_value = costs(scaling, dimension, buffers)
            values = list(by_value)
            rises = [(by_value[to] / by_value[frm], frm, to) for index, frm in enumerate(values) for to in values[index + 1:]]
            if not rises:
                continue
            worst, frm, to = max(rises)
            found.append({"dimension": dimension.name, "buffers": buffers, "cost": dimension.cost, "worst": round(worst, 3),
                          "from": frm, "to": to, "ends": round(by_value[values[-1]] / by_value[values[0]], 3),
                          "holds": worst <= TOLERANCE})
    return found


def _table(scaling: dict[str, Any], dimension: Dimension) -> list[str]:
    shown = ["ns_per_request"] if dimension.cost == "ns_per_request" else ["ns_per_request", dimension.cost]
    rows, columns = [[dimension.axis]], []
    for buffers in _buffers(scaling, dimension):
        rows[0] += [f"{KINDS[buffers]}: ns/request", "ns/byte"][:len(shown)]
        columns += [(cost, costs(scaling, dimension, buffers, cost)) for cost in shown]
    for value in sorted({value for _, column in columns for value in column}):
        rows.append([dimension.label(value), *(_figure(column.get(value), cost) for cost, column in columns)])
    return align(rows)


def _figure(value: float | None, cost: str) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if cost == "ns_per_request" else f"{value:.3f}"


def _verdict(item: dict[str, Any]) -> str:
    dimension = next(one for one in DIMENSIONS if one.name == item["dimension"])
    what = f"{item['cost'].replace('ns_per_', 'cost per ')}, {item['dimension']}, {KINDS[item['buffers']]}"
    span = f"from {dimension.label(item['from'])} to {dimension.label(item['to'])}"
    rise = f"{(item['worst'] - 1) * 100:+.1f} % {span} at most; {item['ends']:.2f} times between the ends"
    return f"  {'holds' if item['holds'] else 'GROWS'}  {what}: {rise}"


def text(scaling: dict[str, Any]) -> str:
    known, guest = scaling["versions"], scaling["parameters"]["guest"].upper()
    lines = [f"Xen {known['xen']}, dom0 {known['dom0']}, QEMU {known['qemu']}, Ringlet {known['ringlet_commit']}",
             f"{guest} guest on null_blk; ns of virtual time: instructions of guest, Xen and dom0 together"]
    for dimension in DIMENSIONS:
        if _buffers(scaling, dimension):
            lines += ["", f"{dimension.name}: {dimension.constant}", *_table(scaling, dimension), *filter(None, [dimension.note])]
    lines += host.text(scaling["host_cost"])
    if scaling["growth"]:
        lines += ["", "Nothing may cost more when there is more of something "
                  f"({(TOLERANCE - 1) * 100:.0f} % are tolerated, from any value to any greater one):",
                  *map(_verdict, scaling["growth"])]
        good = sum(item["holds"] for item in scaling["growth"])
        lines.append(f"{good} of {len(scaling['growth'])} hold.")
    return "\n".join(lines) + "\n"


def script(scaling: dict[str, Any], dimension: Dimension, out: Path) -> str:
    """gnuplot's program with its data in it."""
    kinds = _buffers(scaling, dimension)
    columns = [costs(scaling, dimension, buffers) for buffers in kinds]
    values = sorted({value for column in columns for value in column})
    every = [cost for column in columns for cost in column.values()]
    rows = [" ".join([str(value), *(str(column.get(value, "NaN")) for column in columns)]) for value in values]
    tics = ", ".join(f"'{dimension.label(value)}' {value}" for value in values)
    unit = "byte" if dimension.cost == "ns_per_byte" else "request"
    wide = max(every) > 10 * min(every)
    plots = [f"$points using 1:{index + 2} with linespoints title '{KINDS[buffers]}' linecolor rgb '{COLOUR[buffers]}' "
             f"linewidth 2 pointtype {index * 2 + 5}" for index, buffers in enumerate(kinds)]
    return "\n".join([
        "set terminal svg size 900,460 dynamic font 'sans-serif,12' background rgb 'white'",
        f"set output {quoted(out)}", "$points << EOD", *rows, "EOD",
        f"set title 'Cost per {unit} by {dimension.axis}: {dimension.constant}' noenhanced",
        f"set xlabel '{dimension.axis}' noenhanced", f"set ylabel 'instructions per {unit} (ns of virtual time)'",
        "set logscale x 2" if max(values) > 4 else "unset logscale x",
        f"set xtics ({tics}){' rotate by -45' if dimension.is_size else ''}", f"set xrange [{values[0] * 0.9}:{values[-1] * 1.1}]",
        "set logscale y" if wide else "set yrange [0:*]",
        "set grid ytics xtics", "set key outside right top noenhanced",
        "plot " + ", \\\n     ".join(plots), ""])


def draw(scaling: dict[str, Any], folder: Path) -> list[Path]:
    """Makes a chart for each dimension with figures; returns their files."""
    drawn = []
    for dimension in DIMENSIONS:
        out = folder / f"scaling-{dimension.name}.svg"
        out.unlink(missing_ok=True)
        if not _buffers(scaling, dimension):
            continue
        subprocess.run(["gnuplot"], input=script(scaling, dimension, out), text=True, check=True)
        drawn.append(out)
    return drawn
