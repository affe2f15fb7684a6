"""Readers of logs against DuckDB's own read_json doing the same normalisation with explicit columns.

usage: read_logs.py EXTENSION BARE [MEGABYTES]      (make bench)
All contenders take turns over the same generated logs, each in a process of its own, and the least of several rounds counts:
seconds differ from machine to machine, ratios hardly. Above 1 the reader is faster. Before they race, rows and sums have to agree.
`bare` is BARE: the fastest JSON parser there is, which takes the same fields out of the same lines, outside of DuckDB.
MFA_BENCH_LARGE=8000 also shows the memory for a log of 8 GB.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import time

import duckdb

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mfa"
ROUNDS = 5

# The same columns on both sides; each is counted, so that each is built.
ENTRA_JSON = """{
    id: 'VARCHAR', createdDateTime: 'TIMESTAMPTZ', userPrincipalName: 'VARCHAR', userId: 'VARCHAR', appId: 'VARCHAR',
    appDisplayName: 'VARCHAR', ipAddress: 'VARCHAR', clientAppUsed: 'VARCHAR', userAgent: 'VARCHAR', correlationId: 'VARCHAR',
    sessionId: 'VARCHAR', conditionalAccessStatus: 'VARCHAR', isInteractive: 'BOOLEAN', riskLevelDuringSignIn: 'VARCHAR',
    authenticationRequirement: 'VARCHAR', autonomousSystemNumber: 'BIGINT', authenticationProtocol: 'VARCHAR',
    status: 'STRUCT(errorCode BIGINT, failureReason VARCHAR, additionalDetails VARCHAR)',
    deviceDetail: 'STRUCT(deviceId VARCHAR, operatingSystem VARCHAR, browser VARCHAR, isCompliant BOOLEAN, isManaged BOOLEAN, trustType VARCHAR)',
    location: 'STRUCT(city VARCHAR, state VARCHAR, countryOrRegion VARCHAR, geoCoordinates STRUCT(latitude DOUBLE, longitude DOUBLE))',
    authenticationDetails: 'STRUCT(authenticationMethod VARCHAR, succeeded BOOLEAN, authenticationStepRequirement VARCHAR, authenticationStepResultDetail VARCHAR)[]'}"""
ENTRA_VALUES = [
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
ENTRA_COLUMNS = [
    "event_time", "event_id", "correlation_id", "session_id", "identity_id", "user_principal", "app_id", "app_name",
    "is_interactive", "client_app_raw", "protocol", "outcome", "failure_code", "mfa_requirement", "mfa_result", "methods",
    "first_factor", "second_factor", "conditional_access_status", "ip", "country", "region", "city", "latitude", "longitude",
    "asn", "device_id", "device_os", "device_trust", "browser", "user_agent", "risk_level",
]

OKTA_JSON = """{
    uuid: 'VARCHAR', published: 'TIMESTAMPTZ', eventType: 'VARCHAR', actor: 'STRUCT(id VARCHAR, type VARCHAR, alternateId VARCHAR)',
    client: 'STRUCT(userAgent STRUCT(rawUserAgent VARCHAR, os VARCHAR, browser VARCHAR), device VARCHAR, ipAddress VARCHAR, geographicalContext STRUCT(city VARCHAR, state VARCHAR, country VARCHAR, geolocation STRUCT(lat DOUBLE, lon DOUBLE)))',
    device: 'STRUCT(id VARCHAR, managed BOOLEAN, registered BOOLEAN)',
    authenticationContext: 'STRUCT(credentialType VARCHAR, externalSessionId VARCHAR)',
    outcome: 'STRUCT(result VARCHAR, reason VARCHAR)', securityContext: 'STRUCT(asNumber BIGINT, isProxy BOOLEAN)',
    debugContext: 'STRUCT(debugData STRUCT(factor VARCHAR, requestUri VARCHAR, behaviors VARCHAR, risk VARCHAR, authMethodFirstType VARCHAR, authMethodSecondType VARCHAR))',
    transaction: 'STRUCT(id VARCHAR)', target: 'STRUCT(id VARCHAR, type VARCHAR, alternateId VARCHAR, displayName VARCHAR)[]'}"""
OKTA_VALUES = [
    "published", "uuid", "transaction.id", "authenticationContext.externalSessionId", "eventType", "actor.id", "lower(actor.alternateId)",
    "list_filter(target, lambda entry: entry.type = 'AppInstance')[1].id", "list_filter(target, lambda entry: entry.type = 'AppInstance')[1].displayName",
    "case eventType when 'user.session.start' then 'primary' when 'user.authentication.sso' then 'sso' when 'user.authentication.verify' then 'combined' else 'other' end",
    "case outcome.result when 'SUCCESS' then 'success' when 'ALLOW' then 'success' when 'FAILURE' then 'failure' else 'unknown' end",
    "outcome.reason", "case when debugContext.debugData.authMethodSecondType is not null then 'satisfied' else 'unknown' end",
    "[debugContext.debugData.authMethodFirstType, debugContext.debugData.authMethodSecondType]",
    "coalesce(debugContext.debugData.authMethodFirstType, authenticationContext.credentialType)",
    "coalesce(debugContext.debugData.authMethodSecondType, debugContext.debugData.factor)",
    "client.ipAddress", "securityContext.isProxy", "client.geographicalContext.country", "client.geographicalContext.state",
    "client.geographicalContext.city", "client.geographicalContext.geolocation.lat", "client.geographicalContext.geolocation.lon",
    "securityContext.asNumber", "device.id", "client.userAgent.os", "case when device.managed then 'managed' when device.registered then 'registered' end",
    "client.userAgent.browser", "client.userAgent.rawUserAgent", "lower(regexp_extract(debugContext.debugData.risk, 'level=([A-Z]+)', 1))",
    "string_split(debugContext.debugData.behaviors, ',')", "client.device",
]
OKTA_COLUMNS = [
    "event_time", "event_id", "correlation_id", "session_id", "event_type_raw", "identity_id", "user_principal", "app_id", "app_name",
    "event_kind", "outcome", "failure_code", "mfa_result", "methods", "first_factor", "second_factor", "ip", "ip_anonymizer", "country",
    "region", "city", "latitude", "longitude", "asn", "device_id", "device_os", "device_trust", "browser", "user_agent", "risk_level",
    "risk_signals", "surface",
]


class Log:
    def __init__(self, name, reader, fields, values, columns, few_fields, few_values):
        self.name, self.reader, self.columns, self.values = name, reader, columns, values
        self.json = {32: (fields, values), 3: (few_fields, few_values)}
        self.mfa = {32: columns, 3: ["event_id", "user_principal", "outcome"]}


LOGS = {
    "entra": Log(
        "entra", "read_entra_signins", ENTRA_JSON, ENTRA_VALUES, ENTRA_COLUMNS,
        "{id: 'VARCHAR', userPrincipalName: 'VARCHAR', status: 'STRUCT(errorCode BIGINT)'}", ["id", "lower(userPrincipalName)", "status.errorCode"],
    ),
    "okta": Log(
        "okta", "read_okta_system_log", OKTA_JSON, OKTA_VALUES, OKTA_COLUMNS,
        "{uuid: 'VARCHAR', actor: 'STRUCT(alternateId VARCHAR)', outcome: 'STRUCT(result VARCHAR)'}", ["uuid", "lower(actor.alternateId)", "outcome.result"],
    ),
}
# What the file is called after its size, and how read_json is told of its form.
FORMS = {
    "lines": (".ndjson", "newline_delimited"), "gzip": (".ndjson.gz", "newline_delimited"), "zstd": (".ndjson.zst", "newline_delimited"),
    "array": (".json", "array"),
}


def file(bare, log, form, megabytes):
    """The file, which is made when it is not there."""
    path = CACHE / f"{log}-{megabytes}{FORMS[form][0]}"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        if form == "lines":
            generator = pathlib.Path(__file__).with_name("generate_logs.py")
            subprocess.run([sys.executable, generator, log, f"{path}.new", str(megabytes)], check=True)
        else:
            subprocess.run([bare, "pack", form, file(bare, log, "lines", megabytes), f"{path}.new"], check=True)
        os.replace(f"{path}.new", path)
    return path


def source(contender, log, form, width, path):
    """What a contender reads from, and the columns it takes."""
    if contender == "read_json":
        fields, values = log.json[width]
        return f"read_json('{path}', format = '{FORMS[form][1]}', columns = {fields})", values
    return f"{log.reader if contender == 'reader' else contender}('{path}')", log.mfa[width]


def query(contender, log, form, width, path):
    if contender == "nothing":
        return "select 1"
    # Each is counted, so that each is built.
    relation, values = source(contender, log, form, width, path)
    return f"select {', '.join(f'count({value})' for value in values)} from {relation}"


def agree(extension, path, log, form, contenders):
    """Rows, and sums of what has one spelling only, have to be the same whoever reads. A process of its own: its peak would be taken for
    that of the processes it starts."""
    connection, log = duckdb.connect(config={"allow_unsigned_extensions": "true"}), LOGS[log]
    connection.execute(f"load '{extension}'")
    answers = {}
    same = ["event_time", "event_id", "correlation_id", "session_id", "identity_id", "user_principal", "app_name", "ip", "country", "city", "latitude", "asn", "device_id", "user_agent", "outcome"]
    for contender in contenders.split():
        relation, values = source(contender, log, form, 32, path)
        sums = ", ".join(f"count({value}), sum(hash({value})::hugeint)" for value in (values[log.columns.index(column)] for column in same))
        lengths = [values[log.columns.index(column)] for column in ("event_id", "user_principal")]
        answers[contender] = connection.execute(f"select {sums}, count(*), sum(strlen({lengths[0]}) + strlen({lengths[1]})) from {relation}").fetchone()
    first = answers["reader"]
    for contender, answer in answers.items():
        if answer != first:
            differing = [column for index, column in enumerate(same) if answer[2 * index : 2 * index + 2] != first[2 * index : 2 * index + 2]]
            sys.exit(f"{log.name}, {form}: reader and {contender} differ in {differing or 'rows'}")
    print(json.dumps([int(number) for number in first[-2:]]))


def worker(extension, path, log, form, width, threads, contender):
    """One process: for each line read, answers with seconds of the clock and of the processor, and its peak of megabytes."""
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": int(threads)})
    connection.execute(f"load '{extension}'")
    for _ in sys.stdin:
        clock, processor = time.perf_counter(), time.process_time()
        connection.execute(query(contender, LOGS[log], form, int(width), path)).fetchall()
        took = [time.perf_counter() - clock, time.process_time() - processor]
        print(json.dumps([*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]), flush=True)


def start(arguments):
    return subprocess.Popen([str(argument) for argument in arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def race(commands, rounds=ROUNDS):
    """The least seconds of the clock and of the processor, and the peak of megabytes, of each command; they take turns."""
    processes = [start(command) for command in commands]
    answers = [[] for _ in processes]
    # The first round warms up.
    for _ in range(rounds + 1):
        for process, told in zip(processes, answers):
            process.stdin.write("\n")
            process.stdin.flush()
            told.append(json.loads(process.stdout.readline()))
    for process in processes:
        process.stdin.close()
        process.wait()
    return [(min(took[-3] for took in told[-rounds:]), min(took[-2] for took in told[-rounds:]), told[-1][-1]) for told in answers], [told[-1] for told in answers]


def main():
    extension, bare = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    megabytes = int(sys.argv[3]) if len(sys.argv) > 3 else 200

    def command(contender, log, form, width, path, threads):
        return [sys.executable, __file__, "--worker", extension, path, log.name, form, width, threads, contender]

    host = {threads: race([command("nothing", LOGS["entra"], "lines", 3, "", threads)], 1)[0][0][2] for threads in (1, 2)}
    print(f"Readers: {megabytes} MB of each log before compression, DuckDB {duckdb.__version__}; the least seconds of {ROUNDS} rounds, in turn")
    print("read_json/reader: above 1 the reader is faster, and so is `processor`, of processor time on 1 thread. bare: its time / the reader's on 1 thread.")
    print("                            1 thread                             2 threads                            1 to 2           peak above")
    print("log    form   columns    reader  read_json  ratio  processor   reader  read_json  ratio    reader  read_json    bare    the host, MB")
    for log in LOGS.values():
        for form in FORMS:
            path = file(bare, log.name, form, megabytes)
            contenders = ["reader", "read_json"]
            checked = [*contenders, "read_mfa_signins"]
            told = subprocess.run([sys.executable, __file__, "--agree", extension, path, log.name, form, " ".join(checked)], check=True, stdout=subprocess.PIPE)
            rows, length = json.loads(told.stdout)
            for width in (32, 3):
                commands = [command(contender, log, form, width, path, threads) for threads in (1, 2) for contender in contenders]
                if form == "lines":
                    commands.append([bare, path, log.name, width])
                (one, json_one, two, json_two, *rest), last = race(commands)
                if rest and last[-1][:2] != [rows, length]:
                    sys.exit(f"{log.name}: reader and bare differ in rows or lengths")
                print(
                    f"{log.name:<6} {form:<6} {width:>7}   {one[0]:7.3f}    {json_one[0]:7.3f}  {json_one[0] / one[0]:5.2f}      {json_one[1] / one[1]:5.2f}"
                    f"  {two[0]:7.3f}    {json_two[0]:7.3f}  {json_two[0] / two[0]:5.2f}     {one[0] / two[0]:5.2f}      {json_one[0] / json_two[0]:5.2f}"
                    f"   {f'{rest[0][0] / one[0]:5.2f}' if rest else '     '}     {two[2] - host[2]:5.0f} {json_two[2] - host[2]:5.0f}",
                    flush=True,
                )
    large = os.environ.get("MFA_BENCH_LARGE")
    print("peak above the host, MB, Entra lines, 32 columns, 2 threads: " + ", ".join(
        f"{size} MB {race([command('reader', LOGS['entra'], 'lines', 32, file(bare, 'entra', 'lines', size), 2)], 1)[0][0][2] - host[2]:.0f}"
        for size in [100, 1000, *([int(large)] if large else [])]
    ))


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        worker(*sys.argv[2:])
    elif sys.argv[1] == "--agree":
        agree(*sys.argv[2:])
    else:
        main()
