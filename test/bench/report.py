# SPDX-License-Identifier: MIT
"""The figures of `make bench` as text, JSON, Markdown and a chart.

A result is {"about": {...}, "machines": {"GICv3 cortex-a57": [entry, ...], ...}, "several": {the same of two CPUs}, "linux": {name: table}};
an entry is a row: its name, its goal in instructions or None, and for "kanso" and "xen" None or {median, loads, stores, min, max, mixed}.
"""
import json
import pathlib

import chart
import measure
import rows

GOALS_HOLD = "GICv3 cortex-a57"  # there the goals of each row; elsewhere only the share of Xen's


def machine_name(gic, cpu):
    """As the tables call it."""
    return f"GICv{gic} {cpu}"


def figures(column, row):
    """One row of one hypervisor."""
    alone = column.figure(row)
    if not alone:
        return None
    mixed = column.figure(row, measure.MIXED)
    return {**alone, "mixed": mixed["median"] if mixed else None}


def only(median):
    """A figure that was had once."""
    return None if median is None else {"median": median}


EMPTY = measure.Column()


def entries_of(machine, columns, which):
    """A machine's entries for these rows."""
    ours, theirs = columns.get("kanso", EMPTY), columns.get("xen", EMPTY)
    return [{"name": row.name, "goal": row.goal if machine == GOALS_HOLD else None, "kanso": figures(ours, row), "xen": figures(theirs, row)}
            for row in which]


def collect(found, several, per_gib, linux, about):
    """The result of all boots; linux: {name: table of create.py or guest_io.py}."""
    machines = {}
    for (gic, cpu), columns in found.items():
        name = machine_name(gic, cpu)
        ours, theirs = columns.get("kanso", EMPTY), columns.get("xen", EMPTY)
        entries = entries_of(name, columns, rows.ROWS)
        once = [(rows.BOOT, ours.boot, theirs.boot), (rows.PAGES, ours.pages, theirs.pages)]
        if name == GOALS_HOLD:
            once.insert(1, (rows.PER_GIB, per_gib.get("kanso"), per_gib.get("xen")))
            if "to_linux" in about:
                what, goal_of = rows.TO_LINUX
                to_linux = about["to_linux"]
                once.insert(1, ((what, goal_of(to_linux["modules"])), to_linux.get("kanso"), to_linux.get("xen")))
            once.append((rows.IMAGE, about["kanso_bytes"], about["xen_bytes"]))
        entries += [{"name": what, "goal": goal if name == GOALS_HOLD else None, "kanso": only(a), "xen": only(b)}
                    for (what, goal), a, b in once]
        machines[name] = entries
    on_two = {machine_name(*machine): entries_of(machine_name(*machine), columns, rows.SEVERAL) for machine, columns in several.items()}
    for entry in (e for part in (machines, on_two) for entries in part.values() for e in entries):
        entry["ratio"] = ratio(entry)
        entry["verdict"] = verdict(entry)
    return {"about": about, "machines": machines, "several": on_two, "linux": linux}


def ratio(entry):
    """Kanso's part of Xen's, or None."""
    ours, theirs = entry["kanso"], entry["xen"]
    return round(ours["median"] / theirs["median"], 3) if ours and theirs and theirs["median"] else None


def ratio_of(last, first):
    """How much more, as a cell."""
    return f"{last / first:.2f}" if first else "-"


def verdict(entry):
    """lost: Xen takes no more, alone or mixed. above: the goal, or half of Xen's, is not reached. Empty: well."""
    if not entry["kanso"]:
        return "not counted"
    if max(entry["ratio"] or 0, mixed_ratio(entry)) >= 1:
        return "lost"
    words = []
    if entry["goal"] is not None and entry["kanso"]["median"] > entry["goal"]:
        words.append("above goal")
    if entry["ratio"] is not None and entry["ratio"] > rows.SHARE:
        words.append(f"above {rows.SHARE} x Xen")
    elif mixed_ratio(entry) > rows.SHARE:
        words.append(f"mixed above {rows.SHARE} x Xen")
    return ", ".join(words)


def mixed_ratio(entry):
    """The same of the mixed run, or 0."""
    ours, theirs = ((entry[name] or {}).get("mixed") for name in ("kanso", "xen"))
    return ours / theirs if ours and theirs else 0


def beside(ours, theirs, goal=None):
    """The last two cells of a row of Linux tables: ratio and verdict."""
    entry = {"kanso": only(ours), "xen": only(theirs), "goal": goal}
    entry["ratio"] = ratio(entry)
    return ["-" if entry["ratio"] is None else f"{entry['ratio']:.2f}", verdict(entry)]


HEAD_SEVERAL = ["operation", "Kanso", "ld/st", "min-max", "Xen 4.17", "ld/st", "min-max", "ratio", "goal", ""]
HEAD = ["operation", "Kanso", "ld/st", "min-max", "mixed", "Xen 4.17", "ld/st", "min-max", "mixed", "ratio", "goal", ""]


def cells(entry):
    """A row's words in the order of HEAD."""
    def one(figure):
        if not figure:
            return ["-"] * 4
        if "min" not in figure:
            return [f"{figure['median']:,}", "", "", ""]
        mixed = figure["mixed"]
        return [f"{figure['median']:,}", f"{figure['loads']:,}/{figure['stores']:,}", f"{figure['min']:,}-{figure['max']:,}",
                "-" if mixed is None else f"{mixed:,}"]
    share = "-" if entry["ratio"] is None else f"{entry['ratio']:.2f}"
    goal = "" if entry["goal"] is None else f"{entry['goal']:,}"
    return [entry["name"], *one(entry["kanso"]), *one(entry["xen"]), share, goal, entry["verdict"]]


