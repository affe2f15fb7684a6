"""Every metric and finding over millions of sign-ins: on DuckDB, on DataFusion, and how its cost grows.

usage: views.py EXTENSION MFA [ROWS…]      (make bench-views; ROWS="1000000 10000000 50000000")
Each answer is computed as a whole, in a process of its own, on two threads. `growth` is the exponent of the cost between the
smallest and the largest number of rows: 1 is linear.
"""

import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import duckdb

from read_logs import CACHE

THREADS = 2
MEMORY = "4GB"
AS_OF = "2026-07-01 00:00:00+00"
LIMIT = 900

# A company of 100,000 people: most are quiet, a service account is not, some are attacked.
PEOPLE = 100_000

IDENTITIES = f"""
select
    'entra' as provider,
    'u' || n as identity_id,
    'user' || n || '@example.com' as user_principal,
    'User ' || n as display_name,
    case when n % 50 = 0 then 'guest' when n % 97 = 0 then 'service' when n in (7, 8) then 'break_glass' else 'workforce' end as population,
    n % 200 = 3 as is_privileged,
    case when n % 200 = 3 then ['Global Administrator'] else [] end as roles,
    'department ' || n % 23 as department,
    (['emea', 'amer', 'apac'])[n % 3 + 1] as region,
    'user' || n % 900 || '@example.com' as manager,
    n % 41 <> 0 as account_enabled,
    timestamptz '2020-01-01 00:00:00+00' + to_days(cast(hash(n) % 2000 as integer)) as created_at,
    true as has_password_credential,
    false as stores_credential,
    'p' || n as person_id
from range({PEOPLE}) as t(n)
"""

FACTORS = f"""
select
    'entra' as provider,
    'u' || n as identity_id,
    'f' || n || '-' || k as factor_id,
    'user' || n || '@example.com' as user_principal,
    (['push', 'totp', 'fido2_key', 'sms_otp', 'passkey_synced'])[cast(hash(n * 7 + k) % 5 as integer) + 1] as method,
    'active' as status,
    timestamptz '2025-01-01 00:00:00+00' + to_days(cast(hash(n + k) % 540 as integer)) as registered_at,
    hash(n) % 2 = 0 as attested,
    true as number_matching,
    k = 0 as is_default,
    false as is_recovery
from range({PEOPLE}) as t(n), range(2) as u(k)
where hash(n * 3 + k) % 10 < 8
"""


