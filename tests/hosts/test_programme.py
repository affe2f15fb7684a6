"""The views over the lists of the programme find what truth.json says is planted in them, and nothing else."""

import collections
import unittest
from datetime import datetime

from support import rows, sample, truth, value


def planted(name):
    found = truth()["programme"][name]
    assert found, f"nothing is planted for {name}"
    return found


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def records(sql):
    """The rows of a statement as dictionaries; dates and instants as truth.json spells them."""
    answer = sample().execute(sql)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, map(plain, row))) for row in answer.fetchall()]


def plain(found):
    if isinstance(found, datetime):
        return found.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found.isoformat() if hasattr(found, "isoformat") else found


def by(key, found):
    """Rows by one of their columns, which is unique."""
    answer = {row[key]: {name: cell for name, cell in row.items() if name != key} for row in found}
    assert len(answer) == len(found), f"{key} is not unique"
    return answer


class Assess(unittest.TestCase):
    maxDiff = 6000

    def test_scopes_without_an_owner(self):
        found = records("select scope_kind, scope, decision, last_owner, accounts from mfa_owners_gaps")
        self.assertCountEqual(found, planted("owners_gaps"))
        unowned = {(row["scope_kind"], row["scope"], row["decision"]) for row in found}
        for near in truth()["near_misses"]["owners_gaps"]:
            self.assertNotIn((near["scope_kind"], near["scope"], near["decision"]), unowned, near["why"])

    def test_where_each_department_stands(self):
        found = by(
            "unit",
            records(
                """select unit, max(current_phase) as current_phase,
                       coalesce(list(phase order by place) filter (where is_late), []) as late,
                       max(unmet) filter (where phase = current_phase) as unmet
                   from mfa_phase_tracker group by unit"""
            ),
        )
        self.assertEqual(found, planted("phase_tracker"))
        self.assertEqual(len({entry["current_phase"] for entry in found.values()}), 6)

    def test_the_life_of_gaps(self):
        found = by(
            "finding_id",
            records("select finding_id, rule, status, first_seen, closed_at, times_closed from mfa_gap_register"),
        )
        self.assertEqual({entry["status"] for entry in planted("gap_register")}, {"open", "reopened", "closed"})
        for entry in planted("gap_register"):
            with self.subTest(entry["user_principal"], rule=entry["rule"]):
                wanted = {name: cell for name, cell in entry.items() if name not in ("finding_id", "user_principal")}
                self.assertEqual(found[entry["finding_id"]], wanted)
        # Whatever no snapshot has is new.
        known = {entry["finding_id"] for entry in planted("gap_register")}
        others = [entry for name, entry in found.items() if name not in known]
        self.assertEqual({(entry["status"], entry["first_seen"]) for entry in others}, {("open", truth()["as_of"])})
        self.assertEqual(
            len(others) + sum(entry["status"] != "closed" for entry in planted("gap_register")),
            value(sample(), "select count(*) from mfa_gaps"),
        )

    def test_owners_of_gaps(self):
        owners = dict(
            rows(
                sample(),
                """select scope, owner from mfa_owners where scope_kind = 'department' and decision = 'remediation'
                       and (valid_until is null or valid_until > timestamptz '2026-10-28 00:00:00+00')""",
            )
        )
        found = rows(sample(), "select distinct department, owner from mfa_gap_register where department is not null")
        self.assertEqual({department: owners.get(department) for department, _ in found}, dict(found))
        self.assertEqual({department for department, owner in found if owner is None}, {"hr", "operations"})

    def test_what_changed_since_the_baseline(self):
        baseline = planted("baseline_diff")
        found = rows(sample(), "select row_id, from_value, to_value from mfa_baseline_diff")
        self.assertEqual({row: [before, after] for row, before, after in found}, baseline["rows"])
        self.assertEqual(
            records("select distinct from_at, to_at from mfa_baseline_diff"),
            [{"from_at": baseline["from_at"], "to_at": baseline["to_at"]}],
        )

    def test_roles_change_nothing_where_no_directory_names_them(self):
        self.assertEqual(value(sample(), "select count(*) from mfa_accounts where roles is not null"), 0)


