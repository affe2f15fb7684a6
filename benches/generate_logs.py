"""Writes sign-ins in the shape and size of a real export as NDJSON: Entra about 5 KB a record, Okta about 2.5 KB.

usage: generate_logs.py entra|okta OUT MEGABYTES
The same arguments always write the same bytes.
"""

import json
import random
import sys

METHODS = [
    ("Password", "Mobile app notification"),
    ("Password", "Text message"),
    ("Password", "Software OATH token"),
    ("FIDO2 security key", None),
    ("Password", "Previously satisfied"),
    ("Password", None),
]
CLIENTS = ["Browser", "Mobile Apps and Desktop clients", "IMAP4", "Exchange ActiveSync"]
CITIES = [("Berlin", "BE", "DE", 52.52, 13.405), ("Austin", "Texas", "US", 30.2672, -97.7431), ("Pune", "MH", "IN", 18.5204, 73.8567)]


def guid(rng):
    bits = f"{rng.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}"


def entra(rng, policies):
    user = rng.randrange(20_000)
    first, second = rng.choice(METHODS)
    failed = rng.random() < 0.08
    city, state, country, latitude, longitude = rng.choice(CITIES)
    day, second_of_day = rng.randrange(1, 29), rng.randrange(86_400)
    stamp = f"2026-{rng.randrange(5, 11):02d}-{day:02d}T{second_of_day // 3600:02d}:{second_of_day // 60 % 60:02d}:{second_of_day % 60:02d}"
    steps = [
        {
            "authenticationStepDateTime": stamp + ".1234567Z",
            "authenticationMethod": first,
            "authenticationMethodDetail": "Password in the cloud",
            "succeeded": True,
            "authenticationStepResultDetail": "Correct password",
            "authenticationStepRequirement": "Primary authentication",
            "StatusSequence": 0,
            "RequestSequence": 1,
        }
    ]
    if second:
        steps.append(
            {
                "authenticationStepDateTime": stamp + ".7654321Z",
                "authenticationMethod": second,
                "authenticationMethodDetail": None,
                "succeeded": not failed,
                "authenticationStepResultDetail": "MFA denied; user declined the authentication" if failed else "MFA completed in Azure AD",
                "authenticationStepRequirement": "Multifactor authentication",
                "StatusSequence": 1,
                "RequestSequence": 2,
            }
        )
    return {
        "id": guid(rng),
        "createdDateTime": stamp + "Z",
        "userDisplayName": f"User {user}",
        "userPrincipalName": f"User{user}@example.com",
        "userId": guid(rng),
        "appId": guid(rng),
        "appDisplayName": "Office 365 Exchange Online",
        "ipAddress": f"198.51.{user % 256}.{rng.randrange(256)}",
        "ipAddressFromResourceProvider": None,
        "clientAppUsed": rng.choice(CLIENTS),
        "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
        "correlationId": guid(rng),
        "conditionalAccessStatus": "success",
        "originalRequestId": "",
        "isInteractive": True,
        "tokenIssuerName": "",
        "tokenIssuerType": "AzureAD",
        "clientCredentialType": "none",
        "processingTimeInMilliseconds": rng.randrange(40, 900),
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes_v2": [],
        "resourceDisplayName": "Office 365 Exchange Online",
        "resourceId": guid(rng),
        "resourceTenantId": "8f3c2b1a-0d9e-4f7a-9b6c-5d4e3f2a1b0c",
        "homeTenantId": "8f3c2b1a-0d9e-4f7a-9b6c-5d4e3f2a1b0c",
        "homeTenantName": "",
        "authenticationMethodsUsed": [],
        "authenticationRequirement": "multiFactorAuthentication" if second else "singleFactorAuthentication",
        "alternateSignInName": "",
        "signInIdentifier": f"User{user}@example.com",
        "signInIdentifierType": None,
        "servicePrincipalName": None,
        "signInEventTypes": ["interactiveUser"],
        "servicePrincipalId": "",
        "federatedCredentialId": "",
        "userType": "member",
        "flaggedForReview": False,
        "isTenantRestricted": False,
        "autonomousSystemNumber": 64496 + user % 16,
        "crossTenantAccessType": "none",
        "servicePrincipalCredentialKeyId": None,
        "servicePrincipalCredentialThumbprint": "",
        "uniqueTokenIdentifier": "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456789", k=22)),
        "incomingTokenType": "none",
        "authenticationProtocol": "none",
        "resourceServicePrincipalId": guid(rng),
        "mfaDetail": None,
        "authenticationAppDeviceDetails": None,
        "status": {
            "errorCode": 500121 if failed and second else 0,
            "failureReason": "Authentication failed during strong authentication request." if failed and second else "Other.",
            "additionalDetails": "MFA denied; user declined the authentication" if failed and second else None,
        },
        "deviceDetail": {
            "deviceId": guid(rng),
            "displayName": f"LAPTOP-{user}",
            "operatingSystem": "Windows10",
            "browser": "Chrome 129.0.0",
            "browserId": None,
            "isCompliant": True,
            "isManaged": True,
            "trustType": "Azure AD joined",
        },
        "location": {
            "city": city,
            "state": state,
            "countryOrRegion": country,
            "geoCoordinates": {"altitude": None, "latitude": latitude, "longitude": longitude},
        },
        "appliedConditionalAccessPolicies": [
            {
                "id": policy,
                "displayName": f"CA{index:03d} - require multifactor authentication for all users \u2013 {index}",
                "enforcedGrantControls": ["Mfa"] if index == 0 else [],
                "enforcedSessionControls": [],
                "sessionControlsNotSatisfied": [],
                "result": "success" if index == 0 else rng.choice(["notApplied", "notEnabled", "reportOnlyFailure", "reportOnlyNotApplied"]),
                "conditionsSatisfied": "application,users" if index == 0 else "none",
                "conditionsNotSatisfied": "none" if index == 0 else "application",
            }
            for index, policy in enumerate(policies)
        ],
        "authenticationContextClassReferences": [],
        "authenticationProcessingDetails": [
            {"key": "Legacy TLS (TLS 1.0, 1.1, 3DES)", "value": "False"},
            {"key": "Is CAE Token", "value": "False"},
        ],
        "networkLocationDetails": [],
        "authenticationDetails": steps,
        "authenticationRequirementPolicies": [{"requirementProvider": "multiConditionalAccess", "detail": "Conditional Access"}],
        "sessionLifetimePolicies": [],
        "privateLinkDetails": {"policyId": "", "policyName": "", "resourceId": "", "policyTenantId": ""},
        "appliedEventListeners": [],
        "authenticationAppPolicyEvaluationDetails": [],
        "managedServiceIdentity": {"msiType": "none", "associatedResourceId": "", "federatedTokenId": "", "federatedTokenIssuer": ""},
        "sessionId": guid(rng),
    }


