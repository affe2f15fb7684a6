"""Dates, identifiers, file writing: what every part of the generator shares."""

import csv
import gzip
import io
import json
import math
import os
import random
from datetime import datetime, timedelta, timezone

DEFAULT_SEED = 20261028
START = datetime(2026, 6, 1, tzinfo=timezone.utc)
AS_OF = datetime(2026, 10, 28, tzinfo=timezone.utc)
DAYS = (AS_OF - START).days
RECENT = AS_OF - timedelta(days=30)
SMS_END = datetime(2026, 9, 15, tzinfo=timezone.utc)
DOMAIN = "larkspur.example"
TENANT = "7d0c1f52-3b1e-4c0a-9f61-2a64c1be0a11"


def utc(month, day, hour=0, minute=0, second=0, year=2026):
    return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)


def iso(when, millis=False):
    """The instant in the spelling the providers share."""
    if when is None:
        return None
    text = when.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{when.microsecond // 1000:03d}Z" if millis else f"{text}Z"


def week(when):
    year, number, _ = when.isocalendar()
    return f"{year}-W{number:02d}"


def minutes(number):
    return timedelta(minutes=number)


class Streams:
    """One independent random stream per purpose: adding draws to one leaves the others as they were."""

    def __init__(self, seed):
        self.seed = seed
        self.used = {}

    def get(self, name):
        if name not in self.used:
            self.used[name] = random.Random(f"{self.seed}:{name}")
        return self.used[name]


class Ids:
    """Unique identifiers with little entropy, so that the compressed files stay small."""

    def __init__(self, rng):
        self.rng = rng
        self.seen = {}

    def fresh(self, make):
        while True:
            text = make()
            if text not in self.seen:
                self.seen[text] = True
                return text

    def uuid(self, middle="4c1d-8e07-b2a6"):
        return self.fresh(lambda: f"{self.rng.getrandbits(32):08x}-{middle}95c1{self.rng.getrandbits(32):08x}")

    def word(self, prefix, length=20):
        alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
        return self.fresh(
            lambda: prefix + "1q" + "".join(self.rng.choice(alphabet) for _ in range(8)) + "x5d7"[: max(0, length - 14)]
        )


def logistic_day(rank, total, midpoint, slope_days):
    """When the `rank`-th of `total` people acts on a logistic curve."""
    share = (rank + 0.5) / total
    return midpoint + timedelta(days=slope_days * math.log(share / (1 - share)))


def dumps(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def pretty(value):
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


class Output:
    """The folder written to, and what each file holds."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {}

    def _write(self, name, data):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if name.endswith(".gz"):
            buffer = io.BytesIO()
            with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=9, mtime=0) as packed:
                packed.write(data)
            data = buffer.getvalue()
        with open(path, "wb") as file:
            file.write(data)

    def text(self, name, text):
        self._write(name, text.encode("utf-8"))

    def ndjson(self, name, records):
        self.text(name, "".join(dumps(record) + "\n" for record in records))

    def json(self, name, value):
        self.text(name, dumps(value) + "\n")

    def csv(self, name, columns, rows):
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([cell(row.get(column)) for column in columns])
        self.text(name, buffer.getvalue())

    def expect(self, name, records, rows, ignored=0, note=None):
        """What a reader must answer for this file."""
        self.files[name] = {"records": records, "rows": rows, "ignored": ignored, "rejects": 0}
        if note:
            self.files[name]["note"] = note

    def expect_both(self, name, factors):
        """The same for a file of identities with this many factors each, by which of the two are asked for."""
        empty = sum(not number for number in factors)
        self.files[name] = {
            # A record with several factors is that many rows, and counts as often.
            "records": {"identities": len(factors), "factors": sum(factors) + empty},
            "rows": {"identities": len(factors), "factors": sum(factors)},
            "ignored": {"identities": 0, "factors": empty},
            "rejects": 0,
        }


def cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (list, tuple)):
        return dumps(list(value))
    return value
