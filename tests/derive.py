"""Writes the records of a file in tests/data in the other forms its log comes in, for the .slt files.

usage: derive.py NAME FOLDER [FIXTURES]
SQL cannot do this alike on every engine, so a test calls it in a `system` record.
"""

import csv
import gzip
import json
import pathlib
import sys

DATA = pathlib.Path(__file__).parent / "data"


def load(name):
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def lines(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def keys(record, spelling):
    return {spelling(key): value for key, value in record.items()}


def okta_system_log(write):
    records = load("okta_system_log.json")
    write("lines.json", records)
    write("bridge.json", ({"version": "0", "source": "aws.partner/okta.com", "detail-type": "SystemLog", "detail": record} for record in records))
    write("splunk.json", ({"time": 1767600000, "sourcetype": "OktaIM2:log", "event": record} for record in records))
    write("lower.json", (keys(record, str.lower) if isinstance(record, dict) else record for record in records))


def okta_lifecycle(write):
    ann = {"id": "00u1", "type": "User", "alternateId": "Ann@example.com"}
    bob = {"id": "00u2", "type": "User", "alternateId": "bob@example.com"}
    system = {"id": "sys", "type": "SystemPrincipal", "alternateId": "system@okta.com"}
    at = {"published": "2026-01-05T08:00:00Z"}

    def event(uuid, name, actor=ann, when=at, debug=None, **outcome):
        record = {**when, "actor": actor, "client": {"ipAddress": "203.0.113.7"}, "target": [ann], "uuid": uuid, "eventType": f"user.{name}"}
        return {**record, **({"outcome": outcome} if outcome else {}), **({"debugContext": {"debugData": debug}} if debug else {})}

    push = {"factor": "OKTA_VERIFY_PUSH"}
    events = [
        event("f1", "mfa.factor.activate", result="SUCCESS", reason="User set up SMS_FACTOR factor"),
        event("f2", "mfa.factor.activate", result="FAILURE", reason="INVALID_CREDENTIALS", debug=push),
        event("f3", "mfa.factor.deactivate", bob, result="SUCCESS", reason="User reset FIDO_WEBAUTHN factor"),
        event("f4", "mfa.factor.reset_all", bob, result="SUCCESS"),
        event("f5", "mfa.factor.suspend", system, result="SUCCESS"),
        event("f6", "mfa.promote_enrollment", result="SKIPPED"),
        event("f7", "session.start", result="SUCCESS"),
        event("f8", "mfa.factor.activate", when={}),
    ]
    write("lifecycle.json", events)


def okta_users(write):
    records = load("okta_users.json")
    write("lines.json", records)
    write("page.json", [{"value": records}])


def okta_factors(write):
    records = load("okta_factors.json")
    write("lines.json", records)
    write("page.json", [{"value": records}])


def entra_users(write):
    records = load("entra_users.json")["value"]
    write("lines.json", records)
    write("array.json", [records])


def entra_registration(write):
    records = load("entra_registration.json")["value"]
    write("lines.json", records)
    write("array.json", [records])


def duo_auth_log(write):
    records = load("duo_auth_log.json")["response"]["authlogs"]
    write("lines.json", records)
    write("page.json", [{"authlogs": records, "metadata": {}}])
    write("upper.json", (keys(record, str.upper) for record in records if record.get("txid") is not None))


def duo_log_sync(write):
    records = load("duo_auth_log.json")["response"]["authlogs"]
    synced = [{**record, "eventtype": "authentication"} for record in records[:3]]
    administrator = {"eventtype": "administrator", "timestamp": 1767600000, "username": "Bob"}
    signed_in = '{"factor": "push", "ip_address": "203.0.113.9", "primary_auth_method": "Password"}'
    fraud = '{"factor": "push", "error": "Login request reported as fraudulent."}'
    at = {"isotimestamp": "2026-01-05T08:00:00+00:00"}
    offline = {"username": "Ann", "object": "Laptop", "description": '{"factor": "duo_otp", "hostname": "L1"}'}
    bypass = {"username": "Bob", "object": "ann@example.com", "description": '{"user_id": "DU1", "count": 1}'}
    others = [
        {"eventtype": "administrator", "action": "user_update", "timestamp": 1767600000},
        {"eventtype": "telephony", "telephony_id": "x", "txid": "y"},
        {**administrator, "action": "admin_login", "description": signed_in},
        {**administrator, "action": "admin_2fa_error", "description": fraud},
        {"action": "o2fa_user_provisioned", **at, **offline},
        {"action": "bypass_create", **at, **bypass},
        {"context": "authentication", "credits": 1, **at, "phone": "+15550100", "type": "sms"},
        {"sekey": "SE1", "state": "new", "type": "auth"},
    ]
    write("sync.log", [*synced, *others])


def entra_signins(write):
    records = lines("entra_signins.ndjson")
    kinds = {
        "interactiveUser": "SignInLogs",
        "nonInteractiveUser": "NonInteractiveUserSignInLogs",
        "servicePrincipal": "ServicePrincipalSignInLogs",
    }

    def exported(record):
        kind = (record.get("signInEventTypes") or [None])[0]
        return {
            "time": record.get("createdDateTime"), "resourceId": "/tenants/x", "operationName": "Sign-in activity", "operationVersion": "1.0",
            "category": kinds.get(kind, "ManagedIdentitySignInLogs"), "resultType": (record.get("status") or {}).get("errorCode"),
            "callerIpAddress": "198.51.100.9", "properties": record,
        }  # fmt: skip

    def column(key, value):
        name = "TimeGenerated" if key == "createdDateTime" else key[0].upper() + key[1:]
        return name, json.dumps(value) if isinstance(value, dict | list) else value

    audit = {"time": "2026-01-05T08:00:00Z", "operationName": "Add user", "category": "AuditLogs", "properties": {"id": "a-1"}}
    write("export.json", [*map(exported, records), audit])
    write("table.json", (dict(column(*field) for field in record.items()) for record in records))
    write("lower.json", (json.loads(json.dumps(record).lower()) for record in records))


def mfa_signins(write):
    entra = lines("entra_signins.ndjson")
    okta = load("okta_system_log.json")
    duo = load("duo_auth_log.json")["response"]["authlogs"]
    interactive = [record for record in entra if (record.get("signInEventTypes") or [None])[0] == "interactiveUser"]
    export = [
        {"category": "SignInLogs", "time": record.get("createdDateTime"), "operationName": "Sign-in activity", "properties": record}
        for record in interactive
    ]
    published = [{"detail": record} for record in okta if isinstance(record, dict) and record.get("published") is not None]
    others = [{"eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn", "eventTime": "2026-01-05T08:00:00Z"}, {"hello": "world"}, []]
    write("mixed.json", [*entra, *okta, *duo, *export, *published, *others])


def raw_signins(write):
    write("entra.ndjson", lines("entra_signins.ndjson"))
    write("okta.ndjson", load("okta_system_log.json"))
    write("duo.ndjson", load("duo_auth_log.json")["response"]["authlogs"])


def framing(write):
    def record(n):
        debug = {"value": "[{", "records": [{}], "authlogs": [[]]}
        actor = {"id": f"u{n}", "alternateId": f"jürgen{n}@example.com"}
        event = {"uuid": str(n), "published": f"2026-01-05T08:0{n}:00Z", "eventType": "user.session.start"}
        return {**event, "outcome": {"result": "SUCCESS"}, "actor": actor, "debugContext": {"debugData": debug}}

    records = [record(n) for n in range(1, 6)]

    def pretty(value):
        return json.dumps(value, indent=4, ensure_ascii=False)

    write("pretty.json", map(pretty, records))
    write("pretty_array.json", ["[" + ",".join(map(pretty, records)) + "]"])
    write("pretty_value.json", [pretty({"value": records})])


def aws_credential_report(write):
    rows = list(csv.reader((DATA / "aws_credential_report.csv").read_text(encoding="utf-8").splitlines()))
    first = [rows[0].index(name) for name in ("mfa_active", "password_enabled")]
    order = [*first, *(column for column in range(len(rows[0])) if column not in first)]
    write.table("turned.csv", [[row[column] for column in order] for row in rows], quoting=csv.QUOTE_ALL)
    write.table("report.csv.gz", rows)
    write.table("report.tsv", rows, delimiter="\t")


def aws_cloudtrail(write):
    write("lines.json", load("aws_cloudtrail.json")["Records"])


def google_login_activity(write):
    write("lines.json", load("google_login_activity.json")["items"])


def lastpass_events(write):
    rows = csv.DictReader((DATA / "lastpass_events.csv").read_text(encoding="utf-8").splitlines())
    write("events.json", (keys(row, lambda key: key.replace(" ", "_")) for row in rows))


def mapped_signins(write):
    columns = ["id", "ts", "event", "result", "reason", "user.email", "user.name", "user.id", "app", "client.ip"]

    def value(record, path):
        for key in path.split("."):
            record = record.get(key) or {}
        return record or None

    rows = [[value(record, column) for column in columns] for record in lines("mapped_signins.json")]
    write.table("table.csv", [columns, *rows])


def o365_audit(write):
    columns = {"RecordType": "RecordType", "CreationDate": "CreationTime", "UserIds": "UserId", "Operations": "Operation"}
    rows = [[*map(record.get, columns.values()), json.dumps(record)] for record in load("o365_audit.json")]
    write.table("export.csv", [[*columns, "AuditData"], *rows])


def people(write):
    rows = csv.reader((DATA / "people.csv").read_text(encoding="utf-8").splitlines(keepends=True), delimiter=";")
    rows = list(rows)
    rows = [row for row in rows if len(row) == len(rows[0])]
    write.table("people.csv.gz", rows)
    write.table("tabs/people.tsv", rows, delimiter="\t")


def dated(write, fixtures):
    time = "2026-01-05T08:00:00Z"

    def logs(provider, name):
        path = pathlib.Path(fixtures) / provider / "panther-labs+panther-analysis/derived" / f"{name}.logs.ndjson"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    activities = logs("google_workspace", "gsuite_activityevent_rules")
    write("google.json", ({**record, "id": {**record["id"], "time": time}} for record in activities))
    write("onelogin.json", ({**record, "created_at": time} for record in logs("onelogin", "onelogin_rules")))


def detection_rules(write, fixtures):
    vendor = "panther-labs+panther-analysis/derived"
    logs = [f"aws/{vendor}/aws_cloudtrail_rules", f"google_workspace/{vendor}/gsuite_activityevent_rules", f"o365/{vendor}/microsoft_rules"]
    logs += [f"onelogin/{vendor}/onelogin_rules", f"duo/{vendor}/duo_rules", f"entra/{vendor}/azure_signin_rules", f"okta/{vendor}/okta_rules"]
    time = "2026-01-05T08:00:00Z"
    rows = [["rule", "test", "expected", "event", "log"]]
    for name in logs:
        for line in (pathlib.Path(fixtures) / f"{name}.tests.ndjson").read_text(encoding="utf-8").splitlines():
            test = json.loads(line)
            log = test["log"]
            match test["rule"].split(".")[0]:
                case "DUO":
                    log["isotimestamp"] = time
                case "GSuite":
                    log["id"] = {**(log.get("id") or {}), "time": time}
                case "OneLogin":
                    log["created_at"] = time
                case "AWS":
                    log = {"eventTime": time, **log}
            event = next((log[key] for key in ("eventType", "eventtype", "operationName") if log.get(key) is not None), None)
            rows.append([test["rule"], test["test"], str(test["expected"]).lower(), event, json.dumps(log, ensure_ascii=False)])
    write.table("tests.csv", rows)


class Writer:
    """Writes a file of lines: texts as they are, other values as JSON."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def __call__(self, name, values):
        texts = (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values)
        with self.open(name) as file:
            file.writelines(text + "\n" for text in texts)

    def table(self, name, rows, **form):
        with self.open(name) as file:
            csv.writer(file, lineterminator="\n", **form).writerows(rows)

    def open(self, name):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        return (gzip.open if path.suffix == ".gz" else open)(path, "wt", encoding="utf-8", newline="")


if __name__ == "__main__":
    _, form, target, *others = sys.argv
    globals()[form](Writer(target), *others)
