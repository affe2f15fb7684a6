"""Sign-in records of Microsoft Entra, as Microsoft Graph spells them."""

from datetime import timedelta

from .base import SMS_END, TENANT, iso, utc

STEP = {
    "push": ("Mobile app notification", None),
    "totp": ("Software OATH token", None),
    "sms_otp": ("Text message", "+** *******"),
    "voice": ("Phone call", "+** *******"),
    "email_otp": ("Email", None),
    "fido2_key": ("FIDO2 security key", None),
    "passkey_dev": ("passKeyDeviceBound", None),
    "platform": ("Windows Hello for Business", None),
    "otp_hw": ("hardwareOneTimePasscode", None),
}
PRIMARY, SECONDARY = "Primary authentication", "Multi-factor authentication"
AGENTS = {
    "Edge 138.0.0": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
    "Chrome 138.0.0": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "Safari 18.5": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mobile Safari": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Chrome Mobile 138.0.0": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    "Firefox 140.0": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
REASONS = {
    50126: "Invalid username or password or Invalid on-premise username or password.",
    50074: "Strong Authentication is required.",
    50076: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.",
    50072: "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource.",
    50140: "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
    50053: "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
    50057: "The user account is disabled.",
    53003: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    500121: "Authentication failed during strong authentication request.",
}
CLAIM = "MFA requirement satisfied by claim in the token"
REMEMBERED = "MFA requirement skipped due to remembered device"
EXTERNAL = "MFA requirement satisfied by claim provided by external provider"
DECLINED = "MFA denied; user declined the authentication"
IGNORED = "MFA denied; user did not respond to mobile app notification"
ALL_USERS, ADMINS, LEGACY = (
    ("c0a80001-51d3-4c55-b7aa-5f1b3cf0a001", "Require MFA for all users"),
    ("c0a80002-51d3-4c55-b7aa-5f1b3cf0a002", "Require MFA for administrators"),
    ("c0a80003-51d3-4c55-b7aa-5f1b3cf0a003", "Block legacy authentication"),
)
ENFORCED_ADMINS = utc(8, 1)


class Entra:
    """Builds records and keeps them."""

    def __init__(self, company, streams):
        self.company = company
        self.ids = company.ids
        self.rng = streams.get("entra")
        self.signins = []
        self.noninteractive = []

    # -- how an attempt went: (requirement, code, text, steps)

    def password(self, when, detail="Correct password", succeeded=True):
        return self.step(when, "Password", "Password in the cloud", succeeded, detail, PRIMARY)

    @staticmethod
    def step(when, method, more, succeeded, detail, requirement):
        return {
            "authenticationStepDateTime": iso(when), "authenticationMethod": method, "authenticationMethodDetail": more,
            "succeeded": succeeded, "authenticationStepResultDetail": detail, "authenticationStepRequirement": requirement,
        }

    def single(self, when):
        return "singleFactorAuthentication", 0, None, [self.password(when)]

    def performed(self, when, method):
        name, more = STEP[method]
        later = when + timedelta(seconds=self.rng.randrange(6, 25))
        if method in ("fido2_key", "passkey_dev", "platform"):
            steps = [self.step(when, name, more, True, None, PRIMARY)]
            text = None
        else:
            detail = "MFA successfully completed"
            steps = [self.password(when), self.step(later, name, more, True, detail, SECONDARY)]
            text = detail
        return "multiFactorAuthentication", 0, text, steps

    def claim(self, when):
        first = "First factor requirement satisfied by claim in the token"
        steps = [
            self.step(when, "Previously satisfied", None, True, first, PRIMARY),
            self.step(when, "Previously satisfied", None, True, CLAIM, SECONDARY),
        ]
        return "multiFactorAuthentication", 0, CLAIM, steps

    def remembered(self, when):
        return "multiFactorAuthentication", 0, REMEMBERED, [self.password(when)]

    def federated(self, when):
        steps = [self.password(when), self.step(when, "Previously satisfied", None, True, EXTERNAL, SECONDARY)]
        return "multiFactorAuthentication", 0, EXTERNAL, steps

    def wrong_password(self, when):
        steps = [self.password(when, "Invalid password", False)]
        return "singleFactorAuthentication", 50126, None, steps

    def refused(self, when, text, method="push"):
        name, more = STEP[method]
        steps = [self.password(when), self.step(when + timedelta(seconds=30), name, more, False, text, SECONDARY)]
        return "multiFactorAuthentication", 500121, text, steps

    def interrupt(self, when, code):
        requirement = "singleFactorAuthentication" if code in (50057, 50140, 53003) else "multiFactorAuthentication"
        return requirement, code, None, [self.password(when)]

    # -- the record

    def add(self, person, when, app, attempt, device=None, city=None, ip=None, correlation=None, client=None, protocol=None,
            interactive=True, status=True, risk=()):
        requirement, code, text, steps = attempt
        device = device or person.devices[0]
        city = city or person.city
        client = client or device["client"]
        if interactive and code == 0 and status:
            person.last_seen["entra"] = max(when, person.last_seen.get("entra", when))
        record = {
            "id": self.ids.uuid(),
            "createdDateTime": iso(when),
            "userDisplayName": person.display_name,
            "userPrincipalName": person.upn,
            "userId": person.entra_id,
            "appId": app.app_id,
            "appDisplayName": app.name,
            "ipAddress": ip or person.home_ip,
            "clientAppUsed": client,
            "userAgent": AGENTS.get(device["browser"], ""),
            "correlationId": correlation or self.ids.uuid("6b3a-4f7c-9e15"),
            "conditionalAccessStatus": "notApplied",
            "isInteractive": interactive,
            "signInEventTypes": ["interactiveUser" if interactive else "nonInteractiveUser"],
            "authenticationRequirement": requirement,
            "authenticationProtocol": protocol or "oAuth2",
            "riskDetail": "none",
            "riskLevelDuringSignIn": "medium" if risk else "none",
            "riskState": "atRisk" if risk else "none",
            "riskEventTypes_v2": list(risk),
            "resourceDisplayName": app.name,
            "userType": "guest" if person.home_tenant else "member",
            "crossTenantAccessType": "b2bCollaboration" if person.home_tenant else "none",
            "homeTenantId": person.home_tenant or TENANT,
            "resourceTenantId": TENANT,
            "autonomousSystemNumber": 64496 + len(city.name),
            "status": {"errorCode": code, "failureReason": REASONS.get(code, "Other.") if code else "Other.", "additionalDetails": text}
            if status else {},
            "deviceDetail": {
                "deviceId": device["id"], "displayName": "", "operatingSystem": device["os"], "browser": device["browser"],
                "isCompliant": device["managed"], "isManaged": device["managed"],
                "trustType": "Azure AD joined" if device["managed"] else ("Azure AD registered" if device["id"] else ""),
            },
            "location": {
                "city": city.name, "state": city.state, "countryOrRegion": city.code,
                "geoCoordinates": {"altitude": None, "latitude": city.lat, "longitude": city.lon},
            },
            "networkLocationDetails": [],
            "appliedConditionalAccessPolicies": self._policies(person, when, requirement, code),
            "authenticationDetails": steps if status else [],
        }
        if any(policy["result"] == "success" for policy in record["appliedConditionalAccessPolicies"]):
            record["conditionalAccessStatus"] = "success"
        elif any(policy["result"] == "failure" for policy in record["appliedConditionalAccessPolicies"]):
            record["conditionalAccessStatus"] = "failure"
        (self.signins if interactive else self.noninteractive).append(record)
        return record

    @staticmethod
    def _policies(person, when, requirement, code):
        """The rule for everybody is report-only all along; the one for administrators is on since August."""
        def result(policy, value, control):
            return {"id": policy[0], "displayName": policy[1], "enforcedGrantControls": [control], "result": value}

        met = requirement == "multiFactorAuthentication" and code == 0
        everybody = "reportOnlySuccess" if met else ("reportOnlyFailure" if code == 0 else "reportOnlyNotApplied")
        results = [result(ALL_USERS, everybody, "Mfa")]
        if person.admin and when >= ENFORCED_ADMINS:
            results.append(result(ADMINS, "success" if met else ("notApplied" if code == 50126 else "failure"), "Mfa"))
        else:
            results.append(result(ADMINS, "notApplied" if when >= ENFORCED_ADMINS else "notEnabled", "Mfa"))
        if code == 53003:
            results.append(result(LEGACY, "failure", "Block"))
        return results


def preferred(person, when, rng):
    """The method somebody uses at that instant, None when there is none."""
    held = [factor.method for factor in person.methods(when) if factor.method in STEP]
    if not held:
        return None
    strong = [method for method in held if method not in ("sms_otp", "voice", "email_otp")]
    if not strong:
        return held[0]
    if "sms_otp" in held and when < SMS_END and rng.random() < 0.3:
        return "sms_otp"
    if person.story and "fatigue" in person.story and "push" in strong:
        return "push"
    return strong[0] if rng.random() < 0.75 else rng.choice(strong)
