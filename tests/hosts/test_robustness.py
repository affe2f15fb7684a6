"""Whatever a file holds, the process lives, every record is accounted for, nothing of it is repeated, and memory is bounded."""

import contextlib
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import duckdb

from fuzz import CALLS, CANARY, SIGNIN_READERS, records
from support import ROOT, SAMPLE, child, connect, offered, rows, value

SEED = 20261028
ITERATIONS = 200
MEBI = 1 << 20
ALLOWED = 400 * MEBI

# Prints the answers of queries and the most memory the process has had, in bytes.
MEASURE = """
import sys
import duckdb
from support import connect
connection = connect(load=sys.argv[1] != "bare", threads=2)
connection.execute("create table t as select range as n from range(1000000)")
connection.execute("select sum(n) from t").fetchall()
for sql in sys.argv[2:]:
    print(connection.execute(sql).fetchall())
with open("/proc/self/status", encoding="ascii") as status:
    [line] = [line for line in status if line.startswith("VmHWM:")]
print(int(line.split()[1]) * 1024)
"""


class Damage(unittest.TestCase):
    def test_every_reader_is_tried(self):
        self.assertEqual(sorted({reader for reader, _ in CALLS}), offered("reader"))

    def test_damaged_files(self):
        with tempfile.TemporaryDirectory(prefix="mfa-") as folder:
            ended = subprocess.run(
                [sys.executable, str(pathlib.Path(__file__).with_name("fuzz.py")), str(SEED), "0", str(ITERATIONS), folder],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=600,
            )
            reached = pathlib.Path(folder, "number")
            number = reached.read_text(encoding="ascii") if reached.exists() else "the start"
        self.assertEqual(ended.returncode, 0, f"stopped at fuzz.py {number}, exit {ended.returncode}:\n{ended.stderr[-3000:]}")
        self.assertEqual(ended.stderr, "")
        seen = json.loads(ended.stdout)
        # The damage is neither so small nor so great that it would test nothing.
        self.assertEqual(seen["scans"], ITERATIONS * len(CALLS))
        self.assertGreater(seen["rows"], 2000)
        self.assertGreater(seen["normalized"], 500)
        self.assertGreater(seen["lines kept"], 500)
        categories = {name.removeprefix("category ") for name in seen if name.startswith("category ")}
        self.assertGreaterEqual(
            categories,
            {"corrupt_compression", "duplicate_key", "invalid_timestamp", "invalid_utf8", "missing_field", "not_an_object",
             "number_out_of_range", "syntax", "too_deep", "truncated", "wrong_provider"},
        )


