"""Derives the gaps from what was generated, by the definitions alone, to hold against what was planted."""

from .base import AS_OF, RECENT, iso
from . import apps

PHISHING_RESISTANT = ("fido2_key", "passkey_dev", "platform", "cert_mfa", "smartcard", "passkey_sync")
STRONG = (*PHISHING_RESISTANT, "push", "push_number", "totp", "otp_hw")
WEAK = ("sms_otp", "voice", "email_otp", "question")
NOT_A_FACTOR = ("password", "question", "temp_pass", "backup_code", "app_password")
RECOVERY = ("temp_pass", "backup_code")
LEGACY = ("IMAP4", "POP3", "Authenticated SMTP")


def tier(person, provider):
    """Allowed methods, minimum of factors, minimum of recovery; None where the policy does not apply."""
    if person.population == "service":
        return None
    if person.population == "break_glass":
        return PHISHING_RESISTANT[:5], 2, 0
    if person.admin and provider == "entra":
        return PHISHING_RESISTANT, 2, 1
    if person.population in ("partner", "contractor"):
        return STRONG, 1, 0
    return STRONG, 2, 0


def registration_gap(person, provider, methods):
    rule = tier(person, provider)
    if rule is None:
        return None
    allowed, factors, recovery = rule
    names = [factor.method for factor in methods]
    if not [name for name in names if name not in NOT_A_FACTOR]:
        return "no_factor"
    if all(name in WEAK for name in names if name not in RECOVERY):
        return "weak_only"
    good = [name for name in names if name in allowed]
    if not good:
        return "weak_for_tier"
    if len(good) < factors:
        return "second_factor_missing"
    if len([name for name in names if name in RECOVERY]) < recovery:
        return "no_recovery"
    return None


def met_by(record):
    """How a successful Entra sign-in met MFA."""
    text = record["status"].get("additionalDetails") or ""
    if "remembered device" in text:
        return "remembered"
    if "external provider" in text:
        return "federated"
    if "satisfied by claim" in text:
        return "claim"
    return "performed" if record["authenticationRequirement"] == "multiFactorAuthentication" else "none"


def succeeded(record):
    return record["status"].get("errorCode") == 0


def gaps(world):
    """{(rule, provider, user_principal)} as the definitions give them."""
    found = {}
    scope = {app.app_id: app.in_scope for app in apps.ALL}
    company = world.company
    for person in company.enabled():
        for provider, methods in (("entra", person.methods(AS_OF)), ("okta", person.okta_methods(AS_OF))):
            if provider == "okta" and not person.okta_id:
                continue
            rule = registration_gap(person, provider, methods)
            if rule:
                found[rule, provider, person.principal] = True
    for row in world.aws.rows:
        service = row["user"] in company.index and company.index[row["user"]].population == "service"
        if row["mfa_active"] == "false" and not service:
            found["no_factor", "aws", row["user"]] = True
    for record in world.entra.signins + world.entra.noninteractive:
        principal = record["userPrincipalName"].lower()
        person = company.index[principal]
        if not succeeded(record) or record["createdDateTime"] < iso(RECENT):
            continue
        if record["clientAppUsed"] in LEGACY:
            found["legacy_signin", "entra", principal] = True
        elif record["isInteractive"] and not person.human:
            found["service_account_interactive", "entra", principal] = True
        elif record["isInteractive"] and met_by(record) == "none" and scope[record["appId"]]:
            found["first_factor_only", "entra", principal] = True
    for event in world.duo.events:
        bypassed = event["factor"] == "bypass_code" or event["reason"] == "bypass_user"
        if event["isotimestamp"] >= iso(RECENT)[:19] and event["result"] == "success" and bypassed:
            found["bypass_signin", "duo", event["user"]["name"]] = True
    passed = {}
    for event in world.okta.events:
        session = event["authenticationContext"]["externalSessionId"]
        factor = event["debugContext"]["debugData"].get("factor")
        if event["eventType"].endswith("auth_via_mfa") and event["outcome"]["result"] == "SUCCESS" and (
            factor != "PASSWORD_AS_FACTOR"
        ):
            passed[session] = True
    for event in world.okta.events:
        if event["eventType"].endswith("authentication.sso") and event["published"] >= iso(RECENT):
            if event["authenticationContext"]["externalSessionId"] not in passed and scope[event["target"][0]["id"]]:
                found["first_factor_only", "okta", event["actor"]["alternateId"]] = True
    return found


def hold_against(world):
    planted = {
        (rule, entry["provider"], entry["user_principal"]): True
        for rule, entries in world.truth.gaps.items() for entry in entries
    }
    found = gaps(world)
    missing = [key for key in planted if key not in found]
    extra = [key for key in found if key not in planted]
    if missing or extra:
        raise SystemExit(f"planted but not there: {missing}\nthere but not planted: {extra}")