def signins(rows):
    return f"""
with draws as (
    select
        n,
        timestamptz '2026-01-01 00:00:00+00' + to_microseconds(cast(n * (181 * 86400000000.0 / {rows}) as bigint)) as happened,
        case when hash(n) % 100 < 3 then 97 when hash(n) % 100 < 5 then cast(hash(n + 1) % 50 as integer) else cast(hash(n + 2) % {PEOPLE} as integer) end as who,
        cast(hash(n + 3) % 1000 as integer) as d,
        cast(hash(n + 4) % 1000 as integer) as e,
        cast(hash(n + 5) % 40 as integer) as app
    from range({rows}) as t(n)
)
select
    happened as event_time,
    'entra' as provider,
    'e' || n as event_id,
    'c' || n as correlation_id,
    'u' || who as identity_id,
    'user' || who || '@example.com' as user_principal,
    case when who % 97 = 0 then 'service' end as population_hint,
    'app' || app as app_id,
    'Application ' || app as app_name,
    'combined' as event_kind,
    d < 700 as is_interactive,
    case when d < 20 then 'legacy_protocol' when d < 600 then 'browser' else 'mobile' end as surface,
    case when d < 20 then 'imap' when d < 400 then 'saml' else 'oidc' end as protocol,
    d < 20 as is_legacy_auth,
    case when e < 880 then 'success' when e < 940 then 'failure' when e < 980 then 'interrupted' else 'challenge' end as outcome,
    case when e between 880 and 939 then '50126' end as failure_code,
    case when e between 880 and 909 then 'bad_credentials' when e between 910 and 929 then 'mfa_denied' when e between 930 and 939 then 'mfa_timeout' end as failure_category,
    case when d < 20 then 'not_required' when d < 800 then 'required' else 'not_required' end as mfa_requirement,
    case when e between 910 and 929 then 'denied' when e between 930 and 939 then 'timed_out' when e < 880 and d between 20 and 799 then 'satisfied' else 'not_attempted' end as mfa_result,
    case when e < 880 and d between 20 and 399 then 'performed' when e < 880 and d between 400 and 799 then 'claim_in_token' else 'none' end as mfa_satisfied_by,
    case when e < 940 and d between 20 and 399 then ['password', (['push', 'totp', 'sms_otp'])[d % 3 + 1]] else ['password'] end as methods,
    'password' as first_factor,
    case when e < 940 and d between 20 and 399 then (['push', 'totp', 'sms_otp'])[d % 3 + 1] end as second_factor,
    false as is_phishing_resistant,
    '203.0.' || (who % 250) || '.' || (e % 3) as ip,
    e = 5 as ip_anonymizer,
    case when e < 3 then 'BR' else (['DE', 'US', 'SG'])[who % 3 + 1] end as country,
    case when e < 3 then -23.5 else (['52.5', '40.7', '1.3'])[who % 3 + 1]::double end as latitude,
    case when e < 3 then -46.6 else (['13.4', '-74.0', '103.8'])[who % 3 + 1]::double end as longitude,
    'd' || who || '-' || e % 2 as device_id,
    (['Windows', 'macOS', 'iOS'])[who % 3 + 1] as device_os,
    (['managed', 'compliant', 'unmanaged'])[e % 3 + 1] as device_trust,
    'Edge' as browser,
    case when e = 7 then 'high' when e < 30 then 'low' else 'none' end as risk_level,
    cast([] as varchar[]) as risk_signals,
    who % 50 = 0 as is_guest,
    'bench' as source_file,
    n as source_record
from draws
"""


def contract(con, relation):
    columns = con.execute("select columns from mfa_contract() where relation = ?", [relation]).fetchone()[0]
    return dict(column.split(" ", 1) for column in columns)


