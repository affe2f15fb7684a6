#!/usr/bin/env python3
"""Writes the sample company: the same seed gives the same bytes."""

import argparse
import os

from generator import apps, audit, directory, measures, okta_traffic, policies
from generator.aws import COLUMNS, Aws
from generator.base import DEFAULT_SEED, Output, Streams, iso, pretty
from generator.cast import Cast
from generator.company import Company
from generator.decisions import Decisions
from generator.duo import Duo
from generator.entra import Entra
from generator.entra_traffic import Background, Traffic, envelope
from generator.evidence import Evidence
from generator.exceptions import Exceptions
from generator.factors import Factors, gaps as factor_gaps
from generator.governance import Governance
from generator.helpdesk import HelpDesk
from generator.okta import Okta, factors as okta_factors, users as okta_users
from generator.rollout import Rollout
from generator.stories import Stories
from generator.truth import Truth

OKTA_PAGE = "2026-10"
DUO_PAGE = "2026-10-22"


class World:
    """Everything, generated in an order in which each part finds what it needs."""

    def __init__(self, seed):
        streams = Streams(seed)
        self.company = Company(streams)
        self.cast = Cast(self.company)
        self.truth = Truth(seed)
        self.stories = Stories(self.company, self.cast, self.truth)
        self.exceptions = Exceptions(self.company, self.cast, self.truth)
        self.factors = Factors(self.company, self.cast, streams)
        self.okta = Okta(self.company, self.cast, streams)
        traffic = okta_traffic.OktaTraffic(self.okta, self.cast, self.truth, streams)
        self.entra = Entra(self.company, streams)
        Traffic(self.entra, self.cast, streams)
        self.background = Background(self.entra, streams)
        self.stories.play(self.entra)
        traffic.play()
        self.duo = Duo(self.company, self.cast, self.truth, streams)
        self.duo.play()
        self.exceptions.play(self.entra, self.duo)
        self.aws = Aws(self.company, self.truth, streams)
        factor_gaps(self.company, self.cast, self.truth)
        okta_traffic.gaps(self.cast, self.truth)
        for records in (self.entra.signins, self.entra.noninteractive):
            records.sort(key=lambda record: (record["createdDateTime"], record["id"]))
        audit.hold_against(self)
        self.decisions = Decisions(self)
        self.governance = Governance(self, self.decisions, self.truth)
        self.rollout = Rollout(self, self.governance, self.truth, streams)
        self.helpdesk = HelpDesk(self, self.rollout, self.truth, streams)
        Evidence(self, self.governance, self.rollout, self.helpdesk, self.truth)


