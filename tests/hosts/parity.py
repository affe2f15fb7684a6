"""Feeds the tests that publishers ship with their rules to our readers and detections, and writes docs/detection-parity.md.

usage: parity.py      (make parity)
The rules are those that the headers in sql/views/detect name by @equivalent. A rule whose publisher ships logs with it, in a log that is
read, is a case below: its logs are files for our reader, what the reader gives is loaded, and the detection is asked. Whether it
finds something has to be what the publisher's test expects. The logs are in ../shared/fixtures, no part of the repository.
"""

import contextlib
import copy
import dataclasses
import datetime
import json
import pathlib
import re
import sys
import tempfile

from support import ROOT, connect, rows

FIXTURES = ROOT.parent / "shared" / "fixtures"
PAGE = ROOT / "docs" / "detection-parity.md"
START = datetime.datetime(2026, 1, 5, 8, tzinfo=datetime.timezone.utc)

ABOUT = """\
# Parity with published detections

Written by `make parity` from the headers in `sql/views/detect` and the tests that publishers ship with their rules. A test is a log and whether the rule fires
on it; our reader reads the log, and our detection fires or stays quiet.

- match: fires and stays quiet on the same logs
- better: differs where the published rule has a fault, which the named test of ours holds on to
- out of scope: not compared, and why

What is different in each is in [the detection catalog](detections.md).

"""


# Logs as their readers take them: some tests were trimmed of their time, and a threshold needs an event more than once.