def cells_several(entry):
    """A row's words in the order of HEAD_SEVERAL: nothing was mixed."""
    shown = cells(entry)
    return [cell for head, cell in zip(HEAD, shown) if head != "mixed"]


def caption(name, about):
    """What a table is of."""
    return f"{name}: instructions at EL2, median of {about['samples']}; one CPU, -icount shift=0"


def caption_several(name, about):
    """The same."""
    return f"{name}, several CPUs: instructions at EL2 of both, median of up to {about['samples']}; thread=multi, waiting for locks left out"


def plain(above, head, lines):
    """A table for a terminal."""
    table = [head, *lines]
    widths = [max(len(r[i]) for r in table) for i in range(len(head))]
    last = len(head) - 1 if not head[-1] else None
    out = ["", above]
    for r in table:
        words = (w.ljust(widths[i]) if i in (0, last) else w.rjust(widths[i]) for i, w in enumerate(r))
        out.append("  ".join(words).rstrip())
    return out


def marked(above, head, lines):
    """The same in Markdown."""
    left = [0, len(head) - 1] if not head[-1] else [0]
    rule = "".join("|---" if i in left else "|---:" for i in range(len(head))) + "|"
    return [f"**{above}**", "", "| " + " | ".join(head) + " |", rule, *("| " + " | ".join(w.strip() for w in r) + " |" for r in lines), ""]


def tables(result):
    """(caption, head, lines) of each."""
    for name, entries in result["machines"].items():
        yield caption(name, result["about"]), HEAD, [cells(e) for e in entries]
    for name, entries in result["several"].items():
        yield caption_several(name, result["about"]), HEAD_SEVERAL, [cells_several(e) for e in entries]
    for part in result["linux"].values():
        yield part["caption"], part["head"], part["rows"]


def text(result):
    """For a terminal."""
    lines = [line for table in tables(result) for line in plain(*table)]
    return "\n".join([*lines, "", *(f"left out: {w}" for w in result["about"]["left_out"]), summary(result)])


def summary(result):
    """One sentence about all rows."""
    every = [e for part in ("machines", "several") for entries in result[part].values() for e in entries]
    count = {w: sum(w in e["verdict"] for e in every) for w in ("lost", "above goal", f"above {rows.SHARE}", "not counted")}
    linux = [cells[0] for part in result["linux"].values() for cells in part["rows"] if cells[-1] == "lost"]
    return (f"{len(every)} rows: " + ", ".join(f"{n} {w}{' x Xen' if w[-1].isdigit() else ''}" for w, n in count.items())
            + (f"; with Linux lost: {', '.join(linux)}" if linux else ""))


def others(machines, above):
    """The machines after the first in one table: Kanso, Xen and ratio of each."""
    names = list(machines)[1:]
    if not names:
        return []
    head = ["operation", *(f"{name}: Kanso, Xen, ratio" for name in names)]
    lines = []
    for row in zip(*(machines[name] for name in names)):
        shown = []
        for entry in row:
            a, b = (f"{entry[n]['median']:,}" if entry[n] else "-" for n in ("kanso", "xen"))
            shown.append(f"{a}, {b}, " + ("-" if entry["ratio"] is None else f"{entry['ratio']:.2f}")
                         + (f" ({entry['verdict']})" if entry["verdict"] else ""))
        lines.append([row[0]["name"], *shown])
    return marked(above, head, lines)


def markdown(result):
    """For docs/performance.md: the first machine whole, the others short, then Linux."""
    about = result["about"]
    newer = about.get("qemu_several", about["qemu"])
    said = [f"- {about['qemu']}" + (f"; several CPUs: {newer}" if newer != about["qemu"] else ""), f"- Kanso {about['kanso']}, built by {about['compiler']}",
            f"- Xen: {about['xen']}", f"- {summary(result)}", *(f"- left out: {w}" for w in about["left_out"]), ""]
    shown = list(tables(result))
    first, several, linux = shown[0], shown[len(result["machines"]):], shown[len(result["machines"]) + len(result["several"]):]
    return "\n".join([*said, *marked(*first), *others(result["machines"], "The other machines, medians alone"),
                      *(marked(*several[0]) if result["several"] else []), *others(result["several"], "The other machines, several CPUs, medians"),
                      *(line for table in linux for line in marked(*table))])


PUBLISHED = "<!-- below: what `make bench PUBLISH=1` wrote -->\n"


def publish(out, page):
    """The tables into a page, behind its mark, and the chart beside it."""
    where = pathlib.Path(page)
    kept, mark, _ = where.read_text(encoding="utf-8").partition(PUBLISHED)
    if not mark:
        raise SystemExit(f"bench: {page} has no line {PUBLISHED.strip()}")
    where.write_text(kept + mark + "\n" + (pathlib.Path(out) / "bench.md").read_text(encoding="utf-8"), encoding="utf-8")
    where.with_suffix(".svg").write_text((pathlib.Path(out) / "bench.svg").read_text(encoding="utf-8"), encoding="utf-8")


def write(result, out):
    """bench.json, bench.md, bench.svg."""
    where = pathlib.Path(out)
    (where / "bench.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (where / "bench.md").write_text(markdown(result), encoding="utf-8")
    (where / "bench.svg").write_text(chart.draw(result), encoding="utf-8")
