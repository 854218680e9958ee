# SPDX-License-Identifier: MIT
"""Two charts by gnuplot: throughput at each point, and the cost of a request."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path
from typing import Any

from .plan import COLUMNS
from .table import by_point, title
from .targets import DISK, GUEST

COLOURS = {"dom0": "#7f7f7f", "linux": "#f2b16e", "linux-best": "#d9730d", "plain": "#9ecae1", "registered": "#3182bd",
           "polled": "#08306b", "queues": "#6a51a3"}
CHARTS = {
    "throughput": ("mib_s", "MiB/s of virtual time", "Throughput on null_blk, PV guests"),
    "cost": ("ns_per_request", "instructions per request (dom0, Xen and guest)", "Cost of a request on null_blk, PV guests"),
}


def script(bench: dict[str, Any], name: str, out: Path) -> str:
    """gnuplot's program with its data in it."""
    value, axis, heading = CHARTS[name]
    points = {key: columns for key, columns in by_point(bench).items() if key[:2] == (GUEST, DISK)}
    names = [column.name for column in COLUMNS if any(column.name in columns for columns in points.values())]
    rows = []
    for (_, _, rw, bs, depth), columns in points.items():
        cells = [str(columns[column][value]) if column in columns else "NaN" for column in names]
        rows.append(" ".join([f'"{rw}\\n{title(bs, depth)}"', *cells]))
    # a logarithmic scale has no zero: the bars begin well below the least value
    least = min(columns[column][value] for columns in points.values() for column in columns)
    width = max(640, 220 + 16 * len(rows) * (len(names) + 1))
    plots = [f"$points using {index + 2}:xtic(1) title '{column}' linecolor rgb '{COLOURS[column]}'"
             for index, column in enumerate(names)]
    return "\n".join([
        f"set terminal svg size {width},480 dynamic font 'sans-serif,12' background rgb 'white'",
        f"set output {quoted(out)}", "$points << EOD", *rows, "EOD",
        f"set title '{heading}' noenhanced", f"set ylabel '{axis}'", "set style data histogram",
        "set style histogram clustered gap 1", "set style fill solid border -1", "set grid ytics", "set logscale y",
        f"set yrange [{10 ** math.floor(math.log10(least / 2)):g}:*]", "set bmargin 4",
        "set key outside right top noenhanced", "set xtics font ',10'", "set boxwidth 0.95",
        "plot " + ", \\\n     ".join(plots), ""])


def quoted(path: Path) -> str:
    """Quotes for gnuplot, which doubles a single quote."""
    return "'" + str(path).replace("'", "''") + "'"


def draw(bench: dict[str, Any], folder: Path) -> list[Path]:
    """Makes the charts for which there are figures; returns their files."""
    drawn = []
    for name in CHARTS:
        out = folder / f"{name}.svg"
        out.unlink(missing_ok=True)
        if not any((point["guest"], point["disk"]) == (GUEST, DISK) for point in bench["points"]):
            continue
        subprocess.run(["gnuplot"], input=script(bench, name, out), text=True, check=True)
        drawn.append(out)
    return drawn
