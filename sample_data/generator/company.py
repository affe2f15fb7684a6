"""Everybody who can sign in: people, guests, service, shared and emergency accounts."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .base import DOMAIN, START, Ids, utc
from .places import CITIES, CONTRACTOR_DEPARTMENTS, DEPARTMENTS, FIRST, LAST, PARTNERS, REGIONS


@dataclass
class Factor:
    """One registered method of one account, with its life."""

    raw: str
    method: str
    start: datetime
    end: datetime = None
    status: str = "active"
    factor_id: str = None

    def active(self, when):
        return self.start <= when and (self.end is None or when < self.end) and self.status == "active"


@dataclass(eq=False)
class Person:
    person_id: str
    display_name: str
    upn: str
    population: str
    department: str
    region: str
    city: object
    title: str
    created: datetime
    enabled: bool = True
    admin: bool = False
    roles: tuple = ()
    has_smartphone: bool = True
    accessibility: str = None
    manager: str = None
    home_tenant: str = None
    entra_id: str = None
    okta_id: str = None
    duo_key: str = None
    story: str = None
    entra: list = field(default_factory=list)
    okta: list = field(default_factory=list)
    registered_at: datetime = None
    always_mfa: bool = False
    only_low_apps: bool = False
    no_signins: bool = False
    away: list = field(default_factory=list)
    rate: float = 0.3
    devices: list = field(default_factory=list)
    entra_done: bool = False
    needs_by: datetime = None
    home_ip: str = None
    last_seen: dict = field(default_factory=dict)

    @property
    def principal(self):
        return self.upn.lower()

    @property
    def wave(self):
        if self.department in ("it", "security"):
            return "pilot"
        if self.department == "finance" and self.region == "emea":
            return "finance-emea"
        return "rest"

    @property
    def human(self):
        return self.population != "service"

    def methods(self, when):
        return [factor for factor in self.entra if factor.active(when)]

    def okta_methods(self, when):
        return [factor for factor in self.okta if factor.active(when)]

    def is_away(self, when):
        return any(start <= when < end for start, end in self.away)


class Company:
    def __init__(self, streams):
        self.rng = streams.get("company")
        self.ids = Ids(streams.get("ids"))
        self.people = []
        self.names = {}
        self._workforce()
        self._contractors()
        self._partners()
        self._others()
        self._managers()
        self._settle()

    def by_upn(self, upn):
        return self.index[upn.lower()]

    def enabled(self):
        return [person for person in self.people if person.enabled]

    def pick(self, count, story, **wanted):
        """The first people without a story who have what is wanted."""
        found = []
        for person in self.people:
            if len(found) == count:
                break
            if person.story is None and person.enabled and all(
                value(person) if callable(value) else getattr(person, key) == value for key, value in wanted.items()
            ):
                person.story = story
                found.append(person)
        if len(found) < count:
            raise SystemExit(f"only {len(found)} of {count} people for {story}")
        return found

    def _name(self):
        while True:
            first, last = self.rng.choice(FIRST), self.rng.choice(LAST)
            if (first, last) not in self.names:
                self.names[first, last] = True
                return first, last

    def _add(self, display_name, upn, population, department, region, title, created, **more):
        city = more.pop("city", None) or self.rng.choice(CITIES[region])
        person = Person(
            f"P{len(self.people) + 1:04d}", display_name, upn, population, department, region, city, title, created, **more
        )
        person.entra_id = self.ids.uuid("0a7e-4d55-9c31")
        self.people.append(person)
        return person

    def _hired(self):
        return utc(1, 1, 8, year=2017) + timedelta(days=self.rng.randrange(0, 3250), hours=self.rng.randrange(0, 9))

    def _workforce(self):
        for department, (sizes, titles) in DEPARTMENTS.items():
            for region, size in zip(REGIONS, sizes):
                for _ in range(size):
                    first, last = self._name()
                    upn = f"{first}.{last}@{DOMAIN}".lower()
                    person = self._add(
                        f"{first} {last}", upn, "workforce", department, region, self.rng.choice(titles), self._hired()
                    )
                    if department == "operations" and self.rng.random() < 0.4:
                        person.has_smartphone = False
        admins = [p for p in self.people if p.department == "it"][:24:3] + [
            p for p in self.people if p.department == "security"
        ][:8:2]
        roles = ("Global Administrator", "Privileged Role Administrator", "User Administrator", "Helpdesk Administrator")
        for number, person in enumerate(admins):
            person.admin = True
            person.roles = (roles[min(number // 3, 3)],)
        # A few joined while the roll-out was under way, a few have left.
        staff = [p for p in self.people if p.department in ("sales", "hr", "support") and not p.admin]
        for number, person in enumerate(staff[5:60:9]):
            person.created = START + timedelta(days=8 + number * 6, hours=8)
        leavers = [p for p in self.people if p.department in ("sales", "engineering", "operations", "finance")][7:130:17]
        for person in leavers:
            person.enabled = False

    def _contractors(self):
        for number in range(40):
            first, last = self._name()
            person = self._add(
                f"{first} {last}",
                f"{first}.{last}.ext@{DOMAIN}".lower(),
                "contractor",
                CONTRACTOR_DEPARTMENTS[number % len(CONTRACTOR_DEPARTMENTS)],
                REGIONS[number % 3],
                "Contractor",
                utc(1, 10, 8, year=2025) + timedelta(days=self.rng.randrange(0, 480)),
            )
            person.enabled = number not in (11, 29)

    def _partners(self):
        for number in range(40):
            first, last = self._name()
            home = PARTNERS[number % len(PARTNERS)]
            person = self._add(
                f"{first} {last}",
                f"{first}.{last}_{home}#EXT#@larkspur.onmicrosoft.example".replace(first, first.lower()).replace(
                    last, last.lower()
                ),
                "partner",
                "external",
                REGIONS[number % 3],
                "Partner",
                utc(3, 1, 9, year=2025) + timedelta(days=self.rng.randrange(0, 420)),
            )
            person.home_tenant = f"b1f0{number % len(PARTNERS)}c77-52aa-4e0e-8d11-6c0d3f9b7e21"
            person.rate = 0.12
            person.enabled = number != 17

    def _others(self):
        berlin = CITIES["emea"][0]
        for name in (
            "backup", "scanner", "erp-sync", "crm-sync", "build", "deploy", "monitoring", "payroll-export", "ticket-mail",
            "report-runner", "hr-feed", "asset-scan",
        ):
            self._add(
                f"Service {name}", f"svc-{name}@{DOMAIN}", "service", "it", "emea", "Service account",
                utc(2, 3, 9, year=2022) + timedelta(days=40 * len(self.people) % 900), city=berlin, has_smartphone=False,
            )
        for number in (1, 2):
            self._add(
                f"Emergency access {number}", f"emergency-{number}@{DOMAIN}", "break_glass", "security", "emea",
                "Emergency account", utc(1, 15, 9, year=2024), city=berlin, has_smartphone=False, admin=True,
                roles=("Global Administrator",),
            )
        for name, department in (("reception", "operations"), ("warehouse", "operations"), ("press", "sales")):
            self._add(
                f"Shared {name}", f"shared-{name}@{DOMAIN}", "shared", department, "emea", "Shared account",
                utc(5, 2, 9, year=2023), city=berlin, has_smartphone=False,
            )

    def _managers(self):
        leads = {}
        for person in self.people:
            if person.population == "workforce" and person.enabled:
                leads.setdefault((person.department, person.region), person)
        for person in self.people:
            lead = leads.get((person.department, person.region)) or leads["it", person.region]
            if lead is person:
                lead = leads["hr", "emea"] if person.department != "hr" else leads["finance", "emea"]
            person.manager = lead.upn

    def _settle(self):
        self.index = {person.principal: person for person in self.people}
        for number, person in enumerate(self.people):
            person.home_ip = f"198.18.{number // 200 + 1}.{number % 200 + 20}"
            person.rate = person.rate * self.rng.uniform(0.7, 1.5)
            if person.population == "workforce" and person.department in ("engineering", "support"):
                person.okta_id = self.ids.word("00u")
            if person.population in ("workforce", "contractor") and (number % 3 == 0 or person.department == "security"):
                person.duo_key = self.ids.word("DU").upper()
            person.devices = self._devices(person)

    def _devices(self, person):
        desktop = self.rng.choice((("Windows 11", "Edge 138.0.0"), ("Windows 11", "Chrome 138.0.0"), ("MacOs", "Safari 18.5")))
        managed = person.population in ("workforce", "contractor")
        devices = [
            {"id": self.ids.uuid("77d0-4a19-8b3c") if managed else "", "os": desktop[0], "browser": desktop[1],
             "managed": managed, "client": "Browser"},
        ]
        if person.has_smartphone and managed:
            phone = self.rng.choice((("Ios 18.5", "Mobile Safari"), ("Android 15", "Chrome Mobile 138.0.0")))
            devices.append(
                {"id": self.ids.uuid("77d0-4a19-8b3c"), "os": phone[0], "browser": phone[1], "managed": False,
                 "client": "Mobile Apps and Desktop clients"}
            )
        return devices
