"""The views over sample_data find what truth.json says is planted, and nothing else."""

import collections
import contextlib
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zlib
from datetime import datetime, timedelta

from support import ROOT, SAMPLE, columns, connect, load_sample, rows, sample, truth, value

ENROLMENT_RULES = ("no_factor", "weak_only", "weak_for_tier", "second_factor_missing", "no_recovery")
# Methods that are no second factor: having nothing else is having nothing.
NOT_COUNTED = "('password', 'question', 'temp_pass', 'backup_code', 'app_password')"
PERIODS = {"last_30_days": "2026-09-28", "all_150_days": "2026-06-01"}


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def week(when):
    year, number, _ = when.isocalendar()
    return f"{year}-W{number:02d}"


class Gaps(unittest.TestCase):
    def test_every_rule_finds_the_accounts_planted_and_no_other(self):
        found = {rule: set() for rule in truth()["gaps"]}
        for rule, provider, principal in rows(sample(), "select rule, provider, user_principal from mfa_gaps"):
            found.setdefault(rule, set()).add((provider, principal))
        planted = {
            rule: {(gap["provider"], gap["user_principal"]) for gap in gaps} for rule, gaps in truth()["gaps"].items()
        }
        self.assertEqual(len(planted), 9)
        self.assertTrue(all(planted.values()))
        for rule in found:
            with self.subTest(rule):
                self.assertEqual(found[rule], planted.get(rule))

    def test_an_account_has_one_enrolment_gap_at_most(self):
        twice = rows(
            sample(),
            f"""select provider, identity_id from mfa_gaps where rule in {ENROLMENT_RULES}
                group by provider, identity_id having count(*) > 1""",
        )
        self.assertEqual(twice, [])

    def test_finding_ids_are_unique_and_do_not_depend_on_the_day(self):
        total, different = rows(sample(), "select count(*), count(distinct finding_id) from mfa_gaps")[0]
        self.assertEqual(total, different)
        with contextlib.closing(sample().cursor()) as later:
            now = set(rows(later, "select finding_id from mfa_gaps where rule = 'no_factor'"))
            later.execute("set variable mfa_as_of = timestamptz '2026-10-29 00:00:00+00'")
            self.assertEqual(set(rows(later, "select finding_id from mfa_gaps where rule = 'no_factor'")), now)

    def test_signin_findings_count_the_signins_of_the_last_30_days(self):
        found = {
            (rule, provider, principal): (signins, first, last)
            for rule, provider, principal, signins, first, last in rows(
                sample(),
                """select rule, provider, user_principal, sum(evidence.signins), min(first_seen), max(last_seen)
                   from mfa_gaps where app_id is not null or rule in ('legacy_signin', 'bypass_signin') group by all""",
            )
        }
        since = instant(truth()["recent_from"])
        stories = truth()["stories"]
        expected = collections.defaultdict(list)
        for story in stories["bypass_signin"]:
            key = ("bypass_signin", story["provider"], story["user_principal"])
            expected[key] += [instant(at) for at in story["times"]]
        for story in stories["expired_exception_used"]:
            if story["provider"] == "entra":
                key = ("first_factor_only", story["provider"], story["user_principal"])
                expected[key] += [instant(at) for at in story["times"]]
        for rule in ("first_factor_only", "service_account_interactive"):
            for story in stories[rule]:
                expected[rule, story["provider"], story["user_principal"]].append(instant(story["at"]))
        self.assertGreater(len(expected), 12)
        for key, times in expected.items():
            times = sorted(at for at in times if at > since)
            with self.subTest(key):
                signins, first, last = found[key]
                self.assertEqual(signins, len(times))
                # A sign-in of several events is over some seconds after the password was checked.
                for seen, planted in ((first, times[0]), (last, times[-1])):
                    self.assertLessEqual(planted, seen)
                    self.assertLess(seen, planted + timedelta(minutes=1 if key[1] == "okta" else 0, seconds=1))

    def test_legacy_protocols_are_named(self):
        found = set(rows(sample(), "select user_principal, evidence.protocol, last_seen from mfa_gaps where rule = 'legacy_signin'"))
        planted = {
            (story["user_principal"], story["protocol"], instant(story["last_seen"]))
            for story in truth()["stories"]["legacy_signin"]
        }
        self.assertEqual(found, planted)

    def test_no_rule_fires_on_what_only_looks_like_it(self):
        found = set(rows(sample(), "select rule, provider, user_principal from mfa_gaps"))
        quiet = truth()["near_misses"]
        checked = 0
        for rule in ("legacy_signin", "service_account_interactive", "bypass_signin", "no_factor"):
            for near in quiet[rule]:
                for provider in [near["provider"]] if "provider" in near else ["entra", "okta", "duo"]:
                    checked += 1
                    self.assertNotIn((rule, provider, near["user_principal"]), found, near["why"])
        for near in quiet["aws_without_mfa"]:
            checked += 1
            self.assertNotIn(("no_factor", "aws", near["user_principal"]), found, near["why"])
        self.assertGreater(checked, 30)

    def test_root_and_passwords_without_mfa_in_aws(self):
        found = {principal for [principal] in rows(sample(), "select user_principal from mfa_gaps where provider = 'aws'")}
        self.assertEqual(found, {story["user_principal"] for story in truth()["stories"]["aws_without_mfa"]})
        self.assertEqual(
            value(sample(), "select population from mfa_gaps where provider = 'aws' and user_principal = '<root_account>'"),
            "break_glass",
        )


