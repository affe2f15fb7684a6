"""Writes Entra sign-ins in the shape and size of a real export: about 5 KB a record, NDJSON.

usage: generate_entra.py OUT MEGABYTES
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


def record(rng, policies):
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


def main():
    out, megabytes = sys.argv[1], int(sys.argv[2])
    rng = random.Random(7)
    policies = [guid(rng) for _ in range(7)]
    # Distinct records for 20 MB, then the same again under new ids: the parser cannot tell, and it writes in seconds.
    lines = []
    while len(lines) < 4000:
        lines.append(json.dumps(record(rng, policies), ensure_ascii=False, separators=(",", ":")))
    size, round_ = 0, 0
    with open(out, "w", encoding="utf-8", newline="\n") as file:
        while size < megabytes * 1_000_000:
            for line in lines:
                line = line.replace('"id":"', f'"id":"{round_:04x}', 1)
                file.write(line + "\n")
                size += len(line) + 1
                if size >= megabytes * 1_000_000:
                    break
            round_ += 1


if __name__ == "__main__":
    main()
