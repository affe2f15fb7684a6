"""The applications."""

from collections import namedtuple

App = namedtuple("App", "app_id name owner sensitivity surface in_scope unit provider")


def _entra(number):
    return f"5e1f{number:04d}-0b7d-4f0e-8a52-30c7d1b6e9a4"


EXCHANGE = App("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online", "it", "normal", "browser", True, "corporate", "entra")
TEAMS = App("cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services", "it", "normal", "desktop", True, "corporate", "entra")
SHAREPOINT = App("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online", "it", "normal", "browser", True, "corporate", "entra")
AZURE = App("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal", "it", "critical", "browser", True, "it", "entra")
LEDGER = App(_entra(1), "Ledger", "finance", "critical", "browser", True, "finance", "entra")
PEOPLE = App(_entra(2), "PeopleHub", "hr", "critical", "browser", True, "hr", "entra")
CRM = App(_entra(3), "Customer Desk", "sales", "normal", "browser", True, "sales", "entra")
INTRANET = App(_entra(4), "Company Intranet", "hr", "low", "browser", False, "corporate", "entra")
CANTEEN = App(_entra(5), "Canteen Menu", "operations", "low", "browser", False, "corporate", "entra")

CODE = App("0oa1qk3w7code0x5d7", "Source Control", "engineering", "critical", "browser", True, "engineering", "okta")
TRACKER = App("0oa1qk3w7trackr5d7", "Issue Tracker", "engineering", "normal", "browser", True, "engineering", "okta")
HELPDESK = App("0oa1qk3w7helpd05d7", "Support Desk", "support", "normal", "browser", True, "support", "okta")
WIKI = App("0oa1qk3w7wiki00x5d7", "Team Wiki", "engineering", "low", "browser", False, "engineering", "okta")

VPN = App("DILARKSPURVPN0000001", "VPN Gateway", "it", "normal", "vpn", True, "it", "duo")
JUMP = App("DILARKSPURJUMP000002", "Jump Host", "security", "critical", "desktop", True, "it", "duo")

ALL = (EXCHANGE, TEAMS, SHAREPOINT, AZURE, LEDGER, PEOPLE, CRM, INTRANET, CANTEEN, CODE, TRACKER, HELPDESK, WIKI, VPN, JUMP)
LOW = (INTRANET, CANTEEN)


def usual(person):
    """What somebody opens, with repetitions as weights."""
    if person.population == "partner":
        return (SHAREPOINT, SHAREPOINT, TEAMS, CRM)
    apps = (EXCHANGE, EXCHANGE, EXCHANGE, TEAMS, TEAMS, SHAREPOINT, INTRANET, CANTEEN)
    if person.admin:
        return (*apps, AZURE, AZURE, AZURE)
    extra = {"finance": LEDGER, "hr": PEOPLE, "sales": CRM, "it": AZURE}.get(person.department)
    return (*apps, extra, extra) if extra else apps
