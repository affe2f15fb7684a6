"""The ordinary days: who signs in where, when, and how it goes."""

from datetime import timedelta

from .apps import EXCHANGE, LOW, TEAMS, usual
from .base import AS_OF, DAYS, SMS_END, START, TENANT, iso
from .entra import IGNORED, preferred


class Traffic:
    def __init__(self, entra, cast, streams):
        self.entra = entra
        self.rng = streams.get("entra-traffic")
        self.federated = {p.person_id: p for p in cast.partner_federated}
        self.blocked = {p.person_id: p for p in cast.no_factor}
        for day in range(DAYS):
            self._day(START + timedelta(days=day))
        self._registrations()
        self._disabled()

    def _day(self, midnight):
        weekend = midnight.weekday() >= 5
        for person in self.entra.company.people:
            chance = person.rate * (0.06 if weekend else (1.1 if midnight.weekday() == 0 else 0.95))
            draw, hour, second = self.rng.random(), self.rng.gauss(10.8, 2.3), self.rng.randrange(3600)
            if draw >= chance or person.population in ("service", "break_glass"):
                continue
            local = min(max(hour, 6.5), 20)
            when = midnight + timedelta(seconds=int((local - person.city.offset) * 3600) // 3600 * 3600 + second)
            if not person.enabled or person.no_signins or person.is_away(when) or when < person.created + timedelta(hours=26):
                continue
            if START <= when < AS_OF:
                self._visit(person, when)

    def _visit(self, person, when):
        rng, entra = self.rng, self.entra
        app = rng.choice(usual(person))
        device = person.devices[1] if len(person.devices) > 1 and rng.random() < 0.3 else person.devices[0]
        ip = person.city.office if rng.random() < 0.45 and not person.home_tenant else None
        method = preferred(person, when, rng)
        roll, extra = rng.random(), rng.random()
        correlation = entra.ids.uuid("6b3a-4f7c-9e15")

        def add(at, attempt, **more):
            entra.add(person, at, app, attempt, device, ip=ip, correlation=correlation, **more)

        if extra < 0.06:
            add(when - timedelta(seconds=rng.randrange(20, 60)), entra.wrong_password(when))
        if person.person_id in self.federated:
            add(when, entra.federated(when))
            return
        if method is None:
            # Since the second policy an application in scope sends people to the registration first.
            if when >= SMS_END and app.in_scope:
                if person.person_id in self.blocked and roll < 0.3:
                    add(when, entra.interrupt(when, 50072))
                app = LOW[int(roll * 10) % 2]
            add(when + timedelta(seconds=70), entra.single(when))
            return
        optional = not person.always_mfa and not person.admin
        if optional and ((not app.in_scope and roll < 0.35) or (when < SMS_END and roll < 0.10)):
            add(when, entra.single(when))
        elif roll < 0.45:
            add(when, entra.claim(when))
        elif roll < 0.52 and not person.admin:
            add(when, entra.remembered(when))
        else:
            if 0.06 <= extra < 0.10 and method not in ("fido2_key", "passkey_dev", "platform"):
                add(when - timedelta(seconds=45), entra.interrupt(when, rng.choice((50074, 50076))))
            elif 0.10 <= extra < 0.115 and method == "push":
                add(when - timedelta(seconds=90), entra.refused(when - timedelta(seconds=90), IGNORED))
            elif 0.115 <= extra < 0.15:
                add(when - timedelta(seconds=8), entra.interrupt(when, 50140))
            add(when, entra.performed(when, method))
        if 0.995 <= extra:
            add(when + timedelta(minutes=30), entra.claim(when), status=False)

    def _registrations(self):
        """The sign-in that asks for the registration, and the one after it."""
        for person in self.entra.company.people:
            at = person.registered_at
            if at is None or person.admin or person.population in ("partner", "shared") or not person.enabled:
                continue
            if person.no_signins or person.is_away(at) or self.rng.random() < 0.5:
                continue
            before, after = at - timedelta(minutes=5), at + timedelta(minutes=12)
            method = preferred(person, after, self.rng)
            if preferred(person, before, self.rng) is None and method is not None:
                correlation = self.entra.ids.uuid("6b3a-4f7c-9e15")
                self.entra.add(person, before, EXCHANGE, self.entra.interrupt(before, 50072), correlation=correlation)
                self.entra.add(person, after, EXCHANGE, self.entra.performed(after, method), correlation=correlation)

    def _disabled(self):
        """Somebody still tries the accounts of those who have left."""
        gone = [p for p in self.entra.company.people if not p.enabled][:4]
        for number, person in enumerate(gone):
            for count in range(3):
                when = START + timedelta(days=20 + 31 * number + count, hours=9, minutes=7 * count)
                self.entra.add(person, when, EXCHANGE, self.entra.interrupt(when, 50057))


class Background:
    """Token refreshes, service principals and managed identities, in the diagnostic export."""

    PRINCIPALS = ("Invoice Connector", "Backup Vault", "Log Shipper", "Chat Bridge", "Inventory Sync")
    IDENTITIES = ("vm-build-01", "vm-report-01", "func-billing")

    def __init__(self, entra, streams):
        self.entra = entra
        self.rng = streams.get("entra-background")
        people = [p for p in entra.company.people if p.enabled and p.population in ("workforce", "contractor")]
        people = [p for p in people if not p.no_signins and p.story is None]
        for day in range(DAYS):
            midnight = START + timedelta(days=day)
            for _ in range(2 if midnight.weekday() >= 5 else 12):
                person = self.rng.choice(people)
                when = midnight + timedelta(seconds=self.rng.randrange(86000))
                if when >= person.created + timedelta(days=2) and not person.is_away(when):
                    self._refresh(person, when)
        for person in [p for p in entra.company.people if p.population == "service"]:
            for number in range(0, DAYS, 6):
                when = START + timedelta(days=number, hours=2, seconds=self.rng.randrange(7200))
                self._refresh(person, when)
        self.apps = [self._application(day, hour) for day in range(DAYS) for hour in (1, 13)]

    def _refresh(self, person, when):
        device = person.devices[0]
        attempt = self.entra.single(when) if person.population == "service" else self.entra.claim(when)
        self.entra.add(
            person, when, self.rng.choice((EXCHANGE, TEAMS)), attempt, device, interactive=False,
            client="Mobile Apps and Desktop clients",
        )

    def _application(self, day, hour):
        managed = hour == 13
        name = self.rng.choice(self.IDENTITIES if managed else self.PRINCIPALS)
        number = (self.IDENTITIES if managed else self.PRINCIPALS).index(name)
        kind = "7a" if managed else "3c"
        when = START + timedelta(days=day, hours=hour, seconds=self.rng.randrange(3000))
        bad = not managed and self.rng.random() < 0.03
        code = 7000222 if bad else 0
        reason = "The provided client secret keys are expired." if bad else "Other."
        return {
            "id": self.entra.ids.uuid(), "createdDateTime": iso(when), "servicePrincipalId": f"9d2e{number:04d}-{kind}10-4b5f-8c21-55e0a9d7f3b8",
            "servicePrincipalName": name, "appId": f"4f8a{number:04d}-{kind}22-4d0e-9b17-0e6c2f91d4a5",
            "appDisplayName": name, "resourceDisplayName": "Azure Key Vault", "ipAddress": "198.18.250.9",
            "correlationId": self.entra.ids.uuid("6b3a-4f7c-9e15"), "conditionalAccessStatus": "notApplied",
            "isInteractive": False, "status": {"errorCode": code, "failureReason": reason, "additionalDetails": None},
            "location": {"city": "Berlin", "state": "Berlin", "countryOrRegion": "DE"},
            "resourceTenantId": TENANT, "homeTenantId": TENANT,
            "_category": "ManagedIdentitySignInLogs" if managed else "ServicePrincipalSignInLogs",
        }


def envelope(record):
    """The diagnostic-settings envelope around a record."""
    record = dict(record)
    category = record.pop("_category", "NonInteractiveUserSignInLogs")
    status = record["status"]
    return {
        "time": record["createdDateTime"], "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity", "category": category, "resultType": str(status["errorCode"]),
        "resultDescription": status["failureReason"], "tenantId": TENANT, "callerIpAddress": record["ipAddress"],
        "correlationId": record["correlationId"], "properties": record,
    }
