"""The register of exceptions, its approvals and attestations."""

from datetime import timedelta

from . import apps
from .base import AS_OF, iso, minutes, utc, week

WORDS = {
    "accessibility": "Cannot operate a telephone; waiting for a suitable method",
    "device_lost": "Telephone lost, replacement ordered",
    "vendor_limit": "Vendor terminal cannot show a second step",
    "convenience": "Second step takes too long on the road",
}
NEXT = {"accessibility": "Issue a hardware key", "device_lost": "Enrol the replacement", "vendor_limit": "Replace the terminal",
        "convenience": "Enrol"}


class Exceptions:
    def __init__(self, company, cast, truth):
        self.cast, self.truth = cast, truth
        self.security = cast.admin_compliant[-2].principal
        self.rows, self.approvals, self.attestations, self.status = [], [], [], {}
        self.renewals = truth.story("silent_renewal")
        self.quiet = truth.quiet("silent_renewal")
        self.emergency = next(p for p in company.people if p.population == "break_glass")
        self.uses = []
        cast.expired_used[0].away.append((utc(9, 29), AS_OF))
        for make in (self._ordinary, self._honest, self._moved, self._reissued, self._same_words, self._still_used,
                     self._self_attested, self._invalid):
            make()

    # -- building blocks

    def grant(self, number, person, start, end, criterion, *, kind="exemption", approvals=2, attested=None, words=None,
              ticket=None, **more):
        name = f"EXC-{number:03d}"
        subject = person if isinstance(person, str) else person.principal
        row = {
            "exception_id": name, "subject_kind": "identity", "subject": subject,
            "scope": "session" if kind == "temporary_bypass" else None, "kind": kind, "criterion": criterion,
            "justification": words or f"{WORDS[criterion]} ({subject.split('@')[0]})", "requested_by": subject,
            "starts_at": start, "expires_at": end, "ticket": ticket or f"REQ-{4100 + 7 * number}",
            "remediation_action": NEXT[criterion], "risk": "medium", **more,
        }
        self.rows.append(row)
        if criterion == "accessibility" and not isinstance(person, str):
            person.accessibility = "cannot use a telephone"
        manager = person.manager if not isinstance(person, str) else self.cast.excepted[0].manager
        decided = (start - timedelta(days=2, hours=1), start - timedelta(days=1, hours=3))
        for (approver, role), when in list(zip(((manager, "manager"), (self.security, "security")), decided))[:approvals]:
            self.approve(name, approver, role, when)
        for when in attested or ():
            self.attest(name, manager, when)
        over = end <= AS_OF
        closed = more.get("closed_at")
        self.status[name] = {
            "subject": subject, "status": "closed" if closed else "expired" if over else "pending" if start > AS_OF else "active",
            "reasons": [], "opened": week(start) if start <= AS_OF else None, "expired": week(end) if over and not closed else None,
            "renewed": [], "silently_renewed": [], "used_after_expiry": [],
        }
        return name

    def approve(self, name, approver, role, when, decision="approved"):
        self.approvals.append(
            {"exception_id": name, "approver": approver, "role": role, "decided_at": when, "decision": decision})

    def attest(self, name, manager, when, decision="confirmed"):
        period = f"{when.year}-Q{(when.month - 1) // 3 + 1}"
        self.attestations.append(
            {"exception_id": name, "manager": manager, "attested_at": when, "decision": decision, "period": period})

    def move(self, name, when, end):
        """A later version of the exception with another end."""
        row = dict(next(row for row in reversed(self.rows) if row["exception_id"] == name))
        row.update(expires_at=end, recorded_at=when)
        self.rows.append(row)
        self.status[name].update(status="active" if end > AS_OF else "expired", expired=week(end) if end <= AS_OF else None)

    def silent(self, name, pattern, when, of=None):
        self.status[name]["silently_renewed"].append({"pattern": pattern, "at": iso(when), "week": week(when)})
        self.renewals.append({"exception_id": name, "pattern": pattern, "at": iso(when), "week": week(when), "of": of or name})

    def inactive(self, name, reason):
        """Within its dates, and without force: the status says why."""
        self.status[name].update(status=reason.removeprefix("EXC_").lower().replace("attest_", "attestation_"), reasons=[reason])

    # -- the register

    def _ordinary(self):
        people, cast = self.cast.excepted, self.cast
        self.grant(1, people[0], utc(7, 20, 9), utc(12, 31), "accessibility", attested=[utc(9, 10, 10)])
        self.grant(2, cast.voice_only[0], utc(8, 20, 9), utc(12, 15), "accessibility", attested=[utc(10, 5, 10)])
        contractor = next(p for p in cast.no_factor if p.population == "contractor")
        self.grant(3, contractor, utc(9, 10, 9), utc(11, 30), "vendor_limit", attested=[utc(9, 21, 10)])
        for number, person in enumerate(cast.bypass_covered, 4):
            self.grant(number, person, utc(10, 5, 6), utc(11, 10), "device_lost", kind="temporary_bypass",
                       attested=[utc(10, 6, 15)])
        quiet = self.truth.quiet("expired_exception_used")
        for number, person, start, end in ((6, people[1], utc(6, 10, 9), utc(8, 15)), (7, people[2], utc(6, 2, 9), utc(7, 25))):
            name = self.grant(number, person, start, end, "accessibility", attested=[start + timedelta(days=20)])
            quiet.append({"exception_id": name, "why": "every sign-in after the end passed MFA"})
        self.grant(8, people[3], utc(6, 15, 9), utc(10, 30), "device_lost", attested=[utc(7, 2, 10)],
                   closed_at=utc(8, 20, 16), closed_reason="method registered")
        name = self.grant(36, cast.bypass_before[0], utc(7, 1, 6), utc(7, 20), "device_lost", kind="temporary_bypass",
                          attested=[utc(7, 3, 9)])
        quiet.append({"exception_id": name, "why": "used only while it held"})
        self.grant(35, cast.refused[7], utc(11, 5, 9), utc(12, 31), "vendor_limit")
        for approval, when in zip(self.approvals[-2:], (utc(10, 20, 9), utc(10, 21, 9))):
            approval["decided_at"] = when
        self.grant(37, apps.INTRANET.app_id, utc(6, 20, 9), utc(12, 10), "vendor_limit", kind="excluded_from_policy",
                   attested=[utc(9, 24, 9)], words="Read-only notices on shared screens", subject_kind="app")

    def _honest(self):
        first = self.grant(9, self.cast.excepted[4], utc(6, 8, 9), utc(8, 20), "accessibility", attested=[utc(7, 6, 9)])
        second = self.grant(10, self.cast.excepted[4], utc(8, 20), utc(11, 15), "accessibility", renewed_from=first,
                            attested=[utc(9, 15, 9)])
        self.status[first]["renewed"].append({"by": second, "at": iso(utc(8, 20)), "week": week(utc(8, 20))})
        self.quiet.append({"exception_id": second, "why": "renewed_from is set, two approvals"})
        name = self.grant(11, self.cast.excepted[5], utc(6, 22, 9), utc(8, 31), "vendor_limit", attested=[utc(9, 8, 9)],
                          recorded_at=utc(6, 22, 9))
        recorded = utc(8, 25, 15)
        self.approve(name, self.cast.excepted[5].manager, "manager", utc(8, 24, 9))
        self.approve(name, self.security, "security", utc(8, 25, 9))
        self.move(name, recorded, utc(11, 20))
        self.status[name]["renewed"].append({"by": name, "at": iso(recorded), "week": week(recorded)})
        self.quiet.append({"exception_id": name, "why": "end moved after two new approvals"})

    def _moved(self):
        name = self.grant(12, self.cast.excepted[6], utc(7, 1, 9), utc(8, 31), "accessibility",
                          attested=[utc(8, 5, 9), utc(10, 2, 9)], recorded_at=utc(7, 1, 9))
        self.move(name, utc(8, 28, 17), utc(11, 20))
        self.silent(name, "end_moved", utc(8, 28, 17))
        name = self.grant(13, self.cast.excepted[7], utc(6, 22, 9), utc(7, 31), "device_lost", attested=[utc(9, 3, 9)],
                          recorded_at=utc(6, 22, 9))
        for when, end in ((utc(7, 29, 18), utc(9, 30)), (utc(9, 28, 18), utc(12, 10))):
            self.move(name, when, end)
            self.silent(name, "end_moved", when)

    def _reissued(self):
        for number, person, start, end, again, until, approvals in (
            (14, self.cast.excepted[8], utc(7, 6, 9), utc(9, 20), utc(9, 1, 9), utc(11, 28), 1),
            (16, self.cast.excepted[9], utc(7, 27, 9), utc(10, 15), utc(10, 5, 9), utc(12, 20), 0),
        ):
            old = self.grant(number, person, start, end, "vendor_limit", attested=[start + timedelta(days=14)])
            new = self.grant(number + 1, person, again, until, "accessibility", approvals=approvals,
                             attested=[again + timedelta(days=6)])
            self.silent(new, "overlapping_reissue", again, old)
            self.inactive(new, "EXC_UNAPPROVED")

    def _same_words(self):
        for number, person, start, end, again, until, same in (
            (18, self.cast.excepted[10], utc(6, 25, 9), utc(8, 10), utc(8, 14, 9), utc(11, 12), "justification"),
            (20, self.cast.excepted[11], utc(7, 2, 9), utc(9, 5), utc(9, 8, 9), utc(11, 30), "ticket"),
        ):
            old = self.grant(number, person, start, end, "vendor_limit", attested=[start + timedelta(days=14)])
            row = self.rows[-1]
            copied = {"words": row["justification"]} if same == "justification" else {"ticket": row["ticket"]}
            new = self.grant(number + 1, person, again, until, "vendor_limit" if "words" in copied else "device_lost",
                             approvals=0, attested=[again + timedelta(days=6)], **copied)
            self.silent(new, f"same_{same}", again, old)
            self.inactive(new, "EXC_UNAPPROVED")

    def _still_used(self):
        """After the end: a bypass code that still works, a password that still suffices."""
        for number, person in enumerate(self.cast.bypass_expired, 22):
            self.grant(number, person, utc(8, 20, 6), utc(9, 10), "device_lost", kind="temporary_bypass",
                       attested=[utc(8, 24, 9)])
        plan = (
            (24, self.cast.expired_used[0], utc(7, 15, 9), utc(9, 30), (utc(10, 5, 8, 30), utc(10, 14, 9, 5), utc(10, 24, 8, 50))),
            (25, self.cast.expired_used[1], utc(8, 3, 9), utc(10, 2), (utc(10, 9, 9, 45), utc(10, 19, 10, 15))),
        )
        for number, person, start, end, times in plan:
            name = self.grant(number, person, start, end, "vendor_limit", attested=[start + timedelta(days=15)])
            self.uses.append((name, person, times))

    def play(self, entra, duo):
        story = self.truth.story("expired_exception_used")
        for name, person, times in self.uses:
            for when in times:
                entra.add(person, when, apps.EXCHANGE, entra.single(when))
            self.truth.gap("first_factor_only", "entra", person)
            self._used(story, name, "entra", person, times)
        for number, person in enumerate(self.cast.bypass_expired, 22):
            name = f"EXC-{number:03d}"
            end = next(row["expires_at"] for row in self.rows if row["exception_id"] == name)
            times = [when for when in duo.bypasses[person.person_id][2] if when >= end]
            self._used(story, name, "duo", person, times)
            self.silent(name, "bypass_after_expiry", times[0])

    def _used(self, story, name, provider, person, times):
        self.status[name]["used_after_expiry"] = list(dict.fromkeys(week(when) for when in times))
        story.append({"exception_id": name, "provider": provider, "user_principal": person.principal,
                      "times": [iso(when) for when in times]})

    def _self_attested(self):
        for number, person, start, end, by_manager, by_self in (
            (26, self.cast.excepted[12], utc(7, 10, 9), utc(12, 20), utc(8, 10, 9), utc(10, 5, 20)),
            (27, self.cast.excepted[13], utc(8, 5, 9), utc(12, 1), utc(8, 20, 9), utc(9, 28, 20)),
        ):
            name = self.grant(number, person, start, end, "accessibility", attested=[by_manager])
            self.attest(name, person.principal, by_self)
            self.silent(name, "attested_by_beneficiary", by_self)

    def _invalid(self):
        people = self.cast.refused
        late = utc(9, 15, 9)
        self.inactive(self.grant(28, people[0], late, utc(11, 30), "vendor_limit", approvals=1, attested=[utc(9, 29, 9)]),
                      "EXC_UNAPPROVED")
        name = self.grant(29, people[1], late, utc(11, 30), "device_lost", approvals=0, attested=[utc(9, 29, 9)])
        self.approve(name, people[1].principal, "manager", late - timedelta(days=1))
        self.approve(name, self.security, "security", late - minutes(300))
        self.inactive(name, "EXC_UNAPPROVED")
        self.inactive(self.grant(30, people[2], utc(6, 5, 9), utc(3, 31, year=2027), "accessibility", attested=[utc(9, 21, 9)]),
                      "EXC_TOO_LONG")
        self.inactive(self.grant(31, people[3], utc(6, 12, 9), utc(12, 5), "accessibility", attested=[utc(6, 30, 9)]),
                      "EXC_ATTEST_OVERDUE")
        self.inactive(self.grant(32, people[4], utc(9, 1, 9), utc(11, 25), "convenience", attested=[utc(9, 22, 9)]),
                      "EXC_FORBIDDEN")
        self.inactive(self.grant(33, self.emergency, utc(9, 7, 9), utc(11, 20), "vendor_limit", attested=[utc(9, 22, 9)]),
                      "EXC_FORBIDDEN")
        name = self.grant(34, people[5], late, utc(11, 28), "accessibility", approvals=1, attested=[utc(9, 29, 9)])
        self.approve(name, self.security, "security", late - minutes(200), "rejected")
        self.inactive(name, "EXC_UNAPPROVED")
