"""What the policies say about the generated people and records, worked out from the definitions alone.

The rules stand here a second time, in Python, so that the answers of the views can be held against them.
"""

from datetime import datetime, timedelta, timezone

from . import apps
from .audit import LEGACY, PHISHING_RESISTANT, RECOVERY, STRONG, met_by, succeeded
from .base import AS_OF, iso, utc

# Only these can prove their make, and no directory of the sample says whether they did.
ATTESTABLE = ("fido2_key", "smartcard", "cert_mfa")
ENFORCED = {"pilot": utc(8, 1), "finance-emea": utc(9, 15), "rest": utc(12, 1)}
WORST = ("allow", "exempt", "allow_exception", "allow_remind", "report_only", "step_up", "limit", "indeterminate", "block")
IMPACT_DAYS, DIFF_DAYS, GATE_DAYS, GATE_RATE, GATE_SIGNINS = 14, 30, 14, 0.95, 500
LEVELS = {
    "none": ("bypass_code",),
    "single": ("password", "email_otp"),
    "mfa": ("push", "push_number", "totp", "otp_hw", "sms_otp", "voice"),
    "phishing_resistant": ("passkey_sync",),
    "pr_hardware": ("fido2_key", "passkey_dev", "platform"),
}
STRENGTH = {method: level for level, (_, methods) in enumerate(LEVELS.items()) for method in methods}
ENTRA = {
    "Password": "password", "Mobile app notification": "push", "Software OATH token": "totp", "Text message": "sms_otp",
    "Phone call": "voice", "Email": "email_otp", "FIDO2 security key": "fido2_key", "passKeyDeviceBound": "passkey_dev",
    "Windows Hello for Business": "platform", "hardwareOneTimePasscode": "otp_hw",
}
OKTA = {"OKTA_VERIFY_PUSH": "push", "OKTA_SOFT_TOKEN": "totp", "FIDO_WEBAUTHN": "fido2_key", "SMS_FACTOR": "sms_otp",
        "EMAIL_FACTOR": "email_otp"}
DUO = {"duo_push": "push", "verified_duo_push": "push_number", "duo_mobile_passcode": "totp", "hardware_token": "otp_hw",
       "bypass_code": "bypass_code", None: "password"}


def tier(version, person, provider):
    """Name, accepted methods at AS_OF, factors, recovery, days of grace, whether make must be proven; None: nothing applies."""
    first = version == "v1"
    if person.population == "service":
        return None
    if person.population == "break_glass":
        return "break_glass", PHISHING_RESISTANT[:5], 2, 0, 0, True
    if person.admin and provider == "entra":
        return ("admin", STRONG, 1, 0, 14, True) if first else ("admin", PHISHING_RESISTANT, 2, 1, 7, True)
    if person.population in ("partner", "contractor"):
        if first:
            return "partner", (*STRONG, "fed_mfa"), 1, 0, 30, False
        return "partner", STRONG, 2 if version == "proposed" else 1, 0, 14, False
    # Text messages and calls ended with the phase-out of the first version, too.
    return "standard", STRONG, 1 if first else 2, 0, 30, False


def enrolment(version, person, provider, excepted):
    """(enrolment, would_decision, decision, deadline) of an account; would_decision as a function of the class of application."""
    enforced = ENFORCED[person.wave]
    rule = tier(version, person, provider)
    is_enforced = enforced <= AS_OF

    def answer(name, outcome, deadline, app=None):
        would = app(outcome) if app else outcome
        return name, would, would if is_enforced else "report_only", deadline

    if rule is None:
        return answer("not_applicable", "exempt", None)
    name, allow, factors, recovery, grace, proven = rule
    held = [factor.method for factor in (person.methods(AS_OF) if provider == "entra" else person.okta_methods(AS_OF))]
    deadline = max(enforced, person.created) + timedelta(days=grace)
    good = [method for method in held if method in allow]
    sure = [method for method in good if not (proven and method in ATTESTABLE)]
    back = sum(method in RECOVERY for method in held)
    if len(sure) >= factors and back >= recovery:
        return answer("compliant", "allow", deadline)
    if excepted:
        return answer("excepted", "allow_exception", deadline)
    if len(good) >= factors and back >= recovery:
        return answer("unknown", "indeterminate", deadline)
    if AS_OF < deadline:
        return answer("in_grace", "allow_remind", deadline)
    outcome = "limit" if AS_OF < deadline + timedelta(days=14) else "block"
    return answer("overdue", "exempt" if name == "break_glass" else outcome, deadline)


