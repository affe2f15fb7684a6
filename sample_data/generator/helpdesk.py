"""The help desk: runbooks, tickets, shifts, and the codes it hands out."""

from datetime import timedelta

from .base import AS_OF, iso, minutes, utc
from .decisions import ENFORCED

CAUSES = {
    "enrolment": ("set-up", "Push does not arrive during set-up", "Notifications allowed, set up again"),
    "lost_device": ("lost", "Telephone lost", "Methods removed, temporary pass issued"),
    "new_device": ("move", "New telephone, old one is gone", "Methods moved to the new telephone"),
    "totp_drift": ("codes", "Codes are refused", "Time set to automatic"),
    "hardware_key": ("keys", "Key is not recognised", "Key replaced"),
    "locked_out": ("locked", "Locked out after the cutover", "Temporary pass issued"),
    "policy": ("question", "Why is it asked every time?", "Explained"),
    "other": ("other", "Portal is slow", "Nothing found"),
}
# root cause: runbook, method it is about, last review
RUNBOOKS = (
    ("RB-01", "Set-up fails", "enrolment", None, utc(7, 20, 9)),
    ("RB-02", "A lost device", "lost_device", None, utc(6, 3, 9)),
    ("RB-03", "A new telephone", "new_device", "push", utc(5, 12, 9, year=2025)),
    ("RB-04", "Codes are refused", "totp_drift", "totp", None),
    ("RB-05", "Pushes nobody asked for", "push_fatigue", None, utc(8, 28, 9)),
    ("RB-06", "Locked out", "locked_out", None, utc(7, 27, 9)),
)
# hours of the day in which a region is staffed, UTC
HOURS = {"emea": (6, 16), "amer": (13, 23), "apac": (0, 9)}
CUTOVER_DAYS, SUPPORT_DAYS, RUNBOOK_DAYS, FEEDBACK_DAYS, FEEDBACK_TICKETS = 14, 90, 365, 30, 5


