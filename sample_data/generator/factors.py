"""What everybody has registered, when, and the lifecycle events of it."""

from datetime import timedelta

from .base import AS_OF, SMS_END, logistic_day, minutes, utc
from .company import Factor

CANONICAL = {
    "microsoftAuthenticatorPush": "push", "softwareOneTimePasscode": "totp", "mobilePhone": "sms_otp",
    "officePhone": "voice", "email": "email_otp", "fido2SecurityKey": "fido2_key", "passKeyDeviceBound": "passkey_dev",
    "windowsHelloForBusiness": "platform", "hardwareOneTimePasscode": "otp_hw", "temporaryAccessPass": "temp_pass",
    "securityQuestion": "question", "appPassword": "app_password", "externalAuthMethod": "fed_mfa",
}
CURVES = {
    "pilot": (utc(6, 27, 10), 3.6),
    "finance-emea": (utc(8, 12, 10), 4.5),
    "rest": (utc(9, 9, 10), 6.0),
}
NOT_COUNTED = ("password", "question", "temp_pass", "backup_code", "app_password")


class Factors:
    def __init__(self, company, cast, streams):
        self.rng = streams.get("factors")
        self.cast = cast
        self.events = []
        self.ids = company.ids
        self.helpdesk = next(p for p in company.people if p.department == "support" and p.population == "workforce")
        self._dates(company)
        self._fixed(company)
        for person in company.people:
            if person.registered_at and not person.entra_done:
                self._background(person)
        for person, when in cast.resets:
            self._reset(person, when, gap=18)
        self._reset(*cast.reset_near_miss, gap=35)
        self._events(company)

    def _dates(self, company):
        """Per wave, the registrations follow a logistic curve."""
        none = {p.person_id: p for p in self.cast.no_factor}
        for wave, (midpoint, slope) in CURVES.items():
            members = [
                p for p in company.people
                if p.wave == wave and p.enabled and p.human and p.population != "break_glass" and p.person_id not in none
            ]
            self.rng.shuffle(members)
            for rank, person in enumerate(members):
                when = logistic_day(rank, len(members), midpoint, slope)
                when = max(min(when, utc(10, 16, 9)), utc(6, 2, 9), person.created + timedelta(days=1))
                when = min(when, person.needs_by or when)
                person.registered_at = self._working_hour(person, when)
        for person in company.people:
            person.entra_done = False

    def _working_hour(self, person, when):
        day = when.replace(hour=0, minute=0, second=0, microsecond=0)
        if day.weekday() >= 5 and self.rng.random() < 0.9:
            day -= timedelta(days=day.weekday() - 4)
        hour = self.rng.uniform(8.5, 17) - person.city.offset
        return (day + timedelta(seconds=int(hour * 3600))).replace(microsecond=0)

    def _give(self, person, *raws, at=None, done=True):
        start = at or person.registered_at
        for number, raw in enumerate(raws):
            person.entra.append(Factor(raw, CANONICAL[raw], start + minutes(4 * number)))
        person.entra_done = person.entra_done or done

    def _long_ago(self):
        return utc(2, 3, 10, year=2025) + timedelta(days=self.rng.randrange(0, 400), minutes=self.rng.randrange(0, 400))

    def _fixed(self, company):
        cast = self.cast
        for person in cast.sms_only:
            self._give(person, "mobilePhone", at=self._long_ago())
        for person in cast.sms_and_question:
            self._give(person, "mobilePhone", "securityQuestion", at=self._long_ago())
        for person in cast.voice_only:
            self._give(person, "officePhone", at=self._long_ago())
        for person in cast.email_only:
            self._give(person, "email", at=self._long_ago())
        for person in cast.push_only:
            self._give(person, "microsoftAuthenticatorPush")
        for person in cast.push_and_sms:
            self._give(person, "mobilePhone", at=self._long_ago())
            self._give(person, "microsoftAuthenticatorPush")
        for person in cast.admin_totp:
            self._give(person, "softwareOneTimePasscode", "temporaryAccessPass")
        for person in cast.admin_push:
            self._give(person, "microsoftAuthenticatorPush", "softwareOneTimePasscode", "temporaryAccessPass")
        for person in cast.admin_one_key:
            self._give(person, "fido2SecurityKey", "softwareOneTimePasscode", "temporaryAccessPass")
        for person in cast.admin_no_recovery:
            self._give(person, "fido2SecurityKey", "windowsHelloForBusiness")
        for person in cast.admin_compliant:
            self._give(person, "fido2SecurityKey", "windowsHelloForBusiness", "temporaryAccessPass")
        for person in cast.partner_federated:
            self._give(person, "externalAuthMethod")
        for person in cast.service_app_password:
            self._give(person, "appPassword", at=self._long_ago())
        for person in company.people:
            if person.population == "break_glass":
                self._give(person, "fido2SecurityKey", "passKeyDeviceBound", at=person.created)
        for person, _ in cast.resets + [cast.reset_near_miss]:
            self._give(person, "microsoftAuthenticatorPush", "softwareOneTimePasscode")

    def _background(self, person):
        """Enough for every tier: two strong methods, and for some the text messages of old beside them."""
        at = person.registered_at
        wants_push = person.story is not None and "fatigue" in person.story
        if person.population == "workforce" and person.created < utc(1, 1) and self.rng.random() < 0.3 and (
            person.has_smartphone
        ):
            sms = Factor("mobilePhone", "sms_otp", self._long_ago())
            if self.rng.random() < 0.7:
                sms.end = at + timedelta(days=self.rng.randrange(1, 20))
                sms.end = max(at + timedelta(days=1), min(sms.end, SMS_END - timedelta(hours=self.rng.randrange(1, 200))))
            person.entra.append(sms)
        if not person.has_smartphone:
            self._give(person, "fido2SecurityKey", "hardwareOneTimePasscode", at=at)
        elif person.population == "partner":
            self._give(person, self.rng.choice(("microsoftAuthenticatorPush", "softwareOneTimePasscode")), at=at)
        elif wants_push or self.rng.random() < 0.7:
            self._give(person, "microsoftAuthenticatorPush", "softwareOneTimePasscode", at=at)
        elif self.rng.random() < 0.6:
            self._give(person, "windowsHelloForBusiness", "microsoftAuthenticatorPush", at=at)
        else:
            self._give(person, "fido2SecurityKey", "softwareOneTimePasscode", at=at)

    def _reset(self, person, when, gap):
        new = []
        for factor in person.entra:
            if factor.active(when):
                factor.end = when
                new.append(Factor(factor.raw, factor.method, when + minutes(gap + 3 * len(new))))
        person.entra.extend(new)
        self._event(person, when, "reset", None, actor=self.helpdesk, raw="Admin deleted security info")

    def _events(self, company):
        for person in company.people:
            for factor in person.entra:
                admin = factor.method in ("temp_pass", "app_password") or person.population in ("break_glass", "service")
                correlation = self.ids.uuid("51b7-4be2-8a40")
                if not admin:
                    if self.rng.random() < 0.12:
                        self._event(person, factor.start - timedelta(hours=30), "started", None, correlation=correlation)
                        self._event(person, factor.start - timedelta(hours=29), "abandoned", None, correlation=correlation,
                                    raw="User did not finish security info registration")
                        correlation = self.ids.uuid("51b7-4be2-8a40")
                    self._event(person, factor.start - timedelta(seconds=170), "started", None, correlation=correlation)
                    self._event(person, factor.start - timedelta(seconds=95), "method_selected", factor,
                                correlation=correlation, raw="User started security info registration")
                    if self.rng.random() < 0.1:
                        self._event(person, factor.start - timedelta(seconds=40), "verify_failed", factor,
                                    correlation=correlation, outcome="failure", raw="User registered security info")
                self._event(
                    person, factor.start, "completed", factor, correlation=correlation,
                    actor=self.helpdesk if admin else None,
                    raw="Admin registered security info" if admin else "User registered security info",
                )
                reset = any(factor.end == when for _, when in self.cast.resets + [self.cast.reset_near_miss])
                if factor.end and not reset:
                    self._event(person, factor.end, "removed", factor, raw="User deleted security info")
        self.events.sort(key=lambda event: (event["event_time"], event["event_id"]))
        assert all(event["event_time"] < AS_OF for event in self.events)

    def _event(self, person, when, kind, factor, actor=None, correlation=None, outcome="success", raw=None):
        who = actor or person
        self.events.append({
            "event_time": when, "provider": "entra", "event_id": self.ids.uuid("2f6e-4c90-a3d8"),
            "correlation_id": correlation or self.ids.uuid("51b7-4be2-8a40"), "identity_id": person.entra_id,
            "user_principal": person.principal, "event_type": kind,
            "event_type_raw": raw or "User started security info registration",
            "method": factor.method if factor else None, "method_raw": factor.raw if factor else None, "outcome": outcome,
            "failure_reason_raw": "Verification code did not match" if outcome == "failure" else None,
            "actor_id": who.entra_id, "actor_principal": who.principal, "actor_kind": "helpdesk" if actor else "self",
            "ip": who.city.office if actor else person.home_ip,
        })


def registered(methods):
    return [factor for factor in methods if factor.method not in NOT_COUNTED]


def gaps(company, cast, truth):
    """Gaps in what is registered in Entra."""
    for person in company.people:
        if not person.enabled and not registered(person.methods(AS_OF)):
            truth.quiet("no_factor").append(
                {"provider": "entra", "user_principal": person.principal, "why": "the account is disabled"})
        elif not person.human:
            truth.quiet("no_factor").append(
                {"provider": "entra", "user_principal": person.principal, "why": "a service account"})
    for rule, people in (
        ("no_factor", cast.no_factor),
        ("weak_only", cast.sms_only + cast.sms_and_question + cast.voice_only + cast.email_only),
        ("weak_for_tier", cast.admin_totp + cast.admin_push + cast.partner_federated),
        ("second_factor_missing", cast.push_only + cast.push_and_sms + cast.admin_one_key),
        ("no_recovery", cast.admin_no_recovery),
    ):
        for person in people:
            truth.gap(rule, "entra", person)