def at(number):
    return (START + datetime.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def duo(log, number):
    return {**log, "txid": str(number), "isotimestamp": at(number)}


def cloudtrail(log, number):
    return {**log, "eventID": str(number), "eventTime": at(number)}


def auth0(log, number):
    return {**log, "log_id": str(number), "data": {**log["data"], "log_id": str(number), "date": at(number)}}


def entra(log, number):
    return {**log, "properties": {**log["properties"], "id": str(number), "createdDateTime": at(number)}}


def okta(log, number):
    return {**log, "uuid": str(number), "published": at(number)}


def went_through(log, number):
    return {**okta(log, number), "outcome": {"result": "SUCCESS"}}


def google(log, number):
    return {**log, "id": {**(log.get("id") or {}), "time": at(number), "uniqueQualifier": str(number)}}


def onelogin(log, number):
    return {**log, "id": number, "created_at": at(number)}


@dataclasses.dataclass(frozen=True)
class Case:
    """How the logs of a published rule reach a detection."""

    reader: str
    # One event as its reader takes it, of a number.
    log: object = None
    # What makes the events of a test otherwise than by repeating one; none when the test is not one of the case's.
    logs: object = None
    # How often the event has to happen: the rule's own threshold, or ours where the rule takes one event.
    times: int = 1
    # The relation that the reader fills.
    relation: str = "mfa_signins"
    preset: str | None = None
    # Hours after the last event at which the detection is asked.
    hours: int = 1
    # Statements that load what else the detection needs.
    also: tuple = ()
    # Tests of the rule that are not judged, and why.
    without: dict = dataclasses.field(default_factory=dict)
    # Tests on which ours differs, since the rule is at fault.
    fault: dict = dataclasses.field(default_factory=dict)
    # The fault of a rule that fires where ours does, and what ours says instead: rule, words.
    instead: tuple = ()
    # A test of ours that shows the fault: file, and a line of it.
    pinned: tuple = ()
    note: str = ""


APPS = "create table mfa_apps as select distinct app_id, app_name, 'critical' as sensitivity, true as in_mfa_scope from mfa_signins where app_id is not null"
ROOTS = (
    "insert into mfa_identities by name select distinct provider, identity_id, user_principal, 'break_glass' as population, true as account_enabled"
    " from mfa_signins where identity_id like '%:root'"
)


def travels(log, near):
    """Panther adds the place to the event, and has an earlier one in a cache: the place goes where Okta writes it, and before that
    the person was on the other side of the world, or as near as the next town."""
    if "p_enrichment" not in log:
        return [log]
    place = log["p_enrichment"]["ipinfo_location"]["client.ipAddress"]

    def signin(latitude, longitude, city, address):
        there = {"city": city, "country": "?", "geolocation": {"lat": float(latitude), "lon": float(longitude)}}
        return {**log, "client": {**log["client"], "ipAddress": address, "geographicalContext": there}}

    before = (float(place["lat"]) + 0.1, place["lng"], "near") if near else (52.52, 13.405, "Berlin")
    return [signin(*before, "192.0.2.1"), signin(place["lat"], place["lng"], place["city"], log["client"]["ipAddress"])]


def journeys(name, log):
    """The sign-ins of a test of impossible travel, an hour apart but where it says that they are not."""
    if log.get("p_log_type") != "Okta.SystemLog":
        return None
    is_near, hour = "Short Distances" in name, 0 if "Short Timedeltas" in name else 3600
    pair = travels(log, near=is_near)
    if not ("with history" in name or is_near):
        pair = pair[-1:]
    return [{**okta(one, hour * number), "uuid": str(number)} for number, one in enumerate(pair)]


def changes(_, log):
    """A change of a conditional-access policy in the directory's audit: the policy before and after, as two exports have it."""
    for target in log["properties"]["targetResources"]:
        for change in target.get("modifiedProperties") or []:
            if change["displayName"] == "ConditionalAccessPolicy":
                return [json.loads(change["oldValue"]), json.loads(change["newValue"])]
    return []


CASES = {
    "panther:Auth0.PushNotification.Fatigue": Case("read_auth0_logs", auth0, times=5, preset="panther", note="5 times, as often as the rule wants"),
    "panther:DUO.User.Denied.AnomalousPush": Case(
        "read_duo_auth_log", duo, times=5, note="5 times: one refused push is no finding here"
    ),
    "panther:DUO.User.Action.Fraudulent": Case("read_duo_auth_log", duo, times=5, note="5 times: one refused push is no finding here"),
    "panther:DUO.User.BypassCode.Used": Case(
        "read_duo_auth_log", duo, instead=("bypass_status", "takes the status of a user for a bypass code"),
        pinned=("tests/slt/fixtures/rules.slt", "# A bypass status is no bypass code, and neither is MFA."),
    ),
    "panther:AWS.Unsuccessful.MFA.attempt": Case("read_aws_cloudtrail", cloudtrail, times=2, preset="panther", note="twice, as often as the rule wants"),
    "panther:AWS.Console.LoginWithoutMFA": Case(
        "read_aws_cloudtrail", cloudtrail, also=(APPS,),
        without={"No MFA Login - New User": "who is new is in a cache of the publisher, not in the log"},
    ),
    "panther:AWS.Console.RootLogin": Case("read_aws_cloudtrail", cloudtrail, also=(ROOTS,), note="with root among the emergency accounts"),
    "panther:Azure.Audit.LegacyAuth": Case(
        "read_entra_signins", entra,
        without={"Sign-In with legacy auth, KNOWN_EXCEPTION": "who may is a list in the rule; here an exception is a row of mfa_exceptions"},
    ),
    "panther:Azure.Audit.ROPCLoginNoMFA": Case("read_entra_signins", entra),
    "panther:Azure.Audit.DeviceCodeBrokerClient": Case(
        "read_entra_signins", entra,
        fault={"Device Code Without Broker Client": "looks for one application, and a device code is phished with any"},
        pinned=("tests/slt/views/mfa_legacy_signins.slt", "device_code_signin"),
    ),
    "panther:Azure.Audit.MFADisabled": Case(
        "read_entra_ca_policies", logs=changes, relation="mfa_ca_policies", note="the policy before and after the change, as two exports"
    ),
    "panther:Okta.Anonymizing.VPN.Login": Case(
        "read_okta_system_log", went_through, note="as sign-ins that went through; those of the tests were refused, which is no finding here"
    ),
    "panther:Okta.User.MFA.Reset.All": Case(
        "read_okta_system_log", okta, relation="mfa_factor_events", hours=13, note="13 hours later, when nothing has replaced it"
    ),
    "panther:GSuite.TwoStepVerification": Case(
        "read_google_login_activity", google, relation="mfa_factor_events", hours=13, note="13 hours later, when nothing has replaced it"
    ),
    "panther:OneLogin.AuthFactorRemoved": Case(
        "read_onelogin_events", onelogin, relation="mfa_factor_events", hours=13, note="13 hours later, when nothing has replaced it"
    ),
    "panther:Standard.ImpossibleTravel.Login": Case(
        "read_okta_system_log", logs=journeys, preset="panther",
        note="Okta's logs with the place that the publisher adds, an hour after one from Berlin where the test has a history, at once after one from nearby where it says so",
    ),
}

# Rules with tests that are compared with nothing, and why.
OUTSIDE = {
    "panther:Okta.User.MFA.Factor.Suspend": "a suspended method cannot be used until it is back, so that nothing was weakened",
    "panther:Standard.MFADisabled": "tests of GitHub and Zendesk, which are not read, and of Okta without a time",
}

# Faults of rules that come without logs: what is wrong, and the test of ours that shows it.
FAULTS = {
    "sigma:6f7e1c10-2dc9-4312-adb6-9574ff09a5c8": (
        "takes the status of a user for a bypass code", "tests/slt/fixtures/rules.slt", "# A bypass status is no bypass code, and neither is MFA."
    ),
    "sigma:77caf516-34e5-4df9-b4db-20744fea0a60": (
        "asks for NO, which CloudTrail writes as No", "tests/slt/readers/read_aws_cloudtrail.slt",
        "# MFAUsed is a text, and says nothing of who came through another provider.",
    ),
    "sigma:60f6535a-760f-42a9-be3f-c9a0a025906e": (
        "asks for IMAP, which the log writes as IMAP4", "tests/slt/readers/read_entra_signins.slt", "IMAP4 imap true"
    ),
    "sentinel:2954d424-f786-4677-9ffc-c24c44c6e7d5": (
        "counts countries, which are not speed", "tests/slt/views/mfa_impossible_travel.slt", "jan: from one country to the next on foot"
    ),
}


def equivalents():
    """The published rules that the detections name, in order: publisher:id, name, view."""
    found = []
    for path in sorted((ROOT / "sql/views/detect").glob("*.sql")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r'-- @equivalent (\w+:\S+)(?: "([^"]*)")?', line):
                found.append((match[1], match[2] or "", path.stem))
    return found


def published():
    """The tests that publishers ship, by rule."""
    tests = {}
    for path in sorted(FIXTURES.rglob("*.tests.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            test = json.loads(line)
            tests.setdefault(test["rule"], []).append(test)
    return tests


def judge(rule, view, test):
    """The rules of ours that fire on the log of a test; nothing when it is not one of the case's."""
    case, log = CASES[rule], copy.deepcopy(test["log"])
    records = case.logs(test["test"], log) if case.logs else [case.log(log, number) for number in range(case.times)]
    if records is None:
        return None
    with contextlib.closing(connect()) as connection, tempfile.TemporaryDirectory(prefix="mfa-") as folder:
        connection.execute("set timezone = 'UTC'")
        selected = []
        for number, record in enumerate(records):
            path = pathlib.Path(folder) / f"{number}.json"
            path.write_text(json.dumps(record) + "\n", encoding="utf-8")
            call = f"{case.reader}('{path}'{', rows := ' + repr('factor_events') if case.relation == 'mfa_factor_events' else ''})"
            exported = f"timestamptz '{at(number)}' as exported_at" if case.relation == "mfa_ca_policies" else None
            selected.append(f"select * {f'replace ({exported})' if exported else ''} from {call}")
        # Without logs a detection has nothing to say.
        if not selected:
            return []
        if case.relation != "mfa_signins":
            connection.execute("create table mfa_signins as from read_duo_auth_log('tests/data/duo_auth_log.json') limit 0")
        connection.execute(f"create table {case.relation} as {' union all by name '.join(selected)}")
        connection.execute("create table mfa_identities as from read_mfa_identities('tests/data/people.csv') limit 0")
        for statement in case.also:
            connection.execute(statement)
        last = START + datetime.timedelta(seconds=3600 * len(records) + 3600 * case.hours)
        connection.execute(f"set variable mfa_as_of = timestamptz '{last.isoformat()}'")
        if case.preset:
            connection.execute(f"set variable mfa_preset = '{case.preset}'")
        return [name for (name,) in rows(connection, f"select distinct rule from {view} order by rule")]


def at_fault(rule, words, path, line):
    """What the page says of a rule's fault, and what is wrong where no test of ours shows it."""
    is_pinned = line in (ROOT / path).read_text(encoding="utf-8")
    return f"the rule {words} ([test](../{path}))", [] if is_pinned else [f"{rule}: nothing pins its fault"]


def compare():
    """Each published rule: its row of the page, and what is not as it should be."""
    tests, table, wrong = published(), [], []
    for rule, name, view in equivalents():
        publisher, rule_id = rule.split(":", 1)
        fires, quiet, why, verdict = 0, 0, [], "match"
        if rule in CASES:
            case, faults = CASES[rule], set()
            judged = 0
            if case.note:
                why.append(case.note)
            for test in tests.get(rule_id, []):
                if test["test"] in case.without:
                    why.append(f"not {test['test']}: {case.without[test['test']]}")
                    continue
                found = judge(rule, view, test)
                if found is None:
                    continue
                judged += 1
                fires, quiet = fires + bool(found), quiet + (not found)
                if test["test"] in case.fault:
                    faults.add(test["test"])
                    if bool(found) == test["expected"]:
                        wrong.append(f"{rule}, {test['test']}: no longer differs")
                elif bool(found) != test["expected"]:
                    wrong.append(f"{rule}, {test['test']}: expected {test['expected']}, found {found}")
                elif found and case.instead and found != [case.instead[0]]:
                    wrong.append(f"{rule}, {test['test']}: found {found}")
            if judged == 0 or faults != set(case.fault):
                wrong.append(f"{rule}: its tests are not there")
            if case.fault or case.instead:
                verdict = "better"
                for words in (*case.fault.values(), *case.instead[1:]):
                    said, unpinned = at_fault(rule, words, *case.pinned)
                    why.append(said)
                    wrong += unpinned
        elif rule in FAULTS:
            verdict = "better"
            said, unpinned = at_fault(rule, *FAULTS[rule])
            why.append(said)
            wrong += unpinned
        else:
            verdict = "out of scope"
            why.append(OUTSIDE.get(rule, "its publisher ships no logs with it"))
            if rule_id in tests and rule not in OUTSIDE:
                wrong.append(f"{rule} has tests, and is no case")
        counted = f"{fires} / {quiet}" if fires or quiet else ""
        table.append([publisher, f"{name}<br>`{rule_id}`" if name else f"`{rule_id}`", f"[`{view}`](views.md#{view})", counted, verdict, "; ".join(why)])
    return table, wrong


def page(table):
    header = ["published by", "rule", "view", "fires / quiet", "verdict", "how, and why"]
    lines = [f"| {' | '.join(cells)} |" for cells in (header, *table)]
    lines.insert(1, f"|{'---|' * len(header)}")
    verdicts = [row[4] for row in table]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in ("match", "better", "out of scope"))
    return f"{ABOUT}{len(table)} rules: {counts}.\n\n" + "\n".join(lines) + "\n"


def main():
    if not FIXTURES.is_dir():
        sys.exit("the logs are in ../shared/fixtures, which is not there")
    table, wrong = compare()
    PAGE.write_text(page(table), encoding="utf-8")
    print("\n".join(wrong) or f"{len(table)} rules")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
