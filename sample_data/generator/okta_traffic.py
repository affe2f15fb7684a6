"""The ordinary days in Okta, and the stories planted there."""

from datetime import timedelta

from . import apps
from .base import AS_OF, DAYS, START, iso, minutes, utc
from .places import ABROAD


class OktaTraffic:
    def __init__(self, okta, cast, truth, streams):
        self.okta, self.cast, self.truth = okta, cast, truth
        self.rng = streams.get("okta-traffic")
        self.fatigue = [
            (cast.okta_fatigue_success[0], utc(9, 3, 22, 10), (0, 1, 2, 3, 5, 6), True, False),
            (cast.okta_fatigue_only[0], utc(10, 19, 3, 40), (0, 1, 3, 4, 6, 8), False, False),
            (cast.okta_fatigue_four[0], utc(10, 5, 13, 0), (0, 2, 4, 6), True, True),
        ]
        self.travel = (cast.okta_travel[0], utc(9, 30, 11, 0), "Lagos", 55)
        for person, when, *_ in [*self.fatigue, self.travel]:
            person.away.append((when - timedelta(hours=26), when + timedelta(days=3)))
        for person, when in [*cast.okta_resets, cast.okta_reset_near_miss]:
            person.away.append((when - timedelta(hours=26), when + timedelta(hours=30)))

    def play(self):
        for person in self.okta.people:
            if person.enabled and not person.no_signins:
                self._days(person)
        self._fatigue()
        self._travel()
        self._resets()
        self._first_factor()
        self._administration()
        self.okta.activations()
        self.okta.events.sort(key=lambda event: (event["published"], event["uuid"]))

    def _factor(self, person, when):
        held = [f for f in person.okta_methods(when) if f.method != "question"]
        strong = [f for f in held if f.method not in ("sms_otp", "email_otp")]
        if not (strong or held):
            return None
        return (strong or held)[0] if self.rng.random() < 0.8 else self.rng.choice(strong or held)

    def _days(self, person):
        rng = self.rng
        own = (apps.CODE, apps.TRACKER, apps.TRACKER) if person.department == "engineering" else (
            apps.HELPDESK, apps.HELPDESK, apps.TRACKER)
        for day in range(DAYS):
            midnight = START + timedelta(days=day)
            if rng.random() >= (0.02 if midnight.weekday() >= 5 else 0.30):
                continue
            hour = min(max(rng.gauss(10, 2.2), 6.5), 20) - person.city.offset
            when = midnight + timedelta(seconds=int(hour * 3600))
            if when < person.created + timedelta(hours=50) or person.is_away(when) or not START <= when < AS_OF - minutes(60):
                continue
            factor = self._factor(person, when)
            if factor is None:
                self.okta.login(person, when, [apps.WIKI])
                continue
            if rng.random() < 0.05:
                self.okta.event("user.session.start", person, when - timedelta(seconds=40), person.devices[0],
                                result="FAILURE", reason="INVALID_CREDENTIALS")
            opened = [rng.choice(own)] + ([rng.choice((apps.WIKI, *own))] if rng.random() < 0.3 else [])
            self.okta.login(person, when, opened, factor=factor)

    def _held(self, person, when):
        return person.okta_methods(when)[0]

    def _stranger(self):
        return {"id": self.okta.ids.uuid("77d0-4a19-8b3c"), "os": "Linux", "browser": "Firefox 140.0", "managed": False,
                "client": "Browser"}

    def _fatigue(self):
        for number, (person, start, offsets, success, quiet) in enumerate(self.fatigue):
            device = person.devices[0] if quiet else self._stranger()
            ip = person.home_ip if quiet else f"192.0.2.{110 + number}"
            classic = number == 1
            for offset in offsets:
                kind = "user.mfa.okta_verify.deny_push" if classic else "user.authentication.auth_via_mfa"
                self.okta.event(kind, person, start + minutes(offset), device, result="FAILURE", reason="INVALID_CREDENTIALS",
                                factor_name="OKTA_VERIFY_PUSH", ip=ip)
            if success:
                end = start + minutes(offsets[-1]) + timedelta(seconds=45)
                self.okta.login(person, end, [apps.TRACKER], device, self._push(person, end), ip=ip)
            entry = {"provider": "okta", "user_principal": person.principal, "first_seen": iso(start),
                     "refusals": len(offsets), "then_success": success}
            if quiet:
                self.truth.quiet("push_fatigue").append({**entry, "why": "four refusals in ten minutes"})
            else:
                self.truth.story("push_fatigue").append(entry)

    @staticmethod
    def _push(person, when):
        return next(factor for factor in person.okta_methods(when) if factor.method == "push")

    def _travel(self):
        person, start, city, gap = self.travel
        later = start + minutes(gap)
        self.okta.login(person, start, [apps.CODE], factor=self._held(person, start))
        self.okta.login(person, later, [apps.CODE], factor=self._held(person, later), city=ABROAD[city], ip=ABROAD[city].office)
        self.truth.story("impossible_travel").append(
            {"provider": "okta", "user_principal": person.principal, "from": person.city.name, "to": city,
             "from_at": iso(start), "to_at": iso(later)})

    def _resets(self):
        for person, when in self.cast.okta_resets:
            before = when - timedelta(days=2)
            self.okta.login(person, before, [apps.TRACKER], factor=self._held(person, before))
            new = self.okta.reset(person, when, 15, True)
            at, device = when + minutes(38), self._stranger()
            self.okta.login(person, at, [apps.CODE], device, new[0], ip="192.0.2.130")
            self.truth.story("reset_then_new_device").append(
                {"provider": "okta", "user_principal": person.principal, "reset_at": iso(when), "enrolled_at": iso(new[0].start),
                 "signin_at": iso(at), "device_id": device["id"]})
        person, when = self.cast.okta_reset_near_miss
        before = when - timedelta(days=2)
        self.okta.login(person, before, [apps.TRACKER], factor=self._held(person, before))
        new = self.okta.reset(person, when, 20, False)
        self.okta.login(person, when + minutes(50), [apps.TRACKER], factor=new[0])
        self.truth.quiet("reset_then_new_device").append(
            {"provider": "okta", "user_principal": person.principal, "reset_at": iso(when), "why": "the device they had before"})

    def _first_factor(self):
        """A password that is logged under the name of a second factor is not one."""
        person = self.cast.okta_first_factor[0]
        for when in (utc(10, 7, 9, 41), utc(10, 22, 13, 12)):
            self.okta.login(person, when, [apps.TRACKER], factor_name="PASSWORD_AS_FACTOR")
            self.truth.story("first_factor_only").append(
                {"provider": "okta", "user_principal": person.principal, "at": iso(when), "app_id": apps.TRACKER.app_id})
        self.truth.gap("first_factor_only", "okta", person)

    def _administration(self):
        okta = self.okta
        for number in range(20):
            when = START + timedelta(days=7 * number + 1, hours=13, minutes=3 * number)
            app = (apps.CODE, apps.TRACKER, apps.HELPDESK, apps.WIKI)[number % 4]
            kind = "application.lifecycle.update" if number % 3 == 0 else "application.user_membership.add"
            okta.event(kind, okta.helpdesk, when, okta.helpdesk.devices[0], targets=[okta.app(app)])


ROWS = (
    "user.session.start", "user.authentication.", "user.mfa.okta_verify.deny_push", "policy.evaluate_sign_on",
    "system.push.send_factor_verify_", "system.sms.send_factor_verify_",
)


def is_signin(event):
    """Whether the sign-in reader makes a row of it; of the last three, one of event_kind other."""
    return event["eventType"].startswith(ROWS)


def gaps(cast, truth):
    """Gaps in what is registered in Okta."""
    for person in cast.okta_none + cast.okta_question:
        truth.gap("no_factor", "okta", person)
    for person in cast.okta_sms + cast.okta_email:
        truth.gap("weak_only", "okta", person)
    for person in cast.okta_push_only + cast.okta_pending:
        truth.gap("second_factor_missing", "okta", person)
