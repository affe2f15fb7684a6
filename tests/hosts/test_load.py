"""LOAD adds functions and names to the connections of an instance, and nothing to anything else."""

import hashlib
import os
import pathlib
import shutil
import struct
import tempfile
import threading
import unittest

import duckdb

from support import EXTENSION, ROOT, catalog, child, connect, rows, sample_file, value

# A loadable library is downloaded by every user; this is where somebody should ask what made it grow.
MAX_SIZE = 8 << 20
FOOTER = 512


class Footer(unittest.TestCase):
    """The last 512 bytes, by which DuckDB recognises an extension: eight fields, last first, and a signature."""

    @classmethod
    def setUpClass(cls):
        content = EXTENSION.read_bytes()
        cls.size = len(content)
        cls.footer = content[-FOOTER:]
        cls.fields = [field.rstrip(b"\0").decode() for field in struct.unpack("32s" * 8, cls.footer[:256])][::-1]

    def test_stable_interface(self):
        magic, platform, duckdb_version, version, abi = self.fields[:5]
        self.assertEqual(magic, "4")
        self.assertEqual(abi, "C_STRUCT")
        self.assertEqual(duckdb_version, "v1.2.0")
        self.assertEqual(self.fields[5:], ["", "", ""])
        with connect() as connection:
            self.assertEqual(version, "v" + value(connection, "select mfa_version()"))
            self.assertEqual(platform, value(connection, "select platform from pragma_platform()"))

    def test_the_version_is_the_one_of_the_workspace(self):
        manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
        self.assertIn(f'\nversion = "{self.fields[3].removeprefix("v")}"', manifest)

    def test_size(self):
        self.assertLess(self.size, MAX_SIZE)

    def test_symbols_are_stripped(self):
        self.assertNotIn(b".symtab", EXTENSION.read_bytes())


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mfa-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def state(self):
        return {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    def test_nothing_of_a_database_changes(self):
        path = sample_file(self.folder)
        # What the host itself writes when it opens and closes a file is not ours.
        connect(path, load=False).close()
        before = self.state()
        connection = connect(path)
        during = self.state()
        self.assertEqual(during.keys(), before.keys(), "a file was added beside the database")
        for sql in (
            "select count(*) from mfa_gaps",
            "select count(*) from mfa_exception_trends",
            "select count(*) from read_mfa_signins('sample_data/duo/*')",
            "select count(*) from mfa_rejects()",
            "select count(*) from mfa_functions()",
        ):
            rows(connection, sql)
        self.assertEqual(self.state().keys(), before.keys())
        connection.close()
        self.assertEqual(self.state(), before)

    def test_nothing_is_added_to_an_empty_database(self):
        path = str(self.folder / "empty.duckdb")
        connect(path, load=False).close()
        before = self.state()
        connect(path).close()
        self.assertEqual(self.state(), before)

    def test_the_catalog_has_no_object_of_ours(self):
        with connect(str(self.folder / "new.duckdb")) as connection:
            for listing in ("duckdb_tables()", "duckdb_views() where not internal", "duckdb_schemas() where not internal",
                            "duckdb_sequences()", "duckdb_types() where not internal"):
                found = rows(connection, f"from {listing}")
                self.assertEqual([row for row in found if "mfa" in str(row)], [], listing)
            macros = "select count(*) from duckdb_functions() where function_name like '%mfa_%' and function_type like '%macro%'"
            self.assertEqual(value(connection, macros), 0)

    def test_no_setting_of_the_user_changes(self):
        settings = "select name, value from duckdb_settings() order by name"
        with connect(load=False) as connection:
            before = rows(connection, settings)
            connection.execute(f"load '{EXTENSION}'")
            self.assertEqual(rows(connection, settings), before)

    def test_a_read_only_file_of_a_read_only_folder(self):
        path = sample_file(self.folder)
        os.chmod(path, 0o400)
        os.chmod(self.folder, 0o500)
        try:
            with connect(path, read_only=True) as connection:
                self.assertGreater(value(connection, "select count(*) from mfa_successful_signins"), 0)
        finally:
            os.chmod(self.folder, 0o700)

    def test_a_log_of_changes_with_views_over_ours_is_replayed(self):
        path = str(self.folder / "wal.duckdb")
        made = child(
            """
import os, sys
from support import connect
connection = connect(sys.argv[1])
connection.execute("set checkpoint_threshold = '1 GB'")
connection.execute("create table mfa_identities as from read_mfa_identities('sample_data/hr/people.csv')")
connection.execute("checkpoint")
connection.execute("create view mine as select count(*) as accounts from mfa_enrollment_state")
connection.execute("delete from mfa_identities where user_principal <> 'rosa.ortiz@larkspur.example'")
os._exit(0)
""",
            path,
        )
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        self.assertTrue(os.path.exists(path + ".wal"))
        # The host replays it when it opens the file, before anything can be loaded.
        with connect(path) as connection:
            self.assertEqual(rows(connection, "from mine"), [(1,)])


class Loading(unittest.TestCase):
    def test_twice(self):
        with connect() as connection:
            before = rows(connection, "select name, kind from mfa_functions() order by all")
            connection.execute(f"load '{EXTENSION}'")
            connection.execute(f"load '{EXTENSION}'")
            self.assertEqual(rows(connection, "select name, kind from mfa_functions() order by all"), before)
            with self.assertRaisesRegex(duckdb.Error, "mfa_identities is not loaded"):
                connection.execute("from mfa_gaps")

    def test_in_two_connections(self):
        with connect() as first, first.cursor() as second:
            second.execute(f"load '{EXTENSION}'")
            self.assertEqual(value(first, "select mfa_version()"), value(second, "select mfa_version()"))

    def test_two_instances_do_not_share_what_was_read(self):
        with connect() as first, connect() as second:
            rows(first, "from read_duo_auth_log('sample_data/duo/authentication-page.json') limit 1")
            self.assertEqual(value(first, "select count(*) from mfa_read_stats()"), 1)
            self.assertEqual(value(second, "select count(*) from mfa_read_stats()"), 0)
            first.execute("create table mfa_identities as from read_mfa_identities('sample_data/hr/people.csv')")
            self.assertEqual(value(first, "select count(*) from mfa_enrollment_state"), 317)
            with self.assertRaisesRegex(duckdb.Error, "mfa_identities is not loaded"):
                second.execute("from mfa_enrollment_state")

    def test_an_instance_without_it_beside_one_with_it(self):
        with connect() as first, connect(load=False) as second:
            self.assertEqual(value(first, "select mfa_method_strength('totp')"), "mfa")
            with self.assertRaises(duckdb.CatalogException):
                second.execute("select mfa_method_strength('totp')")
            with self.assertRaises(duckdb.CatalogException):
                second.execute("from mfa_gaps")

    def test_from_several_threads_at_once(self):
        failures = []
        with connect(load=False) as connection:
            def load():
                try:
                    with connection.cursor() as cursor:
                        cursor.execute(f"load '{EXTENSION}'")
                        rows(cursor, "select mfa_version()")
                except duckdb.Error as error:
                    failures.append(error)

            threads = [threading.Thread(target=load) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])

    def test_within_a_transaction_that_is_rolled_back(self):
        with connect(load=False) as connection:
            connection.execute("begin")
            connection.execute(f"load '{EXTENSION}'")
            connection.execute("create table mine as select 1 as one")
            connection.execute("rollback")
            self.assertEqual(value(connection, "select count(*) from duckdb_tables()"), 0)
            self.assertEqual(value(connection, "select mfa_method_strength('sms_otp')"), "mfa")

    def test_under_another_folder(self):
        with tempfile.TemporaryDirectory(prefix="mfa ä'") as folder:
            copy = shutil.copy(EXTENSION, folder)
            with connect(load=False) as connection:
                connection.execute("load '{}'".format(copy.replace("'", "''")))
                self.assertTrue(value(connection, "select mfa_version()"))

    def test_what_the_host_says_is_loaded(self):
        with connect() as connection:
            loaded = "select loaded from duckdb_extensions() where extension_name = 'mfa'"
            self.assertEqual(rows(connection, loaded), [(True,)])

    def test_every_function_the_catalog_names_is_there(self):
        with connect() as connection:
            there = {name for [name] in rows(connection, "select distinct function_name from duckdb_functions()")}
        named = {name for name, kind in catalog().items() if kind in ("scalar", "table", "reader")}
        self.assertGreater(len(named), 20)
        self.assertEqual(named - there, set())
        ours = {name for name in there if name.startswith(("mfa_", "read_mfa_", "read_entra_", "read_okta_", "read_duo_", "read_aws_"))}
        self.assertEqual(ours - named, set(), "functions that mfa_functions() does not list")


