"""The views answer alike wherever a query can stand: they are SQL that is inlined, not objects of the database."""

import contextlib
import json
import os
import re
import tempfile
import threading
import unittest

import duckdb

from support import EXTENSION, LOADED, ROOT, columns, connect, load_sample, needs, offered, rows, sample, sample_file, value

AS_OF = "timestamptz '2026-10-28 00:00:00+00'"
VIEWS = offered("view")
HEADERS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "sql/views").rglob("*.sql")}

# The views over what the inputs hold; one looks at which inputs there are, and that differs with how they are given.
OVER_INPUTS = [view for view in VIEWS if "information_schema" not in HEADERS[view]]

# They speak of the policy, and there always is one, the one that is shipped; or have a row for each thing they look for.
CONSTANT = {
    "mfa_data_quality", "mfa_enforce_gate", "mfa_evidence_index", "mfa_executive_summary", "mfa_policy_in_force", "mfa_policy_matrix",
    "mfa_policy_versions", "mfa_preflight_checks", "mfa_waves",
}


def readers(relation):
    """The views that name a relation of the user themselves, those that read least first."""
    reads = {
        view: set(re.findall(r"mfa_\w+", " ".join(re.findall(r"^-- @reads(.*)", HEADERS[view], re.MULTILINE)))) for view in OVER_INPUTS
    }
    return sorted((view for view in OVER_INPUTS if relation in reads[view]), key=lambda view: (len(reads[view]), view))


# How a view is asked for, and how its inputs are given, is the same for all: a few that read every input between them show it.
SHOWN = sorted({view for relation in LOADED for view in readers(relation)[:1]} | {"mfa_gaps", "mfa_compliance", "mfa_detections"})

# What the sample company was spared, and what is set about it; the .slt files show these.
SPARED = {"mfa_anonymizer_signins", "mfa_otp_brute_force", "mfa_push_source_mismatch"}
UNUSED = {"mfa_otp_failures", "mfa_otp_minutes", "mfa_otp_sessions", "mfa_push_answer_minutes", "mfa_replace_hours", "mfa_unused_days"}

# Where the filter of a user has to reach a table of the user. Elsewhere a step that several others read stands between.
PRUNED = {
    "mfa_effective_coverage": ("provider", "okta", "mfa_signins"),
    "mfa_exception_events": ("exception_id", "EXC-022", "mfa_attestations"),
    "mfa_exceptions_status": ("exception_id", "EXC-022", "mfa_attestations"),
    "mfa_factor_periods": ("provider", "okta", "mfa_factors"),
    "mfa_successful_signins": ("provider", "okta", "mfa_signins"),
}

# Lists of which a header says that they have no order.
UNORDERED = {
    name for header in HEADERS.values() for name in re.findall(r"-- @column +(\w+) +[^\n]*\[\] [^\n]*in no order", header)
}


def fingerprint(connection, relation, before=""):
    """How many rows, and a hash of all their values that does not depend on their order, nor on that of lists that say they have none."""
    columns = [column[0] for column in connection.execute(f"{before} select * from {relation} limit 0").description]
    sorted_ = ", ".join(f"list_sort({column}) as {column}" for column in columns if column in UNORDERED)
    replaced = f"replace ({sorted_})" if sorted_ else ""
    query = f"select count(*), coalesce(sum(hash(answer)), 0) from (select * {replaced} from {relation}) as answer"
    return rows(connection, f"{before} {query}")[0]


_expected = {}


def expected(view):
    """What the view answers over the sample, loaded as tables."""
    if view not in _expected:
        _expected[view] = fingerprint(sample(), view)
    return _expected[view]


def documented(view):
    """The columns in the header of a view: name and type."""
    found = []
    for line in HEADERS[view].splitlines():
        if match := re.match(r"-- @column +(\w+) +(.*)", line):
            name, rest = match.groups()
            depth, end = 0, 0
            for end, character in enumerate(rest):
                depth += (character == "(") - (character == ")")
                if character == " " and depth == 0:
                    break
            found.append((name, rest[:end]))
    return found