class Rollout(unittest.TestCase):
    def test_what_is_written_about_each_method(self):
        found = by("method", records("select method, status, is_accepted, accounts from mfa_material_coverage"))
        self.assertEqual(found, planted("material_coverage"))
        self.assertEqual({entry["status"] for entry in found.values()}, {"covered", "stale", "missing"})

    def test_what_was_sent(self):
        counts = list(planted("change_plan")["C-01"])
        found = by(
            "message_id",
            records(
                f"""select message_id, {', '.join(f'cast(sum({count}) as bigint) as {count}' for count in counts)}
                    from mfa_change_plan group by message_id"""
            ),
        )
        self.assertEqual(found, planted("change_plan"))
        for count in counts:
            self.assertGreater(sum(entry[count] for entry in found.values()), 0, count)

    def test_prompts(self):
        counts = list(next(iter(planted("prompt_stats").values())))
        found = by(
            "department",
            records(
                f"""select department, {', '.join(f'cast(sum({count}) as bigint) as {count}' for count in counts)}
                    from mfa_prompt_stats group by department"""
            ),
        )
        self.assertEqual(found, planted("prompt_stats"))
        [again] = truth()["stories"]["prompt_put_off"]
        often = rows(sample(), "select user_principal, count(*) from mfa_prompts where outcome = 'snoozed' group by all having count(*) > 3")
        self.assertEqual(often, [(again["user_principal"], again["shown"])])

    def test_attempts_in_the_portal(self):
        found = records(
            """select t.user_principal, a.wave, t.started_at, t.outcome, t.failures, t.seconds, t.failure_reason, t.method
               from mfa_enrollment_attempts as t
               left join mfa_enrollment_state as a on a.provider = t.account_provider and a.identity_id = t.account_id
               where t.source = 'portal' order by t.started_at, t.user_principal"""
        )
        self.assertEqual(found, planted("portal_attempts"))
        self.assertEqual({attempt["outcome"] for attempt in found}, {"completed", "failed", "abandoned", "open"})

    def test_times_of_the_pilot(self):
        [found] = rows(
            sample(),
            """select sum(attempts), sum(failures), sum(timed_attempts), sum(seconds), sum(within_5_minutes)
               from mfa_pilot_stats where source = 'portal' and is_pilot""",
        )
        pilot = [attempt for attempt in planted("portal_attempts") if attempt["wave"] == "pilot"]
        timed = [attempt["seconds"] for attempt in pilot if attempt["seconds"] is not None]
        self.assertEqual(
            found,
            (len(pilot), sum(attempt["failures"] for attempt in pilot), len(timed), sum(timed), sum(seconds <= 300 for seconds in timed)),
        )
        self.assertLess(found[4], found[2])

    def test_who_began_and_is_not_done(self):
        found = by(
            "user_principal",
            records("select user_principal, kind, failures, reminder, fallback from mfa_incomplete_enrollments where provider = 'entra'"),
        )
        self.assertEqual(found, planted("incomplete_enrollments"))

    def test_the_checklist(self):
        found = by("check_id", records("select check_id, status, round(value, 6) as value from mfa_preflight_checks"))
        for check, wanted in planted("preflight").items():
            with self.subTest(check):
                self.assertEqual(found[check], wanted)
        self.assertEqual([check for check, entry in found.items() if entry["status"] == "unknown"], [])


class Support(unittest.TestCase):
    def test_root_causes_around_each_cutover(self):
        counts = ("tickets", "closed", "urgent", "repeated", "no_account", "seconds")
        found = records(
            f"""select root_cause, cutover_wave, weeks_from_cutover, {', '.join(f'cast(sum({count}) as bigint) as {count}' for count in counts)}
                from mfa_ticket_root_causes group by all"""
        )
        self.assertCountEqual(found, planted("ticket_root_causes"))
        [wave] = truth()["stories"]["ticket_wave"]
        most = max(found, key=lambda row: row["tickets"])
        self.assertEqual({name: most[name] for name in wave}, wave)

    def test_which_runbooks_are_followed(self):
        names = list(planted("runbook_adherence")[0])
        found = records(f"select {', '.join(names)} from mfa_runbook_adherence")
        self.assertCountEqual(found, planted("runbook_adherence"))
        self.assertEqual({row["status"] for row in found}, {"current", "stale", "never_reviewed", "missing"})

    def test_what_is_proposed(self):
        found = by("root_cause", records('select root_cause, tickets, earlier_tickets, "open", after_cutover from mfa_feedback_proposals'))
        self.assertEqual(found, planted("feedback_proposals"))
        for near in truth()["near_misses"]["feedback_proposals"]:
            self.assertNotIn(near["root_cause"], found, near["why"])

    def test_who_asked_when_nobody_was_there(self):
        found = records("select region, day, gap, tickets, unstaffed, unknown, urgent_unstaffed from mfa_support_coverage_gaps")
        self.assertCountEqual(found, planted("support_coverage_gaps"))
        self.assertEqual(len({row["gap"] for row in found}), 3)