class Adoption(unittest.TestCase):
    def test_curve_by_wave(self):
        self.assertEqual(len(truth()["adoption"]), 3)
        for when, waves in truth()["adoption"].items():
            # An instant at midnight is the end of the day before.
            day = (instant(when) - timedelta(days=1)).date()
            found = {
                wave: (users, registered)
                for wave, users, registered in rows(
                    sample(),
                    """select wave, sum(users), sum(registered_users) from mfa_adoption_curve
                       where provider = 'entra' and day = ? group by wave""",
                    day,
                )
            }
            planted = {wave: (counts["accounts"], counts["registered_allowed"]) for wave, counts in waves.items()}
            with self.subTest(when):
                self.assertEqual(found, planted)

    def test_any_method_that_counts(self):
        for when, waves in truth()["adoption"].items():
            found = dict(
                rows(
                    sample(),
                    f"""select s.wave, count(distinct s.identity_id)
                        from mfa_enrollment_state as s
                        join mfa_factor_periods as p on p.provider = s.provider and p.identity_id = s.identity_id
                        where s.provider = 'entra' and s.is_enabled and s.is_human and s.created_at <= cast(? as timestamptz)
                            and p.valid_from <= cast(? as timestamptz) and p.method not in {NOT_COUNTED}
                        group by s.wave""",
                    when,
                    when,
                )
            )
            with self.subTest(when):
                self.assertEqual(found, {wave: counts["registered"] for wave, counts in waves.items()})

    def test_a_curve_is_its_new_registrations_summed_up(self):
        self.assertEqual(
            rows(
                sample(),
                """select wave from mfa_adoption_curve where provider = 'entra' group by wave
                   having sum(newly_registered_users)
                       <> sum(registered_users) filter (where day = date '2026-10-28')
                        - sum(registered_users) filter (where day = date '2025-10-28')
                        + sum(newly_registered_users) filter (where day = date '2025-10-28')
                        - sum(undated_users)""",
            ),
            [],
        )

    def test_it_never_falls(self):
        fell = rows(
            sample(),
            """with daily as (select wave, day, sum(registered_users) as registered from mfa_adoption_curve group by all)
               select wave, day from (select *, lag(registered) over (partition by wave order by day) as before from daily)
               where registered < before""",
        )
        self.assertEqual(fell, [])


class Coverage(unittest.TestCase):
    def test_registration_with_its_denominators(self):
        found = {
            (provider, group): (accounts, registered, allowed, without_gap)
            for provider, group, accounts, registered, allowed, without_gap in rows(
                sample(),
                f"""select s.provider, case when s.tier = 'admin' then 'admin' else s.population end as name, count(*),
                        count(*) filter (where list_has_any(s.active_methods, (
                            select list(distinct method) from mfa_factors where method not in {NOT_COUNTED}))),
                        count(*) filter (where coalesce(s.has_allowed, false) and s.enrolment <> 'not_applicable'),
                        count(*) filter (where g.rule is null and s.enrolment <> 'not_applicable')
                    from mfa_enrollment_state as s
                    left join mfa_gaps as g on g.provider = s.provider and g.identity_id = s.identity_id
                        and g.rule in {ENROLMENT_RULES}
                    where s.is_enabled and s.provider in ('entra', 'okta')
                    group by all""",
            )
        }
        planted = {
            (provider, group): tuple(counts[name] for name in ("accounts", "registered", "registered_allowed", "without_gap"))
            for provider, answer in truth()["coverage"].items()
            for group, counts in answer["enabled"].items()
        }
        self.assertEqual(found, planted)

    def test_registration_coverage_today(self):
        found = {
            (provider, group): (users, registered, none)
            for provider, group, users, registered, none in rows(
                sample(),
                """select provider, case when tier = 'admin' then 'admin' else population end as name,
                       sum(users), sum(registered_users), sum(not_applicable_users)
                   from mfa_registration_coverage where day = date '2026-10-28' and provider in ('entra', 'okta') group by all""",
            )
        }
        planted = {
            (provider, group): (counts["accounts"], counts["registered_allowed"], 0)
            for provider, answer in truth()["coverage"].items()
            for group, counts in answer["enabled"].items()
            if group != "service"
        }
        self.assertEqual(found, planted)

    def test_accounts(self):
        planted = truth()["accounts"]
        found = {}
        for population, enabled, accounts in rows(
            sample(), "select population, is_enabled, count(*) from mfa_enrollment_state where provider = 'entra' group by all"
        ):
            found.setdefault(population, {"enabled": 0, "disabled": 0})["enabled" if enabled else "disabled"] += accounts
        self.assertEqual(found, planted["entra"])
        others = dict(
            rows(sample(), "select provider, count(*) from mfa_enrollment_state where provider in ('okta', 'aws') group by provider")
        )
        self.assertEqual(others, {"okta": planted["okta"], "aws": planted["aws"]})
        self.assertEqual(
            value(sample(), "select count(*) from mfa_enrollment_state where provider = 'entra' and tier = 'admin' and is_enabled"),
            planted["admins"],
        )

    def test_everybody_in_hr_has_an_account(self):
        self.assertEqual(value(sample(), "select count(*) from mfa_enrollment_state where provider = 'hr'"), 0)

    def test_accounts_without_any_signin(self):
        silent = {
            principal
            for [principal] in rows(
                sample(),
                """select user_principal from mfa_enrollment_state as s
                   where provider = 'entra' and is_enabled and is_human and not exists (
                       from mfa_successful_signins as i
                       where i.provider = s.provider and i.identity_id = s.identity_id and i.is_interactive)""",
            )
        }
        self.assertEqual(silent, set(truth()["accounts"]["without_signins"]))
        counted = value(sample(), "select sum(no_evidence_users) from mfa_effective_coverage where provider = 'entra'")
        self.assertEqual(counted, len(silent))

    def test_stored_credentials(self):
        found = {
            principal
            for [principal] in rows(
                sample(), "select user_principal from mfa_factors where provider = 'entra' and method = 'app_password'"
            )
        }
        self.assertEqual(found, set(truth()["accounts"]["stored_credential"]))

    def test_partners_whose_mfa_nobody_attested(self):
        found = {
            principal
            for [principal] in rows(
                sample(), "select user_principal from mfa_gaps where rule = 'weak_for_tier' and population = 'partner'"
            )
        }
        self.assertEqual(found, set(truth()["accounts"]["partner_without_attested_mfa"]))


