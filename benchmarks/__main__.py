"""Measure what threadsync costs, and print and write one table of it.

python -m benchmarks                    every row; a quarter of an hour
python -m benchmarks --only P1,P4       some of them
python -m benchmarks --out docs/performance.md
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks import applying, media, planning, previewing, starting, watching
from benchmarks.report import CHART, Result, line, markdown, svg
from benchmarks.rows import PAIRS_MIN, Row, Setting

ROWS = (*planning.ROWS, *applying.ROWS, *starting.ROWS, *media.ROWS, *watching.ROWS, *previewing.ROWS)


def chosen(names: str) -> tuple[Row, ...]:
    """Return the rows of the *names*, which have commas between them; all of them where there is none.

    Raises:
        click.UsageError: there is no such row.
    """
    wanted = {name.strip().upper() for name in names.split(",") if name.strip()}
    if unknown := wanted - {row.name for row in ROWS}:
        known = ", ".join(dict.fromkeys(row.name for row in ROWS))
        raise click.UsageError(f"There is no row {', '.join(sorted(unknown))}; there are: {known}.")
    return tuple(row for row in ROWS if not wanted or row.name in wanted)


def write(page: Path, results: tuple[Result, ...]) -> None:
    """Write the table to *page*, and its chart into the folder of pictures beside it."""
    chart = page.parent / "pictures" / CHART
    chart.parent.mkdir(parents=True, exist_ok=True)
    chart.write_text(svg(results), encoding="utf-8")
    page.write_text(markdown(results, f"pictures/{CHART}"), encoding="utf-8")


@click.command()
@click.option("--only", default="", metavar="P1,P4", help="The rows to measure.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A page in Markdown to write.")
@click.option("--pairs", default=PAIRS_MIN, show_default=True, type=click.IntRange(min=1))
def main(only: str, out: Path | None, pairs: int) -> None:
    """Measure the rows of the table of goals."""
    results: list[Result] = []
    with TemporaryDirectory(prefix="benchmarks-") as folder:
        setting = Setting(Path(folder), pairs)
        for row in chosen(only):
            results.append(Result(row, row.measure(setting)))
            click.echo(line(results[-1]))
    if out is not None:
        write(out, tuple(results))


if __name__ == "__main__":
    main()
