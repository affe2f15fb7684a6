"""What is written, sent, shown and enforced: materials, communications, prompts, the portal, stages, training."""

from datetime import timedelta

from . import apps
from .audit import PHISHING_RESISTANT, STRONG
from .base import AS_OF, iso, minutes, utc
from .decisions import tier
from .governance import humans

# (id, title, kind, method, platform, language, audience, last change)
MATERIALS = (
    ("M-01", "Your second step in five minutes", "one_pager", None, None, "en", "everybody", utc(6, 10, 9)),
    ("M-02", "Push with Authenticator", "how_to", "push", "ios", "en", "everybody", utc(6, 12, 9)),
    ("M-03", "Push mit Authenticator", "how_to", "push", "ios", "de", "everybody", utc(6, 19, 9)),
    ("M-04", "Numbers in the push", "how_to", "push_number", "android", "en", "everybody", utc(8, 20, 9)),
    ("M-05", "Codes without a network", "how_to", "totp", "android", "en", "everybody", utc(6, 15, 9)),
    ("M-06", "Security keys", "how_to", "fido2_key", "windows", "en", "administrators", utc(7, 6, 9)),
    ("M-07", "Security keys on one page", "one_pager", "fido2_key", "windows", "es", "administrators", utc(7, 8, 9)),
    ("M-08", "Windows Hello", "how_to", "platform", "windows", "en", "everybody", utc(6, 22, 9)),
    ("M-09", "A passkey in Authenticator", "how_to", "passkey_dev", "ios", "en", "administrators", utc(9, 2, 9)),
    # written for the last roll-out
    ("M-10", "Code tokens", "how_to", "otp_hw", None, "en", "operations", utc(3, 4, 9, year=2025)),
    ("M-11", "Codes by text message", "how_to", "sms_otp", "android", "en", "everybody", utc(11, 3, 9, year=2024)),
    # no how-to, nor a page
    ("M-12", "Passkeys explained", "video", "passkey_sync", "ios", "en", "everybody", utc(9, 9, 9)),
    ("M-13", "Help with smart cards", "runbook", "smartcard", "windows", "en", "help desk", utc(7, 1, 9)),
    ("M-14", "Questions about MFA", "faq", "push", None, "en", "everybody", utc(8, 1, 9)),
)