class EffectiveCoverage(unittest.TestCase):
    def test_signins_and_how_mfa_was_met(self):
        for name, first_day in PERIODS.items():
            found = rows(
                sample(),
                """select sum(signins), sum(protected_signins), sum(performed_signins), sum(claim_signins),
                       sum(remembered_signins), sum(federated_signins), sum(single_factor_signins),
                       sum(bypass_signins + trusted_location_signins + unknown_signins),
                       sum(satisfied + required_failed + not_required + excluded + no_evidence)
                   from mfa_effective_coverage where provider = 'entra' and day >= cast(? as date)""",
                first_day,
            )[0]
            planted = truth()["effective_coverage"]["entra"][name]
            by = planted["by"]
            protected = by["performed"] + by["claim"] + by["remembered"] + by["federated"]
            with self.subTest(name):
                self.assertEqual(
                    found,
                    (planted["signins"], protected, by["performed"], by["claim"], by["remembered"], by["federated"], by["none"],
                     0, planted["signins"]),
                )

    def test_people_who_never_signed_in_without_mfa(self):
        for name, first_day in PERIODS.items():
            found = rows(
                sample(),
                """select count(*), count(*) filter (where unprotected = 0) from (
                       select s.identity_id,
                           count(*) filter (where i.mfa_met_by not in ('performed', 'claim', 'remembered', 'federated')) as unprotected
                       from mfa_successful_signins as i
                       join mfa_enrollment_state as s on s.provider = i.provider and s.identity_id = i.identity_id
                       where i.provider = 'entra' and i.is_interactive and s.is_human and i.day >= cast(? as date)
                       group by s.identity_id)""",
                first_day,
            )[0]
            planted = truth()["effective_coverage"]["entra"][name]
            with self.subTest(name):
                self.assertEqual(found, (planted["users"], planted["users_every_signin_protected"]))

    def test_service_accounts_are_counted_apart(self):
        stories, quiet = truth()["stories"], truth()["near_misses"]
        times = [instant(story["at"]) for story in stories["service_account_interactive"]]
        times += [instant(near["at"]) for near in quiet["service_account_interactive"] if near["why"] != "failed"]
        for first_day in PERIODS.values():
            expected = sum(when.date().isoformat() >= first_day for when in times)
            found = value(
                sample(),
                "select sum(service_signins) from mfa_effective_coverage where provider = 'entra' and day >= cast(? as date)",
                first_day,
            )
            self.assertEqual(found, expected)
        self.assertEqual(value(sample(), "select count(*) from mfa_effective_coverage where population = 'service' and signins > 0"), 0)

    def test_text_messages_by_month(self):
        found = {
            month: {"performed": performed, "sms_otp": texts}
            for month, performed, texts in rows(
                sample(),
                """select strftime(event_time at time zone 'UTC', '%Y-%m') as month, count(*),
                       count(*) filter (where list_contains(methods, 'sms_otp'))
                   from mfa_signins
                   where provider = 'entra' and is_interactive and outcome = 'success' and mfa_satisfied_by = 'performed'
                   group by month order by month""",
            )
        }
        self.assertEqual(found, truth()["text_messages"]["by_month"])

    def test_who_still_used_them(self):
        found = dict(
            rows(
                sample(),
                """select user_principal, count(*) from mfa_signins
                   where provider = 'entra' and is_interactive and outcome = 'success' and mfa_satisfied_by = 'performed'
                       and list_contains(methods, 'sms_otp') and event_time >= cast(? as timestamptz)
                   group by user_principal""",
                truth()["text_messages"]["phase_out_after"],
            )
        )
        self.assertEqual(found, truth()["text_messages"]["used_after"])


