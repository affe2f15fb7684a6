"""Loading: `mfa load` against DuckDB's own read_json → Parquet over the same file, and a lake against DuckDB's tables.

usage: load.py EXTENSION MFA [MEGABYTES [MILLIONS]]      (make bench)
Both run in turn over the same generated file and the medians are divided: seconds differ from machine to machine, ratios
hardly. A ratio above 1 says that mfa takes longer.
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import duckdb

from read_logs import CACHE, ENTRA_JSON, ENTRA_VALUES

ROUNDS = 5
THREADS = 2


def timed(command):
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def duck(sql):
    """A process of its own, as mfa has one, too."""
    script = f"import duckdb\nc = duckdb.connect(config={{'threads': {THREADS}}})\nc.execute('set timezone = \\'UTC\\'')\nc.execute({sql!r})"
    return [sys.executable, "-c", script]


def race(contenders):
    seconds = {name: [] for name in contenders}
    for round_ in range(ROUNDS + 1):
        for name, (prepare, command) in contenders.items():
            prepare()
            took = timed(command)
            if round_ > 0:
                seconds[name].append(took)
    return {name: statistics.median(took) for name, took in seconds.items()}


def load(mfa, path, folder):
    values = [value if value[0].islower() and value.isidentifier() else f"{value} as v{n}" for n, value in enumerate(ENTRA_VALUES)]
    rows = f"select {', '.join(values)} from read_json('{path}', format = 'newline_delimited', columns = {ENTRA_JSON})"
    lake, target, days = folder / "lake", folder / "plain.parquet", folder / "days"
    clear = lambda *paths: lambda: [shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True) for path in paths]
    by_day = (
        f"copy (select *, 'entra' as provider, createdDateTime::date as day from ({rows}) order by provider, day, createdDateTime) "
        f"to '{days}' (format parquet, compression zstd, partition_by (provider, day))"
    )
    took = race(
        {
            "mfa load": (clear(lake), [mfa, "load", str(path), "--into", str(lake), "--threads", str(THREADS), "--quiet"]),
            "read_json to one Parquet file": (clear(target), duck(f"copy ({rows}) to '{target}' (format parquet, compression zstd)")),
            "read_json to days, sorted": (clear(days), duck(by_day)),
        }
    )
    ours = took.pop("mfa load")
    size = sum(file.stat().st_size for file in lake.rglob("*.parquet"))
    print(f"mfa load, all columns, each event once, by day, sorted   {ours:.2f} s  {size / 1e6:.0f} MB")
    for name, theirs in took.items():
        print(f"  {name + ', 32 columns':<45} {theirs:.2f} s  ratio {ours / theirs:.2f}")


QUERIES = {
    "count by provider, outcome": "select provider, outcome, count(*) as n from mfa_signins group by provider, outcome",
    "one day": "select count(*) as n, count(distinct user_principal) as people from mfa_signins "
    "where event_time >= timestamptz '2026-05-10 00:00:00+00' and event_time < timestamptz '2026-05-11 00:00:00+00'",
    "one person": "select event_time, app_name, outcome from mfa_signins where user_principal = 'user4711@example.com' order by event_time",
    "people by app": "select app_name, count(distinct user_principal) as people from mfa_signins where outcome = 'success' group by app_name",
    "weeks": "select date_trunc('week', event_time) as week, mfa_satisfied_by, count(*) as n from mfa_signins group by 1, 2",
}


def ask(extension, mfa, millions, folder):
    """The same rows in a lake and in a DuckDB file."""
    lake, file, parquet = folder / "asked", folder / "asked.duckdb", folder / "signins.parquet"
    connection = duckdb.connect(str(file), config={"allow_unsigned_extensions": "true", "threads": THREADS})
    connection.execute(f"load '{extension}'")
    connection.execute("set timezone = 'UTC'")
    connection.execute(
        f"""
        create table mfa_signins as
        select s.* replace (
            timestamptz '2026-01-01 00:00:00+00' + to_microseconds(cast(n * 15552000.0 * 1000000 / {millions * 1_000_000} as bigint)) as event_time,
            'e' || n as event_id,
            'user' || hash(n) % 40000 || '@example.com' as user_principal,
            'app ' || hash(n + 1) % 300 as app_name,
            ['success', 'success', 'success', 'failure'][1 + (hash(n + 2) % 4)::int] as outcome,
            ['performed', 'claim_in_token', 'none', 'remembered_device'][1 + (hash(n + 3) % 4)::int] as mfa_satisfied_by,
            ['entra', 'okta', 'duo'][1 + (hash(n + 4) % 3)::int] as provider
        )
        from range({millions * 1_000_000}) as r(n)
        cross join (select * from read_mfa_signins('sample_data/entra/signins-2026-10.ndjson.gz') limit 1) as s
        """
    )
    connection.execute(f"copy mfa_signins to '{parquet}' (format parquet)")
    connection.close()
    os.rename(parquet, folder / "mfa_signins.parquet")
    print(f"{millions} million sign-ins: loaded from Parquet in {timed([mfa, 'load', str(folder / 'mfa_signins.parquet'), '--into', str(lake), '--threads', str(THREADS)]):.1f} s")
    nothing = lambda: None
    for name, sql in QUERIES.items():
        script = f"import duckdb\nc = duckdb.connect({str(file)!r}, read_only=True, config={{'threads': {THREADS}}})\nc.execute('set timezone = \\'UTC\\'')\nc.execute({sql!r}).fetchall()"
        took = race({"mfa": (nothing, [mfa, "sql", sql, "--lake", str(lake), "--threads", str(THREADS)]), "duckdb": (nothing, [sys.executable, "-c", script])})
        print(f"  {name:<28} lake {took['mfa']:.2f} s  DuckDB table {took['duckdb']:.2f} s  ratio {took['mfa'] / took['duckdb']:.2f}")


def main():
    extension, mfa = map(os.path.abspath, sys.argv[1:3])
    megabytes = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    millions = int(sys.argv[4]) if len(sys.argv) > 4 else 10
    path = CACHE / f"entra-{megabytes}.ndjson"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, pathlib.Path(__file__).with_name("generate_logs.py"), "entra", path, str(megabytes)], check=True)
    print(f"{megabytes} MB of Entra NDJSON, {THREADS} threads, DuckDB {duckdb.__version__}; median of {ROUNDS}, in turn, each a process of its own")
    with tempfile.TemporaryDirectory() as folder:
        load(mfa, path, pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        ask(extension, mfa, millions, pathlib.Path(folder))


main()
