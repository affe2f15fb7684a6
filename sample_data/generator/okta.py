"""Okta: users, factors, and the events of the System Log."""

from datetime import timedelta

from .base import AS_OF, DOMAIN, iso, utc
from .company import Factor

# factorType: canonical method, name in the System Log, prefix of the id
TYPES = {
    "push": ("push", "OKTA_VERIFY_PUSH", "opf"),
    "token:software:totp": ("totp", "OKTA_SOFT_TOKEN", "ost"),
    "webauthn": ("passkey_sync", "FIDO_WEBAUTHN", "fwf"),
    "sms": ("sms_otp", "SMS_FACTOR", "mbl"),
    "email": ("email_otp", "EMAIL_FACTOR", "emf"),
    "question": ("question", None, "ufs"),
}
LABELS = {"push": "Okta Verify", "token:software:totp": "Okta Verify", "webauthn": "FIDO2 (WebAuthn)", "sms": "Phone",
          "email": "Email", "question": "Security Question"}
MESSAGES = {
    "user.session.start": ("User login to Okta", "core.user_auth.login_success"),
    "user.authentication.auth_via_mfa": ("Authentication of user via MFA", "core.user.factor.attempt_success"),
    "user.authentication.sso": ("User single sign on to app", "app.auth.sso"),
    "user.mfa.okta_verify.deny_push": ("User rejected Okta push verify", "core.user.factor.okta_verify_deny_push"),
    "user.mfa.factor.activate": ("Activate factor or authenticator enrollment method for user", "core.user.factor.activate"),
    "user.mfa.factor.deactivate": ("Reset factor or authenticator enrollment for user", "core.user.factor.deactivate"),
    "user.mfa.factor.reset_all": ("Reset all factors for user", "core.user.factor.reset_all"),
    "system.push.send_factor_verify_push": ("Send factor verify push", "core.user.factor.push"),
    "system.sms.send_factor_verify_message": ("Send factor verify SMS message", "core.user.sms.message_sent.factor"),
    "application.lifecycle.update": ("Update application", "app.generic.config.app_updated"),
    "application.user_membership.add": ("Add user to application membership", "app.user_management.provision_user"),
}