class Exceptions(unittest.TestCase):
    def test_status_of_each(self):
        found = dict(rows(sample(), "select exception_id, status from mfa_exceptions_status"))
        self.assertEqual(found, {name: planted["status"] for name, planted in truth()["exceptions"].items()})

    def test_reasons_of_those_that_are_not_over(self):
        found = dict(rows(sample(), "select exception_id, reasons from mfa_exceptions_status"))
        for name, planted in truth()["exceptions"].items():
            if planted["status"] not in ("closed", "expired"):
                with self.subTest(name, status=planted["status"]):
                    self.assertEqual(found[name], planted["reasons"])

    def test_expired_ones_say_so(self):
        for name, reasons in rows(sample(), "select exception_id, reasons from mfa_exceptions_status where status = 'expired'"):
            self.assertIn("EXC_EXPIRED", reasons, name)

    def events(self, event):
        return rows(
            sample(),
            "select exception_id, related_exception_id, pattern, event_at, signins from mfa_exception_events where event = ?",
            event,
        )

    def test_weeks_opened_and_expired(self):
        for event in ("opened", "expired"):
            found = {(name, week(at)) for name, _, _, at, _ in self.events(event)}
            planted = {(name, planted[event]) for name, planted in truth()["exceptions"].items() if planted[event]}
            with self.subTest(event):
                self.assertEqual(found, planted)

    def test_renewals_that_were_declared(self):
        found = sorted((related or name, name, at) for name, related, _, at, _ in self.events("renewed"))
        planted = sorted(
            (name, renewal["by"], instant(renewal["at"]))
            for name, planted in truth()["exceptions"].items()
            for renewal in planted["renewed"]
        )
        self.assertEqual(found, planted)

    def test_silent_renewals_by_pattern(self):
        found = sorted((pattern, name, at) for name, _, pattern, at, _ in self.events("silently_renewed"))
        planted = sorted(
            (renewal["pattern"], name, instant(renewal["at"]))
            for name, planted in truth()["exceptions"].items()
            for renewal in planted["silently_renewed"]
        )
        self.assertEqual(len({pattern for pattern, _, _ in planted}), 6)
        self.assertEqual(found, planted)

    def test_silent_reissues_name_what_they_renew(self):
        found = sorted((name, related or name) for name, related, _, _, _ in self.events("silently_renewed"))
        planted = sorted((story["exception_id"], story["of"]) for story in truth()["stories"]["silent_renewal"])
        self.assertEqual(found, planted)

    def test_look_alikes_are_not_silent(self):
        silent = {name for name, *_ in self.events("silently_renewed")}
        used = {name for name, *_ in self.events("used_after_expiry")}
        for near in truth()["near_misses"]["silent_renewal"]:
            self.assertNotIn(near["exception_id"], silent, near["why"])
        for near in truth()["near_misses"]["expired_exception_used"]:
            self.assertNotIn(near["exception_id"], used, near["why"])

    def test_used_after_expiry(self):
        found = collections.defaultdict(list)
        for name, _, _, at, _ in sorted(self.events("used_after_expiry"), key=lambda event: event[3]):
            found[name].append(week(at))
        planted = {
            name: planted["used_after_expiry"]
            for name, planted in truth()["exceptions"].items()
            if planted["used_after_expiry"]
        }
        self.assertEqual(found, planted)
        counted = {
            name: (signins, last)
            for name, signins, last in rows(
                sample(),
                """select exception_id, signins_after_expiry, last_used_after_expiry from mfa_exceptions_status
                   where signins_after_expiry > 0""",
            )
        }
        stories = {
            story["exception_id"]: (len(story["times"]), instant(story["times"][-1]))
            for story in truth()["stories"]["expired_exception_used"]
        }
        self.assertEqual(counted, stories)

    def test_trends_by_week(self):
        kinds = ("opened", "expired", "renewed", "silently_renewed", "used_after_expiry")
        found = {
            week(monday): dict(zip(kinds, counts))
            for monday, *counts in rows(
                sample(),
                f"""select week, {', '.join(f'sum({kind})' for kind in kinds)} from mfa_exception_trends group by week
                    having sum({' + '.join(kinds)}) > 0""",
            )
        }
        self.assertEqual(found, truth()["exception_weeks"])

    def test_patterns_of_the_trends(self):
        patterns = sorted({story["pattern"] for story in truth()["stories"]["silent_renewal"]})
        counts = rows(sample(), f"select {', '.join(f'sum({pattern})' for pattern in patterns)} from mfa_exception_trends")[0]
        planted = collections.Counter(story["pattern"] for story in truth()["stories"]["silent_renewal"])
        self.assertEqual(dict(zip(patterns, counts)), planted)

    def test_those_open_at_the_end(self):
        found = value(sample(), "select sum(open_at_end) from mfa_exception_trends where week = date '2026-10-26'")
        over = ("closed", "expired", "pending")
        self.assertEqual(found, sum(planted["status"] not in over for planted in truth()["exceptions"].values()))


