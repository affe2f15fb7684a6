"""What the evidence amounts to, and what the checklist and the checks of the data say of it."""

from datetime import timedelta

from .base import AS_OF, iso, utc
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
        owned = {row["scope"] for row in self.governance.owners if row["scope_kind"] == "department"
                 and (row["valid_until"] is None or row["valid_until"] > AS_OF)}
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
        """[affected, total] of the checks whose rows are counted here."""
        records = self.world.entra.signins + self.world.entra.noninteractive
        codes = [r for r in records if r["status"].get("errorCode") in (50053, 50126)]
        return {
            "missing_inputs": [0, 28],
            "empty_details": [sum(not r["authenticationDetails"] for r in codes), len(codes)],
        }
