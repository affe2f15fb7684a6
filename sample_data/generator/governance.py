"""Who decides, what was decided on, and what is kept of it: owners, phases, approvals, reviews, snapshots, access policies."""

import hashlib
from collections import namedtuple
from datetime import date, timedelta

from . import apps, entra
from .audit import registration_gap
from .base import AS_OF, iso, utc
from .decisions import tier
from .policies import HASHES

CISO = "ciso@larkspur.example"
# An account as the views see it: of a directory, with what the policy in force says about it.
Account = namedtuple("Account", "provider person principal department region population wave enrolment decision deadline")


def accounts(world, decisions):
    """Every enabled account of Entra, Okta and AWS."""
    found = []
    for provider, people in (("entra", world.company.people), ("okta", world.okta.people)):
        for person in people:
            if person.enabled:
                name, _, decision, deadline = decisions.account("v2", person, provider)
                found.append(Account(provider, person, person.principal, person.department, person.region, person.population,
                                     person.wave, name, decision, deadline))
    for row in world.aws.rows:
        person = world.company.index.get(row["user"])
        if person is None:
            found.append(Account("aws", None, row["user"], None, None, "break_glass", None, "unknown", "indeterminate", None))
        elif person.population == "service":
            found.append(Account("aws", person, person.principal, person.department, person.region, "service", person.wave,
                                 "not_applicable", None, None))
        else:
            # The report says that there is MFA and not which: no method of it is one that the policy accepts.
            found.append(Account("aws", person, person.principal, person.department, person.region, person.population,
                                 person.wave, "in_grace", "report_only", utc(12, 31)))
    return found


def humans(found):
    return [account for account in found if account.population != "service"]


