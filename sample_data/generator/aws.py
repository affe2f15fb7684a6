"""The IAM credential report of the AWS account."""

from datetime import timedelta

from .base import AS_OF, DOMAIN, utc

ACCOUNT = "210987654321"
COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"
    "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
    "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,"
    "cert_2_last_rotated"
).split(",")


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S+00:00")


class Aws:
    def __init__(self, company, truth, streams):
        self.rng = streams.get("aws")
        people = [
            p for p in company.people
            if p.population == "workforce" and p.enabled and p.department == "engineering" and p.story is None
        ][:11]
        services = [company.by_upn(f"svc-{name}@{DOMAIN}") for name in ("backup", "build", "deploy", "monitoring")]
        self.without_mfa = people[4:6] + people[9:10]
        self.rows = [self._root()]
        for person in people:
            self.rows.append(self._row(person, True, person not in self.without_mfa, self.rng.random() < 0.3))
        for person in services:
            self.rows.append(self._row(person, False, False, True))
        truth.gap("no_factor", "aws", "<root_account>")
        story = truth.story("aws_without_mfa")
        story.append({"provider": "aws", "user_principal": "<root_account>"})
        for person in self.without_mfa:
            truth.gap("no_factor", "aws", person)
            story.append({"provider": "aws", "user_principal": person.principal})
        for person in services:
            truth.quiet("aws_without_mfa").append(
                {"provider": "aws", "user_principal": person.principal, "why": "a service account without a password"})

    def _blank(self, name, arn, created):
        row = {column: "N/A" for column in COLUMNS}
        row.update(user=name, arn=arn, user_creation_time=stamp(created), access_key_1_active="false",
                   access_key_2_active="false", cert_1_active="false", cert_2_active="false")
        return row

    def _root(self):
        row = self._blank("<root_account>", f"arn:aws:iam::{ACCOUNT}:root", utc(4, 2, 12, 1, 9, year=2021))
        row.update(password_enabled="not_supported", password_last_used=stamp(utc(8, 14, 9, 12)),
                   password_last_changed="not_supported", password_next_rotation="not_supported", mfa_active="false")
        return row

    def _row(self, person, password, mfa, key):
        created = max(person.created, utc(1, 10, 9, year=2022)) + timedelta(days=1)
        row = self._blank(person.principal, f"arn:aws:iam::{ACCOUNT}:user/{person.principal}", created)
        used = AS_OF - timedelta(days=self.rng.randrange(1, 40), hours=self.rng.randrange(1, 20))
        row.update(password_enabled="true" if password else "false", mfa_active="true" if mfa else "false")
        if password:
            row.update(password_last_used=stamp(used), password_last_changed=stamp(used - timedelta(days=60)))
        if key:
            row.update(access_key_1_active="true", access_key_1_last_rotated=stamp(used - timedelta(days=45)),
                       access_key_1_last_used_date=stamp(used), access_key_1_last_used_region="eu-central-1",
                       access_key_1_last_used_service="s3")
        return row