class Comply(unittest.TestCase):
    def test_whom_to_write_to(self):
        found = dict(rows(sample(), "select user_principal, template from mfa_nudges_due"))
        self.assertEqual(found, planted("nudges_due"))
        self.assertEqual(set(found.values()), {"enrolment", "reminder", "escalation"})
        for near in truth()["near_misses"]["nudges_due"]:
            self.assertNotIn(near["user_principal"], found, near["why"])

    def test_stages_that_were_carried_out(self):
        found = by("user_principal", records("select user_principal, stage, carried_out, standing from mfa_enforcement_stage"))
        self.assertEqual(found, planted("enforcement_stage"))

    def test_odd_steps(self):
        found = dict(rows(sample(), "select event_id, oddity from mfa_stage_transitions where oddity is not null"))
        self.assertEqual(found, planted("stage_oddities"))
        self.assertEqual(len(set(found.values())), 4)
        self.assertGreater(value(sample(), "select count(*) from mfa_stage_transitions"), 3 * len(found))

    def test_who_defaults_again_and_again(self):
        found = by("user_principal", records("select user_principal, messages, rises, next_step from mfa_repeat_defaulters"))
        self.assertEqual(found, planted("repeat_defaulters"))
        self.assertEqual({entry["next_step"] for entry in found.values()}, {"assign_training", "ask_manager", "wait"})
        for near in truth()["near_misses"]["repeat_defaulters"]:
            self.assertNotIn(near["user_principal"], found, near["why"])

    def test_training(self):
        found = by("assignment_id", records("select assignment_id, user_principal, status, days_overdue from mfa_training_due"))
        self.assertEqual(found, planted("training_due"))
        self.assertEqual({entry["status"] for entry in found.values()}, {"open", "overdue", "not_acknowledged"})

    def test_access_reviews(self):
        found = {
            row["user_principal"]: {"decision": row["last_decision"], "at": row["last_decided_at"], "this_quarter": row["is_reviewed"]}
            for row in records("select user_principal, last_decision, last_decided_at, is_reviewed from mfa_access_review where provider = 'entra'")
        }
        never = {"decision": None, "at": None, "this_quarter": False}
        self.assertEqual({name: entry for name, entry in found.items() if entry != never}, planted("access_review"))
        self.assertEqual(collections.Counter(entry["decision"] for entry in found.values())["remove"], 2)


class Evidence(unittest.TestCase):
    STATES = ("satisfied", "required_failed", "not_required", "excluded", "no_evidence")

    def test_versions_and_who_approved_them(self):
        found = by(
            "version",
            records(
                """select version, computed_hash as hash, approvers, rejections, other_approvals, last_approved_at, approved_in_time
                   from mfa_policy_history where hash_status = 'match' and approvals = array_length(approvers)"""
            ),
        )
        self.assertEqual(found, planted("policy_history"))

    def test_index_by_month(self):
        found = {}
        for kind, month, items, *states in rows(
            sample(), f"select kind, month, items, {', '.join(self.STATES)} from mfa_evidence_index"
        ):
            self.assertEqual(items, sum(states), kind)
            found.setdefault(kind, {})[month.isoformat()[:7] if month else "undated"] = dict(zip(self.STATES, states))
        for kind, months in planted("evidence_index").items():
            with self.subTest(kind):
                self.assertEqual(found[kind], months)
        self.assertEqual(set(found) - set(planted("evidence_index")), {"exception", "exception_ticket", "signin"})

    def test_control_tests(self):
        found = by(
            "subject",
            records(
                """select coalesce(subject_name, subject_id) as subject, status, last_result, last_passed_at, days_overdue, reconciliation
                   from mfa_control_test_calendar"""
            ),
        )
        self.assertEqual(found, planted("control_tests"))

    def test_quality_of_the_data(self):
        found = {
            (check, provider): [affected, total]
            for check, provider, affected, total in rows(sample(), "select check_id, provider, affected, total from mfa_data_quality")
        }
        for entry in planted("data_quality"):
            with self.subTest(entry["check_id"], provider=entry["provider"]):
                self.assertEqual(found[entry["check_id"], entry["provider"]], [entry["affected"], entry["total"]])
        silent = ("duplicate_events", "missing_event_ids", "impossible_times", "future_times", "unknown_identities", "orphan_factors")
        self.assertEqual(sum(affected for (check, _), (affected, _) in found.items() if check in silent), 0)


class Detect(unittest.TestCase):
    def test_access_policies_that_ask_for_less(self):
        found = records("select rule, evidence.event_id as policy_id, first_seen, last_seen from mfa_policy_weakened")
        self.assertCountEqual(found, truth()["stories"]["policy_weakened"])
        for near in truth()["near_misses"]["policy_weakened"]:
            self.assertNotIn(near["policy_id"], {row["policy_id"] for row in found}, near["why"])

    def test_codes_that_outlive_their_exception(self):
        found = records(
            "select exception_id, last_seen as until, times as codes from mfa_expired_in_effect where effect = 'code_outlives'"
        )
        self.assertEqual(found, truth()["stories"]["code_outlives"])
        for near in truth()["near_misses"]["code_outlives"]:
            self.assertNotIn(near["exception_id"], {row["exception_id"] for row in found}, near["why"])

    def test_codes_used_as_often_as_the_log_says(self):
        counted = rows(
            sample(),
            """select c.code_id, c.used_count, count(s.event_id) from mfa_bypass_codes as c
               left join mfa_signins as s on s.provider = c.provider and s.user_principal = c.user_principal
                   and s.outcome = 'success' and list_contains(s.methods, 'bypass_code')
               where c.provider = 'duo' and c.reuse_count is null group by all""",
        )
        self.assertEqual(len(counted), 4)
        self.assertEqual([row for row in counted if row[1] != row[2]], [])


if __name__ == "__main__":
    unittest.main()