def plan(connection, sql):
    [(_, text)] = rows(connection, f"explain (format json) {sql}")
    steps, waiting = [], json.loads(text)
    while waiting:
        step = waiting.pop()
        steps.append(step)
        waiting += step.get("children", [])
    return steps


class Context(unittest.TestCase):
    def same(self, connection, *, of="{}", before="", views=SHOWN):
        """Views answer what they answer over tables."""
        for view in views:
            with self.subTest(view):
                self.assertEqual(fingerprint(connection, of.format(view), before), expected(view))

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="mfa-")
        self.addCleanup(folder.cleanup)
        return folder.name

    def cursor(self):
        """Another connection to the sample, with the same instant."""
        cursor = sample().cursor()
        self.addCleanup(cursor.close)
        cursor.execute(f"set variable mfa_as_of = {AS_OF}")
        return cursor

    def connection(self, *arguments, **options):
        connection = connect(*arguments, **options)
        self.addCleanup(connection.close)
        return connection


class Statements(Context):
    def test_every_view_has_rows_over_the_sample(self):
        for view in VIEWS:
            with self.subTest(view):
                self.assertEqual(expected(view)[0] > 0, view not in SPARED)

    def test_describe_gives_the_documented_columns(self):
        for view in VIEWS:
            declared = documented(view)
            self.assertGreater(len(declared), 0)
            casts = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in declared)
            with self.subTest(view):
                self.assertEqual(columns(sample(), f"from {view}"), columns(sample(), f"select {casts}"))
                self.assertEqual([row[0] for row in rows(sample(), f"describe {view}")], [name for name, _ in declared])

    def test_summarize(self):
        for view in SHOWN:
            with self.subTest(view):
                summary = {row[0]: row for row in rows(sample(), f"summarize {view}")}
                self.assertEqual(list(summary), [name for name, _ in documented(view)])

    def test_copy_to_parquet_and_back(self):
        folder = self.folder()
        for view in SHOWN:
            path = os.path.join(folder, f"{view}.parquet")
            sample().execute(f"copy (from {view}) to '{path}' (format parquet)")
            with self.subTest(view):
                self.assertEqual(fingerprint(sample(), f"read_parquet('{path}')"), expected(view))

    def test_create_table_as(self):
        connection = self.cursor()
        for view in SHOWN:
            connection.execute(f"create temp table saved as from {view}")
            with self.subTest(view):
                self.assertEqual(fingerprint(connection, "saved"), expected(view))
            connection.execute("drop table saved")

    def test_prepared_statements(self):
        connection = self.cursor()
        for view in SHOWN:
            total = expected(view)[0]
            connection.execute(f"prepare asked as select count(*) from {view} where $1")
            with self.subTest(view):
                self.assertEqual(value(connection, "execute asked(true)"), total)
                self.assertEqual(value(connection, "execute asked(false)"), 0)
                self.assertEqual(value(connection, f"select count(*) from {view} where ?", True), total)
            connection.execute("deallocate asked")

    def test_a_prepared_statement_follows_the_variables(self):
        connection = self.cursor()
        connection.execute("prepare asked as select count(*) from mfa_gaps where rule = 'legacy_signin'")
        self.assertEqual(value(connection, "execute asked"), 4)
        connection.execute("set variable mfa_gap_window_days = 150")
        wider = value(connection, "select count(*) from mfa_gaps where rule = 'legacy_signin'")
        self.assertGreater(wider, 4)
        self.assertEqual(value(connection, "execute asked"), wider)

    def test_upper_case_quoted_and_qualified_names(self):
        for name in ("MFA_GAPS", '"MFA_Gaps"', "main.mfa_gaps", "memory.main.mfa_gaps"):
            with self.subTest(name):
                self.assertEqual(fingerprint(sample(), name), expected("mfa_gaps"))

    def test_in_subqueries_joins_and_set_operations(self):
        total = expected("mfa_gaps")[0]
        for sql in (
            "select count(*) from (select * from mfa_gaps)",
            "select count(*) from mfa_gaps as a semi join mfa_gaps as b using (finding_id)",
            "select count(*) from mfa_gaps where finding_id in (select finding_id from mfa_gaps)",
            "select count(*) from mfa_gaps as a where exists (from mfa_gaps as b where b.finding_id = a.finding_id)",
            "select count(*) from (from mfa_gaps intersect from mfa_gaps)",
            "with mine as (from mfa_gaps) select count(*) from mine",
            "select sum(n) from (select a.provider, b.n from (select distinct provider from mfa_gaps) as a, "
            "lateral (select count(*) as n from mfa_gaps as g where g.provider = a.provider) as b)",
        ):
            with self.subTest(sql):
                self.assertEqual(value(sample(), sql), total)

    def test_ctes_of_the_user_do_not_get_into_the_views(self):
        # These names are those of steps within the views.
        names = ("accounts", "apps", "uses", "placed", "recent", "steps", "latest", "events", "members", "periods", "totals")
        before = "with " + ", ".join(f"{name} as (select 1 as one)" for name in names)
        self.same(sample(), before=before)

    def test_they_cannot_be_written_to(self):
        for sql in ("insert into mfa_gaps select 1", "delete from mfa_gaps", "drop view mfa_gaps"):
            with self.subTest(sql), self.assertRaises(duckdb.Error):
                sample().execute(sql)
        self.assertEqual(fingerprint(sample(), "mfa_gaps"), expected("mfa_gaps"))

    def test_a_table_of_that_name_wins(self):
        connection = self.connection()
        connection.execute("create table mfa_gaps as select 42 as mine")
        self.assertEqual(rows(connection, "from mfa_gaps"), [(42,)])


