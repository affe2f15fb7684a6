"""Every file in queries/ runs as pasted over the sample company, and its header says what comes out."""

import re
import tempfile
import unittest

import duckdb

from support import LOADED, ROOT, catalog, columns, connect, rows, sample, sample_file

QUERIES = sorted((ROOT / "queries").rglob("*.sql"))
LINE = 160
# Views over lists that a company may not keep: without them there is nothing to say, and nothing is missing.
OF_LISTS = {"mfa_policy_history", "mfa_runbook_adherence"}
AUDIENCES = ("analyst", "app owner", "auditor", "executive", "help desk", "red team")


def header(text):
    """Name, prose and tags of a header: tags by name, each a list of what follows it."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    tags = {}
    for line in lines:
        if line.startswith("@"):
            name, _, rest = line[1:].partition(" ")
            tags.setdefault(name, []).append(rest.strip())
    prose = " ".join(line for line in lines[1:] if line and not line.startswith("@"))
    return lines[0], prose, tags


def statement(text):
    """The one statement of a file, without the semicolon."""
    [only] = duckdb.extract_statements(text)
    return only.query.rstrip().rstrip(";")


def code(text):
    """The SQL without comments and strings."""
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", text)


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="mfa-"))

    def each(self):
        self.assertGreaterEqual(len(QUERIES), 50)
        return [(path, path.read_text(encoding="utf-8")) for path in QUERIES]

    def test_header(self):
        for path, text in self.each():
            with self.subTest(path.name):
                name, prose, tags = header(text)
                self.assertEqual(name, path.stem)
                self.assertTrue(prose.endswith("?") or "? " in prose, "a question")
                self.assertEqual(len(tags.get("title", [])), 1)
                self.assertTrue(tags["title"][0])
                self.assertGreater(len(tags.get("reads", [])), 0)
                self.assertGreater(len(tags.get("column", [])), 0)
                self.assertIn(tags.get("audience"), [[who] for who in AUDIENCES])
                self.assertLessEqual(set(tags), {"title", "audience", "reads", "param", "column"})

    def test_names_and_titles_are_unique(self):
        names = [path.stem for path in QUERIES]
        titles = [header(path.read_text(encoding="utf-8"))[2]["title"][0] for path in QUERIES]
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(len(set(titles)), len(titles))

    def test_what_it_reads(self):
        views = {name for name, kind in catalog().items() if kind in ("view", "contract")}
        for path, text in self.each():
            with self.subTest(path.name):
                declared = set(re.split(r",\s*", ", ".join(header(text)[2]["reads"])))
                used = set(re.findall(r"\bmfa_\w+", code(text))) & views
                self.assertEqual(declared, used)

    def test_parameters_are_those_of_its_views(self):
        settings = {name.removeprefix("mfa_") for name, kind in catalog().items() if kind == "setting"}
        for path, text in self.each():
            with self.subTest(path.name):
                named = {param.split()[0] for param in header(text)[2].get("param", [])}
                self.assertIn("as_of", named)
                self.assertLessEqual(named, settings)

    def test_it_names_its_columns(self):
        for path, text in self.each():
            with self.subTest(path.name):
                self.assertNotRegex(code(text), r"(?i)\bselect\s+(distinct\s+)?(\w+\.)?\*|,\s*(\w+\.)?\*")

    def test_columns_are_those_of_the_header(self):
        for path, text in self.each():
            with self.subTest(path.name):
                declared = [column.split()[:2] for column in header(text)[2]["column"]]
                casts = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in declared)
                self.assertEqual(columns(sample(), statement(text)), columns(sample(), f"select {casts}"))

    def test_it_runs_as_pasted(self):
        for path, text in self.each():
            with self.subTest(path.name):
                found = rows(sample(), text)
                self.assertGreater(len(found), 0)
                self.assertEqual(len(set(map(str, found))), len(found), "the same row twice")

    def test_its_order_does_not_depend_on_the_order_of_the_data(self):
        with connect() as other:
            other.execute(f"attach '{sample_file(self.folder)}' as company (read_only)")
            for relation in LOADED:
                other.execute(f"create table {relation} as from company.{relation} order by hash({relation}), 1")
            other.execute("set variable mfa_as_of = timestamptz '2026-10-28 00:00:00+00'")
            for path, text in self.each():
                with self.subTest(path.name):
                    self.assertRegex(code(text), r"(?i)\border\s+by\b")
                    self.assertEqual(rows(other, text), rows(sample(), text))

    def test_it_says_so_when_nothing_is_loaded(self):
        with connect() as empty:
            for path, text in self.each():
                with self.subTest(path.name):
                    if set(header(text)[2]["reads"]) <= OF_LISTS:
                        self.assertEqual(rows(empty, text), [])
                        continue
                    with self.assertRaisesRegex(duckdb.Error, r"mfa_(identities|signins) is not loaded"):
                        empty.execute(text)

    def test_form(self):
        for path, text in self.each():
            with self.subTest(path.name):
                self.assertTrue(text.endswith(";\n"))
                self.assertNotIn("\t", text)
                self.assertLessEqual(max(map(len, text.splitlines())), LINE)
                self.assertEqual([line for line in text.splitlines() if line != line.rstrip()], [])


if __name__ == "__main__":
    unittest.main()
