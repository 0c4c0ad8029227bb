#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""report.py says which rows are lost or above their goal, leaves empty what was not counted, and draws each row; of two CPUs as well."""
import pathlib
import sys
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measure  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402

ABOUT = {"samples": 1, "kanso_bytes": 1, "xen_bytes": 2, "left_out": ["the moon"], "qemu": "QEMU", "kanso": "k", "xen": "x",
         "compiler": "cc"}
CASES = [  # Kanso alone and mixed, Xen alone and mixed, goal, verdict
    (60, 60, 416, 416, 60, ""),
    (61, 61, 416, 416, 60, "above goal"),
    (250, 60, 416, 416, 60, "above goal, above 0.5 x Xen"),
    (60, 300, 416, 416, 60, "mixed above 0.5 x Xen"),
    (416, 60, 416, 416, None, "lost"),
    (60, 500, 416, 416, 60, "lost"),
    (None, None, 416, 416, 60, "not counted"),
    (60, None, None, None, 60, ""),
]


def column(alone, mixed):
    """With one sample of row 1."""
    return measure.Column({run: {} if n is None else {1: [(n, 1, 1)]} for run, n in ((measure.ALONE, alone), (measure.MIXED, mixed))})


def several():
    """Two CPUs: a table of their own with goals, the other machines beside each other, in the summary and in the picture."""
    first, second, *_ = rows.SEVERAL
    taken = {name: measure.Column({measure.ALONE: {first.id: [(n, 1, 1)], second.id: [(m, 1, 1)]}, measure.MIXED: {}})
             for name, n, m in (("kanso", first.goal + 1, 5000), ("xen", 4 * first.goal, 4000))}
    one = {(gic, "cortex-a57"): {"kanso": column(60, 60), "xen": column(416, 416)} for gic in (3, 2)}
    result = report.collect(one, dict.fromkeys(one, taken), {}, {}, {**ABOUT, "qemu_several": "QEMU's newer"})
    entries = result["several"]["GICv3 cortex-a57"]
    assert [e["verdict"] for e in entries[:3]] == ["above goal", "lost", "not counted"], entries
    assert result["several"]["GICv2 cortex-a57"][0]["goal"] is None
    page, picture = report.markdown(result), report.chart.draw(result)
    assert "GICv3 cortex-a57, several CPUs" in page and "The other machines, several CPUs" in page and "QEMU's newer" in page
    assert page.count(f"| {first.name} |") == 2 and "mixed" not in page.split("several CPUs: instructions")[1].split("The other")[0]
    assert " 2 lost, 1 above goal" in report.summary(result), report.summary(result)
    assert all(row.name in report.text(result) and row.name in picture for row in rows.SEVERAL)


def once():
    """What each boot gives once has its goal on one machine, and no machine another's name."""
    boots = {(gic, "cortex-a57"): {"kanso": measure.Column({}, 2 * rows.BOOT[1], 1)} for gic in (3, 2)}
    about = {**ABOUT, "to_linux": {"modules": 64, "kanso": 10**7, "xen": 10**8}}
    result = report.collect(boots, {}, {"kanso": 1, "xen": 2}, {}, about)
    assert list(result["machines"]) == ["GICv3 cortex-a57", "GICv2 cortex-a57"], list(result["machines"])
    verdicts = [{e["name"]: e["verdict"] for e in entries} for entries in result["machines"].values()]
    assert verdicts[0][rows.BOOT[0]] == verdicts[0][rows.TO_LINUX[0]] == "above goal", verdicts[0]
    assert verdicts[1][rows.BOOT[0]] == "" and rows.TO_LINUX[0] not in verdicts[1], verdicts[1]


def main():
    """Each case."""
    row = rows.ROWS[0]
    for *counts, goal, verdict in CASES:
        rows.ROWS[0] = row._replace(goal=goal)
        pairs = {"kanso": column(*counts[:2]), "xen": column(*counts[2:])}
        result = report.collect({(3, "cortex-a57"): pairs, (2, "cortex-a57"): pairs}, {}, {}, {}, ABOUT)
        entry = result["machines"]["GICv3 cortex-a57"][0]
        assert entry["verdict"] == verdict, (counts, goal, entry)
        assert "left out: the moon" in report.text(result) and row.name in report.markdown(result)
        picture = xml.dom.minidom.parseString(report.chart.draw(result)).toxml()
        assert all(r.name.replace(">", "&gt;").replace("<", "&lt;") in picture for r in rows.ROWS)
    lost = [["a request", "2", "1", *report.beside(2, 1)], ["a packet", "1", "-", *report.beside(1, None)]]
    part = {"caption": "Linux", "head": ["", "kanso+own", "xen+debian", "ratio", ""], "rows": lost}
    result = report.collect({(3, "cortex-a57"): pairs}, {}, {}, {"guest": part}, ABOUT)
    assert "with Linux lost: a request" in report.text(result) and "a packet" in report.markdown(result)
    assert "a request" in report.chart.draw(result) and "a packet" not in report.chart.draw(result)
    several()
    once()
    print(f"report: {len(CASES) + 3} cases")


if __name__ == "__main__":
    main()
