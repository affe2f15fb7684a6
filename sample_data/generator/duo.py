"""Duo: the authentication log of the VPN."""

from datetime import timedelta

from . import apps
from .base import AS_OF, DAYS, START, iso, minutes, utc

NUMBER_MATCHING_FROM = utc(8, 3)


class Duo:
    def __init__(self, company, cast, truth, streams):
        self.cast, self.truth = cast, truth
        self.ids, self.rng = company.ids, streams.get("duo")
        self.events = []
        self.people = [person for person in company.people if person.duo_key and person.enabled and not person.no_signins]
        self.fatigue = [
            (cast.duo_fatigue_success[0], utc(10, 2, 1, 30), (0, 1, 3, 4, 5, 7), True, False),
            (cast.duo_fatigue_only[0], utc(9, 10, 2, 15), (0, 2, 3, 5, 8), False, False),
            (cast.duo_fatigue_slow[0], utc(10, 14, 7, 0), (0, 40, 80, 120, 160, 200), True, True),
        ]
        self.busy = {person.person_id: when for person, when, *_ in self.fatigue}
        # Who is in bypass has no factor of their own to use meanwhile: (instants, reason or factor).
        self.bypasses = {}
        for person in cast.bypass_covered:
            self._plan(person, "bypass_code", [utc(10, 6, 7, 30), utc(10, 13, 7, 45), utc(10, 21, 8, 5)])
        for person in cast.bypass_uncovered:
            self._plan(person, "bypass_user", [utc(10, 7, 9, 10), utc(10, 15, 10, 20), utc(10, 23, 9, 50)])
        for person in cast.bypass_expired:
            self._plan(person, "bypass_code", [utc(8, 27, 8, 0), utc(9, 24, 8, 15), utc(10, 8, 8, 40), utc(10, 22, 9, 0)])
        self._plan(cast.bypass_before[0], "bypass_user", [utc(7, 8, 9, 30), utc(7, 16, 9, 30)])

    def _plan(self, person, how, times):
        shift = timedelta(minutes=len(self.bypasses) * 11)
        self.bypasses[person.person_id] = (person, how, [when + shift for when in times])

    def play(self):
        for person in self.people:
            self._enrol(person)
            self._days(person)
        self._fatigue()
        self._bypass()
        self.events.sort(key=lambda event: (event["isotimestamp"], event["txid"]))

    def event(self, person, when, factor, result, reason, kind="authentication", app=apps.VPN, ip=None):
        city, device = person.city, person.devices[0]
        where = {"city": city.name, "country": city.country, "state": city.state}
        phone = factor in ("duo_push", "verified_duo_push", "phone_call", "sms_passcode", "duo_mobile_passcode")
        self.events.append({
            "access_device": {
                "browser": None, "browser_version": None, "hostname": None, "ip": ip or person.home_ip, "location": where,
                "os": device["os"].split(" ")[0], "os_version": None, "epkey": None, "is_encryption_enabled": device["managed"],
                "is_firewall_enabled": device["managed"], "is_password_set": True,
            },
            "adaptive_trust_assessments": {}, "alias": "",
            "application": {"key": app.app_id, "name": app.name},
            "auth_device": {"ip": person.home_ip if phone else None, "key": person.duo_key.replace("DU", "DP", 1) if phone else None,
                            "location": where if phone else {"city": None, "country": None, "state": None},
                            "name": "+1 555-555-0100" if phone else None},
            "email": person.principal, "event_type": kind, "factor": factor,
            "isotimestamp": when.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"), "ood_software": None, "reason": reason,
            "result": result, "timestamp": int(when.timestamp()), "trusted_endpoint_status": "unknown",
            "txid": self.ids.uuid("8d02-4c6f-b3e9"),
            "user": {"groups": ["vpn-users"], "key": person.duo_key, "name": person.principal},
        })
        if result == "success" and kind == "authentication":
            person.last_seen["duo"] = max(when, person.last_seen.get("duo", when))

    def _enrol(self, person):
        when = START + timedelta(days=self.rng.randrange(1, 120), hours=9, minutes=self.rng.randrange(300))
        if person.created + timedelta(days=1) < when and self.rng.random() < 0.2:
            self.event(person, when, "duo_push" if person.has_smartphone else "hardware_token", "success", "user_approved",
                       "enrollment")

    def _days(self, person):
        rng = self.rng
        chance = rng.uniform(0.15, 0.4)
        bypassed = person.person_id in self.bypasses
        for day in range(DAYS):
            midnight = START + timedelta(days=day)
            if rng.random() >= (0.05 if midnight.weekday() >= 5 else chance):
                continue
            when = midnight + timedelta(seconds=int((min(max(rng.gauss(9, 2), 6), 21) - person.city.offset) * 3600))
            story = self.busy.get(person.person_id)
            if story and abs(when - story) < timedelta(days=2):
                continue
            if person.is_away(when) or when < person.created + timedelta(hours=30) or not START <= when < AS_OF:
                continue
            if bypassed and any(abs(when - at) < timedelta(hours=20) for at in self.bypasses[person.person_id][2]):
                continue
            push = "verified_duo_push" if when >= NUMBER_MATCHING_FROM else "duo_push"
            factor = push if person.has_smartphone else "hardware_token"
            app = apps.JUMP if person.department in ("it", "security") and rng.random() < 0.3 else apps.VPN
            roll = rng.random()
            if roll < 0.03:
                self.event(person, when - timedelta(seconds=75), factor, "denied",
                           "no_response" if person.has_smartphone else "invalid_passcode", app=app)
            if roll > 0.85 and app is apps.VPN:
                self.event(person, when, "remembered_device", "success", "remembered_device", app=app)
            elif roll > 0.78 and person.has_smartphone:
                self.event(person, when, "duo_mobile_passcode", "success", "valid_passcode", app=app)
            else:
                self.event(person, when, factor, "success",
                           "user_approved" if person.has_smartphone else "valid_passcode", app=app)

    def _fatigue(self):
        for number, (person, start, offsets, success, quiet) in enumerate(self.fatigue):
            ip = None if quiet else f"192.0.2.{150 + number}"
            for count, offset in enumerate(offsets):
                self.event(person, start + minutes(offset), "duo_push", "denied",
                           "no_response" if count % 2 else "user_mistake", ip=ip)
            if success:
                self.event(person, start + minutes(offsets[-1]) + timedelta(seconds=40), "duo_push", "success", "user_approved",
                           ip=ip)
            entry = {"provider": "duo", "user_principal": person.principal, "first_seen": iso(start), "refusals": len(offsets),
                     "then_success": success}
            if quiet:
                self.truth.quiet("push_fatigue").append({**entry, "why": "six refusals, 40 minutes apart"})
            else:
                self.truth.story("push_fatigue").append(entry)

    def _bypass(self):
        cast, story = self.cast, self.truth.story("bypass_signin")
        kinds = {p.person_id: "covered" for p in cast.bypass_covered}
        kinds.update({p.person_id: "no_exception" for p in cast.bypass_uncovered})
        kinds.update({p.person_id: "expired_exception" for p in cast.bypass_expired})
        for person, how, times in self.bypasses.values():
            for when in times:
                self.event(person, when, "bypass_code" if how == "bypass_code" else None, "success",
                           "valid_passcode" if how == "bypass_code" else "bypass_user")
            entry = {"provider": "duo", "user_principal": person.principal, "how": how, "times": [iso(when) for when in times]}
            if person in cast.bypass_before:
                self.truth.quiet("bypass_signin").append({**entry, "why": "before the last 30 days, under an exception"})
            else:
                story.append({**entry, "exception": kinds[person.person_id]})
                self.truth.gap("bypass_signin", "duo", person)