class HelpDesk:
    def __init__(self, world, rollout, truth, streams):
        self.world, self.truth, self.rollout = world, truth, rollout
        self.company, self.cast = world.company, world.cast
        self.rng = streams.get("helpdesk")
        self.agents = [p for p in self.company.people if p.department == "support" and p.population == "workforce" and p.enabled]
        self._runbooks()
        self._tickets()
        self._shifts()
        self._codes()
        self._root_causes()
        self._adherence()
        self._proposals()
        self._coverage()

    def _runbooks(self):
        self.runbooks = [
            {"runbook_id": name, "title": title, "root_cause": cause, "method": method, "owner": self.agents[0].principal,
             "url": f"https://intranet.larkspur.example/runbooks/{name.lower()}", "reviewed_at": reviewed}
            for name, title, cause, method, reviewed in RUNBOOKS
        ]

    # -- tickets

    def open(self, person, when, cause, method=None, runbook=None, priority="normal", closed=True, region=True, resolved=True):
        words = CAUSES[cause or "other"]
        solved = when + minutes(self.rng.randrange(20, 900)) if closed else None
        self.tickets.append({
            "opened_at": when, "closed_at": solved, "user_principal": person if isinstance(person, str) else person.principal,
            "category": words[0], "root_cause": cause, "method": method, "summary": words[1],
            "resolution": words[2] if closed and resolved else None, "runbook_id": runbook,
            "assignee": self.rng.choice(self.agents[:6]).principal,
            "region": person.region if region and not isinstance(person, str) else None, "priority": priority,
        })

    def _working(self, person, day):
        """An instant within the staffed hours of the person's region, moved on from a weekend."""
        while day.weekday() >= 5:
            day += timedelta(days=1)
        first, last = HOURS[person.region]
        return day + timedelta(hours=first, minutes=self.rng.randrange(10, 60 * (last - first) - 10))

    def _some(self, number, *departments, region=None):
        people = [p for p in self.company.enabled() if p.department in departments and p.population == "workforce"
                  and p.created < utc(6, 1) and p not in self.rollout.overdue and (region is None or p.region == region)]
        return [people[(7 * place + 3) % len(people)] for place in range(number)]

    def _tickets(self):
        """Quiet weeks; one wave after the cutover of finance-emea, all about one thing; runbooks that are not followed."""
        self.tickets = []
        for number, person in enumerate(self._some(8, "sales", "support", "hr")):
            self.open(person, self._working(person, utc(6, 3 + 3 * number)), ("policy", "other", "lost_device", "enrolment")[number % 4],
                      runbook=(None, None, "RB-02", "RB-01")[number % 4])
        causes = ("enrolment", "locked_out", "new_device")
        for number, person in enumerate(self._some(9, "it", "security")):
            cause = causes[number % 3]
            self.open(person, self._working(person, utc(8, 3 + number)), cause, method="push",
                      runbook={"enrolment": "RB-01", "locked_out": "RB-06", "new_device": "RB-03"}[cause])
        # the wave: the people of finance in EMEA, some of them twice
        finance = self._some(24, "finance", region="emea")
        days = (15, 15, 15, 15, 15, 16, 16, 16, 16, 16, 16, 17, 17, 17, 17, 18, 18, 18, 21, 21, 22, 22, 23, 24)
        for number, (person, day) in enumerate(zip(finance, days)):
            self.open(person, self._working(person, utc(9, day)), "enrolment", method="push",
                      runbook="RB-02" if number % 4 == 1 else None if number % 8 == 3 else "RB-01",
                      priority="high" if number % 3 == 0 else "normal")
        for number, person in enumerate(self._some(2, "finance", region="emea")):
            self.open(person, self._working(person, utc(9, 16 + number)), "locked_out", runbook="RB-06")
        # the last thirty days: enough of some causes to propose a change, too few of others
        for number, person in enumerate(self._some(7, "sales", "operations")):
            self.open(person, self._working(person, utc(10, 1 + 3 * number)), "lost_device", method="push", runbook="RB-02",
                      closed=number != 6)
        for number, person in enumerate(self._some(5, "hr", "engineering")):
            self.open(person, self._working(person, utc(10, 2 + 4 * number)), "new_device", method="push",
                      runbook=("RB-03", None, "RB-99", None, "RB-01")[number], resolved=number != 1)
        for number, person in enumerate(self._some(6, "operations")):
            self.open(person, self._working(person, utc(10, 5 + 3 * number)), "hardware_key", method="fido2_key", priority="high",
                      closed=number < 4)
        for number, person in enumerate(self._some(4, "engineering", "support")):
            self.open(person, self._working(person, utc(10, 6 + 4 * number)), "totp_drift", method="totp", runbook="RB-04")
        self.open(self._some(1, "sales")[0], self._working(self._some(1, "sales")[0], utc(10, 8)), "policy")
        # what the set-ups that came to nothing led to
        self.open(self.rollout.failed, utc(10, 20, 11), "enrolment", method="push", runbook="RB-01", closed=False)
        # no cause, no region, no account; outside the hours of the region; after the end
        emea, amer = self._some(1, "it", region="emea")[0], self._some(1, "security", region="amer")[0]
        self.open(emea, utc(8, 9, 10), "locked_out", priority="urgent", runbook="RB-06")
        self.open(amer, utc(9, 19, 15), None)
        self.open(emea, utc(9, 17, 19, 30), "other", region=False)
        self.open("j.doe@larkspur.example", utc(9, 22, 10), None)
        self.open(emea, utc(10, 29, 10), "policy")
        self.tickets.sort(key=lambda ticket: (ticket["opened_at"], ticket["user_principal"]))
        for number, ticket in enumerate(self.tickets, 1):
            ticket["ticket_id"] = f"INC-{7000 + number}"
        emergency = {p.principal for p in self.company.people if p.population == "break_glass"}
        assert not emergency & {ticket["user_principal"] for ticket in self.tickets}

    def _shifts(self):
        """Working days around each cutover, and the week-end of the first; nobody in Asia on the day of the last."""
        self.support_coverage = []
        for cutover in ENFORCED.values():
            for offset in range(-CUTOVER_DAYS, CUTOVER_DAYS + 1):
                day = cutover + timedelta(days=offset)
                extended = day.weekday() >= 5
                if extended and day not in (utc(8, 1), utc(8, 2)):
                    continue
                for region, (first, last) in HOURS.items():
                    nobody = (region, day) == ("apac", utc(12, 1))
                    self.support_coverage.append({
                        "region": region, "starts_at": day + timedelta(hours=first), "ends_at": day + timedelta(hours=last),
                        "agents": 0 if nobody else 2 if extended else 3, "is_extended": extended,
                    })

    def _codes(self):
        """Codes under an exception, without one, used up, never used, and one that outlives its exception."""
        self.bypass_codes = []
        uses = {who.principal: times for who, how, times in self.world.duo.bypasses.values() if how == "bypass_code"}

        def code(person, when, end, reuse, used, last=None, provider="duo", exception=None, revoked=None):
            self.bypass_codes.append({
                "provider": provider, "code_id": f"BC-{len(self.bypass_codes) + 1:03d}",
                "identity_id": person.duo_key if provider == "duo" else person.entra_id, "user_principal": person.principal,
                "created_at": when, "created_by": self.agents[len(self.bypass_codes) % 3].principal, "expires_at": end,
                "reuse_count": reuse, "used_count": used, "last_used_at": last, "revoked_at": revoked, "exception_id": exception,
                "ticket": f"REQ-{5200 + len(self.bypass_codes)}",
            })

        for number, person in enumerate(self.cast.bypass_covered, 4):
            times = uses[person.principal]
            code(person, utc(10, 5, 7), utc(11, 10), None, len(times), times[-1], exception=f"EXC-{number:03d}")
        one, two = self.cast.bypass_expired
        code(one, utc(8, 20, 7), utc(12, 31), None, len(uses[one.principal]), uses[one.principal][-1], exception="EXC-022")
        code(two, utc(8, 20, 7), utc(12, 31), None, len(uses[two.principal]), uses[two.principal][-1], exception="EXC-023",
             revoked=utc(10, 25, 9))
        before = self.cast.bypass_before[0]
        code(before, utc(7, 1, 7), None, 2, 2, utc(7, 16, 9, 30), exception="EXC-036")
        code(before, utc(7, 1, 8), utc(7, 20), 1, 0, exception="EXC-036")
        code(self.rollout.gave_up, utc(10, 25, 9), utc(10, 25, 17), 1, 1, utc(10, 25, 10), provider="entra")
        quiet = self.truth.quiet("code_outlives")
        self.truth.story("code_outlives").append({"exception_id": "EXC-022", "until": iso(utc(12, 31)), "codes": 1})
        quiet.append({"exception_id": "EXC-023", "why": "revoked"})
        quiet.append({"exception_id": "EXC-036", "why": "used up, and over"})

    # -- the answers

    def _within(self, days):
        return [t for t in self.tickets if AS_OF - timedelta(days=days) < t["opened_at"] <= AS_OF]

    def _root_causes(self):
        weeks, asked = {}, {}
        for ticket in self.tickets:
            if ticket["opened_at"] > AS_OF:
                continue
            wave, cutover = min(ENFORCED.items(), key=lambda item: (abs(ticket["opened_at"] - item[1]), item[1]))
            cause = ticket["root_cause"] or "unknown"
            number = (ticket["opened_at"] - cutover) // timedelta(days=7)
            counts = weeks.setdefault((cause, wave, number), dict.fromkeys(
                ("tickets", "closed", "urgent", "repeated", "no_account", "seconds"), 0))
            counts["tickets"] += 1
            solved = ticket["closed_at"] and ticket["closed_at"] <= AS_OF
            counts["closed"] += bool(solved)
            counts["seconds"] += int((ticket["closed_at"] - ticket["opened_at"]).total_seconds()) if solved else 0
            counts["urgent"] += ticket["priority"] in ("high", "urgent")
            counts["repeated"] += (ticket["user_principal"], cause) in asked
            counts["no_account"] += ticket["user_principal"] not in self.company.index
            asked[ticket["user_principal"], cause] = True
        self.truth.programme["ticket_root_causes"] = [
            {"root_cause": cause, "cutover_wave": wave, "weeks_from_cutover": number, **counts}
            for (cause, wave, number), counts in sorted(weeks.items())
        ]
        most = max(weeks, key=lambda key: weeks[key]["tickets"])
        assert most == ("enrolment", "finance-emea", 0), most
        self.truth.story("ticket_wave").append(
            {"root_cause": most[0], "cutover_wave": most[1], "weeks_from_cutover": most[2], "tickets": weeks[most]["tickets"]})

    def _adherence(self):
        answers = {row["runbook_id"]: row for row in self.runbooks}
        groups = {}
        for ticket in self._within(SUPPORT_DAYS):
            cause = ticket["root_cause"] or "unknown"
            counts = groups.setdefault((cause, ticket["method"]), dict.fromkeys(
                ("tickets", "followed", "other_runbook", "no_runbook", "closed"), 0))
            runbook = answers.get(ticket["runbook_id"])
            followed = runbook is not None and runbook["root_cause"] == cause and (
                runbook["method"] is None or ticket["method"] is None or runbook["method"] == ticket["method"])
            counts["tickets"] += 1
            counts["followed" if followed else "other_runbook" if ticket["runbook_id"] else "no_runbook"] += 1
            counts["closed"] += bool(ticket["closed_at"] and ticket["closed_at"] <= AS_OF)
        rows, named = [], set()
        for (cause, method), counts in sorted(groups.items(), key=str):
            fitting = [row for row in self.runbooks if row["root_cause"] == cause
                       and (row["method"] is None or method is None or row["method"] == method)]
            assert len(fitting) <= 1
            rows.append({"root_cause": cause, "method": method, **self._state(fitting[0] if fitting else None), **counts})
            named |= {row["runbook_id"] for row in fitting}
        for row in self.runbooks:
            if row["runbook_id"] not in named:
                rows.append({"root_cause": row["root_cause"], "method": row["method"], **self._state(row),
                             **dict.fromkeys(("tickets", "followed", "other_runbook", "no_runbook", "closed"), 0)})
        self.truth.programme["runbook_adherence"] = rows

    @staticmethod
    def _state(runbook):
        if runbook is None:
            return {"runbook_id": None, "status": "missing"}
        reviewed = runbook["reviewed_at"]
        fresh = reviewed and reviewed > AS_OF - timedelta(days=RUNBOOK_DAYS)
        return {"runbook_id": runbook["runbook_id"], "status": "current" if fresh else "stale" if reviewed else "never_reviewed"}

    def _proposals(self):
        recent, groups = self._within(FEEDBACK_DAYS), {}
        for ticket in self._within(2 * FEEDBACK_DAYS):
            cause = ticket["root_cause"] or "unknown"
            counts = groups.setdefault(cause, dict.fromkeys(("tickets", "earlier_tickets", "open", "after_cutover"), 0))
            if ticket not in recent:
                counts["earlier_tickets"] += 1
                continue
            counts["tickets"] += 1
            counts["open"] += not (ticket["closed_at"] and ticket["closed_at"] <= AS_OF)
            counts["after_cutover"] += any(
                cutover <= ticket["opened_at"] < cutover + timedelta(days=14) for cutover in ENFORCED.values())
        self.truth.programme["feedback_proposals"] = {
            cause: counts for cause, counts in sorted(groups.items()) if counts["tickets"] >= FEEDBACK_TICKETS}
        quiet = self.truth.quiet("feedback_proposals")
        for cause, counts in sorted(groups.items()):
            if counts["tickets"] < FEEDBACK_TICKETS:
                quiet.append({"root_cause": cause, "tickets": counts["tickets"], "why": "fewer than five tickets in the last 30 days"})

    def _coverage(self):
        regions = {p.principal: p.region for p in self.company.people}
        known = {shift["region"] for shift in self.support_coverage}
        gaps = {}
        for ticket in self.tickets:
            when = ticket["opened_at"]
            day = when.replace(hour=0, minute=0, second=0)
            near = min(ENFORCED.values(), key=lambda cutover: abs(day - cutover))
            if when > AS_OF or abs(day - near) > timedelta(days=CUTOVER_DAYS):
                continue
            region = ticket["region"] or regions.get(ticket["user_principal"])
            counts = gaps.setdefault((region, day), {"tickets": 0, "unstaffed": 0, "unknown": 0, "urgent_unstaffed": 0})
            counts["tickets"] += 1
            if region not in known:
                counts["unknown"] += 1
            elif not any(s["region"] == region and s["starts_at"] <= when < s["ends_at"] and s["agents"] > 0
                         for s in self.support_coverage):
                counts["unstaffed"] += 1
                counts["urgent_unstaffed"] += ticket["priority"] in ("high", "urgent")
        rows = [
            {"region": region, "day": iso(day)[:10],
             "gap": "unstaffed_tickets" if counts["unstaffed"] else "unknown_coverage", **counts}
            for (region, day), counts in gaps.items() if counts["unstaffed"] or counts["unknown"]
        ]
        rows.append({"region": "apac", "day": "2026-12-01", "gap": "unstaffed_cutover", "tickets": 0, "unstaffed": 0, "unknown": 0,
                     "urgent_unstaffed": 0})
        self.truth.programme["support_coverage_gaps"] = sorted(rows, key=lambda row: (row["day"], row["region"] or ""))
        assert len(rows) == 5, rows