class Decisions(unittest.TestCase):
    """What changes, what breaks and what is ready, against what the generator works out from the records it wrote."""

    WORDS = ("signins", "allowed", "stepped_up", "limited", "blocked", "indeterminate")

    def between(self, old, new):
        """A connection where `old` is in force and `new` is proposed."""
        connection = sample().cursor()
        self.addCleanup(connection.close)
        connection.execute("set variable mfa_as_of = timestamptz '2026-10-28 00:00:00+00'")
        connection.execute(f"set variable mfa_policy = (select content from read_text('sample_data/policies/{old}.toml'))")
        connection.execute(
            f"create or replace temp table mfa_proposed_policy as select content as document from read_text('sample_data/policies/{new}.toml')"
        )
        self.addCleanup(connection.execute, "drop table temp.mfa_proposed_policy")
        return connection

    def test_who_changes_under_another_policy(self):
        for old, new in (("v1", "v2"), ("v2", "proposed")):
            connection = self.between(old, new)
            found = {
                (provider, principal): (
                    [old_enrolment, new_enrolment], [old_would, new_would], [old_decision, new_decision], [old_end, new_end]
                )
                for provider, principal, old_enrolment, new_enrolment, old_would, new_would, old_decision, new_decision, old_end, new_end
                in rows(
                    connection,
                    """select provider, user_principal, old_enrolment, new_enrolment, old_would_decision, new_would_decision,
                           old_decision, new_decision, old_deadline, new_deadline
                       from mfa_policy_diff where axis = 'account'""",
                )
            }
            planted = {
                (entry["provider"], entry["user_principal"]): (
                    entry["enrolment"], entry["would_decision"], entry["decision"], [instant(at) for at in entry["deadline"]]
                )
                for entry in truth()["diff"][f"{old}_to_{new}"]["accounts"]
            }
            with self.subTest(f"{old} to {new}"):
                self.assertGreater(len(planted), 30)
                self.assertEqual(found, planted)
                self.assertEqual(value(connection, "select sum(accounts) from mfa_policy_diff"), len(planted))

    def test_which_signins_change_under_another_policy(self):
        for old, new in (("v1", "v2"), ("v2", "proposed")):
            connection = self.between(old, new)
            found = {
                (provider, principal, before, after): signins
                for provider, principal, before, after, signins in rows(
                    connection,
                    """select provider, user_principal, old_would_decision, new_would_decision, sum(signins) from mfa_policy_diff
                       where axis = 'signins' and old_would_decision <> new_would_decision group by all""",
                )
            }
            planted = {
                (entry["provider"], entry["user_principal"], *entry["would_decision"]): entry["signins"]
                for entry in truth()["diff"][f"{old}_to_{new}"]["signins"]
            }
            with self.subTest(f"{old} to {new}"):
                self.assertGreater(len(planted), 30)
                self.assertEqual(found, planted)

    def test_a_policy_against_itself_changes_nothing(self):
        for version in ("v1", "v2", "proposed"):
            self.assertEqual(rows(self.between(version, version), "from mfa_policy_diff"), [])

    def test_there_and_back(self):
        there = "select identity_id, old_would_decision, new_would_decision, signins from mfa_policy_diff order by all"
        back = "select identity_id, new_would_decision, old_would_decision, signins from mfa_policy_diff order by all"
        self.assertEqual(rows(self.between("v1", "v2"), there), rows(self.between("v2", "v1"), back))

    def test_what_breaks_if_it_were_enforced(self):
        for column in ("wave", "department"):
            found = {
                group: dict(zip(self.WORDS, counts))
                for group, *counts in rows(
                    sample(),
                    f"""select {column}, {', '.join(f"sum({'signins' if word == 'signins' else word + '_signins'})" for word in self.WORDS)}
                        from mfa_enforcement_impact group by {column}""",
                )
            }
            with self.subTest(column):
                self.assertEqual(found, truth()["impact"][f"by_{column}"])

    def test_impact_adds_up(self):
        self.assertEqual(
            rows(
                sample(),
                """from mfa_enforcement_impact
                   where signins <> allowed_signins + stepped_up_signins + limited_signins + blocked_signins + indeterminate_signins
                       or identities <> allowed_identities + stepped_up_identities + limited_identities + blocked_identities
                           + indeterminate_identities""",
            ),
            [],
        )
        people = value(
            sample(),
            """select count(distinct coalesce(account_provider || account_id, user_principal)) from mfa_signin_replay
               where is_enabled and event_time > timestamptz '2026-10-14 00:00:00+00'""",
        )
        self.assertEqual(value(sample(), "select sum(identities) from mfa_enforcement_impact"), people)

    def test_the_gate(self):
        found = {
            wave: {"signins": signins, "successes": successes, "verdict": verdict}
            for wave, signins, successes, verdict in rows(
                sample(), "select wave, signins, successes, verdict from mfa_enforce_gate where wave is not null"
            )
        }
        self.assertEqual(found, truth()["gate"])

    def test_every_attempt_is_decided_once(self):
        attempts = value(sample(), "select count(*) from mfa_signin_attempts")
        self.assertEqual(rows(sample(), "select count(*), count(distinct (provider, event_id)) from mfa_signin_decisions"), [(attempts, attempts)])

    def test_no_signin_to_a_critical_app_passes_without_fresh_mfa(self):
        passed = rows(
            sample(),
            """select mfa_met_by, would_decision, count(*) from mfa_signin_decisions
               where sensitivity = 'critical' and outcome = 'success' and population <> 'break_glass'
                   and would_decision in ('allow', 'allow_remind') group by all""",
        )
        self.assertEqual({met for met, _, _ in passed}, {"performed"})

    def test_the_document_of_the_time_decides(self):
        spans = rows(sample(), "select policy_version, max(event_time) < timestamptz '2026-09-15 00:00:00+00', min(event_time) >= timestamptz '2026-09-15 00:00:00+00' from mfa_signin_decisions group by policy_version order by 1")
        self.assertEqual(spans, [("2026.6.0", True, False), ("2026.9.0", False, True)])

    def test_next_steps_are_those_of_the_gaps(self):
        """Two views with rules of their own agree where both speak."""
        steps = {
            # a security question is a method, and a weak one
            "no_factor": {"enrol_factor", "replace_weak_method"},
            "second_factor_missing": {"add_second_factor"},
            "no_recovery": {"add_recovery"},
            "weak_for_tier": {"replace_weak_method", "enrol_factor"},
            "weak_only": {"replace_weak_method", "enrol_factor"},
        }
        found = rows(
            sample(),
            f"""select g.rule, c.next_step, c.enrolment from mfa_gaps as g
                join mfa_compliance as c on c.provider = g.provider and c.identity_id = g.identity_id
                where g.rule in {ENROLMENT_RULES} and c.next_step not in ('none', 'check_data')
                    and c.next_step not like '%exception'""",
        )
        self.assertGreater(len(found), 20)
        self.assertEqual([answer for answer in found if answer[1] not in steps[answer[0]]], [])

    def test_compliance_has_every_account_once(self):
        self.assertEqual(
            rows(sample(), "select count(*), count(distinct (provider, identity_id)) from mfa_compliance"),
            rows(sample(), "select count(*), count(*) from mfa_enrollment_state"),
        )