class Refusals(unittest.TestCase):
    def test_unsigned_extensions_are_not_allowed(self):
        with duckdb.connect() as connection:
            with self.assertRaisesRegex(duckdb.Error, "(?i)allow_unsigned_extensions"):
                connection.execute(f"load '{EXTENSION}'")
            with self.assertRaises(duckdb.CatalogException):
                connection.execute("select mfa_version()")
            self.assertEqual(value(connection, "select 1"), 1)

    def test_no_access_to_files(self):
        with connect(load=False) as connection:
            connection.execute("set enable_external_access = false")
            with self.assertRaises(duckdb.Error):
                connection.execute(f"load '{EXTENSION}'")

    def test_a_name_it_cannot_have(self):
        with tempfile.TemporaryDirectory(prefix="mfa-") as folder:
            other = shutil.copy(EXTENSION, os.path.join(folder, "other.duckdb_extension"))
            ended = child(
                """
import sys
import duckdb
from support import connect
connection = connect(load=False)
try:
    connection.execute(f"load '{sys.argv[1]}'")
except duckdb.Error as error:
    print(error)
    sys.exit(3)
""",
                other,
            )
            self.assertEqual(ended.returncode, 3, ended.stderr)


class Ending(unittest.TestCase):
    """What follows LOAD ends by itself: nothing hangs, nothing crashes on the way out."""

    def ends(self, program, *arguments):
        ended = child(program, *arguments, timeout=60)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout

    def test_closed(self):
        self.ends("from support import connect\nconnect().close()")

    def test_not_closed(self):
        self.ends("from support import connect\nconnection = connect()")

    def test_closed_in_the_middle_of_a_scan(self):
        self.ends(
            """
from support import connect
connection = connect()
result = connection.execute("from read_mfa_signins('sample_data/*/*.gz')")
assert len(result.fetchmany(1)) == 1
connection.close()
"""
        )

    def test_interrupted(self):
        out = self.ends(
            """
import threading
import duckdb
from support import connect
connection = connect()
timer = threading.Timer(0.3, connection.interrupt)
timer.start()
try:
    files = ", ".join(["'sample_data/entra/signins-2026-09.ndjson.gz'"] * 2000)
    connection.execute(f"select count(*), max(user_agent) from read_entra_signins([{files}])").fetchall()
    print("finished")
except duckdb.Error as error:
    print(type(error).__name__)
print(connection.execute("select count(*) from read_duo_auth_log('sample_data/duo/authentication-page.json')").fetchall())
"""
        )
        self.assertEqual(out.split("\n")[:2], ["InterruptException", "[(115,)]"])

    def test_a_file_that_is_opened_again(self):
        with tempfile.TemporaryDirectory(prefix="mfa-") as folder:
            self.ends(
                """
import sys
from support import connect
for number in range(5):
    connection = connect(sys.argv[1])
    connection.execute(f"create table t{number} as select mfa_version() as version")
    connection.close()
connection = connect(sys.argv[1], read_only=True)
assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(5,)]
""",
                os.path.join(folder, "again.duckdb"),
            )

    def test_many_instances(self):
        self.ends(
            """
from support import connect
connections = [connect() for _ in range(20)]
assert len({str(c.execute("select mfa_version()").fetchall()) for c in connections}) == 1
"""
        )

    def test_a_thread_that_is_left_running(self):
        self.ends(
            """
import threading
from support import connect
connection = connect()
def read():
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from read_mfa_signins('sample_data/*/*.gz')").fetchall()
thread = threading.Thread(target=read)
thread.start()
"""
        )


if __name__ == "__main__":
    unittest.main()