class Inlining(Context):
    def test_tables_of_the_user_are_in_the_plan(self):
        for view in OVER_INPUTS:
            steps = plan(sample(), f"from {view}")
            scanned = {str(step["extra_info"].get("Table", "")).split(".")[-1] for step in steps if "extra_info" in step}
            with self.subTest(view):
                self.assertTrue(scanned & set(LOADED), scanned)

    def test_a_filter_reaches_the_table(self):
        for view, (column, wanted, table) in PRUNED.items():
            reached = [
                step["extra_info"].get("Filters")
                for step in plan(sample(), f"from {view} where {column} = '{wanted}'")
                if str(step.get("extra_info", {}).get("Table", "")).split(".")[-1] == table
            ]
            with self.subTest(view):
                self.assertIn(wanted, str(reached))
                self.assertIn(column, str(reached))

    def test_filtered_before_is_filtered_after(self):
        connection = self.cursor()
        for view in VIEWS:
            texts = [name for name, kind in documented(view) if kind == "VARCHAR"]
            if not texts:
                continue
            column = next((name for name in ("provider", "exception_id", "criterion") if name in texts), texts[0])
            connection.execute(f"create temp table saved as from {view}")
            wanted = value(connection, f"select max({column}) from saved")
            condition = "is null" if wanted is None else "= '" + wanted.replace("'", "''") + "'"
            before, after = (fingerprint(connection, f"(from {name} where {column} {condition})") for name in (view, "saved"))
            connection.execute("drop table saved")
            with self.subTest(view):
                self.assertEqual(before, after)
                self.assertEqual(before[0] > 0, view not in SPARED)

    def test_columns_that_are_not_asked_for_are_not_read(self):
        [scan] = [
            step["extra_info"]
            for step in plan(sample(), "select provider from mfa_factor_periods where source = 'snapshot'")
            if "mfa_factors" in str(step.get("extra_info", {}).get("Table")) and "status" in str(step["extra_info"])
        ]
        self.assertNotIn("aaguid", str(scan["Projections"]))


