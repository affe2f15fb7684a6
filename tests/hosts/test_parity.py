"""Published detections and ours, on the logs that come with the published ones; make parity writes the page again."""

import unittest

import parity


class Parity(unittest.TestCase):
    maxDiff = None

    @unittest.skipUnless(parity.FIXTURES.is_dir(), "needs the folder of real logs, ../shared/fixtures")
    def test_each_fires_and_stays_quiet_as_published(self):
        table, wrong = parity.compare()
        self.assertEqual(wrong, [])
        self.assertTrue(parity.PAGE.read_text(encoding="utf-8") == parity.page(table), "docs/detection-parity.md is stale: run make parity")

    def test_cases_are_rules_that_detections_name(self):
        named = [rule for rule, _, _ in parity.equivalents()]
        self.assertGreater(len(named), 40)
        for rule in (*parity.CASES, *parity.OUTSIDE, *parity.FAULTS):
            with self.subTest(rule):
                self.assertIn(rule, named)

    def test_every_rule_is_on_the_page(self):
        text = parity.PAGE.read_text(encoding="utf-8")
        for rule, _, view in parity.equivalents():
            with self.subTest(rule):
                self.assertIn(f"`{rule.split(':', 1)[1]}` | [`{view}`]", text)


if __name__ == "__main__":
    unittest.main()