class Detections(unittest.TestCase):
    """What is planted in the sign-ins and factors, in the last 30 days and, with a longer look back, in all of them."""

    def over(self, days):
        """A connection that looks that many days back, and the instant where it begins."""
        connection = sample().cursor()
        self.addCleanup(connection.close)
        connection.execute("set variable mfa_as_of = timestamptz '2026-10-28 00:00:00+00'")
        connection.execute(f"set variable mfa_detection_days = {days}")
        return connection, instant(truth()["as_of"]) - timedelta(days=days)

    def test_push_fatigue(self):
        stories, quiet = truth()["stories"]["push_fatigue"], truth()["near_misses"]["push_fatigue"]
        for days, planted in ((30, 5), (149, 8)):
            connection, since = self.over(days)
            found = {
                (provider, principal, rule == "push_fatigue_success", refusals, first)
                for provider, principal, rule, refusals, first in rows(
                    connection, "select provider, user_principal, rule, evidence.events, first_seen from mfa_push_fatigue"
                )
            }
            expected = {
                (story["provider"], story["user_principal"], story["then_success"], story["refusals"], instant(story["first_seen"]))
                for story in stories
                if instant(story["first_seen"]) > since
            }
            with self.subTest(days=days):
                self.assertEqual(len(expected), planted)
                self.assertEqual(found, expected)
                for near in quiet:
                    self.assertNotIn(near["user_principal"], {principal for _, principal, *_ in found}, near["why"])

    def test_impossible_travel(self):
        stories, quiet = truth()["stories"]["impossible_travel"], truth()["near_misses"]["impossible_travel"]
        for days, planted in ((30, 2), (149, 4)):
            connection, since = self.over(days)
            found = {
                (provider, principal, detail.split(",")[0]): (first, last)
                for provider, principal, detail, first, last in rows(
                    connection, "select provider, user_principal, evidence.detail, first_seen, last_seen from mfa_impossible_travel"
                )
            }
            expected = {
                (story["provider"], story["user_principal"], f"{story['from']} to {story['to']}"): (
                    instant(story["from_at"]), instant(story["to_at"])
                )
                for story in stories
                if instant(story["from_at"]) > since
            }
            with self.subTest(days=days):
                self.assertEqual(len(expected), planted)
                self.assertEqual(set(found), set(expected))
                for key, times in expected.items():
                    # A sign-in of several events is over some seconds after the password was checked.
                    for seen, at in zip(found[key], times):
                        self.assertLessEqual(at, seen)
                        self.assertLess(seen, at + timedelta(minutes=1))
                for near in quiet:
                    self.assertNotIn(near["user_principal"], {principal for _, principal, _ in found}, near["why"])

    def test_resets_followed_by_a_new_method(self):
        # Resets of Okta are in its System Log, which is not loaded as factor events.
        resets = {
            (story["user_principal"], instant(story["reset_at"]))
            for story in truth()["stories"]["reset_then_new_device"] + truth()["near_misses"]["reset_then_new_device"]
            if story["provider"] == "entra"
        }
        for days, planted in ((30, 1), (149, 3)):
            connection, since = self.over(days)
            found = rows(connection, "select user_principal, first_seen from mfa_factor_changes where rule = 'reset_then_enrolled'")
            with self.subTest(days=days):
                self.assertEqual(len(found), planted)
                self.assertEqual(set(found), {reset for reset in resets if reset[1] > since})

    def test_reset_then_an_unknown_device(self):
        connection, _ = self.over(149)
        found = set(
            rows(connection, "select user_principal, first_seen, evidence.detail from mfa_new_devices where rule = 'new_device_after_enrolment'")
        )
        stories = [story for story in truth()["stories"]["reset_then_new_device"] if story["provider"] == "entra"]
        self.assertEqual(len(stories), 2)
        for story in stories:
            self.assertIn((story["user_principal"], instant(story["signin_at"]), story["device_id"]), found)
        for near in truth()["near_misses"]["reset_then_new_device"]:
            at = instant(near["reset_at"])
            days = {(name, when.date()) for name, when, _ in found}
            self.assertNotIn((near["user_principal"], at.date()), days, near["why"])

    def test_temporary_passes(self):
        connection, _ = self.over(149)
        found = set(rows(connection, "select user_principal from mfa_factor_changes where rule = 'temporary_pass_issued'"))
        issued = set(
            rows(
                connection,
                """select e.user_principal from mfa_factor_events as e
                   where e.event_type = 'completed' and e.method = 'temp_pass'""",
            )
        )
        self.assertGreater(len(issued), 5)
        self.assertEqual(found, issued)

    def test_emergency_accounts(self):
        for days, planted in ((30, 1), (149, 3)):
            connection, since = self.over(days)
            found = {
                (principal, first, rule.removeprefix("break_glass_"))
                for principal, first, rule in rows(connection, "select user_principal, first_seen, rule from mfa_break_glass_use")
            }
            expected = {
                (story["user_principal"], instant(story["at"]), story["kind"])
                for story in truth()["stories"]["break_glass"]
                if instant(story["at"]) > since
            }
            with self.subTest(days=days):
                self.assertEqual(len(expected), planted)
                self.assertEqual(found, expected)

    def test_bypasses_beside_their_exceptions(self):
        connection, since = self.over(30)
        expected = {
            (
                story["user_principal"],
                "outside_exception" if story["exception"] == "expired_exception" else story["exception"],
                sum(instant(at) > since for at in story["times"]),
            )
            for story in truth()["stories"]["bypass_signin"]
        }
        found = set(rows(connection, "select user_principal, reconciliation, signins from mfa_bypass_reconciliation"))
        self.assertEqual({kind for _, kind, _ in expected}, {"covered", "outside_exception", "no_exception"})
        self.assertEqual(found, expected)


