"""The policy evaluator against a kernel written by hand, DuckDB's own SQL and Cedar: one policy, the same rows.

usage: evaluate.py EXTENSION PROGRAM [ROWS]      (make bench; PROGRAM is the binary of benches/policy)
First every contender's decisions are compared, row by row; where they differ it fails. Then they take turns on one thread. A
number is nanoseconds of processor time for each row, the median of the rounds. What only reads the same columns takes turns
too, and `net` is without that. Goals are judged with and without; they are reported, and fail nothing.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import duckdb

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mfa"
HERE = pathlib.Path(__file__).parent
ROUNDS = 7
AS_OF = "timestamptz '2027-01-01 12:00+00'"
MICROS = "1798804800000000"

# Instants are numbers in the file; the rest is as it will be.
PEOPLE = """create table people as
    select
        * replace (
            make_timestamptz(created_at) as created_at,
            make_timestamptz(fallback_started_at) as fallback_started_at,
            case when session is not null then {
                'signals': session.signals, 'protocol': session.protocol, 'transaction': session.transaction,
                'used_methods': session.used_methods, 'mfa_at': make_timestamptz(session.mfa_at),
                'federated': session.federated, 'federation_attested': session.federation_attested
            } end as session,
            list_transform(exceptions, lambda x: {
                'id': x.id, 'criterion': x.criterion, 'starts_at': make_timestamptz(x.starts_at),
                'expires_at': make_timestamptz(x.expires_at), 'approvers': x.approvers,
                'attested_at': make_timestamptz(x.attested_at), 'scope': x.scope
            }) as exceptions
        ),
        list_transform(factors, lambda f: {'method': f.method, 'status': f.status}) as plain,
        list_transform(list_filter(factors, lambda f: f.status = 'active'), lambda f: f.method) as names
    from read_json('$directory/policy-rows.ndjson', format = 'newline_delimited', columns = {
        id: 'VARCHAR', population: 'VARCHAR', roles: 'VARCHAR[]', privileged: 'BOOLEAN', department: 'VARCHAR',
        region: 'VARCHAR', created_at: 'BIGINT', fallback_started_at: 'BIGINT',
        factors: 'STRUCT(method VARCHAR, status VARCHAR, attested BOOLEAN)[]',
        app: 'STRUCT(id VARCHAR, sensitivity VARCHAR)',
        session: 'STRUCT(signals VARCHAR[], protocol VARCHAR, "transaction" VARCHAR, used_methods VARCHAR[], mfa_at BIGINT,
                  federated BOOLEAN, federation_attested BOOLEAN)',
        exceptions: 'STRUCT(id VARCHAR, criterion VARCHAR, starts_at BIGINT, expires_at BIGINT, approvers VARCHAR[],
                     attested_at BIGINT, scope VARCHAR)[]'
    })"""
OUTCOMES = "['allow', 'exempt', 'allow_exception', 'allow_remind', 'report_only', 'step_up', 'limit', 'indeterminate', 'block']"
DEFAULT_POLICY = (HERE.parent / "src/core/src/policy/default.toml").read_text()
HASH = "select mfa_evaluate(null, null, null, null, null, null).policy_hash"
# What lists.sql says; it does not say why, nor by which rule.
ANSWER = [
    "decision", "would_decision", "enrolment", "session", "required_mask", "grace_deadline", "stage", "required_strength", "max_age",
    "tier", "wave", "policy_hash", "strength",
]
SUBJECT = "{'id': id, 'population': population, 'roles': roles, 'privileged': privileged, 'department': department, 'region': region, 'created_at': created_at, 'fallback_started_at': fallback_started_at}"


# What is said of factors, by the column that says it: method, status and attestation; method and status; the methods of
# active factors (VARCHAR[]).
FORMS = {"full": "factors", "plain": "plain", "names": "names"}


def evaluate(factors="factors", policy=""):
    return f"mfa_evaluate({SUBJECT}, {factors}, app, session, exceptions, {AS_OF}{policy})"


def query(name, hash=""):
    text = (HERE / "policy" / name).read_text()
    return text.replace("$as_of", AS_OF).replace("$micros", MICROS).replace("$hash", hash)


def load(connection, directory):
    connection.execute(PEOPLE.replace("$directory", str(directory)))
    connection.execute(f"create table masks as from read_csv('{directory}/policy-masks.csv')")
    for form in FORMS:
        file = f"{directory}/policy-answers-{form}.csv"
        connection.execute(f"create table answers_{form} as from read_csv('{file}', nullstr = '')")


def compare(connection, name, found, expected, columns):
    """Fails where a contender's answers are not those in a table."""
    differ = " or ".join(f"f.{column} is distinct from e.{column}" for column in columns)
    rows = connection.execute(
        f"select count(*) over (), p.*, f, e from people p positional join ({found}) f positional join {expected} e where {differ} limit 3"
    ).fetchall()
    if rows:
        sys.exit("\n".join([f"{name}: {rows[0][0]} rows differ from {expected}; some of them:"] + [str(row[1:]) for row in rows]))