def generate(extension, rows):
    """A folder of Parquet for `rows` sign-ins, made once."""
    folder = CACHE / f"views-{rows}"
    if (folder / "ready").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": THREADS, "memory_limit": MEMORY})
    con.execute("set timezone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    con.execute(f"load '{extension}'")
    for relation, query in {"mfa_identities": IDENTITIES, "mfa_factors": FACTORS, "mfa_signins": signins(rows)}.items():
        made = {row[0] for row in con.execute(f"describe {query}").fetchall()}
        wanted = contract(con, relation)
        columns = ", ".join(name if name in made else f"cast(null as {type_}) as {name}" for name, type_ in wanted.items())
        con.execute(f"copy (select {columns} from ({query})) to '{folder}/{relation}.parquet' (format parquet, compression zstd)")
    (folder / "ready").touch()
    return folder


SETTINGS = f"set variable mfa_as_of = timestamptz '{AS_OF}'"

# Runs as a process of its own: how long the answer took, and the memory of the whole process.
DUCKDB = """
import duckdb, json, pathlib, resource, sys, time
extension, folder, query, threads, memory = sys.argv[1:]
con = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": int(threads), "memory_limit": memory, "temp_directory": folder + "/spill"})
con.execute("set timezone = 'UTC'")
con.execute(f"load '{extension}'")
for file in pathlib.Path(folder).glob("*.parquet"):
    con.execute(f"create view {file.stem} as from read_parquet('{file}')")
con.execute("set enable_progress_bar = false")
con.execute("SETTINGS")
began = time.perf_counter()
rows = con.execute(f"create temp table answer as {query}").fetchall()[0][0]
print(json.dumps({"seconds": time.perf_counter() - began, "rows": rows, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
""".replace("SETTINGS", SETTINGS)


def on_duckdb(extension, folder, query):
    command = [sys.executable, "-c", DUCKDB, extension, str(folder), query, str(THREADS), MEMORY]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return {"error": f"more than {LIMIT} s"}
    if ran.returncode:
        return {"error": ran.stderr.strip().splitlines()[-1][:200]}
    return json.loads(ran.stdout.splitlines()[-1])


def on_datafusion(mfa, folder, query):
    tables = "".join(
        f"create external table {file.stem} stored as parquet location '{file}';" for file in sorted(folder.glob("*.parquet"))
    )
    with tempfile.TemporaryDirectory() as scratch:
        output = pathlib.Path(scratch) / "answer.parquet"
        # What starting and naming the files takes is taken off.
        times = {}
        for name, statement in {"idle": "select 1 as one", "answer": query}.items():
            began = time.perf_counter()
            command = [mfa, "sql", f"{tables}{SETTINGS};{statement}", "--threads", str(THREADS), "--output", str(output)]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                _, status, usage = wait(process.pid, LIMIT)
            except TimeoutError:
                process.kill()
                process.wait()
                return {"error": f"more than {LIMIT} s"}
            if status:
                return {"error": process.stderr.read().decode().strip()[:200]}
            times[name] = time.perf_counter() - began
        rows = duckdb.connect().execute(f"select count(*) from read_parquet('{output}')").fetchone()[0]
        return {"seconds": max(times["answer"] - times["idle"], 0.001), "rows": rows, "mb": usage.ru_maxrss / 1024}


def wait(pid, limit):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            return found, status, usage
        time.sleep(0.005)
    raise TimeoutError


def views(extension):
    con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    con.execute(f"load '{extension}'")
    return [row[0] for row in con.execute("select name from mfa_functions() where kind = 'view' order by name").fetchall()]


def main():
    extension, mfa, *rows = sys.argv[1:]
    rows = [int(count) for count in rows] or [1_000_000, 4_000_000]
    only = os.environ.get("MFA_VIEWS", "")
    folders = {count: generate(extension, count) for count in rows}
    print(f"{len(folders)} sizes, {PEOPLE:,} identities, {THREADS} threads, {MEMORY} on DuckDB")
    heads = [f"{count:,} rows" for count in rows]
    print(f"{'view':<34}" + "".join(f"{head:>34}" for head in heads) + f"{'growth':>16}")
    print(f"{'':<34}" + f"{'DuckDB s    MB  DataFusion s    MB':>34}" * len(rows) + f"{'Duck   Data':>16}")
    worst = {}
    for view in views(extension):
        if only not in view:
            continue
        line, seconds = f"{view:<34}", {"duckdb": [], "datafusion": []}
        for folder in folders.values():
            query = f"select * from {view}"
            answers = {"duckdb": on_duckdb(extension, folder, query), "datafusion": on_datafusion(mfa, folder, query)}
            for engine, answer in answers.items():
                if "error" in answer:
                    line += f"  {engine}: {answer['error']}"
                    continue
                seconds[engine].append(answer["seconds"])
                line += f"{answer['seconds']:>9.2f} {answer['mb']:>7.0f}"
            if len({answer.get("rows") for answer in answers.values()}) > 1:
                line += f"  rows differ: {[answer.get('rows') for answer in answers.values()]}"
        for engine, took in seconds.items():
            if len(took) == len(rows) > 1:
                growth = math.log(took[-1] / took[0]) / math.log(rows[-1] / rows[0])
                line += f"{growth:>8.2f}"
                worst[engine] = max(worst.get(engine, (0, "")), (growth, view))
        print(line, flush=True)
    for engine, (growth, view) in worst.items():
        print(f"largest growth on {engine}: {growth:.2f}, {view}")


if __name__ == "__main__":
    main()