class Content(unittest.TestCase):
    """Nothing a record holds is in a message or in mfa_rejects(), wherever in the record it stands."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mfa-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "log")
        self.connection = connect()
        self.addCleanup(self.connection.close)

    def said(self, content):
        """All that is said about a file by all readers: rejects, and messages of on_error := 'fail'."""
        pathlib.Path(self.path).write_bytes(content)
        said = []
        for reader, named in CALLS:
            rows(self.connection, f"select count(*) from {reader}('{self.path}'{named})")
            for option in (", on_error := 'fail'", ", max_rejects := 0"):
                with contextlib.suppress(duckdb.Error):
                    try:
                        rows(self.connection, f"select count(*) from {reader}('{self.path}'{named}{option})")
                    except duckdb.Error as error:
                        said.append(str(error))
                        raise
        said += map(str, rows(self.connection, "from mfa_rejects()"))
        self.assertGreater(len(said), len(CALLS))
        return "\n".join(said)

    def test_values_keys_and_broken_ends(self):
        whole = {
            "entra": records("entra/signins-2026-06.ndjson.gz")[0],
            "okta": records("okta/system-log.ndjson.gz")[0],
            "duo": records("duo/authentication.ndjson.gz")[0],
            "users": records("entra/users.json")[0],
            "factors": records("okta/factors.ndjson")[0],
        }
        for name, record in whole.items():
            contents = [json.dumps({**record, key: CANARY}).encode() for key in record]
            contents += [json.dumps({**record, key: {CANARY: CANARY}}).encode() for key in record]
            contents += [json.dumps({**record, key: [CANARY]}).encode() for key in record]
            contents.append(json.dumps({CANARY: record}).encode())
            contents.append(json.dumps({**record, CANARY: 1}).encode()[:-1] + b', "' + CANARY.encode())
            contents.append(json.dumps(record).encode()[:-1] + b"," + CANARY.encode() + b"}")
            contents.append(CANARY.encode())
            contents.append(b'"' + CANARY.encode() + b'"')
            contents.append(json.dumps(CANARY * 3).encode() + b"\xff" + CANARY.encode())
            with self.subTest(name):
                self.assertNotIn(CANARY.lower(), self.said(b"\n".join(contents)).lower())

    def test_tables(self):
        for name in ("aws/credential-report.csv", "hr/people.csv"):
            header, *lines = (SAMPLE / name).read_text(encoding="utf-8").splitlines()[:4]
            width = header.count(",") + 1
            contents = {
                "cells": [header, *(",".join([CANARY] * width) for _ in lines)],
                "too many cells": [header, lines[0] + "," + CANARY],
                "too few": [header, CANARY],
                "header": [header.replace(",", f",{CANARY}", 3), *lines],
                "another header": [CANARY, CANARY],
                "a quote that is never closed": [header, f'"{CANARY}', *lines],
            }
            for what, content in contents.items():
                with self.subTest(name, what=what):
                    self.assertNotIn(CANARY.lower(), self.said("\n".join(content).encode()).lower())

    def test_functions(self):
        for function in ("mfa_normalize_signin", "mfa_signin_reject"):
            for provider in ("auto", "entra", "okta", "duo"):
                for text in (CANARY, f'{{"{CANARY}', f'["{CANARY}"]', f'{{"createdDateTime": "{CANARY}", "id": "1"}}'):
                    found = rows(self.connection, f"select {function}('{provider}', ?)", text)
                    self.assertNotIn(CANARY.lower(), str(found).lower())


class Counts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mfa-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.connection = connect()
        self.addCleanup(self.connection.close)

    def test_counts_of_a_file_that_was_counted_by_hand(self):
        event = records("okta/system-log.ndjson.gz")[0]
        lines = [
            json.dumps(event),
            "",
            json.dumps({**event, "eventType": "application.lifecycle.update"}),
            '{"uuid": }',
            json.dumps({**event, "published": "yesterday"}),
            "   ",
            json.dumps([event]),
            json.dumps(event),
        ]
        path = os.path.join(self.folder, "counted.ndjson")
        pathlib.Path(path).write_text("\n".join(lines), encoding="utf-8")
        found = rows(self.connection, f"select source_record from read_okta_system_log('{path}') order by 1")
        self.assertEqual(found, [(1,), (6,)])
        self.assertEqual(
            rows(self.connection, "select records, rows, ignored, rejects from mfa_read_stats()"), [(6, 2, 1, 3)]
        )
        self.assertEqual(
            rows(self.connection, "select record, byte_offset, category, column_name from mfa_rejects()"),
            [
                # Where in the record it stops being JSON.
                (3, len("\n".join(lines[:3])) + 1 + lines[3].index("}"), "syntax", None),
                (4, len("\n".join(lines[:4])) + 1, "invalid_timestamp", "published"),
                (5, len("\n".join(lines[:6])) + 1, "not_an_object", None),
            ],
        )

    def test_what_limit_leaves_unread_is_not_called_finished(self):
        rows(self.connection, "from read_mfa_signins('sample_data/entra/*.gz') limit 1")
        for records_, made, rejects, ignored, finished in rows(
            self.connection, "select records, rows, rejects, ignored, finished from mfa_read_stats()"
        ):
            self.assertEqual(records_, made + rejects + ignored)
        self.assertIn((False,), rows(self.connection, "select finished from mfa_read_stats()"))

    def test_many_files_are_counted_each(self):
        names = []
        for number in range(300):
            path = os.path.join(self.folder, f"{number:03d}.ndjson")
            content = "\n".join([json.dumps(records("duo/authentication.ndjson.gz")[0])] * number + ["x"] * (number % 3))
            pathlib.Path(path).write_text(content, encoding="utf-8")
            names.append((path, number, number % 3 if content else 1))
        self.assertEqual(
            value(self.connection, f"select count(*) from read_duo_auth_log('{self.folder}/*.ndjson')"), sum(range(300))
        )
        self.assertEqual(
            rows(self.connection, "select file, rows, rejects from mfa_read_stats() where finished order by file"), names
        )


class Size(unittest.TestCase):
    """Memory is that of a few blocks and of the largest record that is read, not that of the file."""

    @classmethod
    def setUpClass(cls):
        if not os.path.exists("/proc/self/status"):
            raise unittest.SkipTest("the most memory a process had is read from /proc")
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="mfa-"))
        *_, cls.bare = cls.measure("select 1", extension="bare")

    @classmethod
    def measure(cls, *queries, extension="loaded"):
        ended = child(MEASURE, extension, *queries)
        if ended.returncode != 0:
            raise AssertionError(f"exit {ended.returncode}: {ended.stderr[-2000:]}")
        *answers, peak = ended.stdout.splitlines()
        return *answers, int(peak)

    def bounded(self, sql, expected, rejects=()):
        """A query answers this, rejects what is listed, and takes no more memory than is allowed."""
        *answers, peak = self.measure(sql, "select record, category from mfa_rejects()")
        self.assertEqual(answers, [str([expected]), str(list(rejects))])
        self.assertLess(peak - self.bare, ALLOWED, f"{(peak - self.bare) / MEBI:.0f} MiB above the host")

    def write(self, name, size, first, between, last, opened=open):
        """A file of at least that many bytes of Entra sign-ins, and how many are in it."""
        lines = [line for line in gzip.decompress((SAMPLE / "entra/signins-2026-09.ndjson.gz").read_bytes()).split(b"\n") if line]
        chunk, path, count, written = between.join(lines), os.path.join(self.folder, name), 0, 0
        with opened(path, "wb") as file:
            file.write(first)
            while written < size:
                file.write((between if count else b"") + chunk)
                count += len(lines)
                written += len(chunk)
            file.write(last)
        self.addCleanup(os.remove, path)
        return path, count

    def check(self, name, *framing, **options):
        path, count = self.write(name, 300_000_000, *framing, **options)
        for reader in ("read_entra_signins", "read_mfa_signins"):
            with self.subTest(reader):
                self.bounded(f"select count(*), count(distinct user_agent) > 1 from {reader}('{path}')", (count, True))

    def test_300_megabytes_of_lines(self):
        self.check("lines.ndjson", b"", b"\n", b"\n")

    def test_300_megabytes_of_one_array(self):
        self.check("array.json", b"[", b",", b"]")

    def test_300_megabytes_of_one_page(self):
        self.check("page.json", b'{"value":[', b",", b"]}")

    def test_300_megabytes_compressed(self):
        self.check("lines.gz", b"", b"\n", b"\n", opened=lambda path, mode: gzip.open(path, mode, compresslevel=1))

    def huge(self, name, first, between, last, opened=open):
        small = json.dumps(records("entra/signins-2026-06.ndjson.gz")[0]).encode()
        path = os.path.join(self.folder, name)
        with opened(path, "wb") as file:
            file.write(first + small + between + b'{"id":"')
            for _ in range(70):
                file.write(b"x" * MEBI)
            file.write(b'"}' + between + small + last)
        self.addCleanup(os.remove, path)
        with self.subTest(name):
            self.bounded(f"select count(*), sum(hash(r)) is not null from read_entra_signins('{path}') as r", (2, True), [(2, "too_large")])
            with connect() as connection:
                for reader in SIGNIN_READERS:
                    rows(connection, f"select count(*) from {reader}('{path}')")
                    self.assertEqual(
                        rows(connection, "select rejects, records from mfa_read_stats() order by scan desc limit 1")[0][1], 3
                    )
                self.assertEqual(
                    rows(connection, "select distinct record, category from mfa_rejects() where record = 2"), [(2, "too_large")]
                )

    def test_a_record_of_70_mebibytes(self):
        self.huge("lines.ndjson", b"", b"\n", b"\n")
        self.huge("array.json", b"[", b",", b"]")
        self.huge("page.json", b'{"records": [', b", ", b"]}")
        self.huge("lines.gz", b"", b"\n", b"\n", opened=lambda path, mode: gzip.open(path, mode, compresslevel=1))

    def test_a_string_that_never_ends(self):
        path = os.path.join(self.folder, "open.json")
        with open(path, "wb") as file:
            file.write(b'[{"id":"')
            for _ in range(300):
                file.write(b"x" * MEBI)
        self.addCleanup(os.remove, path)
        self.bounded(f"select count(*), 0 from read_entra_signins('{path}')", (0, 0), [(1, "truncated")])

    def test_a_table_of_one_line(self):
        path = os.path.join(self.folder, "one.csv")
        with open(path, "wb") as file:
            file.write(b"provider,identity_id\nhr,")
            for _ in range(300):
                file.write(b"x" * MEBI)
        self.addCleanup(os.remove, path)
        self.bounded(f"select count(*), 0 from read_mfa_identities('{path}')", (0, 0), [(1, "too_large")])

    def test_a_compressed_file_that_grows_a_thousandfold(self):
        path = os.path.join(self.folder, "bomb.gz")
        with gzip.open(path, "wb", compresslevel=9) as file:
            for _ in range(500):
                file.write(b" " * MEBI)
        self.addCleanup(os.remove, path)
        self.bounded(f"select count(*), 0 from read_entra_signins('{path}')", (0, 0), [(1, "empty_file")])


if __name__ == "__main__":
    unittest.main()