class Inputs(Context):
    def test_a_database_that_is_read_only(self):
        connection = self.connection(sample_file(self.folder()), read_only=True)
        connection.execute(f"set variable mfa_as_of = {AS_OF}")
        self.same(connection)

    def test_rows_that_are_not_committed(self):
        connection = self.connection()
        load_sample(connection)
        other = connection.cursor()
        self.addCleanup(other.close)
        other.execute(f"set variable mfa_as_of = {AS_OF}")
        connection.execute("begin")
        for relation in LOADED:
            connection.execute(f"delete from {relation}")
        for view in SHOWN:
            with self.subTest(view):
                self.assertEqual(value(connection, f"select count(*) from {view}") > 0, view in CONSTANT)
        self.assertIsNone(value(connection, "select document from mfa_policy_in_force"))
        self.same(other)
        connection.execute("rollback")
        self.same(connection)

    def test_a_row_that_is_not_committed_is_found(self):
        connection = self.connection()
        load_sample(connection)
        connection.execute("begin")
        connection.execute(
            "insert into mfa_identities by name select 'entra' as provider, 'new' as identity_id, 'new@x.example' as user_principal, "
            "'workforce' as population, true as account_enabled, timestamptz '2026-10-01 00:00:00+00' as created_at"
        )
        found = "select rule from mfa_gaps where identity_id = 'new'"
        self.assertEqual(rows(connection, found), [("no_factor",)])
        connection.execute("rollback")
        self.assertEqual(rows(connection, found), [])

    def test_ctes(self):
        # Every input as an empty CTE: nothing of the tables shows through.
        before = "with " + ", ".join(f"{relation} as (from {relation} limit 0)" for relation in LOADED)
        for view in OVER_INPUTS:
            with self.subTest(view):
                self.assertEqual(fingerprint(sample(), view, before)[0] > 0, view in CONSTANT)
        # And every input as a CTE of the same rows.
        self.same(sample(), before=before.replace(" limit 0", ""))

    def test_one_cte_among_tables(self):
        sql = """with mfa_signins as (from mfa_signins where provider = 'duo')
                 select distinct provider from mfa_gaps where rule in ('bypass_signin', 'legacy_signin', 'first_factor_only')"""
        self.assertEqual(rows(sample(), sql), [("duo",)])

    def test_temp_tables(self):
        connection = self.connection()
        load = (ROOT / "sample_data/load.sql").read_text(encoding="utf-8")
        connection.execute(load.replace("create or replace table", "create or replace temp table"))
        self.assertEqual(value(connection, "select count(*) from duckdb_tables() where not temporary"), 0)
        self.same(connection)

    def test_views_of_the_user(self):
        connection = self.connection()
        load = (ROOT / "sample_data/load.sql").read_text(encoding="utf-8")
        connection.execute(load.replace("create or replace table", "create or replace view"))
        self.assertEqual(value(connection, "select count(*) from duckdb_tables()"), 0)
        self.same(connection)

    def frame(self, sql):
        """As a pandas frame of typed columns: for a column of objects that are all missing, DuckDB 1 guesses INTEGER."""
        import pandas

        return sample().sql(sql).to_arrow_table().to_pandas(types_mapper=pandas.ArrowDtype)

    @needs("pandas", "pyarrow")
    def test_data_frames(self):
        frames = {relation: self.frame(f"from {relation}") for relation in LOADED}
        connection = self.connection()
        connection.execute(f"set variable mfa_as_of = {AS_OF}")
        # As DuckDB finds them: variables of the function that asks.
        mfa_signins, mfa_identities, mfa_factors = (frames[name] for name in ("mfa_signins", "mfa_identities", "mfa_factors"))
        mfa_apps, mfa_policies, mfa_factor_events = (frames[name] for name in ("mfa_apps", "mfa_policies", "mfa_factor_events"))
        mfa_exceptions, mfa_attestations = frames["mfa_exceptions"], frames["mfa_attestations"]
        mfa_proposed_policy = frames["mfa_proposed_policy"]
        mfa_exception_approvals = frames["mfa_exception_approvals"]
        for relation in set(LOADED) - set(locals()):
            connection.register(relation, frames[relation])
        [[found]] = connection.execute("select count(*) from mfa_signins").fetchall()
        self.assertEqual(found, len(mfa_signins))
        for view in SHOWN:
            found = connection.execute(f"select count(*), coalesce(sum(hash(answer)), 0) from {view} as answer").fetchall()[0]
            with self.subTest(view):
                self.assertEqual(found, expected(view))
        kept = (mfa_identities, mfa_factors, mfa_apps, mfa_policies, mfa_proposed_policy, mfa_factor_events, mfa_exceptions, mfa_attestations)
        self.assertTrue(all(len(frame) for frame in (*kept, mfa_exception_approvals)))

    @needs("pyarrow")
    def test_arrow_tables(self):
        connection = self.connection()
        connection.execute(f"set variable mfa_as_of = {AS_OF}")
        for relation in LOADED:
            connection.register(relation, sample().sql(f"from {relation}").to_arrow_table())
        self.same(connection)

    @needs("pandas", "pyarrow")
    def test_a_data_frame_as_the_one_input(self):
        import pandas

        connection = self.connection()
        connection.execute(f"set variable mfa_as_of = {AS_OF}")
        names = [name for name, _ in columns(sample(), "from mfa_exceptions")]
        mfa_exceptions = pandas.DataFrame({name: [f"some {name}", None] for name in names}).assign(
            exception_id=["X1", "X2"],
            subject_kind="identity",
            subject=["Ann@X.example", None],
            criterion="accessibility",
            renewed_from=[None, "X1"],
            starts_at=pandas.to_datetime(["2026-01-01", "2026-01-01"]),
            expires_at=pandas.to_datetime(["2026-02-01", None]),
            closed_at=pandas.to_datetime([None, None]),
            recorded_at=pandas.to_datetime([None, None]),
        )
        mfa_identities = self.frame("from mfa_identities limit 0")
        mfa_signins = self.frame("from mfa_signins limit 0")
        found = connection.execute("select exception_id, status, subject from mfa_exceptions_status order by 1").fetchall()
        self.assertEqual(found, [("X1", "expired", "ann@x.example"), ("X2", "incomplete", None)])
        self.assertEqual((len(mfa_identities), len(mfa_signins), len(mfa_exceptions)), (0, 0, 2))

    def test_another_schema_and_another_database(self):
        folder = self.folder()
        connection = self.connection()
        connection.execute(f"set variable mfa_as_of = {AS_OF}")
        connection.execute(f"attach '{sample_file(folder)}' as company (read_only)")
        connection.execute("use company")
        self.same(connection)
        connection.execute("use memory")
        with self.assertRaisesRegex(duckdb.Error, "mfa_identities is not loaded"):
            connection.execute("from mfa_gaps")
        connection.execute("create schema logs")
        for relation in LOADED:
            connection.execute(f"create view logs.{relation} as from company.{relation}")
        connection.execute("set search_path = 'logs'")
        self.same(connection)
        connection.execute("set schema = 'logs'")
        self.same(connection)

    def test_the_search_path_decides(self):
        connection = self.connection()
        load_sample(connection)
        connection.execute("create schema small")
        connection.execute("create table small.mfa_signins as from main.mfa_signins limit 0")
        connection.execute("set search_path = 'small,main'")
        self.assertEqual(value(connection, "select count(*) from mfa_successful_signins"), 0)
        connection.execute("set search_path = 'main,small'")
        self.assertEqual(fingerprint(connection, "mfa_successful_signins"), expected("mfa_successful_signins"))

    def test_only_the_required_inputs(self):
        connection = self.connection()
        load_sample(connection)
        for relation in set(LOADED) - {"mfa_identities", "mfa_signins"}:
            connection.execute(f"drop table {relation}")
        for view in VIEWS:
            with self.subTest(view):
                self.assertEqual(columns(connection, f"from {view}"), columns(sample(), f"from {view}"))
                rows(connection, f"from {view}")
        # Without factors nothing is known about anybody's: nobody is missing one.
        self.assertEqual(value(connection, "select count(*) from mfa_gaps where rule = 'no_factor' and provider = 'entra'"), 0)

    def test_a_required_input_that_is_missing(self):
        for relation, view in (("mfa_identities", "mfa_gaps"), ("mfa_signins", "mfa_effective_coverage")):
            connection = self.connection()
            with self.assertRaisesRegex(duckdb.Error, f"(?s)mfa_(identities|signins) is not loaded.*create table mfa_"):
                connection.execute(f"from {view}")
            with self.assertRaisesRegex(duckdb.Error, f"(?s){relation} is not loaded.*create table {relation} as"):
                connection.execute(f"from {relation}")

    def test_a_name_that_does_not_exist(self):
        with self.assertRaisesRegex(duckdb.Error, "Did you mean mfa_gaps"):
            sample().execute("from mfa_gasp")
        with self.assertRaises(duckdb.CatalogException):
            sample().execute("from gaps")