class Approvals(unittest.TestCase):
    def test_approved_by_its_beneficiary(self):
        found = {name for [name] in rows(sample(), "select exception_id from mfa_exception_approval_gaps where gap = 'self_approved'")}
        own = {
            name
            for [name] in rows(
                sample(),
                """select a.exception_id from mfa_exception_approvals as a
                   join (select distinct exception_id, lower(subject) as subject from mfa_exceptions) as e
                       on e.exception_id = a.exception_id
                   where lower(a.approver) = e.subject""",
            )
        }
        self.assertEqual(own, {"EXC-029"})
        self.assertEqual(found, own)

    def test_gaps_are_those_of_the_status(self):
        reasons = {
            "EXC_UNAPPROVED": "unapproved", "EXC_FORBIDDEN": "forbidden", "EXC_TOO_LONG": "too_long",
            "EXC_ATTEST_OVERDUE": "attestation_overdue",
        }
        found = set(
            rows(sample(), f"select exception_id, gap from mfa_exception_approval_gaps where gap in {tuple(reasons.values())}")
        )
        planted = {
            (name, reasons[reason])
            for name, entry in truth()["exceptions"].items()
            if entry["status"] not in ("closed", "expired", "active", "pending")
            for reason in entry["reasons"]
        }
        self.assertGreater(len(planted), 8)
        self.assertEqual(found, planted)


