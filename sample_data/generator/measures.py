"""Counts of the truth: adoption, coverage, the share of text messages."""

from .audit import met_by, registration_gap, succeeded, tier
from .base import AS_OF, RECENT, SMS_END, iso, utc, week
from .factors import CURVES, registered


def adoption(company):
    """Enabled human Entra accounts by wave, at three dates within the roll-out."""
    answer = {}
    for when in (utc(7, 1), utc(8, 15), utc(9, 10)):
        waves = answer[iso(when)] = {}
        for wave in CURVES:
            people = [p for p in company.enabled() if p.human and p.wave == wave and p.created <= when]
            waves[wave] = {
                "accounts": len(people),
                "registered": sum(bool(registered(p.methods(when))) for p in people),
                "registered_allowed": sum(any(f.method in tier(p, "entra")[0] for f in p.methods(when)) for p in people),
            }
    return answer


def coverage(company):
    answer = {}
    for provider, people, methods in (
        ("entra", company.people, lambda p: p.methods(AS_OF)),
        ("okta", [p for p in company.people if p.okta_id], lambda p: p.okta_methods(AS_OF)),
    ):
        groups = {}
        for person in people:
            if not person.enabled:
                continue
            name = "admin" if person.admin and person.population == "workforce" and provider == "entra" else person.population
            group = groups.setdefault(name, {"accounts": 0, "registered": 0, "registered_allowed": 0, "without_gap": 0})
            group["accounts"] += 1
            held = methods(person)
            rule = tier(person, provider)
            group["registered"] += bool(registered(held))
            group["registered_allowed"] += bool(rule) and any(f.method in rule[0] for f in held)
            group["without_gap"] += bool(rule) and registration_gap(person, provider, held) is None
        answer[provider] = {"disabled": sum(not p.enabled for p in people), "enabled": groups}
    return answer


def effective(world):
    """Successful interactive sign-ins of people in Entra, by how MFA was met."""
    answer = {}
    for name, since in (("last_30_days", RECENT), ("all_150_days", None)):
        counts, users = dict.fromkeys(("performed", "claim", "remembered", "federated", "none"), 0), {}
        for record in world.entra.signins:
            person = world.company.index[record["userPrincipalName"].lower()]
            if not succeeded(record) or not person.human or (since and record["createdDateTime"] < iso(since)):
                continue
            how = met_by(record)
            counts[how] += 1
            users.setdefault(person.principal, []).append(how)
        answer[name] = {
            "signins": sum(counts.values()), "by": counts, "users": len(users),
            "users_every_signin_protected": sum("none" not in hows for hows in users.values()),
        }
    return answer


def text_messages(world):
    """Second factors performed in Entra, and how many of them were text messages, by month."""
    months, late = {}, {}
    for record in world.entra.signins:
        if not succeeded(record) or met_by(record) != "performed":
            continue
        month = months.setdefault(record["createdDateTime"][:7], {"performed": 0, "sms_otp": 0})
        month["performed"] += 1
        if any(step["authenticationMethod"] == "Text message" for step in record["authenticationDetails"]):
            month["sms_otp"] += 1
            if record["createdDateTime"] >= iso(SMS_END):
                principal = record["userPrincipalName"].lower()
                late[principal] = late.get(principal, 0) + 1
    return {"phase_out_after": iso(SMS_END), "by_month": dict(sorted(months.items())), "used_after": dict(sorted(late.items()))}


def trends(status):
    """Exceptions per ISO week, summed from the single ones."""
    weeks = {}

    def count(name, kind):
        weeks.setdefault(name, dict.fromkeys(
            ("opened", "expired", "renewed", "silently_renewed", "used_after_expiry"), 0))[kind] += 1

    for entry in status.values():
        for kind in ("opened", "expired"):
            if entry[kind]:
                count(entry[kind], kind)
        for kind in ("renewed", "silently_renewed"):
            for event in entry[kind]:
                count(event["week"], kind)
        for name in entry["used_after_expiry"]:
            count(name, "used_after_expiry")
    assert week(AS_OF) >= max(weeks)
    return dict(sorted(weeks.items()))