class Persisting(Context):
    def test_views_over_them_in_a_file(self):
        path = sample_file(self.folder())
        connection = connect(path)
        for view in VIEWS:
            connection.execute(f"create view my_{view} as select * from {view}")
        connection.close()

        # Without the extension the file opens, and only what needs it says so.
        plain = connect(path, load=False)
        self.assertEqual(value(plain, "select count(*) from mfa_signins"), value(sample(), "select count(*) from mfa_signins"))
        with self.assertRaisesRegex(duckdb.Error, "mfa_"):
            plain.execute("from my_mfa_gaps")
        plain.close()

        connection = self.connection(path, read_only=True)
        connection.execute(f"set variable mfa_as_of = {AS_OF}")
        self.same(connection, of="my_{}")

    def test_table_macros_over_them(self):
        connection = self.connection()
        load_sample(connection)
        connection.execute("create macro gaps_of(wanted) as table from mfa_gaps where rule = wanted")
        self.assertEqual(value(connection, "select count(*) from gaps_of('legacy_signin')"), 4)


class Variables(Context):
    def test_they_belong_to_a_connection(self):
        first, second = self.cursor(), self.cursor()
        first.execute("set variable mfa_as_of = timestamptz '2026-07-01 00:00:00+00'")
        last_day = "select max(day)::varchar from mfa_registration_coverage"
        self.assertEqual(value(first, last_day), "2026-07-01")
        self.assertEqual(value(second, last_day), "2026-10-28")
        self.assertEqual(value(sample(), last_day), "2026-10-28")

    def test_null_is_the_default(self):
        documented_defaults = {
            name: re.search("default (.*)", parameters[0]).group(1)
            for name, parameters in rows(sample(), "select name, parameters from mfa_functions() where kind = 'setting'")
        }
        self.assertIn("mfa_as_of", documented_defaults)
        connection = self.cursor()
        for name in set(documented_defaults) - {"mfa_as_of"}:
            connection.execute(f"set variable {name} = null")
        self.same(connection)

    def test_every_setting_changes_something(self):
        special = {
            "mfa_as_of": ["timestamptz '2026-07-01 00:00:00+00'"],
            "mfa_baseline_from": ["timestamptz '2026-10-01 00:00:00+00'"],
            "mfa_policy": ["(select content from read_text('sample_data/policies/v1.toml'))"],
            "mfa_preset": ["'sentinel'"],
        }
        for name in offered("setting"):
            readers = [view for view in VIEWS if re.search(rf"^-- @param +{name.removeprefix('mfa_')} ", HEADERS[view], re.MULTILINE)]
            with self.subTest(name):
                changes = any(self.differs(name, other, readers) for other in special.get(name, ("0", "1", "100000")))
                self.assertEqual(changes, name not in UNUSED)

    def differs(self, name, other, views):
        """Whether a view answers otherwise with a setting, and as before without it."""
        connection = self.cursor()
        connection.execute(f"set variable {name} = {other}")
        view = next((view for view in views if fingerprint(connection, view) != expected(view)), None)
        if view is None:
            return False
        connection.execute(f"reset variable {name}")
        connection.execute(f"set variable mfa_as_of = {AS_OF}")
        return fingerprint(connection, view) == expected(view)

    def test_now_is_the_instant_that_is_left_out(self):
        for without in ("set variable mfa_as_of = null", "reset variable mfa_as_of"):
            connection = self.cursor()
            connection.execute(without)
            connection.execute("begin")
            self.assertTrue(value(connection, "select bool_and(last_seen = now()) from mfa_gaps where rule = 'no_factor'"))
            connection.execute("rollback")

    def test_other_types_are_cast(self):
        connection = self.cursor()
        connection.execute("set timezone = 'UTC'")
        for spelling in ("'2026-10-28'", "date '2026-10-28'", "timestamp '2026-10-28 00:00:00'", "'2026-10-28T02:00:00+02'"):
            connection.execute(f"set variable mfa_as_of = {spelling}")
            with self.subTest(spelling):
                self.assertEqual(fingerprint(connection, "mfa_gaps"), expected("mfa_gaps"))

    def test_nonsense_is_an_error(self):
        connection = self.cursor()
        connection.execute("set variable mfa_gap_window_days = 'soon'")
        with self.assertRaises(duckdb.ConversionException):
            connection.execute("from mfa_gaps").fetchall()

    def test_the_time_zone_does_not_matter(self):
        for zone in ("Pacific/Auckland", "America/New_York"):
            connection = self.cursor()
            connection.execute(f"set timezone = '{zone}'")
            with self.subTest(zone):
                self.same(connection, views=VIEWS)


