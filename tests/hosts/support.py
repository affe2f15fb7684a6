"""What the tests in this folder share: connections with the extension loaded, the sample company, the truth about it.

The working directory is the root of the repository, as for sample_data/load.sql.
"""

import contextlib
import functools
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import duckdb

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "build" / "mfa.duckdb_extension"
SAMPLE = ROOT / "sample_data"
UNSIGNED = {"allow_unsigned_extensions": "true"}

os.chdir(ROOT)

# The contract relations that sample_data/load.sql creates.
LOADED = (
    "mfa_access_reviews", "mfa_apps", "mfa_attestations", "mfa_bypass_codes", "mfa_ca_policies", "mfa_communications",
    "mfa_control_tests", "mfa_enforcement_events", "mfa_enrollment_events", "mfa_exception_approvals", "mfa_exceptions",
    "mfa_factor_events", "mfa_factors", "mfa_identities", "mfa_materials", "mfa_owners", "mfa_phases", "mfa_policies",
    "mfa_policy_approvals", "mfa_prompts", "mfa_proposed_policy", "mfa_roles", "mfa_runbooks", "mfa_signins", "mfa_snapshots",
    "mfa_support_coverage", "mfa_tickets", "mfa_training_assignments",
)


def connect(database=":memory:", *, load=True, read_only=False, **config):
    """A connection as a user opens it, with the extension loaded."""
    connection = duckdb.connect(database, read_only=read_only, config={**UNSIGNED, **config})
    if load:
        connection.execute(f"load '{EXTENSION}'")
    return connection


def load_sample(connection):
    """Runs sample_data/load.sql."""
    connection.execute((SAMPLE / "load.sql").read_text(encoding="utf-8"))
    return connection


def rows(connection, sql, *parameters):
    """The rows of a statement."""
    return connection.execute(sql, list(parameters) or None).fetchall()


def value(connection, sql, *parameters):
    """The only value of a statement."""
    [[only]] = rows(connection, sql, *parameters)
    return only


def columns(connection, sql):
    """The columns of a query: name and type."""
    return [(row[0], row[1]) for row in rows(connection, f"describe {sql}")]


def needs(*modules):
    """Skips a test, saying what is missing, where these are not installed."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return unittest.skipIf(missing, f"{', '.join(missing)} not installed: see tests/hosts/requirements.txt")


@functools.cache
def truth():
    return json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))


@functools.cache
def sample():
    """One connection with the sample company, for tests that only read."""
    return load_sample(connect())


@functools.cache
def _sample_file():
    folder = tempfile.TemporaryDirectory(prefix="mfa-")
    path = os.path.join(folder.name, "company.duckdb")
    with contextlib.closing(connect(path)) as connection:
        load_sample(connection)
    return folder, path


def sample_file(folder):
    """A database file of its own with the sample company in it."""
    return shutil.copy(_sample_file()[1], folder)


@functools.cache
def catalog():
    """Everything the extension says it offers: name to kind."""
    with contextlib.closing(connect()) as connection:
        return dict(rows(connection, "select name, kind from mfa_functions()"))


def offered(kind):
    names = sorted(name for name, its in catalog().items() if its == kind)
    assert names, f"the catalog offers no {kind}"
    return names


def child(program, *arguments, timeout=300):
    """Runs a Python program in a process of its own, in this folder's context; returns how it ended."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