# What one attempt leaves in Okta's log, event by event.
OKTA_EVENTS = [
    ("policy.evaluate_sign_on", "Evaluation of sign-on policy", None),
    ("user.session.start", "User login to Okta", "core.user_auth.login_success"),
    ("user.authentication.auth_via_mfa", "Authentication of user via MFA", "core.user.factor.attempt_success"),
    ("user.authentication.verify", "Verify user identity", None),
    ("user.authentication.sso", "User single sign on to app", "app.auth.sso"),
]
OKTA_FACTORS = [("OKTA_VERIFY_PUSH", "okta_verify:push"), ("GOOGLE_OTP", "google_otp:otp"), ("FIDO_WEBAUTHN", "webauthn:webauthn"), ("SMS_FACTOR", "phone_number:sms")]


def okta_id(rng, prefix):
    return prefix + "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=17))


def okta(rng, applications):
    user = rng.randrange(20_000)
    event, message, legacy = rng.choice(OKTA_EVENTS)
    factor, session_method = rng.choice(OKTA_FACTORS)
    failed = event in ("user.session.start", "user.authentication.auth_via_mfa") and rng.random() < 0.08
    city, state, country, latitude, longitude = rng.choice(CITIES)
    second = rng.randrange(86_400)
    stamp = f"2026-{rng.randrange(5, 11):02d}-{rng.randrange(1, 29):02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{rng.randrange(1000):03d}Z"
    ip, session, request = f"198.51.{user % 256}.{rng.randrange(256)}", okta_id(rng, "idx"), okta_id(rng, "a") + okta_id(rng, "")[:14]
    place = {"city": city, "state": state, "country": country, "postalCode": "10115", "geolocation": {"lat": latitude, "lon": longitude}}
    login, name = f"User{user}@example.com", f"User {user}"
    account, application = f"00u{user:017d}", rng.choice(applications)
    level = rng.choice(["LOW", "LOW", "LOW", "MEDIUM"])
    data = {
        "authnRequestId": request,
        "requestId": okta_id(rng, "b") + okta_id(rng, "")[:14],
        "dtHash": f"{rng.getrandbits(256):064x}",
        "deviceFingerprint": f"{rng.getrandbits(128):032x}",
        "requestUri": "/idp/idx/challenge/answer",
        "url": "/idp/idx/challenge/answer?",
        "threatSuspected": "false",
        "risk": f"{{level={level}}}" if level == "LOW" else f"{{reasons=Anomalous Device, Anomalous Location, level={level}}}",
        "behaviors": "{New Geo-Location=NEGATIVE, New Device=NEGATIVE, New IP=NEGATIVE, New State=NEGATIVE, New Country=NEGATIVE, Velocity=NEGATIVE, New City=NEGATIVE}",
        "logOnlySecurityData": json.dumps(
            {"risk": {"level": level}, "behaviors": {"New Geo-Location": "NEGATIVE", "New Device": "NEGATIVE", "New IP": "NEGATIVE", "Velocity": "NEGATIVE"}}, separators=(",", ":")
        ),
    }
    targets = [{"id": account, "type": "User", "alternateId": login, "displayName": name, "detailEntry": None}]
    if event == "user.authentication.auth_via_mfa":
        data["factor"] = factor
        targets.append({"id": okta_id(rng, "opf"), "type": "AuthenticatorEnrollment", "alternateId": "unknown", "displayName": "Okta Verify", "detailEntry": {"methodTypeUsed": "Get a push notification", "methodUsedVerifiedProperties": "[USER_PRESENCE, DEVICE_BOUND]"}})
    elif event in ("user.authentication.verify", "user.authentication.sso"):
        data["authMethodFirstType"], data["authMethodSecondType"] = "okta_password:password:aut1", f"{session_method}:aut2"
    if event == "user.authentication.sso":
        data["initiationType"], data["signOnMode"] = "SP_INITIATED", "SAML 2.0"
    if event in ("user.authentication.sso", "policy.evaluate_sign_on"):
        targets.insert(0, {"id": application, "type": "AppInstance", "alternateId": "Salesforce", "displayName": "Salesforce.com", "detailEntry": {"signOnModeType": "SAML_2_0"}})
    if event == "policy.evaluate_sign_on":
        targets += [
            {"id": "00p1abcdefghijklm5d7", "type": "PolicyEntity", "alternateId": "unknown", "displayName": "Any two factors", "detailEntry": {"policyType": "OKTA_SIGN_ON"}},
            {"id": "0pr1abcdefghijklm5d7", "type": "PolicyRule", "alternateId": "00p1abcdefghijklm5d7", "displayName": "Catch-all Rule", "detailEntry": {"policyRuleFactorMode": "2FA"}},
        ]
    return {
        "actor": {"id": account, "type": "User", "alternateId": login, "displayName": name, "detailEntry": None},
        "client": {
            "userAgent": {
                "rawUserAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
                "os": "Windows 10",
                "browser": "CHROME",
            },
            "zone": "null",
            "device": "Computer",
            "id": None,
            "ipAddress": ip,
            "geographicalContext": place,
        },
        "device": {
            "id": okta_id(rng, "guo"), "name": f"LAPTOP-{user}", "os_platform": "WINDOWS", "os_version": "10.0.19045", "managed": True, "registered": True,
            "device_integrator": None, "disk_encryption_type": "ALL_INTERNAL_VOLUMES", "screen_lock_type": "BIOMETRIC", "jailbreak": None, "secure_hardware_present": True,
        },
        "authenticationContext": {
            "authenticationProvider": "OKTA_AUTHENTICATION_PROVIDER" if event == "user.session.start" else None, "credentialProvider": None,
            "credentialType": "PASSWORD" if event == "user.session.start" else None, "issuer": None, "interface": None,
            "authenticationStep": 0, "rootSessionId": session, "externalSessionId": session,
        },
        "displayMessage": message,
        "eventType": event,
        "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"} if failed else {"result": "ALLOW" if event.startswith("policy") else "SUCCESS", "reason": None},
        "published": stamp,
        "securityContext": {"asNumber": 64496 + user % 16, "asOrg": "example broadband", "isp": "example broadband", "domain": "example.net", "isProxy": False},
        "severity": "WARN" if failed else "INFO",
        "debugContext": {"debugData": data},
        "legacyEventType": legacy,
        "transaction": {"type": "WEB", "id": request, "detail": {}},
        "uuid": guid(rng),
        "version": "0",
        "request": {"ipChain": [{"ip": ip, "geographicalContext": place, "version": "V4", "source": None}]},
        "target": targets,
    }


# How a record is made, and the key of its id.
LOGS = {"entra": (entra, "id"), "okta": (okta, "uuid")}


def main():
    log, out, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    record, key = LOGS[log]
    rng = random.Random(7)
    shared = [guid(rng) for _ in range(7)]
    # Distinct records for 20 MB, then the same again under new ids: the parser cannot tell, and it writes in seconds.
    lines = []
    while len(lines) < (4000 if log == "entra" else 8000):
        lines.append(json.dumps(record(rng, shared), ensure_ascii=False, separators=(",", ":")))
    size, round_ = 0, 0
    with open(out, "w", encoding="utf-8", newline="\n") as file:
        while size < megabytes * 1_000_000:
            for line in lines:
                line = line.replace(f'"{key}":"', f'"{key}":"{round_:04x}', 1)
                file.write(line + "\n")
                size += len(line) + 1
                if size >= megabytes * 1_000_000:
                    break
            round_ += 1


if __name__ == "__main__":
    main()