class Connections(Context):
    def test_another_connection_to_the_same_database(self):
        self.same(self.cursor())

    def test_a_connection_opened_before_the_extension_was_loaded(self):
        connection = self.connection(load=False)
        before = connection.cursor()
        self.addCleanup(before.close)
        connection.execute(f"load '{EXTENSION}'")
        load_sample(connection)
        before.execute(f"set variable mfa_as_of = {AS_OF}")
        self.assertEqual(fingerprint(before, "mfa_gaps"), expected("mfa_gaps"))

    def test_several_threads_at_once(self):
        for view in VIEWS:
            expected(view)
        days = ["2026-07-01", "2026-08-15", "2026-09-10", "2026-10-28"]
        alone = {}
        for day in days:
            connection = self.cursor()
            connection.execute(f"set variable mfa_as_of = timestamptz '{day} 00:00:00+00'")
            alone[day] = [fingerprint(connection, view) for view in ("mfa_gaps", "mfa_exception_trends", "mfa_adoption_curve")]
        self.assertEqual(len({str(answer) for answer in alone.values()}), len(days))
        failures, finished = [], []

        def ask(day):
            try:
                with contextlib.closing(sample().cursor()) as connection:
                    connection.execute(f"set variable mfa_as_of = timestamptz '{day} 00:00:00+00'")
                    for _ in range(2):
                        answer = [fingerprint(connection, view) for view in ("mfa_gaps", "mfa_exception_trends", "mfa_adoption_curve")]
                        if answer != alone[day]:
                            failures.append(day)
                finished.append(day)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test has to say it
                failures.append(error)

        threads = [threading.Thread(target=ask, args=[day]) for day in days * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(finished), len(threads))

    def test_readers_in_several_threads_at_once(self):
        sql = "select count(*), sum(hash(event_id)) from read_mfa_signins('sample_data/duo/authentication*')"
        alone = rows(sample(), sql)[0]
        answers = []

        def read():
            with contextlib.closing(sample().cursor()) as connection:
                answers.append(rows(connection, sql)[0])

        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [alone] * len(threads))

    def test_one_thread_or_many_and_any_order(self):
        for setting in ("set threads = 1", "set threads = 4", "set preserve_insertion_order = false"):
            connection = self.connection()
            connection.execute(setting)
            load_sample(connection)
            with self.subTest(setting):
                self.same(connection)


if __name__ == "__main__":
    unittest.main()