def columns(name):
    """The columns of a contract relation, in its order."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sql", "contract", f"{name}.sql")
    with open(path, encoding="utf-8") as file:
        return [line.split()[2] for line in file if line.startswith("-- @column")]


def write(world, out):
    entra(world, out)
    okta(world, out)
    duo(world, out)
    out.csv("aws/credential-report.csv", COLUMNS, world.aws.rows)
    out.expect_both("aws/credential-report.csv", [row["mfa_active"] == "true" for row in world.aws.rows])
    people = list(directory.hr_rows(world.company))
    out.csv("hr/people.csv", directory.HR_COLUMNS, people)
    out.expect("hr/people.csv", len(people), len(people))
    tables(world, out)
    out.text("policies/v1.toml", policies.V1)
    out.text("policies/v2.toml", policies.V2)
    out.text("policies/proposed.toml", policies.PROPOSED)
    out.text("truth.json", pretty(truth(world, out)))


def entra(world, out):
    months = {}
    for record in world.entra.signins:
        months.setdefault(record["createdDateTime"][:7], []).append(record)
    for month, records in sorted(months.items()):
        out.ndjson(f"entra/signins-{month}.ndjson.gz", records)
        out.expect(f"entra/signins-{month}.ndjson.gz", len(records), len(records))
    background = sorted(world.entra.noninteractive + world.background.apps, key=lambda r: (r["createdDateTime"], r["id"]))
    out.json("entra/noninteractive.json.gz", {"records": [envelope(record) for record in background]})
    out.expect("entra/noninteractive.json.gz", len(background), len(background))
    users, page = directory.users_page(world.company), directory.registration_page(world.company)
    out.json("entra/users.json", users)
    out.expect("entra/users.json", len(users["value"]), len(users["value"]))
    out.json("entra/registration.json", page)
    methods = [len(entry["methodsRegistered"]) for entry in page["value"]]
    out.expect_both("entra/registration.json", methods)


def okta(world, out):
    events = world.okta.events
    for name, chosen in (
        ("okta/system-log.ndjson.gz", [e for e in events if not e["published"].startswith(OKTA_PAGE)]),
        ("okta/system-log-page.json.gz", [e for e in events if e["published"].startswith(OKTA_PAGE)]),
    ):
        (out.ndjson if name.endswith("ndjson.gz") else out.json)(name, chosen)
        rows = sum(map(okta_traffic.is_signin, chosen))
        types = {}
        for event in chosen:
            types[event["eventType"]] = types.get(event["eventType"], 0) + 1
        out.expect(name, len(chosen), rows, len(chosen) - rows, dict(sorted(types.items())))
    users, factors = list(okta_users(world.okta)), list(okta_factors(world.okta))
    out.json("okta/users.json", users)
    out.expect("okta/users.json", len(users), len(users))
    out.ndjson("okta/factors.ndjson", factors)
    out.expect("okta/factors.ndjson", len(factors), len(factors))


def duo(world, out):
    events = world.duo.events
    log = [e for e in events if e["isotimestamp"] < DUO_PAGE]
    page = [e for e in events if e["isotimestamp"] >= DUO_PAGE]
    out.ndjson("duo/authentication.ndjson.gz", log)
    out.json("duo/authentication-page.json", {"response": {"authlogs": page, "metadata": {}}, "stat": "OK"})
    for name, chosen in (("duo/authentication.ndjson.gz", log), ("duo/authentication-page.json", page)):
        out.expect(name, len(chosen), len(chosen))


def tables(world, out):
    owners = {}
    for person in world.company.people:
        if person.population == "workforce" and person.enabled:
            owners.setdefault(person.department, person.principal)
    rows = [
        {"app_id": app.app_id, "app_name": app.name, "owner": owners[app.owner], "sensitivity": app.sensitivity,
         "surface": app.surface, "in_mfa_scope": app.in_scope, "business_unit": app.unit}
        for app in apps.ALL
    ]
    tester = world.exceptions.security
    tests = [
        {"subject_kind": kind, "subject_id": subject, "tested_at": when, "tested_by": tester, "result": result,
         "evidence_ref": f"TEST-{number:03d}"}
        for number, (kind, subject, when, result) in enumerate(world.stories.control_tests, 1)
    ]
    for name, relation, rows in (
        ("apps.csv", "mfa_apps", rows),
        ("exceptions.csv", "mfa_exceptions", world.exceptions.rows),
        ("exception_approvals.csv", "mfa_exception_approvals", world.exceptions.approvals),
        ("attestations.csv", "mfa_attestations", world.exceptions.attestations),
        ("control_tests.csv", "mfa_control_tests", tests),
        ("factor_events.csv", "mfa_factor_events", world.factors.events),
    ):
        out.csv(name, columns(relation), rows)
        out.expect(name, len(rows), len(rows))
    for part, names in (
        (world.governance, ("owners", "phases", "policy_approvals", "access_reviews", "snapshots", "roles")),
        (world.rollout, ("materials", "communications", "prompts", "enrollment_events", "enforcement_events", "training_assignments")),
        (world.helpdesk, ("runbooks", "tickets", "support_coverage", "bypass_codes")),
    ):
        for name in names:
            rows = getattr(part, name)
            out.csv(f"{name}.csv", columns(f"mfa_{name}"), rows)
            out.expect(f"{name}.csv", len(rows), len(rows))
    for day, page in world.governance.access_policies.items():
        out.json(f"entra/ca-policies-{day}.json", page)
        out.expect(f"entra/ca-policies-{day}.json", len(page["value"]), len(page["value"]))


def truth(world, out):
    people = world.company.people
    populations = {}
    for person in people:
        group = populations.setdefault(person.population, {"enabled": 0, "disabled": 0})
        group["enabled" if person.enabled else "disabled"] += 1
    decisions = world.decisions
    return world.truth.document(
        accounts={
            "entra": populations, "admins": sum(p.admin and p.population == "workforce" for p in people),
            "okta": len(world.okta.people), "duo": len(world.duo.people), "aws": len(world.aws.rows),
            "without_signins": [p.principal for p in world.cast.no_evidence],
            "stored_credential": [p.principal for p in world.cast.service_app_password],
            "partner_without_attested_mfa": [p.principal for p in world.cast.partner_federated],
        },
        adoption=measures.adoption(world.company),
        coverage=measures.coverage(world.company),
        effective_coverage={"entra": measures.effective(world)},
        text_messages=measures.text_messages(world),
        exceptions=world.exceptions.status,
        diff={"v1_to_v2": decisions.diff("v1", "v2"), "v2_to_proposed": decisions.diff("v2", "proposed")},
        impact=decisions.impact(),
        gate=decisions.gate(),
        exception_weeks=measures.trends(world.exceptions.status),
        registration_curves={
            wave: {"midpoint": iso(midpoint), "slope_days": slope} for wave, (midpoint, slope) in measures.CURVES.items()
        },
        files=out.files,
    )


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default=here, help="folder to write to (default: this one)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options = parser.parse_args()
    write(World(options.seed), Output(options.out))


if __name__ == "__main__":
    main()