class Rollout:
    def __init__(self, world, governance, truth, streams):
        self.world, self.truth, self.governance = world, truth, governance
        self.company, self.cast = world.company, world.cast
        self.accounts = governance.accounts
        self.rng = streams.get("rollout")
        self.security = world.exceptions.security
        self._stories()
        self._materials()
        self._communications()
        self._nudges()
        self._prompts()
        self._portal()
        self._stages()
        self._training()

    def _stories(self):
        """Who is overdue, and who in the wave to come is not done."""
        cast = self.cast
        self.overdue = [*cast.admin_totp, *cast.admin_push, *cast.admin_one_key, *cast.admin_no_recovery]
        self.overdue.append(next(p for p in cast.no_factor if p.wave == "pilot" and p.population == "workforce"
                                 and p.story == "no_factor"))
        self.overdue.append(next(p for p in cast.no_factor if p.wave == "finance-emea"))
        planned = {a.principal for a in self.accounts if a.enrolment == "overdue"}
        assert planned == {p.principal for p in self.overdue}, planned
        rest = [p for p in cast.no_factor if p.wave == "rest" and p.population == "workforce" and p.story == "no_factor"]
        # verification failed, gave up, still open; and one who puts every prompt off
        self.failed, self.gave_up, self.began, self.puts_off = rest[:4]

    # -- materials

    def _materials(self):
        names = ("material_id", "title", "kind", "method", "platform", "language", "audience", "updated_at")
        self.materials = [dict(zip(names, row), url=f"https://intranet.larkspur.example/mfa/{row[0].lower()}") for row in MATERIALS]
        held = {}
        for account in humans(self.accounts):
            if account.person is None:
                continue
            if account.provider != "aws":
                methods = account.person.methods(AS_OF) if account.provider == "entra" else account.person.okta_methods(AS_OF)
                for method in {factor.method for factor in methods}:
                    held[method] = held.get(method, 0) + 1
        accepted = dict.fromkeys({*STRONG, *PHISHING_RESISTANT})
        status = {}
        for method in sorted({*held, *accepted}):
            changes = [row["updated_at"] for row in self.materials if row["method"] == method and row["kind"] in ("how_to", "one_pager")]
            fresh = any(change > AS_OF - timedelta(days=365) for change in changes)
            status[method] = {"status": "covered" if fresh else "stale" if changes else "missing",
                              "is_accepted": method in accepted, "accounts": held.get(method, 0)}
        self.truth.programme["material_coverage"] = status
        self.unready = sum(entry["is_accepted"] and entry["status"] != "covered" for entry in status.values())

    # -- communications

    def send(self, message, person, kind, planned, sent=True, late=timedelta(minutes=7), copied=False, audience="everybody",
             channel="mail", material="M-01"):
        recipient = person if isinstance(person, str) else person.principal
        gone = (planned + late if planned else self.unplanned) if sent else None
        self.communications.append({
            "message_id": message, "recipient": recipient, "audience": audience, "kind": kind, "channel": channel,
            "planned_at": planned, "sent_at": gone,
            "opened_at": gone + timedelta(hours=self.rng.randrange(1, 60)) if gone and self.rng.random() < 0.7 else None,
            "manager_copied": copied, "material_id": material,
        })

    def _communications(self):
        """Announcements on time and late; some of the next wave were told nothing."""
        self.communications, self.unplanned = [], utc(9, 16, 12)
        people = [p for p in self.company.enabled() if p.human and p.population in ("workforce", "contractor", "partner")]
        for person in people:
            if person.wave == "pilot":
                self.send("C-01", person, "announcement", utc(6, 12, 9))
        # five days after its time
        for person in people:
            if person.wave == "finance-emea":
                self.send("C-02", person, "announcement", utc(8, 3, 9), late=timedelta(days=5))
        # The mail to sales in Asia never went out, and partners are on no list.
        for person in people:
            if person.wave == "rest" and person.population != "partner":
                self.send("C-03", person, "announcement", utc(10, 12, 9),
                          sent=(person.department, person.region) != ("sales", "apac"))
        self.send("C-03", "everyone-list@larkspur.example", "announcement", utc(10, 12, 9))
        for person in people:
            if person.wave == "rest" and person.department in ("hr", "operations"):
                self.send("C-04", person, "cutover", utc(11, 24, 9), sent=False)
        # without a plan, and to one of them not at all
        for number, person in enumerate(self.overdue[:3]):
            self.send("C-05", person, "announcement", None, sent=number < 2, channel="chat", audience="administrators")
        # Overdue people: three messages and a manager in copy, or fewer.
        for number, person in enumerate(self.overdue):
            times = (("enrolment", utc(9, 1, 9)), ("reminder", utc(9, 15, 9)), ("escalation", utc(10, 1 + number, 9)))
            for kind, when in times[: 2 if number in (5, 7) else 3]:
                self.send({"enrolment": "C-06", "reminder": "C-07", "escalation": "C-08"}[kind], person, kind, when,
                          copied=kind == "escalation", audience="late")
        # Of the wave to come: one to be reminded again, one just reminded, one late, one planned.
        self.send("C-09", self.failed, "enrolment", utc(10, 19, 9), audience="late", material="M-02")
        self.send("C-09", self.gave_up, "enrolment", utc(10, 23, 9), audience="late", material="M-02")
        self.send("C-09", self.began, "enrolment", utc(10, 26, 9), sent=False, audience="late", material="M-02")
        self.send("C-10", self.gave_up, "reminder", utc(11, 2, 9), sent=False, audience="late")
        self.send("C-09", self.puts_off, "enrolment", utc(10, 5, 9), audience="late", material="M-02")
        plan = self.truth.programme["change_plan"] = {}
        known = set(self.company.index)
        for row in self.communications:
            counts = plan.setdefault(row["message_id"], dict.fromkeys(
                ("recipients", "known_recipients", "sent", "sent_late", "late_unsent", "not_yet_due", "unplanned", "opened",
                 "manager_copied"), 0))
            sent, planned = row["sent_at"] and row["sent_at"] <= AS_OF, row["planned_at"]
            counts["recipients"] += 1
            counts["known_recipients"] += row["recipient"] in known
            counts["sent"] += bool(sent)
            counts["sent_late"] += bool(sent and planned and row["sent_at"] > planned + timedelta(hours=24))
            counts["late_unsent"] += bool(not sent and planned and planned <= AS_OF)
            counts["not_yet_due"] += bool(not sent and planned and planned > AS_OF)
            counts["unplanned"] += bool(not sent and not planned)
            counts["opened"] += bool(sent and row["opened_at"] and row["opened_at"] <= AS_OF)
            counts["manager_copied"] += bool(sent and row["manager_copied"])
        told = {row["recipient"] for row in self.communications
                if row["kind"] in ("announcement", "enrolment", "cutover") and row["sent_at"] and row["sent_at"] <= AS_OF}
        self.uninformed = sum(a.wave == "rest" and a.principal not in told for a in humans(self.accounts))

    def _nudges(self):
        """Whom to write to at the end: by the messages that went out."""
        sent, due = {}, {}
        for row in self.communications:
            if row["kind"] in ("enrolment", "reminder", "escalation") and row["sent_at"] and row["sent_at"] <= AS_OF:
                sent.setdefault(row["recipient"], []).append(row["sent_at"])
        for account in humans(self.accounts):
            if account.population in ("break_glass", "shared") or account.enrolment not in ("in_grace", "overdue"):
                continue
            times = sent.get(account.principal, [])
            if times and max(times) > AS_OF - timedelta(days=7):
                self.truth.quiet("nudges_due").append({"user_principal": account.principal, "why": "written to within seven days"})
            elif not times:
                due[account.principal] = "enrolment"
            elif account.enrolment == "overdue" or min(times) <= AS_OF - timedelta(days=14):
                due[account.principal] = "escalation"
            else:
                due[account.principal] = "reminder"
        self.truth.programme["nudges_due"] = dict(sorted(due.items()))

    # -- prompts and the portal

    def _allowed_at(self, person):
        accepted = tier("v2", person, "entra")[1]
        times = [factor.start for factor in person.entra if factor.method in accepted]
        return min(times) if times else None

    def _prompts(self):
        """A prompt or two until it is done; somebody puts it off again and again."""
        self.prompts = []

        def show(person, when, outcome, completed=None, snoozed=None):
            self.prompts.append({
                "prompt_id": f"PR-{len(self.prompts) + 1:04d}", "provider": "entra", "identity_id": person.entra_id,
                "user_principal": person.principal, "shown_at": when, "app_id": apps.EXCHANGE.app_id, "outcome": outcome,
                "completed_at": completed, "snoozed_until": snoozed,
            })

        done = [p for p in self.company.enabled() if p.wave == "rest" and p.population == "workforce" and p.story is None
                and p.department in ("sales", "hr", "operations") and utc(8, 20) < p.registered_at < utc(9, 30)][:24]
        for number, person in enumerate(done):
            at = self._allowed_at(person)
            for back in range(number % 3, 0, -1):
                show(person, at - timedelta(days=3 * back, minutes=20), "snoozed", snoozed=at - timedelta(days=3 * back - 3, minutes=30))
            if number % 6 == 5:
                # closed, and registered the next day
                show(person, at - timedelta(days=1), "dismissed")
            else:
                show(person, at - timedelta(seconds=240), "completed", completed=at)
        for week in range(7):
            when = utc(9, 14, 7, 30) + timedelta(days=7 * week)
            show(self.puts_off, when, "snoozed", snoozed=when + timedelta(days=7))
        show(self.failed, utc(10, 1, 8), "dismissed")
        show(self.gave_up, utc(10, 2, 8), "ignored")
        # An outcome that nobody logged, and a prompt after the end.
        show(self.began, utc(10, 3, 8), None)
        show(self.began, utc(10, 29, 8), "completed", completed=utc(10, 29, 9))
        self.prompts.sort(key=lambda prompt: (prompt["shown_at"], prompt["user_principal"]))
        for number, prompt in enumerate(self.prompts, 1):
            prompt["prompt_id"] = f"PR-{number:04d}"
        counts = self.truth.programme["prompt_stats"] = {}
        shown = {}
        for prompt in self.prompts:
            if prompt["shown_at"] > AS_OF:
                continue
            person = self.company.index[prompt["user_principal"]]
            group = counts.setdefault(person.department, dict.fromkeys(
                ("shown", "completed", "snoozed", "dismissed", "ignored", "unknown", "repeated", "followed", "snoozed_until_later",
                 "timed", "seconds"), 0))
            at = self._allowed_at(person)
            group["shown"] += 1
            group[prompt["outcome"] or "unknown"] += 1
            group["repeated"] += person.principal in shown
            group["followed"] += bool(at and prompt["shown_at"] <= at < prompt["shown_at"] + timedelta(days=7))
            group["snoozed_until_later"] += prompt["outcome"] == "snoozed" and prompt["snoozed_until"] > AS_OF
            if prompt["completed_at"]:
                group["timed"] += 1
                group["seconds"] += int((prompt["completed_at"] - prompt["shown_at"]).total_seconds())
            shown[person.principal] = shown.get(person.principal, 0) + 1
        self.truth.story("prompt_put_off").append({"user_principal": self.puts_off.principal, "shown": shown[self.puts_off.principal]})
        assert max(count for who, count in shown.items() if who != self.puts_off.principal) < 4

    def _portal(self):
        """The pilot enrolled in a portal that logs each step; of the wave to come, three did not finish."""
        self.enrollment_events = []
        attempts = self.truth.programme["portal_attempts"] = []

        def steps(person, at, *path, method="push", outcome, failures=0, seconds=None, reason=None):
            for step, after in path:
                self.enrollment_events.append({
                    "event_time": at + timedelta(seconds=after), "provider": "entra", "identity_id": person.entra_id,
                    "user_principal": person.principal, "step": step, "method": None if step in ("invited", "started") else method,
                    "failure_reason": reason if step == "verify_failed" else None, "channel": "portal",
                })
            attempts.append({"user_principal": person.principal, "wave": person.wave, "started_at": iso(at), "outcome": outcome,
                             "failures": failures, "seconds": seconds, "failure_reason": reason, "method": method})

        reset = [person for person, _ in (*self.cast.resets, self.cast.reset_near_miss)]
        pilot = [p for p in self.company.enabled() if p.wave == "pilot" and p.population == "workforce" and not p.admin
                 and p not in reset and p not in self.overdue][:20]
        for number, person in enumerate(pilot):
            factor = min((f for f in person.entra if f.method in STRONG), key=lambda f: f.start)
            took = 120 + 37 * number
            if number % 4 == 0:
                # an attempt the day before that came to nothing
                steps(person, factor.start - timedelta(hours=26), ("started", 0), ("method_selected", 30), ("abandoned", 400),
                      method=factor.method, outcome="abandoned")
            fails = number % 5 == 2
            steps(person, factor.start - timedelta(seconds=took), ("started", 0), ("method_selected", 40),
                  *((("verify_failed", 80),) if fails else ()), ("factor_1", took - 5), ("completed", took), method=factor.method,
                  outcome="completed", failures=int(fails), seconds=took, reason="code did not match" if fails else None)
        steps(self.failed, utc(10, 20, 9), ("started", 0), ("method_selected", 60), ("verify_failed", 200), ("verify_failed", 320),
              outcome="failed", failures=2, reason="notification never arrived")
        steps(self.gave_up, utc(10, 24, 13), ("started", 0), ("method_selected", 50), ("abandoned", 900), method="totp",
              outcome="abandoned")
        steps(self.began, utc(10, 27, 15), ("started", 0), ("method_selected", 45), outcome="open")
        # Invited is no attempt.
        for person in (self.puts_off, *self.cast.push_only):
            self.enrollment_events.append({
                "event_time": utc(10, 6, 6), "provider": "entra", "identity_id": person.entra_id, "user_principal": person.principal,
                "step": "invited", "method": None, "failure_reason": None, "channel": "campaign",
            })
        self.enrollment_events.sort(key=lambda event: (event["event_time"], event["user_principal"]))
        for number, event in enumerate(self.enrollment_events, 1):
            event["event_id"] = f"EN-{number:04d}"
        attempts.sort(key=lambda attempt: (attempt["started_at"], attempt["user_principal"]))

    # -- stages and training

    def _stages(self):
        """Carried out as planned, further, not as far, and in ways that are odd."""
        self.enforcement_events = []
        oddities = self.truth.programme["stage_oddities"] = {}
        last, rises = {}, {}

        def move(person, when, old, new, oddity=None, reason="deadline passed", actor=True, exception=None):
            name = f"ENF-{len(self.enforcement_events) + 1:03d}"
            self.enforcement_events.append({
                "event_id": name, "event_time": when, "provider": "entra", "identity_id": person.entra_id,
                "user_principal": person.principal, "from_stage": old, "to_stage": new,
                "effect": "lift" if new < old else ("remind", "limit", "block")[new - 1], "reason": reason,
                "actor": self.security if actor else None, "exception_id": exception,
            })
            if when > AS_OF:
                return
            if oddity:
                oddities[name] = oddity
            last[person.principal] = (new, when)
            rises[person.principal] = rises.get(person.principal, 0) + (new > old)

        cutover, deadline, later = utc(8, 1, 6), utc(8, 8, 6), utc(8, 22, 6)
        people = self.overdue
        for number, person in enumerate(people[:6]):
            move(person, cutover, 0, 1, reason="wave enforced")
            if number == 3:
                move(person, later, 1, 3, "skipped_stage")
                continue
            move(person, deadline, 1, 2)
            if number != 2:
                move(person, later, 2, 3, "no_actor" if number == 5 else None, actor=number != 5)
        move(people[4], utc(10, 20, 9), 3, 0, "lifted_without_exception", reason="asked by telephone")
        move(people[6], cutover, 0, 1, reason="wave enforced")
        move(people[6], utc(8, 31, 6), 1, 2)
        move(people[6], utc(9, 14, 6), 1, 3, "out_of_order")
        move(people[7], utc(9, 15, 6), 0, 1, reason="wave enforced")
        done = [p for p in self.company.enabled() if p.wave == "pilot" and p.population == "workforce" and p.story is None
                and not p.admin]
        move(done[0], cutover, 0, 1, reason="wave enforced")
        move(done[0], utc(8, 10, 9), 1, 0, reason="enrolled")
        move(done[1], cutover, 0, 1, reason="wave enforced")
        excepted = self.cast.excepted[0]
        move(excepted, cutover, 0, 1, reason="wave enforced")
        move(excepted, utc(8, 4, 9), 1, 0, reason="excepted", exception="EXC-001")
        move(people[7], utc(10, 30, 6), 1, 2)
        self.rises = rises
        stages = self.truth.programme["enforcement_stage"] = {}
        for account in self.accounts:
            if account.provider != "entra":
                continue
            carried = last.get(account.principal, (0, None))[0]
            stage = {"limit": 2, "block": 3}.get(account.decision, 0)
            if account.decision == "indeterminate":
                # Unless what is unknown turns out to be enough.
                stage = 3 if account.population != "break_glass" else 0
            if stage or carried:
                standing = ("unknown" if account.decision == "indeterminate" else "behind" if stage > carried
                            else "ahead" if stage < carried else "as_planned")
                stages[account.principal] = {"stage": stage, "carried_out": carried, "standing": standing}
        assert {entry["standing"] for entry in stages.values()} == {"unknown", "behind", "ahead", "as_planned"}

    def _training(self):
        """Of those who kept missing the deadline: finished, open, overdue, not acknowledged; the rest was assigned none."""
        self.training_assignments = []
        due, people = self.truth.programme.setdefault("training_due", {}), self.overdue

        def assign(person, when, until, done=None, acknowledged=None, status=None):
            name = f"TR-{len(self.training_assignments) + 1:03d}"
            self.training_assignments.append({
                "assignment_id": name, "user_principal": person.principal, "course": "Why a second step",
                "reason": "three messages without an answer", "assigned_at": when, "due_at": until, "completed_at": done,
                "manager": person.manager, "manager_acknowledged_at": acknowledged,
            })
            if status:
                due[name] = {"user_principal": person.principal, "status": status,
                             "days_overdue": (AS_OF - until).days if status == "overdue" else None}

        assign(people[0], utc(9, 20, 9), utc(10, 4, 9), utc(9, 30, 14), utc(10, 1, 9))
        assign(people[1], utc(10, 2, 9), utc(10, 16, 9), status="overdue")
        assign(people[2], utc(10, 20, 9), utc(11, 3, 9), status="open")
        assign(people[3], utc(9, 20, 9), utc(10, 4, 9), utc(10, 3, 10), status="not_acknowledged")
        assign(people[4], utc(10, 5, 9), utc(10, 19, 9), acknowledged=utc(10, 6, 9), status="overdue")
        assign(people[6], utc(11, 2, 9), utc(11, 16, 9))
        defaulters = self.truth.programme["repeat_defaulters"] = {}
        for number, person in enumerate(people):
            messages = sum(row["recipient"] == person.principal and row["sent_at"] is not None and row["kind"] in
                           ("enrolment", "reminder", "escalation") for row in self.communications)
            if messages >= 3 or self.rises[person.principal] >= 2:
                defaulters[person.principal] = {
                    "messages": messages, "rises": self.rises[person.principal],
                    "next_step": "wait" if number in (0, 4) else "ask_manager" if number in (1, 2, 3) else "assign_training",
                }
            else:
                self.truth.quiet("repeat_defaulters").append(
                    {"user_principal": person.principal, "why": "two messages and one rise"})
        assert len(defaulters) == 7
