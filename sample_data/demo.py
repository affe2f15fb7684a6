"""Shows what mfa answers over the sample company.

usage: demo.py EXTENSION      (make demo)
Everything printed comes from the files in queries/, which run as they are in any DuckDB client.
"""

import pathlib
import sys
import time

import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCKS = " ▁▂▃▄▅▆▇█"


def statements(path):
    """The statements of a SQL file, as DuckDB itself splits them."""
    return [statement.query for statement in duckdb.extract_statements(path.read_text(encoding="utf-8"))]


def heading(query):
    """The title and the question in the header of a saved query."""
    lines = [line[2:].strip() for line in query.read_text(encoding="utf-8").splitlines() if line.startswith("--")]
    title = next(line.removeprefix("@title").strip() for line in lines if line.startswith("@title"))
    print(f"\n{title}: {lines[2]}   [{query.relative_to(ROOT)}]")


def ask(connection, name, limit=12):
    """Runs a saved query and prints its first rows."""
    query = ROOT / "queries" / name
    heading(query)
    answer = connection.execute(query.read_text(encoding="utf-8"))
    columns, rows = [column[0] for column in answer.description], answer.fetchall()
    show(columns, rows[:limit])
    if len(rows) > limit:
        print(f"… {len(rows) - limit} more")


def show(columns, rows):
    def text(value):
        if value is None:
            return "·"
        if hasattr(value, "isoformat"):
            return value.isoformat(sep=" ")[:16] if hasattr(value, "hour") else value.isoformat()
        return str(value)

    table = [list(columns)] + [[text(value) for value in row] for row in rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(columns))]
    is_number = [all(isinstance(row[column], (int, float)) or row[column] is None for row in rows) for column in range(len(columns))]
    for number, row in enumerate(table):
        cells = (cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, is_number))
        print("  " + "  ".join(cells).rstrip())
        if number == 0:
            print("  " + "  ".join("─" * width for width in widths))


def chart(connection):
    """The adoption curve of each wave, a character a week."""
    query = ROOT / "queries/rollout/adoption_by_wave.sql"
    heading(query)
    curve = query.read_text(encoding="utf-8").rstrip().rstrip(";")
    weeks = connection.execute(
        f"""
        select wave, list(share order by day), max(registered), max(users), min(day), max(day)
        from ({curve})
        where wave is not null and (date_diff('day', day, date '2026-10-28') % 7) = 0 and day >= date '2026-06-03'
        group by wave
        order by wave
        """
    ).fetchall()
    for wave, shares, registered, users, first, last in weeks:
        line = "".join(BLOCKS[round((share or 0) * (len(BLOCKS) - 1))] for share in shares)
        print(f"  {wave:<14} {line}  {registered} of {users} ({registered / users:.0%})")
    print(f"  {'':<14} {first} {'→':>{max(len(shares) - 21, 1)}} {last}")


def main():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"load '{sys.argv[1]}'")
    connection.execute("set timezone = 'UTC'")
    print(f"mfa {connection.execute('select mfa_version()').fetchone()[0]} in DuckDB {duckdb.__version__}: LOAD mfa, then plain SQL")
    began = time.perf_counter()
    for statement in statements(ROOT / "sample_data/load.sql"):
        connection.execute(statement)
    records, rows, ignored, rejects = connection.execute(
        "select sum(records), sum(rows), sum(ignored), sum(rejects) from mfa_read_stats()"
    ).fetchone()
    print(f"read sample_data/ in {time.perf_counter() - began:.1f} s: {records:,} records = {rows:,} rows + {ignored:,} ignored + {rejects:,} rejects")
    ask(connection, "metrics/coverage_by_department.sql")
    chart(connection)
    ask(connection, "assess/worst_gaps.sql", limit=20)
    ask(connection, "rollout/ready_to_enforce.sql")
    ask(connection, "rollout/what_breaks_by_department.sql", limit=10)
    ask(connection, "exceptions/exception_trends_by_week.sql", limit=30)
    print("\nAll of it is SQL: FROM mfa_functions() lists what there is, and queries/ holds more questions.")


main()
