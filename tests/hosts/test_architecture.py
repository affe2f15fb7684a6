"""What ARCHITECTURE.md promises about the repository and no compiler checks."""

import pathlib
import re
import tempfile
import tomllib
import unittest

from support import ROOT, catalog, offered, rows, sample

SRC = ROOT / "src"
LIBRARIES = [folder for folder in ("core", "duckdb", "datafusion") if (SRC / folder).is_dir()]
ENGINES = ("duckdb", "datafusion", "arrow", "parquet", "ballista", "quack", "postgres", "sqlite", "polars")
# What a fuzzer makes up may look like anything.
NOT_OURS = {"target", "build", ".venv", ".git", "__pycache__", "corpus", "artifacts"}

NOISE = re.compile(
    r"""
      //[^\n]*                                  # comment to the end of the line
    | /\*.*?\*/                                 # comment in the line
    | \b(?:b|c)?r(?P<hashes>\#*)".*?"(?P=hashes)  # raw string
    | (?:b|c)?"(?:\\.|[^"\\])*"                 # string
    | b?'(?:\\[^']+|[^'\\])'                    # character
    """,
    re.VERBOSE | re.DOTALL,
)


def code(path):
    """Rust without comments, strings and what is compiled for tests only."""
    text = NOISE.sub('""', path.read_text(encoding="utf-8"))
    while match := re.search(r"#\[cfg\(test\)\]\s*", text):
        end = match.end()
        while text[end] == "#":
            end = text.index("]", end) + 1
            end += len(text[end:]) - len(text[end:].lstrip())
        depth = 0
        for end in range(end, len(text)):
            depth += (text[end] == "{") - (text[end] == "}")
            if depth == 0 and text[end] in "};":
                break
        text = text[: match.start()] + text[end + 1 :]
    return text


def rust(folder):
    """The Rust files that are compiled into a library."""
    found = [path for path in sorted(folder.rglob("*.rs")) if path.name != "tests.rs" and not {"tests", "examples"} & set(path.parts)]
    assert found, f"no Rust below {folder}"
    return found


def texts():
    """The text files of the repository: path and content."""
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts):
            content = path.read_bytes()
            try:
                yield path.relative_to(ROOT).as_posix(), content.decode("utf-8")
            except UnicodeDecodeError:
                continue