class Files(unittest.TestCase):
    READERS = {
        "entra/users.json": {"identities": "read_entra_users"},
        "entra/registration.json": {"identities": "read_entra_registration", "factors": "read_entra_registration"},
        "okta/users.json": {"identities": "read_okta_users"},
        "okta/factors.ndjson": {"factors": "read_okta_factors"},
        "aws/credential-report.csv": {"identities": "read_aws_credential_report", "factors": "read_aws_credential_report"},
        "hr/people.csv": {"identities": "read_mfa_identities"},
        "entra/ca-policies-2026-09-20.json": {"policies": "read_entra_ca_policies"},
        "entra/ca-policies-2026-10-20.json": {"policies": "read_entra_ca_policies"},
    }
    SIGNINS = {"entra": "read_entra_signins", "okta": "read_okta_system_log", "duo": "read_duo_auth_log"}

    @classmethod
    def setUpClass(cls):
        cls.connection = connect()
        cls.addClassCleanup(cls.connection.close)

    def check(self, reader, file, expected, **named):
        arguments = "".join(f", {name} := '{given}'" for name, given in named.items())
        # What becomes of a policy has no place for where it was read.
        source = "name" if reader == "read_entra_ca_policies" else "source_record"
        sql = f"select count(*), count(distinct {source}) from {reader}('sample_data/{file}'{arguments})"
        count, sources = rows(self.connection, sql)[0]
        stats = rows(
            self.connection,
            "select reader, file, records, rows, ignored, rejects, finished from mfa_read_stats() order by scan desc limit 1",
        )[0]
        with self.subTest(reader=reader, file=file, **named):
            self.assertEqual(stats, (reader, f"sample_data/{file}", *expected, True))
            self.assertEqual(count, expected[1])
            self.assertGreater(sources, 0)

    def test_records_rows_ignored_and_rejects_of_each_file(self):
        names = ("records", "rows", "ignored", "rejects")
        for file, planted in truth()["files"].items():
            counts = [planted[name] for name in names]
            if file in self.READERS:
                for rows_of, reader in self.READERS[file].items():
                    expected = [count[rows_of] if isinstance(count, dict) else count for count in counts]
                    named = {"rows": rows_of} if len(self.READERS[file]) > 1 else {}
                    self.check(reader, file, expected, **named)
            elif "/" in file:
                for reader in ("read_mfa_signins", self.SIGNINS[file.split("/")[0]]):
                    self.check(reader, file, counts)
            else:
                self.assertEqual(value(self.connection, f"select count(*) from 'sample_data/{file}'"), counts[1])
        self.assertEqual(rows(self.connection, "from mfa_rejects()"), [])

    def test_every_file_of_records_is_accounted_for(self):
        generated = {
            path.relative_to(SAMPLE).as_posix()
            for path in SAMPLE.rglob("*")
            if path.suffix in (".csv", ".gz", ".ndjson", ".json") and path.name != "truth.json"
        }
        self.assertEqual(generated, set(truth()["files"]))

    def test_load_sql_reads_all_of_it(self):
        with contextlib.closing(load_sample(connect())) as connection:
            self.assertEqual(rows(connection, "from mfa_rejects()"), [])
            unfinished = rows(connection, "from mfa_read_stats() where not finished or rejects > 0")
            self.assertEqual(unfinished, [])
            read = {file for [file] in rows(connection, "select file from mfa_read_stats()")}
            self.assertEqual(read, {f"sample_data/{file}" for file in truth()["files"] if "/" in file})
            signins = sum(planted["rows"] for file, planted in truth()["files"].items() if isinstance(planted["rows"], int)
                          and file.startswith(("entra/signins", "entra/noninteractive", "okta/system", "duo/")))
            self.assertEqual(value(connection, "select count(*) from mfa_signins"), signins)
            # Loading again replaces, it does not add.
            load_sample(connection)
            self.assertEqual(value(connection, "select count(*) from mfa_signins"), signins)

    def test_load_sql_gives_the_types_of_the_contract(self):
        with contextlib.closing(load_sample(connect())) as connection:
            contract = dict(rows(connection, "select relation, columns from mfa_contract()"))
            loaded = {name for [name] in rows(connection, "select table_name from duckdb_tables()")}
            self.assertEqual(loaded, set(contract))
            for relation in loaded:
                declared = [column.split(" ", 1) for column in contract[relation]]
                casts = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in declared)
                expected = dict(columns(connection, f"select {casts}"))
                for name, kind in columns(connection, f"from {relation}"):
                    self.assertEqual(kind, expected.get(name), f"{relation}.{name}")

    def test_the_policy_in_force_is_picked_by_date(self):
        with contextlib.closing(sample().cursor()) as connection:
            for as_of, version in (
                ("2026-10-28 00:00:00+00", "2026.9.0"),
                ("2026-09-15 00:00:00+00", "2026.9.0"),
                ("2026-09-14 23:59:59.999999+00", "2026.6.0"),
                ("2026-06-01 00:00:00+00", "2026.6.0"),
            ):
                connection.execute(f"set variable mfa_as_of = timestamptz '{as_of}'")
                document = value(connection, "select document from mfa_policy_in_force")
                self.assertIn(f'version = "{version}"', document, as_of)
            connection.execute("set variable mfa_as_of = timestamptz '2026-05-31 00:00:00+00'")
            self.assertIsNone(value(connection, "select document from mfa_policy_in_force"))


class Generator(unittest.TestCase):
    def test_the_same_seed_gives_the_committed_files(self):
        with tempfile.TemporaryDirectory(prefix="mfa-") as folder:
            subprocess.run([sys.executable, str(SAMPLE / "generate.py"), "--out", folder], cwd=ROOT, check=True)
            made = {path.relative_to(folder).as_posix(): path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}
        self.assertEqual(set(made) - set(truth()["files"]), {"truth.json", "policies/v1.toml", "policies/v2.toml", "policies/proposed.toml"})
        self.assertGreaterEqual(set(made), set(truth()["files"]))
        for name, content in made.items():
            committed = (SAMPLE / name).read_bytes()
            # Which bytes compression makes of the same content depends on the version of zlib; all else must not differ.
            if name.endswith(".gz"):
                self.assertEqual(content[4:8], bytes(4), f"{name} carries a time")
                content, committed = (zlib.decompress(data, zlib.MAX_WBITS | 16) for data in (content, committed))
            self.assertTrue(content == committed, f"{name} differs from what is committed")


if __name__ == "__main__":
    unittest.main()
