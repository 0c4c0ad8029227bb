# SPDX-License-Identifier: MIT
"""The chart of `make bench`: for each operation Kanso's part of Xen's instructions."""
import html

LEFT, RIGHT, WIDTH, TOP, STEP, BAR = 350, 180, 982, 92, 21, 13
SCALE_MAX = 1.2
INK, QUIET, GRID, WELL, ABOVE, LOST = "#222", "#666", "#ddd", "#3b7a57", "#c98a1b", "#b3362b"
SHAPES = ["bar", "circle", "square", "triangle"]  # a machine each, the first is the bar
FONT = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'"


def x_of(share):
    """Where a share of Xen's lies; beyond the scale at its end."""
    return LEFT + min(share, SCALE_MAX) / SCALE_MAX * (WIDTH - LEFT - RIGHT)


def words(x, y, text, anchor="start", size=12, fill=INK, more=""):  # pylint: disable=too-many-arguments
    """A line of text."""
    return (f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-size='{size}' fill='{fill}' {more}>"
            f"{html.escape(text)}</text>")


def mark(shape, x, y):
    """One machine's figure beside the bar."""
    style = f"fill='white' stroke='{INK}' stroke-width='1.2'"
    if shape == "circle":
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.4' {style}/>"
    if shape == "square":
        return f"<rect x='{x - 3:.1f}' y='{y - 3:.1f}' width='6' height='6' {style}/>"
    return f"<path d='M{x:.1f} {y - 4:.1f} l4 7 h-8 z' {style}/>"


def color_of(entry):
    """Of a bar."""
    if entry["verdict"] == "lost":
        return LOST
    return ABOVE if entry["verdict"] else WELL


def row(number, entry, others):
    """A bar, the marks of the other machines, the goal, the figures."""
    y = TOP + number * STEP + STEP / 2
    out = [words(LEFT - 8, y + 4, entry["name"], "end")]
    if entry["ratio"] is None:
        return [*out, words(LEFT + 4, y + 4, "no figure beside it", fill=QUIET)]
    out.append(f"<rect x='{LEFT}' y='{y - BAR / 2:.1f}' width='{x_of(entry['ratio']) - LEFT:.1f}' height='{BAR}' fill='{color_of(entry)}'/>")
    if entry["goal"] is not None and entry["xen"] is not None:
        x = x_of(entry["goal"] / entry["xen"]["median"])
        out.append(f"<path d='M{x:.1f} {y - BAR / 2 - 2:.1f} v{BAR + 4}' stroke='{INK}' stroke-width='2.5'/>")
    out += [mark(SHAPES[i + 1], x_of(other), y) for i, other in enumerate(others) if other is not None]
    label = entry.get("label") or f"{entry['kanso']['median']:,} : {entry['xen']['median']:,}"
    return [*out, words(WIDTH - RIGHT + 24, y + 4, label, size=11, fill=QUIET)]


def scale(height):
    """Lines at each fifth; Xen's and half of it stand out."""
    out = []
    for tenths in range(0, int(SCALE_MAX * 10) + 1, 2):
        x = x_of(tenths / 10)
        out.append(f"<path d='M{x:.1f} {TOP} V{height - 24}' stroke='{GRID}'/>")
        out.append(words(x, TOP - 6, f"{tenths / 10:.1f}", "middle", 11, QUIET))
    for share, name in ((0.5, "half"), (1.0, "Xen")):
        out.append(f"<path d='M{x_of(share):.1f} {TOP - 18} V{height - 24}' stroke='{INK}' stroke-dasharray='4 3'/>")
        out.append(words(x_of(share), TOP - 22, name, "middle", 11))
    return out


def legend(names, y):
    """Which shape is which machine."""
    x, out = 16, []
    for shape, name in zip(SHAPES, names):
        out.append(f"<rect x='{x - 4}' y='{y - 6}' width='12' height='10' fill='{WELL}'/>" if shape == "bar" else mark(shape, x + 2, y - 1))
        out.append(words(x + 12, y + 3, name, size=11))
        x += 24 + 7 * len(name)
    out.append(f"<path d='M{x} {y - 8} v14' stroke='{INK}' stroke-width='2.5'/>")
    out.append(words(x + 8, y + 3, "goal", size=11))
    for color, name in ((ABOVE, "above goal or half"), (LOST, "lost")):
        x += 54 if color == ABOVE else 138
        out.append(f"<rect x='{x - 4}' y='{y - 6}' width='12' height='10' fill='{color}'/>")
        out.append(words(x + 12, y + 3, name, size=11))
    return out


def with_linux(tables):
    """The rows of Linux tables that have a ratio to Xen, but for parts of rows."""
    for table in (table for table in tables if "ratio" in table["head"]):
        for name, ours, theirs, *_, share, verdict in table["rows"]:
            if share not in ("", "-") and not name.startswith("..."):
                label = " : ".join(cell.split(" in ")[0] for cell in (ours, theirs))
                yield {"name": name, "ratio": float(share), "verdict": verdict, "goal": None, "xen": None, "label": label}


def draw(result):
    """The whole picture, of the first machine's rows."""
    names = list(result["machines"])
    first, *rest = [entries + result["several"].get(name, []) for name, entries in result["machines"].items()]
    first = [*first, *with_linux(result["linux"].values())]
    by_name = [{e["name"]: e["ratio"] for e in entries} for entries in rest]
    height = TOP + len(first) * STEP + 34
    out = [f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' {FONT}>",
           f"<rect width='{WIDTH}' height='{height}' fill='white'/>",
           words(16, 26, "Instructions at EL2: Kanso's part of Xen 4.17's", size=16, more="font-weight='bold'"),
           *legend(names, 46), *scale(height),
           words(WIDTH - RIGHT + 24, TOP - 6, "Kanso : Xen", size=11, fill=QUIET)]
    for number, entry in enumerate(first):
        out += row(number, entry, [ratios.get(entry["name"]) for ratios in by_name])
    return "\n".join([*out, "</svg>", ""])
