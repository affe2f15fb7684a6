"""What the README shows is what happens."""

import re
import unittest

from support import ROOT, connect, rows, sample


def blocks(language):
    """The fenced blocks of the README in one language."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


class Readme(unittest.TestCase):
    def test_the_first_answer_is_that_of_the_sample_company(self):
        query = blocks("sql")[0].split(";")[-2].strip()
        shown = [
            [cell.strip() for cell in line.strip("│").split("│")]
            for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
            if line.startswith("│")
        ]
        connection = sample()
        answer = [[str(value) for value in row] for row in rows(connection, query)]
        names = [row[0] for row in rows(connection, f"describe {query}")]
        self.assertEqual(shown, [names, *answer])

    def test_the_load_statements_run(self):
        connection = connect()
        [_, signins, identities, *_] = blocks("sql")[0].split(";")
        connection.execute(signins.replace("logs/**/*.json.gz", "sample_data/okta/*.json.gz"))
        connection.execute(identities.replace("users.json", "sample_data/entra/users.json"))
        self.assertGreater(len(rows(connection, "from mfa_effective_coverage")), 0)

    def test_every_name_it_mentions_exists(self):
        connection = connect()
        known = {name for [name] in rows(connection, "select name from mfa_functions()")}
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        mentioned = set(re.findall(r"\b(?:mfa|read)_(?:[a-z]+_)*[a-z]+\b", text))
        # DuckDB's own, and the name of the file.
        self.assertEqual(mentioned - known, {"read_csv", "read_json", "read_ndjson_objects", "read_text"})


if __name__ == "__main__":
    unittest.main()
