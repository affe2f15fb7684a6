"""Entra sign-ins: the reader against DuckDB's own read_json doing the same normalisation with explicit columns.

usage: read_entra.py EXTENSION [MEGABYTES]      (make bench)
Both run in turn over the same generated file, each in a process of its own, and the medians are divided: seconds differ
from machine to machine, ratios hardly. Above 1 the reader is faster.
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

import duckdb

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mfa"
ROUNDS = 7

# The same columns on both sides; each is counted, so that each is built.
JSON_COLUMNS = """{
    id: 'VARCHAR', createdDateTime: 'TIMESTAMPTZ', userPrincipalName: 'VARCHAR', userId: 'VARCHAR', appId: 'VARCHAR',
    appDisplayName: 'VARCHAR', ipAddress: 'VARCHAR', clientAppUsed: 'VARCHAR', userAgent: 'VARCHAR', correlationId: 'VARCHAR',
    sessionId: 'VARCHAR', conditionalAccessStatus: 'VARCHAR', isInteractive: 'BOOLEAN', riskLevelDuringSignIn: 'VARCHAR',
    authenticationRequirement: 'VARCHAR', autonomousSystemNumber: 'BIGINT', authenticationProtocol: 'VARCHAR',
    status: 'STRUCT(errorCode BIGINT, failureReason VARCHAR, additionalDetails VARCHAR)',
    deviceDetail: 'STRUCT(deviceId VARCHAR, operatingSystem VARCHAR, browser VARCHAR, isCompliant BOOLEAN, isManaged BOOLEAN, trustType VARCHAR)',
    location: 'STRUCT(city VARCHAR, state VARCHAR, countryOrRegion VARCHAR, geoCoordinates STRUCT(latitude DOUBLE, longitude DOUBLE))',
    authenticationDetails: 'STRUCT(authenticationMethod VARCHAR, succeeded BOOLEAN, authenticationStepRequirement VARCHAR, authenticationStepResultDetail VARCHAR)[]'}"""
JSON_VALUES = [
    "createdDateTime", "id", "correlationId", "sessionId", "userId", "lower(userPrincipalName)", "appId", "appDisplayName",
    "isInteractive", "clientAppUsed", "nullif(authenticationProtocol, 'none')",
    "case when status.errorCode = 0 then 'success' when status.errorCode in (50074, 50076, 50078, 50158) then 'challenge' "
    "when status.errorCode in (50072, 50079, 50140, 50125, 50097) then 'interrupted' when status.errorCode is null then 'unknown' else 'failure' end",
    "cast(nullif(status.errorCode, 0) as varchar)",
    "case authenticationRequirement when 'multiFactorAuthentication' then 'required' when 'singleFactorAuthentication' then 'not_required' else 'unknown' end",
    "case when status.errorCode = 0 and authenticationDetails[2].succeeded then 'satisfied' else 'not_attempted' end",
    "list_transform(authenticationDetails, lambda step: lower(step.authenticationMethod))",
    "authenticationDetails[1].authenticationMethod", "authenticationDetails[2].authenticationMethod", "conditionalAccessStatus",
    "ipAddress", "location.countryOrRegion", "location.state", "location.city", "location.geoCoordinates.latitude",
    "location.geoCoordinates.longitude", "autonomousSystemNumber", "deviceDetail.deviceId", "deviceDetail.operatingSystem",
    "case when deviceDetail.isCompliant then 'compliant' when deviceDetail.isManaged then 'managed' end", "deviceDetail.browser",
    "userAgent", "riskLevelDuringSignIn",
]
MFA_COLUMNS = [
    "event_time", "event_id", "correlation_id", "session_id", "identity_id", "user_principal", "app_id", "app_name",
    "is_interactive", "client_app_raw", "protocol", "outcome", "failure_code", "mfa_requirement", "mfa_result", "methods",
    "first_factor", "second_factor", "conditional_access_status", "ip", "country", "region", "city", "latitude", "longitude",
    "asn", "device_id", "device_os", "device_trust", "browser", "user_agent", "risk_level",
]


def counts(values):
    return ", ".join(f"count({value})" for value in values)


def query(contender, path):
    lines = f"read_json('{path}', format = 'newline_delimited', columns = {JSON_COLUMNS})"
    return {
        "read_json, 32 columns": f"select {counts(JSON_VALUES)} from {lines}",
        "read_entra_signins, 32 columns": f"select {counts(MFA_COLUMNS)} from read_entra_signins('{path}')",
        "read_json, 3 columns": "select count(id), count(lower(userPrincipalName)), count(errorCode) from (select id, userPrincipalName, status.errorCode as errorCode "
        f"from read_json('{path}', format = 'newline_delimited', columns = {{id: 'VARCHAR', userPrincipalName: 'VARCHAR', status: 'STRUCT(errorCode BIGINT)'}}))",
        "read_entra_signins, 3 columns": f"select count(event_id), count(user_principal), count(outcome) from read_entra_signins('{path}')",
        "read_mfa_signins, 32 columns": f"select {counts(MFA_COLUMNS)} from read_mfa_signins('{path}')",
        "nothing": "select 1",
    }[contender]


PAIRS = [
    ("read_json, 32 columns", "read_entra_signins, 32 columns"),
    ("read_json, 3 columns", "read_entra_signins, 3 columns"),
    ("read_json, 32 columns", "read_mfa_signins, 32 columns"),
]


def worker(extension, path, threads, contender):
    """One process: warms up, then answers a line with seconds for each line read."""
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": threads})
    connection.execute(f"load '{extension}'")
    for _ in sys.stdin:
        began = time.perf_counter()
        connection.execute(query(contender, path)).fetchall()
        seconds = time.perf_counter() - began
        print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]), flush=True)


def race(extension, path, threads, contenders):
    """Median seconds and peak megabytes of each, taking turns."""
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "--worker", extension, str(path), str(threads), contender],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for contender in contenders
    ]
    seconds, memory = [[] for _ in contenders], [0.0] * len(contenders)
    for round_ in range(ROUNDS + 1):
        for number, process in enumerate(processes):
            process.stdin.write("\n")
            process.stdin.flush()
            took, peak = json.loads(process.stdout.readline())
            if round_ > 0:
                seconds[number].append(took)
            memory[number] = peak
    for process in processes:
        process.stdin.close()
        process.wait()
    return [(statistics.median(took), peak) for took, peak in zip(seconds, memory)]


def main():
    extension = os.path.abspath(sys.argv[1])
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    path = CACHE / f"entra-{megabytes}.ndjson"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        generator = pathlib.Path(__file__).with_name("generate_entra.py")
        subprocess.run([sys.executable, generator, f"{path}.new", str(megabytes)], check=True)
        os.replace(f"{path}.new", path)
    print(f"Entra sign-ins, {megabytes} MB of NDJSON, DuckDB {duckdb.__version__}; median of {ROUNDS}, in turn")
    for threads in (1, 2):
        host = race(extension, path, threads, ["nothing"])[0][1]
        for pair in PAIRS:
            (theirs, their_peak), (ours, our_peak) = race(extension, path, threads, pair)
            print(
                f"{threads} thread{'s' if threads > 1 else ' '}  {pair[1]:<32} {ours:.3f} s  {pair[0]:<22} {theirs:.3f} s  "
                f"ratio {theirs / ours:.2f}  peak above the bare host {our_peak - host:.0f} MB and {their_peak - host:.0f} MB"
            )


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        worker(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
    else:
        main()