class Decisions:
    def __init__(self, world):
        self.world = world
        self.apps = {app.app_id: app.sensitivity for app in apps.ALL}
        self.excepted, self.in_session = {}, {}
        for row in world.exceptions.rows:
            if world.exceptions.status[row["exception_id"]]["status"] == "active":
                self.excepted[row["subject"].lower()] = True
                if row["scope"] == "session":
                    self.in_session[row["subject"].lower()] = True
        self.seen = sorted(self._signins(), key=lambda signin: signin[0])

    def account(self, version, person, provider):
        return enrolment(version, person, provider, person.principal in self.excepted)

    # -- sign-ins: (time, log, person, provider of the account, sensitivity, methods or None, age of the MFA or None)

    def _signins(self):
        yield from self._entra()
        yield from self._okta()
        yield from self._duo()

    def _entra(self):
        for record in self.world.entra.signins:
            person = self.world.company.index[record["userPrincipalName"].lower()]
            if not succeeded(record):
                continue
            how = met_by(record)
            methods, age = None, None
            if how in ("performed", "none"):
                methods = [ENTRA[step["authenticationMethod"]] for step in record["authenticationDetails"]]
                age = timedelta(0)
            yield when(record["createdDateTime"]), "entra", person, "entra", self.apps[record["appId"]], methods, age
        for record in self.world.entra.noninteractive:
            if succeeded(record) and record["clientAppUsed"] in LEGACY:
                person = self.world.company.index[record["userPrincipalName"].lower()]
                yield when(record["createdDateTime"]), "entra", person, "entra", "legacy", None, None

    def _okta(self):
        people = {person.okta_id: person for person in self.world.okta.people}
        second, passwords, opened = {}, {}, {}
        for event in self.world.okta.events:
            session, transaction = event["authenticationContext"]["externalSessionId"], event["transaction"]["id"]
            factor = event["debugContext"]["debugData"].get("factor")
            if event["eventType"].endswith("auth_via_mfa") and event["outcome"]["result"] == "SUCCESS":
                if factor == "PASSWORD_AS_FACTOR":
                    passwords[session] = True
                else:
                    second[session] = (transaction, OKTA[factor])
            if event["eventType"].endswith("authentication.sso"):
                opened.setdefault((session, transaction), event)
        first = {}
        for (session, transaction), event in opened.items():
            if session in second and second[session][0] == transaction:
                first[session] = when(event["published"])
        for (session, transaction), event in opened.items():
            at = when(event["published"])
            methods, age = None, None
            if session in second:
                methods, age = [second[session][1]], at - first[session]
            elif session in passwords:
                methods, age = ["password"], timedelta(0)
            yield at, "okta", people[event["actor"]["id"]], "okta", self.apps[event["target"][0]["id"]], methods, age

    def _duo(self):
        for event in self.world.duo.events:
            if event["result"] != "success" or event["event_type"] != "authentication":
                continue
            person = self.world.company.index[event["user"]["name"]]
            methods, age = None, None
            if event["reason"] != "remembered_device":
                methods, age = [DUO[event["factor"]]], timedelta(0)
            yield when(event["isotimestamp"]), "duo", person, "entra", self.apps[event["application"]["key"]], methods, age

    def signin(self, version, signin):
        """What would be decided if it happened again at AS_OF."""
        _, _, person, provider, app, methods, age = signin
        needed, max_age = {
            "critical": ("phishing_resistant" if version == "proposed" else "mfa", timedelta(0)),
            "normal": ("mfa", timedelta(hours=12)),
            "low": ("single", None),
            "legacy": (None, None),
        }[app]
        if app == "legacy":
            session = "block"
        elif methods is None:
            session = "indeterminate"
        else:
            level = max(STRENGTH[method] for method in methods)
            is_enough = level >= list(LEVELS).index(needed) and (max_age is None or age <= max_age)
            session = "allow" if is_enough else "step_up"
        if session in ("step_up", "indeterminate") and person.principal in self.in_session:
            session = "allow_exception"
        of_account = self.account(version, person, provider)[1]
        if of_account == "limit" and app == "low":
            of_account = "allow_remind"
        would = max(of_account, session, key=WORST.index)
        if person.population == "break_glass" and would in ("step_up", "limit", "block"):
            would = "exempt"
        return would

    def within(self, days):
        return [signin for signin in self.seen if signin[0] > AS_OF - timedelta(days=days)]

    # -- answers

    def diff(self, old, new):
        accounts, signins = [], {}
        for provider, people in (("entra", self.world.company.people), ("okta", self.world.okta.people)):
            for person in people:
                before, after = (self.account(version, person, provider) for version in (old, new))
                if before != after:
                    accounts.append({
                        "provider": provider, "user_principal": person.principal,
                        "enrolment": [before[0], after[0]], "would_decision": [before[1], after[1]],
                        "decision": [before[2], after[2]], "deadline": [iso(before[3]), iso(after[3])],
                    })
        for signin in self.within(DIFF_DAYS):
            before, after = (self.signin(version, signin) for version in (old, new))
            if before != after:
                key = (signin[1], signin[2].principal, before, after)
                signins[key] = signins.get(key, 0) + 1
        return {
            "accounts": sorted(accounts, key=lambda entry: (entry["provider"], entry["user_principal"])),
            "signins": [
                {"provider": provider, "user_principal": principal, "would_decision": [before, after], "signins": count}
                for (provider, principal, before, after), count in sorted(signins.items())
            ],
        }

    def impact(self):
        answer = {}
        for name, key in (("by_wave", lambda person: person.wave), ("by_department", lambda person: person.department)):
            groups = answer[name] = {}
            for signin in self.within(IMPACT_DAYS):
                if signin[2].enabled:
                    self._count(groups.setdefault(key(signin[2]), counters()), self.signin("v2", signin))
            answer[name] = dict(sorted(groups.items()))
        return {"days": IMPACT_DAYS, **answer}

    def gate(self):
        answer = {}
        for wave, enforced in ENFORCED.items():
            counts = counters()
            for signin in self.within(GATE_DAYS):
                if signin[2].wave == wave and signin[2].enabled:
                    self._count(counts, self.signin("v2", signin))
            if enforced <= AS_OF:
                verdict = "already_enforced"
            elif counts["signins"] < GATE_SIGNINS:
                verdict = "too_few_signins"
            else:
                verdict = "ready" if counts["allowed"] >= GATE_RATE * counts["signins"] else "not_ready"
            answer[wave] = {"signins": counts["signins"], "successes": counts["allowed"], "verdict": verdict}
        return answer

    @staticmethod
    def _count(counts, would):
        names = {"step_up": "stepped_up", "limit": "limited", "block": "blocked", "indeterminate": "indeterminate"}
        counts["signins"] += 1
        counts[names.get(would, "allowed")] += 1


def counters():
    return dict.fromkeys(("signins", "allowed", "stepped_up", "limited", "blocked", "indeterminate"), 0)


def when(text):
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return instant.astimezone(timezone.utc)
