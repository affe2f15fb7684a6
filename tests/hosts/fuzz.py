"""Damages sample files and hands them to every reader, in a process that may crash.

usage: fuzz.py SEED FIRST COUNT FOLDER
The same seed and number give the same damage: after a failure, `fuzz.py SEED NUMBER 1 FOLDER` repeats it and leaves the
file in FOLDER. Prints one line of JSON with what was seen.
"""

import collections
import copy
import csv
import gzip
import io
import json
import os
import random
import sys

import duckdb

from support import ROOT, SAMPLE, connect, rows

CANARY = "cAnArY-7f3d"
RECORDS = 40

SIGNIN_READERS = ("read_entra_signins", "read_okta_system_log", "read_duo_auth_log", "read_mfa_signins")
CALLS = [(reader, "") for reader in SIGNIN_READERS] + [
    ("read_entra_users", ""),
    ("read_entra_registration", ", rows := 'identities'"),
    ("read_entra_registration", ", rows := 'factors'"),
    ("read_okta_users", ""),
    ("read_okta_factors", ""),
    ("read_aws_credential_report", ", rows := 'identities'"),
    ("read_aws_credential_report", ", rows := 'factors'"),
    ("read_mfa_identities", ""),
    ("read_mapped_signins", ", mapping := 'tests/data/mapped_signins.toml'"),
] + [
    (f"read_{log}", "")
    for log in (
        "1password_signins", "auth0_logs", "aws_cloudtrail", "duo_users", "entra_audits", "entra_ca_policies", "entra_risk_detections",
        "google_login_activity", "jumpcloud_events", "keycloak_events", "lastpass_events", "o365_audit", "ocsf_authentication",
        "onelogin_events", "pingfederate_audit", "pingone_audit", "salesforce_login_history",
    )
]
TOKENS = [
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\n", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\\u0000", b"\\ud800", b"null", b"true", b"1e999", b"-0", b"9" * 40, b"0x1", b"NaN",
    b'{"value":[', b'{"records":[', b'"response":', b"[" * 200, b'{"a":' * 200, b"''", b'""', b";", b"\t",
    b"0000-00-00T00:00:00Z", b"9999-12-31T23:59:60Z", b"-1", b"1970-01-01", CANARY.encode(),
]


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


# Values that no provider writes.
ODD = [
    None, True, False, 0, -1, 1.5, 10**18, 10**400, -(10**30), [], {}, [[]], {"a": {}}, nested(100), nested(200), "", " ", "\0", "\ud800",
    "0000-00-00", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "2262-04-12T00:00:00Z", "9999-12-31T23:59:60+25:00",
    "2026-02-30T00:00:00Z", "no time", "NaN", "true", "%s%n", ["x"] * 100, [None, 1, "a", {}], "x" * 5000,
]


def records(name):
    """The first records of a sample file, as Python values, and how they were wrapped."""
    content = (SAMPLE / name).read_bytes()
    if name.endswith(".gz"):
        content = gzip.decompress(content)
    text = content.decode()
    if "ndjson" in name:
        return [json.loads(line) for line in text.splitlines()[:RECORDS]]
    page = json.loads(text)
    for key in ("response", "authlogs", "value", "records"):
        page = page[key] if isinstance(page, dict) and key in page else page
    return page[:RECORDS]


def leaves(value, path=()):
    """Where the values are that hold no others."""
    if isinstance(value, (dict, list)) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    elif path:
        yield path


def plant(record, rng):
    """A copy of a record with odd values in it, and the canary in some values and a key."""
    record = copy.deepcopy(record)
    paths = list(leaves(record))
    for path in rng.sample(paths, min(len(paths), rng.choice((0, 0, 1, 3)))):
        inner = record
        for key in path[:-1]:
            inner = inner[key]
        text = str(inner[path[-1]])
        inner[path[-1]] = rng.choice((CANARY, text + CANARY, CANARY + text, rng.choice(ODD), rng.choice(ODD)))
    record[f"{CANARY} key"] = CANARY
    return record


def line(value):
    return json.dumps(value, separators=(",", ":")).encode()


