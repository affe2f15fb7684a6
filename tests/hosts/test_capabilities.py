"""docs/capabilities.md maps every capability of the program to a view and to the test that shows it."""

import re
import unittest

from support import ROOT

ROWS = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs/capabilities.md").read_text(encoding="utf-8"), re.M)


class Capabilities(unittest.TestCase):
    def test_there_are_71(self):
        self.assertEqual([int(number) for number, *_ in ROWS], list(range(1, 72)))

    def test_each_has_a_view_and_a_test_of_it(self):
        for number, _, views, tests in ROWS:
            views, tests = (re.findall(r"`([^`]+)`", cell) for cell in (views, tests))
            with self.subTest(number):
                self.assertTrue(views)
                self.assertEqual(len(views), len(tests))
                for view, test in zip(views, tests):
                    name = view.rsplit("/", 1)[1].removesuffix(".sql")
                    self.assertTrue((ROOT / view).is_file(), view)
                    text = (ROOT / test).read_text(encoding="utf-8")
                    queries = re.findall(r"^query [^\n]*\n(.*?)^----\n", text, re.M | re.S)
                    self.assertTrue(any(name in query for query in queries), f"{test} asks {name}")


if __name__ == "__main__":
    unittest.main()
