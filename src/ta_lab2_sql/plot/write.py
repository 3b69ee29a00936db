"""Draw a chart into a file."""

from __future__ import annotations

from pathlib import Path

from ta_lab2_sql.errors import WrongUsage
from ta_lab2_sql.plot.model import Chart
from ta_lab2_sql.whole_file import whole_file

FORMS = (".html", ".htm", ".png")


def write(chart: Chart, target: str) -> None:
    """Draw a chart into a file of its own, whole or not at all."""
    path = Path(target)
    if path.suffix.lower() not in FORMS:
        raise WrongUsage(f"a chart is no '{path.suffix}' file", target, "name it .html or .png")
    if path.suffix.lower() == ".png":
        from ta_lab2_sql.plot import png as drawing
    else:
        from ta_lab2_sql.plot import html as drawing  # type: ignore[no-redef]
    with whole_file(path) as part:
        drawing.draw(chart, part)