class Okta:
    def __init__(self, company, cast, streams):
        self.company, self.cast = company, cast
        self.ids = company.ids
        self.rng = streams.get("okta")
        self.events = []
        self.people = [person for person in company.people if person.okta_id]
        self.helpdesk = next(p for p in self.people if p.department == "support" and p.enabled)
        self._factors()

    # -- factors

    def _factors(self):
        cast = self.cast
        planned = {}
        for people, types in (
            (cast.okta_none, ()), (cast.okta_question, ("question",)), (cast.okta_sms, ("sms",)), (cast.okta_email, ("email",)),
            (cast.okta_push_only, ("push",)), (cast.okta_pending, ("push", "token:software:totp")),
        ):
            for person in people:
                planned[person.person_id] = types
        for number, person in enumerate(self.people):
            start = max(
                utc(3, 3, 9, year=2025) + timedelta(days=self.rng.randrange(0, 420), minutes=self.rng.randrange(0, 480)),
                person.created + timedelta(hours=25),
            )
            types = planned.get(person.person_id)
            pending = person in cast.okta_pending
            if types is None:
                must_push = person.story is not None and "fatigue" in person.story
                types = ("webauthn", "token:software:totp") if number % 5 == 0 and not must_push else (
                    "push", "token:software:totp")
                if number % 4 == 1:
                    # Text messages first, the stronger ones during the roll-out.
                    self._give(person, "sms", start)
                    start = max(start + timedelta(days=3), utc(6, 8, 9) + timedelta(days=number, minutes=7 * number))
            for count, name in enumerate(types):
                at = start + timedelta(minutes=4 * count)
                self._give(person, name, at, "pending" if pending and count else "active")

    def _give(self, person, name, at, status="active"):
        prefix = TYPES[name][2]
        factor = Factor(name, TYPES[name][0], at, None, status, self.ids.word(prefix))
        person.okta.append(factor)
        return factor

    def reset(self, person, when, gap, by_helpdesk):
        """Removes everything and enrols it anew."""
        old = [factor for factor in person.okta if factor.active(when)]
        for factor in old:
            factor.end = when
        device = person.devices[0]
        if by_helpdesk:
            self.event("user.mfa.factor.reset_all", self.helpdesk, when, self.helpdesk.devices[0], targets=[self._user(person)])
        else:
            for factor in old:
                self.event("user.mfa.factor.deactivate", person, when, device, factor=factor, targets=[self._user(person)])
        return [self._give(person, factor.raw, when + timedelta(minutes=gap + 3 * count)) for count, factor in enumerate(old)]

    def activations(self):
        """Registrations within the period are in the log, too."""
        for person in self.people:
            for factor in person.okta:
                if factor.start >= utc(6, 1) and factor.status == "active":
                    self.event("user.mfa.factor.activate", person, factor.start, person.devices[0], factor=factor,
                               targets=[self._user(person)])

    # -- events

    @staticmethod
    def _user(person):
        return {"id": person.okta_id, "type": "User", "alternateId": person.upn, "displayName": person.display_name,
                "detailEntry": None}

    @staticmethod
    def app(app):
        return {"id": app.app_id, "type": "AppInstance", "alternateId": app.name, "displayName": app.name, "detailEntry": None}

    def event(self, kind, person, when, device, result="SUCCESS", reason=None, factor=None, factor_name=None, targets=(),
              transaction=None, session=None, city=None, ip=None):
        city = city or person.city
        message, legacy = MESSAGES[kind]
        name = factor_name or (TYPES[factor.raw][1] if factor else None)
        debug = {"requestUri": "/idp/idx/authenticators/poll" if name else "/api/v1/authn"}
        if name:
            debug["factor"] = name
        session = session or self.ids.word("idx", 16)
        where = {"city": city.name, "state": city.state, "country": city.country, "postalCode": None,
                 "geolocation": {"lat": city.lat, "lon": city.lon}}
        browser = device["browser"].split(" ")[0].upper()
        self.events.append({
            "actor": self._user(person),
            "client": {
                "userAgent": {"rawUserAgent": f"Mozilla/5.0 ({device['os']}) {device['browser']}", "os": device["os"],
                              "browser": browser},
                "zone": "null", "device": "Mobile" if device["os"].startswith(("Ios", "Android")) else "Computer", "id": None,
                "ipAddress": ip or person.home_ip, "geographicalContext": where,
            },
            "device": {"id": device["id"], "name": device["os"], "managed": device["managed"], "registered": device["managed"]}
            if device["id"] else None,
            "authenticationContext": {"authenticationProvider": None, "credentialProvider": None, "credentialType": None,
                                      "issuer": None, "interface": None, "authenticationStep": 0, "rootSessionId": session,
                                      "externalSessionId": session},
            "displayMessage": message, "eventType": kind, "outcome": {"result": result, "reason": reason},
            "published": iso(when, millis=True),
            "securityContext": {"asNumber": 64496 + len(city.name), "asOrg": None, "isp": None, "domain": None, "isProxy": False},
            "severity": "INFO" if result == "SUCCESS" else "WARN", "debugContext": {"debugData": debug},
            "legacyEventType": legacy, "transaction": {"type": "WEB", "id": transaction or self.ids.word("Zt", 18), "detail": {}},
            "uuid": self.ids.uuid("11f1-8c4e-d7a0"), "version": "0",
            "request": {"ipChain": [{"ip": ip or person.home_ip, "geographicalContext": where, "version": "V4", "source": None}]},
            "target": list(targets) or None,
        })
        return session

    def login(self, person, when, apps, device=None, factor=None, factor_name=None, **where):
        """Password, second factor when there is one, and the applications opened in the session."""
        device = device or person.devices[0]
        transaction, session = self.ids.word("Zt", 18), self.ids.word("idx", 16)
        same = {"transaction": transaction, "session": session, **where}
        self.event("user.session.start", person, when, device, **same)
        second = when + timedelta(seconds=self.rng.randrange(5, 20))
        if factor or factor_name:
            target = [self._user(person)]
            if factor and factor.raw in ("push", "sms") and self.rng.random() < 0.12:
                kind = "push.send_factor_verify_push" if factor.raw == "push" else "sms.send_factor_verify_message"
                self.event(f"system.{kind}", person, when + timedelta(seconds=2), device, targets=target, **same)
            self.event("user.authentication.auth_via_mfa", person, second, device, factor=factor, factor_name=factor_name,
                       targets=target, **same)
        for count, app in enumerate(apps):
            if count:
                same = {"session": session, **where}
            self.event("user.authentication.sso", person, second + timedelta(seconds=3 + 1260 * count), device,
                       targets=[self.app(app)], **same)
        person.last_seen["okta"] = max(when, person.last_seen.get("okta", when))
        assert when < AS_OF


def users(okta):
    for person in okta.people:
        first, last = person.display_name.split(" ", 1)
        created = iso(person.created, millis=True)
        yield {
            "id": person.okta_id, "status": "ACTIVE" if person.enabled else "DEPROVISIONED", "created": created,
            "activated": created, "statusChanged": created, "lastLogin": iso(person.last_seen.get("okta"), millis=True),
            "lastUpdated": created, "passwordChanged": created, "type": {"id": "oty1qlarkspurx5d7"},
            "profile": {"firstName": first, "lastName": last, "displayName": person.display_name, "email": person.upn,
                        "login": person.upn, "department": person.department, "title": person.title, "city": person.city.name,
                        "countryCode": person.city.code, "manager": person.manager, "userType": "Employee"},
            "credentials": {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}},
            "_links": {"self": {"href": f"https://login.{DOMAIN}/api/v1/users/{person.okta_id}"}},
        }


def factors(okta):
    for person in okta.people:
        base = f"https://login.{DOMAIN}/api/v1/users/{person.okta_id}"
        for factor in person.okta:
            if factor.end:
                continue
            profile = {"sms": {"phoneNumber": "+1XXXXXXX0100"}, "email": {"email": person.upn},
                       "question": {"question": "favorite_art_piece", "questionText": "What is your favorite piece of art?"}}
            vendor = "FIDO" if factor.raw == "webauthn" else "OKTA"
            yield {
                "id": factor.factor_id, "factorType": factor.raw, "provider": vendor, "vendorName": vendor,
                "status": "ACTIVE" if factor.status == "active" else "PENDING_ACTIVATION",
                "created": iso(factor.start, millis=True), "lastUpdated": iso(factor.start, millis=True),
                "profile": profile.get(factor.raw, {"credentialId": person.upn}),
                "_links": {"self": {"href": f"{base}/factors/{factor.factor_id}", "hints": {"allow": ["GET", "DELETE"]}},
                           "user": {"href": base, "hints": {"allow": ["GET"]}}},
            }