class Governance:
    def __init__(self, world, decisions, truth):
        self.world, self.truth = world, truth
        self.company, self.cast = world.company, world.cast
        self.accounts = accounts(world, decisions)
        self.heads = {}
        for person in self.company.people:
            if person.population == "workforce" and person.enabled:
                self.heads.setdefault(person.department, person.principal)
        self._owners()
        self._phases()
        self._policy()
        self._reviews()
        self._gap_snapshots()
        self._baselines()
        self._roles()
        self._access_policies()

    # -- who decides

    def _owners(self):
        """Everything is owned but what the story leaves out."""
        self.owners = []
        scopes = [("department", name) for name in (*self.heads, "external")]
        scopes += [("region", name) for name in ("emea", "amer", "apac")]
        scopes += [("population", name) for name in ("workforce", "contractor", "partner", "service", "break_glass", "shared")]
        scopes += [("app", app.app_id) for app in apps.ALL if app.sensitivity == "critical"]
        missing = {("department", "operations", decision): None for decision in ("policy", "exception", "remediation")}
        missing["population", "partner", "exception"] = None
        missing["app", apps.JUMP.app_id, "remediation"] = None
        missing["department", "hr", "remediation"] = self.heads["sales"]

        def own(kind, scope, decision, owner, first=utc(6, 1), until=None):
            function = {"policy": "security", "exception": "compliance"}.get(decision) or (
                "business_unit" if kind in ("department", "app") else "identity")
            self.owners.append({"scope_kind": kind, "scope": scope, "decision": decision, "owner": owner, "function": function,
                                "valid_from": first, "valid_until": until})

        for kind, scope in scopes:
            for decision in ("policy", "exception", "remediation"):
                if kind == "app":
                    head = self.heads[next(app.owner for app in apps.ALL if app.app_id == scope)]
                else:
                    head = self.heads.get(scope, self.heads["it"])
                owner = CISO if decision == "policy" else self.world.exceptions.security if decision == "exception" else head
                if (kind, scope, decision) == ("department", "hr", "remediation"):
                    own(kind, scope, decision, self.heads["sales"], until=utc(9, 1))
                elif (kind, scope, decision) == ("department", "finance", "remediation"):
                    own(kind, scope, decision, self.heads["operations"], until=utc(7, 1))
                    own(kind, scope, decision, owner, utc(7, 1))
                elif (kind, scope, decision) not in missing:
                    own(kind, scope, decision, owner)
        counted = {
            "department": lambda account: account.department, "region": lambda account: account.region,
            "population": lambda account: account.population,
        }
        self.truth.programme["owners_gaps"] = [
            {"scope_kind": kind, "scope": scope, "decision": decision, "last_owner": last,
             "accounts": sum(counted[kind](account) == scope for account in self.accounts) if kind in counted else None}
            for (kind, scope, decision), last in missing.items()
        ]
        self.truth.quiet("owners_gaps").append(
            {"scope_kind": "department", "scope": "finance", "decision": "remediation", "why": "the next owner began as the last one ended"})

    def _phases(self):
        """Late, waiting for a gate, without an owner; and units where all is as planned."""
        plans = {
            "pilot": ((6, 1, 6, 7), (6, 8, 6, 14), (6, 15, 6, 30), (7, 1, 7, 25), (7, 15, 7, 31), (7, 27, 8, 14), (8, 1, 8, 31)),
            "finance-emea": ((6, 1, 6, 14), (6, 15, 7, 15), (7, 16, 8, 10), (8, 1, 9, 5), (8, 15, 9, 14), (9, 7, 9, 30), (9, 15, 10, 15)),
            "rest": ((6, 1, 6, 30), (7, 1, 7, 31), (8, 1, 9, 30), (9, 1, 10, 25), (9, 15, 11, 15), (11, 16, 12, 15), (12, 1, 12, 31)),
        }
        names = ("assess", "define", "communicate", "implement", "monitor", "support", "enforce")
        gates = {"implement": "nine of ten have a factor", "enforce": "everybody is compliant or excepted"}
        # department: (plan, phases done, status of the current one, the gate is met, what is in the way of it)
        units = {
            "it": ("pilot", 6, "in_progress", False, "gate"),
            "security": ("pilot", 7, None, None, None),
            "finance": ("finance-emea", 6, "in_progress", True, "late"),
            "engineering": ("rest", 4, "in_progress", None, None),
            "support": ("rest", 3, "in_progress", True, "late"),
            "sales": ("rest", 3, "in_progress", False, "gate"),
            "hr": ("rest", 2, "blocked", None, "owner"),
            "operations": ("rest", 1, "in_progress", None, "late"),
        }
        self.phases, tracker = [], {}
        for unit, (plan, done, status, met, unmet) in units.items():
            late = []
            for number, (name, (month, day, until_month, until_day)) in enumerate(zip(names, plans[plan])):
                first, last = date(2026, month, day), date(2026, until_month, until_day)
                is_done, is_current = number < done, number == done
                self.phases.append({
                    "unit": unit, "phase": name, "status": "done" if is_done else status if is_current else "not_started",
                    "planned_start": first.isoformat(), "planned_end": last.isoformat(),
                    "started_at": utc(month, day, 8) if is_done or is_current else None,
                    "finished_at": utc(until_month, until_day, 16) if is_done else None,
                    "gate": gates.get(name), "gate_met": (is_done or (met if is_current else None)) if name in gates else None,
                    "owner": None if unmet == "owner" and is_current else self.heads[unit],
                })
                if not is_done and last < AS_OF.date():
                    late.append(name)
            tracker[unit] = {"current_phase": names[done] if done < 7 else None, "late": late, "unmet": unmet}
        self.truth.programme["phase_tracker"] = tracker

    # -- what was decided on

    def _policy(self):
        admins = self.cast.admin_compliant
        ciso, lead, security, council = CISO, admins[0].principal, self.world.exceptions.security, self.heads["hr"]
        draft = hashlib.sha256(b"a draft of 2026.9.0").hexdigest()
        v1, v2 = HASHES["v1"], HASHES["v2"]
        self.policy_approvals = [
            {"policy_id": "larkspur-mfa", "version": version, "approver": approver, "role": role, "decided_at": when,
             "decision": decision, "document_hash": of, "ticket": ticket}
            for version, approver, role, when, decision, of, ticket in (
                ("2026.6.0", ciso, "security", utc(5, 20, 9), "approved", v1, "CHG-2011"),
                ("2026.6.0", lead, "identity", utc(5, 21, 14), "approved", v1, "CHG-2011"),
                ("2026.7.0", lead, "identity", utc(7, 10, 11), "approved", None, "CHG-2140"),
                ("2026.9.0", ciso, "security", utc(9, 10, 9), "approved", draft, "CHG-2388"),
                ("2026.9.0", council, "works_council", utc(9, 11, 10), "rejected", v2, "CHG-2388"),
                ("2026.9.0", security, "security", utc(9, 18, 16), "approved", v2, "CHG-2388"),
            )
        ]
        self.truth.programme["policy_history"] = {
            # approved before it took effect, by two; and late, by one of two, the other on a draft that changed since
            "2026.6.0": {"hash": v1, "approvers": sorted((ciso, lead)), "rejections": 0, "other_approvals": 0,
                         "last_approved_at": iso(utc(5, 21, 14)), "approved_in_time": True},
            "2026.9.0": {"hash": v2, "approvers": sorted((ciso, security)), "rejections": 1, "other_approvals": 1,
                         "last_approved_at": iso(utc(9, 18, 16)), "approved_in_time": False},
        }

    def _reviews(self):
        """Administrators, service accounts and partners; the emergency accounts were forgotten, the service accounts since June."""
        self.access_reviews, last = [], {}
        enabled = self.company.enabled()
        admins = [p for p in enabled if p.admin and p.population == "workforce"]
        services = [p for p in enabled if p.population == "service"]
        partners = [p for p in enabled if p.population == "partner"]

        def review(quarter, person, reviewer, decision, when):
            self.access_reviews.append({
                "review_id": f"AR-2026-{quarter}", "period": f"2026-{quarter}", "provider": "entra", "identity_id": person.entra_id,
                "user_principal": person.principal, "reviewer": reviewer, "decision": decision, "decided_at": when,
                "mfa_status": "unprotected" if registration_gap(person, "entra", person.methods(when or AS_OF)) else "protected",
            })
            if when and when <= AS_OF:
                last[person.principal] = {"decision": decision, "at": iso(when), "this_quarter": when >= utc(10, 1)}

        security = self.world.exceptions.security
        for number, person in enumerate(services):
            review("Q2", person, self.heads["it"], "keep", utc(6, 22, 9, number))
        for number, person in enumerate(admins):
            reviewer = security if person.principal != security else self.heads["security"]
            review("Q3", person, reviewer, "reduce" if number == 2 else "keep", utc(9, 21, 10, number))
        for number, person in enumerate(partners[:-5]):
            review("Q3", person, self.heads["sales"], "remove" if number in (4, 20) else "keep", utc(9, 24, 13, number))
        for number, person in enumerate(admins):
            # Not decided, and decided after the end of the sample.
            when = utc(10, 20, 10, number) if number < 6 else utc(10, 30, 10, number) if number < 8 else None
            review("Q4", person, security if person.principal != security else self.heads["security"],
                   "keep" if when else "none", when)
        self.truth.programme["access_review"] = last

    # -- what is kept

    def _gap_snapshots(self):
        """What mfa_gaps said of three departments at three dates; one gap was gone in between."""
        takes = (utc(7, 31, 6), utc(8, 31, 6), utc(9, 30, 6))
        people = [p for p in self.company.enabled() if p.department in ("sales", "hr", "finance") and p.human
                  and p.population == "workforce" and p.created < takes[0]]
        back = next(p for p in people if p in self.cast.no_factor)
        self.snapshots, seen = [], {}
        for take in takes:
            for person in people:
                rule = registration_gap(person, "entra", person.methods(take))
                if rule not in ("no_factor", "weak_only") or (person is back and take == takes[1]):
                    continue
                finding = hashlib.md5(f"{rule}|entra|{person.entra_id}|".encode()).hexdigest()
                self.snapshots.append({
                    "taken_at": take, "view_name": "mfa_gaps", "row_id": finding, "provider": "entra",
                    "identity_id": person.entra_id, "rule": rule, "severity": "high" if rule == "no_factor" else "medium",
                })
                seen.setdefault((finding, rule, person.principal), []).append(take)
        today = {(rule, entry["user_principal"]) for rule, found in self.truth.gaps.items() for entry in found
                 if entry["provider"] == "entra"}
        register = self.truth.programme["gap_register"] = []
        for (finding, rule, principal), times in seen.items():
            is_open = (rule, principal) in today
            after = [take for take in takes if take > times[-1]]
            places = [takes.index(take) for take in times] + ([3] if is_open else [])
            returns = sum(later > earlier + 1 for earlier, later in zip(places, places[1:]))
            register.append({
                "finding_id": finding, "rule": rule, "user_principal": principal,
                "status": ("reopened" if returns else "open") if is_open else "closed", "first_seen": iso(times[0]),
                "closed_at": None if is_open else iso(after[0] if after else AS_OF), "times_closed": returns + (not is_open),
            })
        self.resolved = {}
        for take in takes:
            gone = [times for times in seen.values() if takes.index(times[-1]) + 1 < 3 and takes[takes.index(times[-1]) + 1] == take]
            self.resolved[take] = len(gone)
        self.unresolved = sum(times[-1] == takes[-1] for times in seen.values())
        assert any(entry["status"] == "reopened" for entry in register)

    def _baselines(self):
        """Accounts and those with nothing at all, by population, tier and department, at three dates."""
        takes = (utc(7, 29, 6), utc(9, 15, 6), utc(10, 27, 6))
        values = {}
        for take in takes:
            counts = values[take] = {}
            for person in self.company.enabled():
                if person.created > take:
                    continue
                rule = tier("v2", person, "entra")
                key = f"entra|{person.population}|{rule[0] if rule else 'service'}|{person.department}"
                counts[f"{key}|accounts"] = counts.get(f"{key}|accounts", 0) + 1
                if rule and not person.methods(take):
                    counts[f"{key}|no_factor"] = counts.get(f"{key}|no_factor", 0) + 1
            for row, count in sorted(counts.items()):
                self.snapshots.append({"taken_at": take, "view_name": "mfa_baseline", "row_id": row, "provider": "entra",
                                       "measure": row.rsplit("|", 1)[1], "value": count})
        first, last = values[takes[0]], values[takes[-1]]
        self.truth.programme["baseline_diff"] = {
            "from_at": iso(takes[0]), "to_at": iso(takes[-1]),
            "rows": {row: [first.get(row, 0), last.get(row, 0)] for row in sorted({**first, **last})},
        }

    def _roles(self):
        self.roles = [
            {"provider": provider, "role": role, "display_name": role, "is_privileged": privileged, "tier": place, "description": does}
            for provider, role, privileged, place, does in (
                ("entra", "Global Administrator", True, "admin", "Everything"),
                ("entra", "Privileged Role Administrator", True, "admin", "Assigns roles"),
                ("entra", "User Administrator", True, "admin", "Creates accounts and resets methods"),
                ("entra", "Helpdesk Administrator", True, "admin", "Resets passwords"),
                ("entra", "Directory Readers", False, "standard", "Reads the directory"),
                ("okta", "Super Administrator", True, "admin", "Everything"),
                ("okta", "Report Administrator", False, "standard", "Reads reports"),
            )
        ]

    def _access_policies(self):
        """Two exports of the access policies: one leaves more people out, one only reports, one holds for everybody now."""
        first, second = utc(9, 20, 6), utc(10, 20, 6)
        one, two = (p.entra_id for p in self.world.stories.emergency)
        partners, devices = (
            ("c3d0e5f6-0000-4d2c-8c11-7a90b1c2d304", "Require MFA for partners"),
            ("c3d0e5f6-0000-4d2c-8c11-7a90b1c2d305", "Require a managed device for finance"),
        )
        scanner = self.company.by_upn("svc-scanner@larkspur.example").entra_id

        def policy(named, state, controls, include, exclude, changed, app_ids=("All",), clients=("all",)):
            return {
                "id": named[0], "displayName": named[1], "createdDateTime": iso(utc(6, 1)), "modifiedDateTime": iso(changed),
                "state": state, "sessionControls": None,
                "conditions": {
                    "clientAppTypes": list(clients), "applications": {"includeApplications": list(app_ids), "excludeApplications": []},
                    "users": {"includeUsers": list(include), "excludeUsers": list(exclude), "includeGroups": [], "excludeGroups": [],
                              "includeRoles": [], "excludeRoles": []},
                    "locations": None,
                },
                "grantControls": {"operator": "OR", "builtInControls": list(controls), "customAuthenticationFactors": [],
                                  "termsOfUse": [], "authenticationStrength": None},
            }

        admins = [p.entra_id for p in self.company.people if p.admin and p.population == "workforce"]
        guests = [p.entra_id for p in self.company.people if p.population == "partner"][:4]
        old, legacy = ("exchangeActiveSync", "other"), entra.LEGACY
        reports = "enabledForReportingButNotEnforced"
        exports = {
            first: [
                policy(entra.ALL_USERS, reports, ["mfa"], admins, [one, two], utc(6, 1)),
                policy(entra.ADMINS, "enabled", ["mfa"], admins, [one, two], utc(8, 1)),
                policy(legacy, "enabled", ["block"], ["All"], [one, two], utc(6, 15), clients=old),
                policy(partners, "enabled", ["mfa"], guests, [], utc(8, 12)),
                policy(devices, "enabled", ["compliantDevice", "mfa"], ["All"], [one, two], utc(9, 1), [apps.LEDGER.app_id]),
            ],
            second: [
                policy(entra.ALL_USERS, reports, ["mfa"], ["All"], [one, two], utc(9, 28)),
                policy(entra.ADMINS, "enabled", ["mfa"], admins, [one, two], utc(8, 1)),
                policy(legacy, "enabled", ["block"], ["All"], [one, two, scanner], utc(10, 12), clients=old),
                policy(partners, reports, ["mfa"], guests, [], utc(10, 14)),
                policy(devices, "enabled", ["compliantDevice"], ["All"], [one, two], utc(10, 9), [apps.LEDGER.app_id]),
            ],
        }
        self.access_policies = {when.strftime("%Y-%m-%d"): {
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies", "value": value,
        } for when, value in exports.items()}
        story = self.truth.story("policy_weakened")
        for rule, named in (("policy_exclusions_added", legacy), ("policy_report_only", partners), ("policy_mfa_dropped", devices)):
            story.append({"rule": rule, "policy_id": named[0], "first_seen": iso(first), "last_seen": iso(second)})
        quiet = self.truth.quiet("policy_weakened")
        quiet.append({"policy_id": entra.ADMINS[0], "why": "did not change"})
        quiet.append({"policy_id": entra.ALL_USERS[0], "why": "only reported before, and holds for everybody since"})