def tags(path):
    """The tags of a header."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"-- @(\w+) *(.*)", line):
            found.setdefault(match[1], []).append(match[2].strip())
    return found


class Rust(unittest.TestCase):
    def test_what_is_for_tests_is_told_from_what_is_not(self):
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mfa-")), "sample.rs")
        path.write_text(
            'fn a() { /* unsafe */ let s = r#"unsafe " "#; let c = \'"\'; let t = "unsafe"; } // unsafe\n'
            "#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[allow(x)]\nmod more { fn b() { unsafe { } } }\nfn kept<'a>() {}\n",
            encoding="utf-8",
        )
        self.assertNotIn("unsafe", code(path))
        self.assertNotIn("tests", code(path))
        self.assertIn("kept<'a>", code(path))

    def test_the_core_has_no_files_no_clock_and_no_threads(self):
        forbidden = re.compile(
            r"\bstd\s*::\s*(fs|time|net|process|env|thread)\b|\bSystemTime\b|\bInstant\s*::\s*now\b|\b(Utc|Local)\s*::\s*(now|today)\b"
            r"|\bFile\s*::\s*(open|create)\b|\bstd\s*::\s*\{[^}]*\b(fs|time|net|process|env)\b"
        )
        for path in rust(SRC / "core"):
            with self.subTest(path.relative_to(ROOT).as_posix()):
                self.assertIsNone(forbidden.search(code(path)))

    def test_unsafe_is_behind_one_module(self):
        allowed = SRC / "duckdb" / "src" / "ffi"
        inside = 0
        for path in rust(SRC):
            found = re.search(r"\bunsafe\b", code(path))
            inside += bool(found) and path.is_relative_to(allowed)
            if not path.is_relative_to(allowed):
                with self.subTest(path.relative_to(ROOT).as_posix()):
                    self.assertIsNone(found)
        self.assertGreater(inside, 0)

    def test_unsafe_is_forbidden_in_the_core(self):
        manifest = tomllib.loads((SRC / "core" / "Cargo.toml").read_text(encoding="utf-8"))
        self.assertEqual(manifest["lints"]["rust"]["unsafe_code"], "forbid")

    def test_libraries_do_not_print(self):
        for library in LIBRARIES:
            for path in rust(SRC / library):
                with self.subTest(path.relative_to(ROOT).as_posix()):
                    self.assertIsNone(re.search(r"\b(e?println|e?print|dbg)\s*!", code(path)))

    def test_nothing_is_left_to_be_written(self):
        for library in LIBRARIES:
            for path in rust(SRC / library):
                with self.subTest(path.relative_to(ROOT).as_posix()):
                    self.assertIsNone(re.search(r"\b(todo|unimplemented)\s*!", code(path)))

    def test_the_host_is_never_aborted(self):
        profile = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["profile"]["release"]
        self.assertEqual(profile["panic"], "unwind")
        for library in LIBRARIES:
            for path in rust(SRC / library):
                with self.subTest(path.relative_to(ROOT).as_posix()):
                    self.assertIsNone(re.search(r"\bprocess\s*::\s*(exit|abort)\b", code(path)))


class Arrows(unittest.TestCase):
    def dependencies(self, member):
        manifest = tomllib.loads((SRC / member / "Cargo.toml").read_text(encoding="utf-8"))
        return {name for kind in ("dependencies", "build-dependencies", "dev-dependencies") for name in manifest.get(kind, {})}

    def test_the_core_names_no_engine(self):
        dependencies = self.dependencies("core")
        self.assertIn("serde", dependencies)
        for name in dependencies:
            self.assertFalse(name.startswith("mfa-") or any(engine in name for engine in ENGINES), name)

    def test_engines_know_the_core_and_not_each_other(self):
        for member in LIBRARIES:
            ours = {name for name in self.dependencies(member) if name.startswith("mfa-") and name != "mfa-tests"}
            self.assertEqual(ours, set() if member == "core" else {"mfa-core", "mfa-files"}, member)

    def test_versions_are_pinned_in_one_place(self):
        workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
        for name, wanted in workspace["dependencies"].items():
            if "path" not in (wanted if isinstance(wanted, dict) else {}):
                version = wanted if isinstance(wanted, str) else wanted["version"]
                self.assertTrue(version.startswith("="), name)
        for member in workspace["members"]:
            manifest = tomllib.loads((ROOT / member / "Cargo.toml").read_text(encoding="utf-8"))
            for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
                for name, wanted in manifest.get(kind, {}).items():
                    self.assertTrue(isinstance(wanted, dict) and (wanted.get("workspace") or "path" in wanted), f"{member}: {name}")

    def test_members_are_those_below_src(self):
        members = set(tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["members"])
        self.assertEqual({f"src/{path.parent.name}" for path in SRC.glob("*/Cargo.toml")}, {m for m in members if m.startswith("src/")})


class Catalog(unittest.TestCase):
    def test_every_sql_file_is_offered(self):
        for kind, folder in (("view", "views"), ("contract", "contract")):
            files = sorted(path.stem for path in (ROOT / "sql" / folder).rglob("*.sql"))
            self.assertEqual(files, offered(kind))

    def test_everything_offered_has_an_slt(self):
        for kind, folder in (("view", "views"), ("reader", "readers"), ("scalar", "functions"), ("table", "functions")):
            for name in offered(kind):
                path = ROOT / "tests" / "slt" / folder / f"{name}.slt"
                with self.subTest(path.relative_to(ROOT).as_posix()):
                    self.assertTrue(path.is_file(), "is missing")
                    self.assertIn(name, path.read_text(encoding="utf-8"))

    def test_every_slt_says_what_must_come_out(self):
        for path in (ROOT / "tests" / "slt").rglob("*.slt"):
            with self.subTest(path.relative_to(ROOT).as_posix()):
                self.assertRegex(path.read_text(encoding="utf-8"), r"(?m)^(query|statement error)")

    def test_headers(self):
        needed = {"views": {"area", "reads", "grain", "column", "example"}, "contract": {"key", "grain", "loads", "column"}}
        for folder, names in needed.items():
            for path in (ROOT / "sql" / folder).rglob("*.sql"):
                with self.subTest(path.relative_to(ROOT).as_posix()):
                    found = tags(path)
                    self.assertLessEqual(names, set(found))
                    self.assertTrue(all(text for name in names for text in found[name]))
                    lines = path.read_text(encoding="utf-8").splitlines()
                    self.assertEqual(lines[:2], [f"-- {path.stem}", "--"])
                    self.assertRegex(lines[2], r"^-- [A-Z].*")
                    if folder == "views":
                        self.assertEqual(found["area"], [path.parent.name])
                    else:
                        self.assertEqual(len({"required", "optional"} & set(found)), 1)

    def test_views_name_what_they_read(self):
        relations = set(offered("view")) | set(offered("contract"))
        for path in (ROOT / "sql" / "views").rglob("*.sql"):
            body = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", path.read_text(encoding="utf-8"))
            declared = set(re.findall(r"\bmfa_\w+", " ".join(tags(path)["reads"]))) & relations
            with self.subTest(path.name):
                self.assertEqual(declared, set(re.findall(r"\bmfa_\w+", body)) & relations)

    def test_views_name_their_columns_and_parameters(self):
        for path in (ROOT / "sql" / "views").rglob("*.sql"):
            body = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", path.read_text(encoding="utf-8"))
            with self.subTest(path.name):
                self.assertNotRegex(body, r"(?i)\bselect\s+(distinct\s+)?(\w+\.)?\*|,\s*(\w+\.)?\*\s*(,|from\b)")
                used = set(re.findall(r"\$(\w+)", body))
                # A preset chooses among the defaults of the others.
                declared = {param.split()[0] for param in tags(path).get("param", [])}
                self.assertEqual("preset" in declared, "preset" in tags(path))
                self.assertEqual(used, declared - {"preset"})

    def test_examples_run(self):
        with sample().cursor() as connection:
            for name, kind, example in rows(connection, "select name, kind, example from mfa_functions() order by kind, name"):
                if kind == "contract":
                    continue
                with self.subTest(kind=kind, name=name):
                    connection.execute(example).fetchall()

    def test_everything_is_described(self):
        described = rows(sample(), "select name, kind, signature, description, example, since from mfa_functions()")
        self.assertEqual(len(described), len(catalog()))
        for name, kind, *texts_ in described:
            with self.subTest(kind=kind, name=name):
                self.assertTrue(all(texts_))
                self.assertTrue(name.startswith(("read_", "mfa_")))
                self.assertEqual(name, name.lower())


class Text(unittest.TestCase):
    def test_no_path_of_a_machine(self):
        pattern = re.compile(r"(?<![\w.})$])/(?:work|root|home|Users)/\w")
        found = [f"{name}: {match.group()}" for name, text in texts() for match in pattern.finditer(text)]
        self.assertEqual(found, [])

    def test_no_registry_but_the_ordinary_ones(self):
        # What points pip, cargo or another installer at a registry of its own.
        pattern = re.compile(
            r"(?i)index-url|extra-index|trusted-host|find-links|replace-with|\[source\.|\[registries|\bregistry\s*=|PIP_INDEX"
            r"|CARGO_REGISTR|sparse\+http|GOPROXY|https?://[^\s/\"']*(?:pypi|pythonhosted|crates\.io|mirror|proxy|artifactory|nexus)"
            r"|https?://(?:\d+\.){3}\d+|https?://[\w.-]+:\d+"
        )
        ordinary = "registry+https://github.com/rust-lang/crates.io-index"
        found = []
        for name, text in texts():
            if name == pathlib.Path(__file__).relative_to(ROOT).as_posix():
                continue
            if name == "Cargo.lock":
                sources = set(re.findall(r'^source = "(.*)"$', text, re.MULTILINE))
                self.assertEqual(sources, {ordinary})
                text = text.replace(ordinary, "")
            found += [f"{name}: {match.group()}" for match in pattern.finditer(text)]
        self.assertEqual(found, [])

    def test_requirements_are_pinned(self):
        lines = (ROOT / "tests" / "hosts" / "requirements.txt").read_text(encoding="utf-8").splitlines()
        wanted = [line for line in lines if line and not line.startswith("#")]
        self.assertGreater(len(wanted), 0)
        for line in wanted:
            self.assertRegex(line, r"^[\w-]+==[\d.]+$")


if __name__ == "__main__":
    unittest.main()
