"""What is planted in the Entra sign-ins."""

from datetime import timedelta

from . import apps
from .base import DAYS, START, iso, minutes, utc
from .entra import DECLINED, IGNORED
from .places import ABROAD

LEGACY_CLIENTS = {"imap": "IMAP4", "pop": "POP3", "smtp_auth": "Authenticated SMTP"}


class Stories:
    def __init__(self, company, cast, truth):
        self.cast, self.truth = cast, truth
        self.emergency = [p for p in company.people if p.population == "break_glass"]
        # (person, first refusal, minutes after it, ends in success)
        self.fatigue = [
            (cast.fatigue_success[0], utc(8, 27, 1, 12), (0, 1, 2, 3, 4, 6, 7), True),
            (cast.fatigue_success[1], utc(10, 8, 2, 40), (0, 2, 3, 5, 6), True),
            (cast.fatigue_only[0], utc(9, 29, 3, 3), (0, 1, 2, 4, 5, 6, 8, 9), False),
            (cast.fatigue_only[1], utc(10, 21, 0, 30), (0, 2, 4, 6, 8), False),
        ]
        self.fatigue_quiet = [
            (cast.fatigue_four[0], utc(10, 15, 9, 20), (0, 2, 4, 6), True, "four refusals in ten minutes"),
            (cast.fatigue_slow[0], utc(10, 1, 8, 0), (0, 25, 50, 75, 100, 125), True, "six refusals, 25 minutes apart"),
        ]
        self.travel = [
            (cast.travel[0], utc(7, 22, 12, 5), "Lagos", 50),
            (cast.travel[1], utc(9, 17, 14, 30), "Jakarta", 95),
            (cast.travel[2], utc(10, 20, 13, 15), "Sao Paulo", 40),
        ]
        self.travel_quiet = [
            (cast.travel_slow[0], utc(8, 12, 9, 30), "Lagos", 26 * 60),
            (cast.travel_slow[1], utc(10, 13, 12, 45), "Sao Paulo", 31 * 60),
        ]
        for person, when, *_ in self.fatigue + self.fatigue_quiet + self.travel + self.travel_quiet:
            person.away.append((when - timedelta(hours=26), when + timedelta(days=4)))
            person.needs_by = when - timedelta(days=20)
        for person, when in cast.resets + [cast.reset_near_miss]:
            person.away.append((when - timedelta(hours=26), when + timedelta(hours=30)))
            person.needs_by = when - timedelta(days=20)

    def play(self, entra):
        self.entra = entra
        self.ids = entra.ids
        for play in (
            self._legacy, self._first_factor, self._service, self._fatigue, self._travel, self._resets, self._emergency
        ):
            play()

    def _success(self, person, when, app, **more):
        method = next(f.method for f in person.methods(when) if f.method in ("push", "fido2_key", "totp", "platform", "sms_otp"))
        return self.entra.add(person, when, app, self.entra.performed(when, method), **more)

    def _unknown_device(self, number):
        return {"id": self.ids.uuid("77d0-4a19-8b3c") if number % 2 else "", "os": "Linux", "browser": "Firefox 140.0",
                "managed": False, "client": "Browser"}

    def _legacy(self):
        story = self.truth.story("legacy_signin")
        cast = self.cast
        rng = self.entra.rng

        def use(person, protocol, first, last, every):
            times = []
            for day in range(first, last, every):
                when = START + timedelta(days=day, hours=5, seconds=rng.randrange(36000))
                self.entra.add(
                    person, when, apps.EXCHANGE, self.entra.single(when), {**person.devices[0], "id": "", "managed": False},
                    client=LEGACY_CLIENTS[protocol], protocol="none", interactive=False,
                )
                times.append(when)
            return {"provider": "entra", "user_principal": person.principal, "protocol": protocol, "first_seen": iso(times[0]),
                    "last_seen": iso(times[-1]), "signins": len(times)}

        for people, protocol, every in ((cast.imap, "imap", 3), (cast.pop, "pop", 5), (cast.smtp, "smtp_auth", 2)):
            for person in people:
                story.append(use(person, protocol, 1, DAYS, every))
                self.truth.gap("legacy_signin", "entra", person)
        quiet = self.truth.quiet("legacy_signin")
        for number, person in enumerate(cast.legacy_before):
            quiet.append({**use(person, "imap", 2, 30 + 18 * number, 4), "why": "stopped before the last 30 days"})
        person = cast.legacy_failed[0]
        for day in (124, 131, 140):
            when = START + timedelta(days=day, hours=9)
            for code in (50126, 53003):
                attempt = self.entra.wrong_password(when) if code == 50126 else self.entra.interrupt(when, code)
                self.entra.add(person, when + minutes(code % 7), apps.EXCHANGE, attempt, client="IMAP4", protocol="none",
                               interactive=False)
        quiet.append({"provider": "entra", "user_principal": person.principal, "why": "never succeeded"})

    def _first_factor(self):
        story = self.truth.story("first_factor_only")
        for number, person in enumerate(self.cast.first_factor):
            app = apps.CRM if person.department == "sales" else apps.LEDGER
            for day in (123 + 5 * number, 136 + 3 * number):
                when = START + timedelta(days=day, hours=12 - int(person.city.offset), minutes=17)
                self.entra.add(person, when, app, self.entra.single(when))
                story.append({"provider": "entra", "user_principal": person.principal, "at": iso(when), "app_id": app.app_id})
            self.truth.gap("first_factor_only", "entra", person)

    def _service(self):
        story = self.truth.story("service_account_interactive")
        for person, when in zip(self.cast.service_interactive, (utc(10, 12, 14, 22), utc(10, 20, 19, 3))):
            self.entra.add(person, when, apps.AZURE, self.entra.single(when), self._unknown_device(1))
            story.append({"provider": "entra", "user_principal": person.principal, "at": iso(when)})
            self.truth.gap("service_account_interactive", "entra", person)
        quiet = self.truth.quiet("service_account_interactive")
        person, when = self.cast.service_interactive_before, utc(7, 14, 11, 2)
        self.entra.add(person, when, apps.AZURE, self.entra.single(when))
        quiet.append({"user_principal": person.principal, "at": iso(when), "why": "before the last 30 days"})
        person, when = self.cast.service_interactive_failed, utc(10, 9, 16, 45)
        self.entra.add(person, when, apps.AZURE, self.entra.wrong_password(when))
        quiet.append({"user_principal": person.principal, "at": iso(when), "why": "failed"})

    def _fatigue(self):
        story, quiet = self.truth.story("push_fatigue"), self.truth.quiet("push_fatigue")
        for number, (person, start, offsets, success, *why) in enumerate(self.fatigue + self.fatigue_quiet):
            device = person.devices[0] if why else self._unknown_device(number)
            ip = None if why else f"192.0.2.{60 + number}"
            for count, offset in enumerate(offsets):
                when = start + minutes(offset)
                text = DECLINED if (count + number) % 3 else IGNORED
                self.entra.add(person, when, apps.EXCHANGE, self.entra.refused(when, text), device, ip=ip)
            if success:
                self._success(person, start + minutes(offsets[-1]) + timedelta(seconds=50), apps.EXCHANGE, device=device, ip=ip)
            entry = {"provider": "entra", "user_principal": person.principal, "first_seen": iso(start), "refusals": len(offsets),
                     "then_success": success}
            (quiet if why else story).append({**entry, "why": why[0]} if why else entry)

    def _travel(self):
        story, quiet = self.truth.story("impossible_travel"), self.truth.quiet("impossible_travel")
        for number, (person, start, city, gap) in enumerate(self.travel + self.travel_quiet):
            self._success(person, start, apps.SHAREPOINT)
            later = start + minutes(gap)
            near = number >= len(self.travel)
            self._success(person, later, apps.SHAREPOINT, city=ABROAD[city], ip=ABROAD[city].office)
            entry = {"provider": "entra", "user_principal": person.principal, "from": person.city.name, "to": city,
                     "from_at": iso(start), "to_at": iso(later)}
            (quiet if near else story).append({**entry, "why": "enough hours between"} if near else entry)

    def _resets(self):
        story, quiet = self.truth.story("reset_then_new_device"), self.truth.quiet("reset_then_new_device")
        for number, (person, when) in enumerate(self.cast.resets):
            self._success(person, when - timedelta(days=2), apps.TEAMS)
            device = self._unknown_device(1)
            at = when + minutes(42)
            self._success(person, at, apps.AZURE, device=device, ip=f"192.0.2.{90 + number}")
            story.append({"provider": "entra", "user_principal": person.principal, "reset_at": iso(when),
                          "enrolled_at": iso(when + minutes(18)), "signin_at": iso(at), "device_id": device["id"]})
        person, when = self.cast.reset_near_miss
        self._success(person, when - timedelta(days=2), apps.TEAMS)
        self._success(person, when + minutes(60), apps.TEAMS)
        quiet.append({"provider": "entra", "user_principal": person.principal, "reset_at": iso(when), "why": "the device they had before"})

    def _emergency(self):
        story = self.truth.story("break_glass")
        one, two = self.emergency
        for person, when, kind in (
            (two, utc(6, 10, 9, 30), "drill"), (one, utc(8, 5, 10, 0), "drill"), (two, utc(10, 11, 0, 17), "misuse")
        ):
            drill = kind == "drill"
            self._success(person, when, apps.AZURE, device=person.devices[0] if drill else self._unknown_device(1),
                          ip=person.city.office if drill else "192.0.2.77")
            story.append({"provider": "entra", "user_principal": person.principal, "at": iso(when), "kind": kind})
        self.truth.story("control_test_overdue").append(
            {"subject_kind": "break_glass", "subject_id": two.principal, "last_tested_at": iso(utc(6, 10, 9, 45))})
        self.truth.quiet("control_test_overdue").append(
            {"subject_kind": "break_glass", "subject_id": one.principal, "last_tested_at": iso(utc(8, 5, 10, 15))})
        self.control_tests = [
            ("break_glass", two.principal, utc(6, 10, 9, 45), "passed"), ("break_glass", one.principal, utc(8, 5, 10, 15), "passed"),
            ("app", apps.AZURE.app_id, utc(8, 20, 9), "passed"), ("app", apps.LEDGER.app_id, utc(9, 24, 9), "passed"),
            ("app", apps.CODE.app_id, utc(10, 7, 9), "failed"),
        ]