FRAMINGS = {
    "lines": lambda values: b"\n".join(map(line, values)) + b"\n",
    "array": lambda values: b"[" + b",\n".join(map(line, values)) + b"]",
    "value": lambda values: b'{"@odata.context":"x","value":[' + b",".join(map(line, values)) + b"]}",
    "records": lambda values: b'{"records":[' + b",".join(map(line, values)) + b"]}",
    "authlogs": lambda values: b'{"stat":"OK","response":{"authlogs":[' + b",".join(map(line, values)) + b"]}}",
    "pretty": lambda values: b"\n".join(json.dumps(value, indent=1).encode() for value in values),
}

ENCODINGS = {
    "plain": lambda content: content,
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "two gzip members": lambda content: gzip.compress(content[:3000], mtime=0) + gzip.compress(content[3000:], mtime=0),
    "utf-16": lambda content: content.decode("utf-8", "replace").encode("utf-16"),
    "bom": lambda content: b"\xef\xbb\xbf" + content,
}


def damage(content, rng, tokens=TOKENS):
    """Flips, inserts, deletes, repeats and cuts; sometimes only a little, sometimes a lot."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        at = rng.randrange(len(content) + 1)
        kind = rng.choice(("flip", "flip", "byte", "token", "token", "delete", "repeat", "cut"))
        if kind == "flip" and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif kind == "byte":
            content.insert(at, rng.randrange(256))
        elif kind == "token":
            content[at:at] = rng.choice(tokens)
        elif kind == "delete":
            del content[at : at + rng.choice((1, 3, 50, 2000))]
        elif kind == "repeat":
            content[at:at] = content[at : at + rng.choice((1, 20, 500))]
        elif kind == "cut" and rng.random() < 0.2:
            del content[at:]
    return bytes(content)


def damage_in_lines(content, rng):
    """Damage that keeps the first line and the number of lines, and which lines it left alone."""
    lines = content.splitlines()
    touched = set(rng.sample(range(1, len(lines)), min(8, len(lines) - 1)))
    for number in touched:
        broken = damage(lines[number], rng, [token for token in TOKENS if b"\n" not in token])
        lines[number] = broken.replace(b"\n", b"?") or b"?"
    return b"\n".join(lines) + b"\n", [number for number in range(len(lines)) if number not in touched]


class Fuzz:
    def __init__(self, seed, folder):
        self.seed, self.folder = seed, folder
        self.json = {
            name: records(name)
            for name in (
                "entra/signins-2026-06.ndjson.gz", "entra/noninteractive.json.gz", "entra/users.json", "entra/registration.json",
                "okta/system-log.ndjson.gz", "okta/users.json", "okta/factors.ndjson", "duo/authentication.ndjson.gz",
            )
        }
        self.csv = {
            name: "".join((SAMPLE / name).read_text(encoding="utf-8").splitlines(keepends=True)[: RECORDS + 1])
            for name in ("aws/credential-report.csv", "hr/people.csv")
        }
        # What the sample has no log of, as it is.
        self.raw = {
            path.name: path.read_bytes()
            for path in sorted((ROOT / "tests/data").iterdir())
            if any(path.name.startswith(reader.removeprefix("read_")) for reader, _ in CALLS if reader not in SIGNIN_READERS)
        }
        self.connection = connect(os.path.join(folder, "fuzz.duckdb"))
        self.seen = collections.Counter()

    def cell(self, text, rng):
        if rng.random() < 0.03:
            return rng.choice((CANARY, text + CANARY))
        return text

    def table(self, name, rng):
        out = io.StringIO()
        writer = csv.writer(out, delimiter=rng.choice(",,,;\t"), lineterminator=rng.choice(("\n", "\r\n")))
        for row in csv.reader(io.StringIO(self.csv[name])):
            writer.writerow([self.cell(text, rng) for text in row])
        return out.getvalue().encode()

    def run(self, number):
        rng = random.Random(f"{self.seed}:{number}")
        kind = rng.random()
        if kind < 0.3:
            content, untouched = self.raw[rng.choice(sorted(self.raw))], None
            framing = "raw"
        elif kind < 0.45:
            name = rng.choice(sorted(self.csv))
            content, untouched = self.table(name, rng), None
            framing = "csv"
        else:
            name = rng.choice(sorted(self.json))
            values = [plant(record, rng) if rng.random() < 0.5 else record for record in self.json[name]]
            framing = rng.choice((*FRAMINGS, "lines that stay"))
            content, untouched = FRAMINGS[framing if framing in FRAMINGS else "lines"](values), None
        encoding = "plain"
        if framing == "lines that stay":
            expected = self.provenance(content)
            content, untouched = damage_in_lines(content, rng)
        else:
            encoding = rng.choice(sorted(ENCODINGS))
            if rng.random() < 0.7:
                content = ENCODINGS[encoding](damage(content, rng))
            else:
                content = damage(ENCODINGS[encoding](content), rng)
        path = os.path.join(self.folder, f"{number}.log")
        with open(path, "wb") as file:
            file.write(content)
        for reader, named in CALLS:
            self.read(reader, named, path)
        if untouched is not None:
            self.check_lines(path, content, untouched, expected)
        self.normalize(content)
        self.seen[framing] += 1
        self.seen[encoding] += 1
        return path

    def hidden(self, text):
        assert CANARY.lower() not in str(text).lower(), f"content of a record in: {text}"

    def read(self, reader, named, path):
        self.seen["scans"] += 1
        count = None
        try:
            [(count, _)] = rows(self.connection, f"select count(*), sum(hash(row)) from {reader}('{path}'{named}) as row")
        except duckdb.Error as error:
            self.hidden(error)
            raise AssertionError(f"{reader} fails where it should reject: {error}") from error
        [(scan, stated, records, read, rejects, ignored, finished)] = rows(
            self.connection,
            "select scan, reader, records, rows, rejects, ignored, finished from mfa_read_stats() order by scan desc limit 1",
        )
        assert (stated, finished, read) == (reader, True, count), (stated, finished, read, count)
        assert read + rejects + ignored == records, (read, rejects, ignored, records)
        listed = rows(self.connection, "from mfa_rejects() where scan = ?", scan)
        assert len(listed) == rejects, (len(listed), rejects)
        self.hidden(listed)
        self.seen["rows"] += read
        self.seen["rejects"] += rejects
        for category in rows(self.connection, "select distinct category from mfa_rejects() where scan = ?", scan):
            self.seen[f"category {category[0]}"] += 1
        try:
            rows(self.connection, f"select count(*), sum(hash(row)) from {reader}('{path}'{named}, on_error := 'fail') as row")
            assert rejects == 0, f"{reader} with on_error := 'fail' passes over {rejects} rejects"
        except duckdb.Error as error:
            self.hidden(error)
            assert rejects > 0, error
            self.seen["failures"] += 1

    def provenance(self, content):
        """Which lines of the undamaged file each reader makes rows of."""
        path = os.path.join(self.folder, "whole.log")
        with open(path, "wb") as file:
            file.write(content)
        return {
            reader: {n for [n] in rows(self.connection, f"select source_record from {reader}('{path}')")}
            for reader in SIGNIN_READERS
        }

    def check_lines(self, path, content, untouched, expected):
        """Every line that is not blank is a record, and damage to one takes nothing from the others."""
        total = sum(bool(text.strip(b" \t\r\n\f")) for text in content.split(b"\n"))
        whole = total == len(content.splitlines())
        for reader in SIGNIN_READERS:
            made = {n for [n] in rows(self.connection, f"select source_record from {reader}('{path}')")}
            [(records,)] = rows(self.connection, "select records from mfa_read_stats() order by scan desc limit 1")
            assert records == total, f"{reader}: {records} records in {total} lines"
            if whole:
                lost = {number + 1 for number in untouched} & expected[reader] - made
                assert not lost, f"{reader} lost the lines {sorted(lost)}, which are whole"
                self.seen["lines kept"] += len(untouched)

    def normalize(self, content):
        """The same records through the scalar function, which never fails on what it is given."""
        texts = [text.decode("utf-8", "replace") for text in content.split(b"\n")[:50]]
        found = rows(
            self.connection,
            """select mfa_normalize_signin(provider, json) is not null, mfa_signin_reject(provider, json)
               from (select unnest(?::varchar[]) as json), (values ('auto'), ('entra'), ('okta'), ('duo')) as p(provider)""",
            texts,
        )
        self.hidden(found)
        assert not [row for row in found if row[0] and row[1] is not None], "both a row and a reject"
        self.seen["normalized"] += sum(row[0] for row in found)


def main():
    seed, first, count, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    fuzz = Fuzz(seed, folder)
    for number in range(first, first + count):
        # A crash leaves no message, so say first what is tried.
        with open(os.path.join(folder, "number"), "w", encoding="ascii") as file:
            file.write(f"{seed} {number}")
        path = fuzz.run(number)
        if count > 1:
            os.remove(path)
    print(json.dumps(fuzz.seen))


if __name__ == "__main__":
    main()