def main():
    extension, program = (os.path.abspath(argument) for argument in sys.argv[1:3])
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    CACHE.mkdir(parents=True, exist_ok=True)
    kernel = subprocess.Popen([program, str(CACHE), str(rows)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if kernel.stdout.readline() != "ready\n":
        sys.exit("the kernels are not what they should be")
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": 1})
    connection.execute(f"load '{extension}'")
    load(connection, CACHE)

    whole = ["decision", "would_decision", "enrolment", "session", "required_mask", "reason_mask"]
    for form, factors in FORMS.items():
        fields = f"select unnest(r) from (select {evaluate(factors)} as r from people)"
        compare(connection, f"mfa_evaluate ({form})", fields, f"answers_{form}", whole)
    compare(connection, "SQL on lists", query("lists.sql"), "answers_full", whole[:5])
    hash, = connection.execute(HASH).fetchone()
    connection.execute(f"create temp table evaluated as select unnest(r) from (select {evaluate()} as r from people)")
    compare(connection, "SQL on lists", query("lists.sql", hash), "evaluated", ANSWER)
    connection.execute("drop table evaluated")
    names = f"select {OUTCOMES}[decision + 1] as decision from ({query('masks.sql')})"
    compare(connection, "SQL on masks", names, "answers_full", ["decision"])
    print(f"{rows:,} rows, the default policy, DuckDB {duckdb.__version__}: every contender decides as the kernel does\n")

    race(connection, kernel, rows)
    kernel.stdin.close()
    kernel.wait()


def statements():
    """What DuckDB is asked. Counting a struct builds the whole of it, and nothing in a table says that it is never NULL."""
    count = "select count({}) from people".format

    def read(factors):
        return count(f"if(id = '', null, row({SUBJECT}, {factors}, app, session, exceptions))")

    other = DEFAULT_POLICY.replace('version = "2026.11.0"', 'version = "2027.1.0"').replace("min_recovery = 1", "min_recovery = 0")
    first, second = (", '" + policy.replace("'", "''") + "'" for policy in (DEFAULT_POLICY, other))
    by_form = {f"mfa_evaluate ({form})": count(evaluate(factors)) for form, factors in FORMS.items()}
    reading = {f"its columns ({form})": read(factors) for form, factors in FORMS.items()}
    return by_form | reading | {
        "one policy": count(evaluate(policy=first)),
        "two policies": f"select count({evaluate(policy=first)}), count({evaluate(policy=second)}) from people",
        "SQL on masks": f"select count(*) filter (decision = 8) from ({query('masks.sql')})",
        "SQL on lists": f"select count(*) filter (decision = 'block') from ({query('lists.sql')})",
        "SQL on lists, all it says": f"select count(if(id = '', null, row({', '.join(ANSWER)}))) from ({query('lists.sql', '0' * 64)})",
    }


def race(connection, kernel, rows):
    """Lets all take turns; prints and judges."""
    def in_duckdb(statement):
        began, clock = time.process_time(), time.perf_counter()
        connection.execute(statement).fetchall()
        return [(spent - start) / rows * 1e9 for spent, start in ((time.process_time(), began), (time.perf_counter(), clock))]

    def in_program(name):
        kernel.stdin.write(name + "\n")
        kernel.stdin.flush()
        return json.loads(kernel.stdout.readline())

    contenders = {name: (in_duckdb, statement) for name, statement in statements().items()}
    programs = {f"kernel from texts ({form})": f"texts {form}" for form in FORMS}
    programs |= {f"its buffers ({form})": f"read {form}" for form in FORMS}
    programs |= {
        "kernel from masks": "masks", "Cedar, from the rows": "cedar", "Cedar, requests ready": "requests", "compile": "compile",
    }
    contenders |= {name: (in_program, line) for name, line in programs.items()}
    took = {name: [] for name in contenders}
    for round_ in range(ROUNDS + 1):
        for name, (run, argument) in contenders.items():
            numbers = run(argument)
            if round_ > 0:
                took[name].append(numbers)
    gross = {name: statistics.median(processor for processor, _ in numbers) for name, numbers in took.items()}
    net = {name: gross[name] - gross[READS[name]] for name in READS}
    for name, numbers in took.items():
        least = min(processor for processor, _ in numbers)
        clock = statistics.median(clock for _, clock in numbers)
        apart = f"{net[name]:>9,.0f}" if name in net else " " * 9
        print(f"{name:<34} {gross[name]:>9,.0f} ns  net {apart}  least {least:>9,.0f}  by the clock {clock:>9,.0f}")
    print()
    judge(gross, net)


# What reads the columns of a contender, and nothing more.
READS = (
    {f"mfa_evaluate ({form})": f"its columns ({form})" for form in FORMS}
    | {f"kernel from texts ({form})": f"its buffers ({form})" for form in FORMS}
    | {"SQL on lists": "its columns (full)", "SQL on lists, all it says": "its columns (full)"}
)


def judge(gross, net):
    def goal(name, found, limit, at_most):
        is_met = found <= limit if at_most else found >= limit
        print(f"{'pass' if is_met else 'FAIL'}  {name:<66} {found:>7.2f}  goal: at {'most' if at_most else 'least'} {limit:.2f}")

    for form in FORMS:
        for name, ns in (("net", net), ("gross", gross)):
            ratio = ns[f"mfa_evaluate ({form})"] / ns[f"kernel from texts ({form})"]
            goal(f"mfa_evaluate ({form}), {name}: times the kernel from texts", ratio, 110 / 36, True)
    for name, ns in (("net", net), ("gross", gross)):
        goal(f"SQL on lists, the decision, {name}: times mfa_evaluate", ns["SQL on lists"] / ns["mfa_evaluate (full)"], 13, False)
        whole = ns["SQL on lists, all it says"] / ns["mfa_evaluate (full)"]
        goal(f"SQL on lists, all it says, {name}: times mfa_evaluate", whole, 13, False)
    goal("Cedar, requests ready: times mfa_evaluate, net", gross["Cedar, requests ready"] / net["mfa_evaluate (full)"], 300, False)
    goal("Cedar, from the rows: times mfa_evaluate, gross", gross["Cedar, from the rows"] / gross["mfa_evaluate (full)"], 300, False)
    goal("two policies: times one", gross["two policies"] / gross["one policy"], 1.6, True)
    goal("milliseconds to compile the policy", gross["compile"] / 1e6, 1, True)


main()
