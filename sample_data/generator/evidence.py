"""What the evidence amounts to, and what the checklist and the checks of the data say of it."""

from datetime import timedelta

from . import apps
from .base import AS_OF, iso, utc
from .decisions import tier
from .governance import humans
from .policies import HASHES

STATES = ("satisfied", "required_failed", "not_required", "excluded", "no_evidence")


class Evidence:
    """Months by kind, of the lists whose items are all dated here."""

    def __init__(self, world, governance, rollout, helpdesk, truth):
        self.world, self.governance, self.rollout, self.helpdesk, self.truth = world, governance, rollout, helpdesk, truth
        self.index = {}
        self._index()
        truth.programme["evidence_index"] = {
            kind: {month: months[month] for month in sorted(months)} for kind, months in self.index.items()}
        truth.programme["preflight"] = self._checks()
        truth.programme["data_quality"] = self._quality()
        truth.programme["incomplete_enrollments"] = self._incomplete()
        truth.programme["control_tests"] = self._control_tests()

    def item(self, kind, when, state):
        if when is not None and when > AS_OF:
            return
        month = iso(when)[:7] if when else "undated"
        self.index.setdefault(kind, {}).setdefault(month, dict.fromkeys(STATES, 0))[state] += 1

    def _index(self):
        versions = {"2026.6.0": HASHES["v1"], "2026.9.0": HASHES["v2"]}
        for row in self.governance.policy_approvals:
            known, of = versions.get(row["version"]), row["document_hash"]
            bad = row["decision"] == "rejected" or (known and of and of != known)
            self.item("policy_approval", row["decided_at"], "required_failed" if bad else "satisfied" if known else "no_evidence")
        for begins in (utc(6, 1), utc(9, 15)):
            self.item("policy_version", begins, "satisfied")
            self.item("policy_approval", begins, "no_evidence")
        for ticket in self.helpdesk.tickets:
            closed = ticket["closed_at"] and ticket["closed_at"] <= AS_OF
            self.item("help_desk_ticket", ticket["opened_at"],
                      "not_required" if not closed else "satisfied" if ticket["resolution"] else "required_failed")
        for event in self.rollout.enforcement_events:
            self.item("enforcement_event", event["event_time"],
                      "excluded" if event["exception_id"] else "satisfied" if event["actor"] else "no_evidence")
        for _, _, when, result in self.world.stories.control_tests:
            self.item("control_test", when, "satisfied" if result == "passed" else "required_failed")
        for row in self.governance.access_reviews:
            self.item("access_review", row["decided_at"], "satisfied" if row["decided_at"] else "no_evidence")
        for row in self.rollout.training_assignments:
            done = row["completed_at"] and row["completed_at"] <= AS_OF
            self.item("training", row["assigned_at"], "satisfied" if done else
                      "required_failed" if row["due_at"] <= AS_OF else "not_required")
        subjects = {row["exception_id"]: row["subject"].lower() for row in self.world.exceptions.rows}
        for row in self.world.exceptions.attestations:
            own = row["manager"].lower() == subjects[row["exception_id"]]
            self.item("attestation", row["attested_at"], "excluded" if own else "satisfied")
        for take, number in self.governance.resolved.items():
            for _ in range(number):
                self.item("gap", take, "satisfied")
        for _ in range(self.governance.unresolved):
            self.item("gap", max(self.governance.resolved), "required_failed")

    def _checks(self):
        """(status, value) of the checks that rest on what is planted."""
        world, found = self.world, self.governance.accounts
        emergency = [a for a in found if a.population == "break_glass"]
        tests = {subject for kind, subject, when, result in world.stories.control_tests
                 if kind == "break_glass" and result == "passed" and when > AS_OF - timedelta(days=90)}
        departments = {a.department for a in humans(found) if a.department}
        decided = {(row["scope"], row["decision"]) for row in self.governance.owners if row["scope_kind"] == "department"
                   and (row["valid_until"] is None or row["valid_until"] > AS_OF)}
        owned = {d for d in departments if all((d, what) in decided for what in ("policy", "exception", "remediation"))}
        pilot = [a for a in humans(found) if a.wave == "pilot" and a.enrolment != "not_applicable"]
        checks = {
            "emergency_accounts": (True, len(emergency)),
            "emergency_tests": (False, sum(a.principal not in tests for a in emergency)),
            "owners_named": (False, len(departments - owned)),
            "apps_owned": (True, 0),
            "materials_ready": (False, self.rollout.unready),
            "support_covered": (False, 1),
            "people_informed": (False, self.rollout.uninformed),
            "policy_sound": (True, 0),
            "policy_approved": (True, 2),
            "pilot_run": (True, 88),
            "pilot_compliant": (False, round(sum(a.enrolment in ("compliant", "excepted") for a in pilot) / len(pilot), 6)),
        }
        return {name: {"status": "pass" if passed else "fail", "value": value} for name, (passed, value) in checks.items()}

    def _quality(self):
        """Checks whose rows are counted here."""
        records = self.world.entra.signins + self.world.entra.noninteractive
        failed = [r for r in records if r["status"].get("errorCode") in (50053, 50126)]
        subjects = {row["exception_id"] for row in self.world.exceptions.rows if row["subject_kind"] == "identity"}
        with_mfa = sum(row["mfa_active"] == "true" for row in self.world.aws.rows)
        return [
            {"check_id": check, "provider": provider, "affected": affected, "total": total}
            for check, provider, affected, total in (
                ("missing_inputs", None, 0, 28),
                ("empty_details", "entra", sum(not r["authenticationDetails"] for r in failed), len(failed)),
                ("unknown_subjects", None, 0, len(subjects)),
                # The report says that there is MFA, neither which nor since when.
                ("unknown_factor_methods", "aws", with_mfa, with_mfa),
                ("undated_factors", "aws", with_mfa, with_mfa),
            )
        ]

    def _incomplete(self):
        """Entra accounts that began: the last attempt came to nothing, or one of two factors is there."""
        rollout, found = self.rollout, {}
        kinds = {rollout.failed.principal: ("failed", 2, "none", "ticket_open"),
                 rollout.gave_up.principal: ("abandoned", 0, "scheduled", "bypass_code"),
                 rollout.began.principal: ("open", 0, "late", "none")}
        for account in humans(self.governance.accounts):
            if account.provider != "entra" or account.enrolment not in ("in_grace", "overdue", "unknown"):
                continue
            accepted = tier("v2", account.person, "entra")[1]
            if account.principal in kinds:
                kind, failures, reminder, fallback = kinds[account.principal]
            elif account.enrolment != "unknown" and any(f.method in accepted for f in account.person.methods(AS_OF)):
                kind, failures, reminder, fallback = "partial", 0, "none", "none"
            else:
                continue
            found[account.principal] = {"kind": kind, "failures": failures, "reminder": reminder, "fallback": fallback}
        return found

    def _control_tests(self):
        """The last test of each emergency account and critical application, and whether the logs saw it."""
        found = {}
        subjects = {a.principal: "break_glass" for a in self.governance.accounts if a.population == "break_glass"}
        names = {app.app_id: app.name for app in apps.ALL if app.sensitivity == "critical"}
        seen = {p.principal for p in self.world.stories.emergency}
        for subject in (*subjects, *names):
            tests = [(when, result) for _, of, when, result in self.world.stories.control_tests if of == subject]
            passed = [when for when, result in tests if result == "passed"]
            due = max(passed) + timedelta(days=90) if passed else None
            last = max(tests)[1] if tests else None
            days = (AS_OF - due).days if due else None
            found[names.get(subject, subject)] = {
                "status": "never_tested" if not tests else "failed" if last == "failed" else "overdue" if days >= 0
                else "due_soon" if days >= -14 else "tested",
                "last_result": last, "last_passed_at": iso(max(passed)) if passed else None, "days_overdue": days,
                # The tester of an application left no sign-in to it.
                "reconciliation": "not_tested" if not tests else "seen" if subject in seen else "not_seen",
            }
        return found
