"""Every saved question answers over the sample company what is written in tests/golden; make golden writes it again."""

import difflib
import unittest

import golden


class Golden(unittest.TestCase):
    maxDiff = None

    def test_the_answers_are_those_that_are_written(self):
        for question, path in golden.questions().items():
            with self.subTest(question.stem):
                written = path.read_text(encoding="utf-8")
                found = golden.answer(question)
                if found != written:
                    lines = difflib.unified_diff(written.splitlines(), found.splitlines(), "written", "answered", n=0, lineterm="")
                    self.fail("\n".join(list(lines)[:20]))

    def test_no_answer_is_without_its_question(self):
        self.assertEqual(sorted(golden.GOLDEN.rglob("*.csv")), sorted(golden.questions().values()))

    def test_answers_are_small_and_not_empty(self):
        for path in golden.questions().values():
            with self.subTest(path.stem):
                lines = path.read_text(encoding="utf-8").splitlines()
                self.assertGreater(len(lines), 1)
                self.assertLessEqual(len(lines), golden.MOST + 2)

    def test_cells(self):
        self.assertEqual(golden.text(["a", "b"], [(None, ""), (True, 'say "no", twice')]), 'a,b\n,""\ntrue,"say ""no"", twice"\n')
        many = golden.text(["n"], [(number,) for number in range(golden.MOST + 1)])
        self.assertEqual(many.splitlines()[-2:], ["199", "# 200 of 201 rows"])


if __name__ == "__main__":
    unittest.main()
