"""The directories as they stand at the end: Entra users and registrations, the HR list."""

from .base import AS_OF, iso
from .factors import registered

LICENSES = {"workforce": "6fd2c87f-b296-42f0-b197-1e91e994b900", "contractor": "4b585984-651b-448a-9e53-3b10f069cf7f"}
PREFERRED = {"push": "push", "totp": "oath", "sms_otp": "sms", "voice": "voiceOffice", "fido2_key": "none", "platform": "none"}
HR_COLUMNS = (
    "provider", "identity_id", "person_id", "user_principal", "display_name", "population", "department", "region",
    "location", "manager", "has_smartphone", "accessibility_need", "created_at", "account_enabled",
)


def users(company):
    for person in company.people:
        last = person.last_seen.get("entra")
        license_id = LICENSES.get(person.population)
        yield {
            "id": person.entra_id, "userPrincipalName": person.upn, "displayName": person.display_name,
            "accountEnabled": person.enabled, "userType": "Guest" if person.home_tenant else "Member",
            "department": None if person.home_tenant else person.department, "jobTitle": person.title,
            "officeLocation": None if person.home_tenant else person.city.name, "usageLocation": person.city.code,
            "createdDateTime": iso(person.created),
            "employeeType": {"workforce": "Employee", "contractor": "Contractor"}.get(person.population),
            "signInActivity": {"lastSignInDateTime": iso(last)} if last else None,
            "assignedLicenses": [{"disabledPlans": [], "skuId": license_id}] if license_id and person.enabled else [],
        }


def users_page(company):
    return {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": list(users(company))}


def registration_page(company):
    value = []
    for person in company.people:
        held = person.methods(AS_OF)
        raws = [factor.raw for factor in held]
        strong = registered(held)
        factors = [factor for factor in strong if factor.method != "email_otp"]
        passwordless = any(f.method in ("fido2_key", "passkey_dev", "platform") for f in held)
        value.append({
            "id": person.entra_id, "userPrincipalName": person.upn, "userDisplayName": person.display_name,
            "userType": "guest" if person.home_tenant else "member", "isAdmin": person.admin,
            "isSsprRegistered": bool(strong), "isSsprEnabled": not person.home_tenant,
            "isSsprCapable": bool(strong) and not person.home_tenant, "isMfaRegistered": bool(factors),
            "isMfaCapable": bool(factors), "isPasswordlessCapable": passwordless, "methodsRegistered": raws,
            "isSystemPreferredAuthenticationMethodEnabled": True,
            "systemPreferredAuthenticationMethods": [PREFERRED.get(factors[0].method, "none")] if factors else [],
            "userPreferredMethodForSecondaryAuthentication": PREFERRED.get(factors[0].method, "none") if factors else "none",
            "lastUpdatedDateTime": iso(AS_OF),
        })
    context = "https://graph.microsoft.com/v1.0/$metadata#reports/authenticationMethods/userRegistrationDetails"
    return {"@odata.context": context, "value": value}


def hr_rows(company):
    for person in company.people:
        yield {
            "provider": "hr", "identity_id": person.person_id, "person_id": person.person_id,
            "user_principal": person.principal, "display_name": person.display_name, "population": person.population,
            "department": person.department, "region": person.region, "location": person.city.name, "manager": person.manager,
            "has_smartphone": person.has_smartphone, "accessibility_need": person.accessibility, "created_at": person.created,
            "account_enabled": person.enabled,
        }
