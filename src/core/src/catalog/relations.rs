//! The SQL files: input relations and virtual views.

use std::sync::LazyLock;

use super::header::SqlFile;

macro_rules! files {
    ($($folder:literal: $($name:literal)+,)*) => {
        &[$($(include_str!(concat!("../../../../sql/", $folder, "/", $name, ".sql")),)+)*]
    };
}

/// The input relations: what a user loads.
pub static CONTRACT: LazyLock<Vec<SqlFile>> = LazyLock::new(|| parse(CONTRACT_FILES));

/// The virtual views: what a user asks.
pub static VIEWS: LazyLock<Vec<SqlFile>> = LazyLock::new(|| parse(VIEW_FILES));

fn parse(files: &[&'static str]) -> Vec<SqlFile> {
    // A file that does not parse fails the tests; an extension that has been built has none.
    files.iter().filter_map(|text| SqlFile::parse(text).ok()).collect()
}

const CONTRACT_FILES: &[&str] = files! {
    "contract":
        "mfa_access_reviews"
        "mfa_apps"
        "mfa_attestations"
        "mfa_bypass_codes"
        "mfa_ca_policies"
        "mfa_communications"
        "mfa_control_tests"
        "mfa_enforcement_events"
        "mfa_enrollment_events"
        "mfa_exception_approvals"
        "mfa_exceptions"
        "mfa_factor_events"
        "mfa_factors"
        "mfa_identities"
        "mfa_materials"
        "mfa_owners"
        "mfa_phases"
        "mfa_policies"
        "mfa_policy_approvals"
        "mfa_prompts"
        "mfa_proposed_policy"
        "mfa_roles"
        "mfa_runbooks"
        "mfa_signins"
        "mfa_snapshots"
        "mfa_support_coverage"
        "mfa_tickets"
        "mfa_training_assignments",
};

const VIEW_FILES: &[&str] = files! {
    "views/assess":
        "mfa_baseline"
        "mfa_baseline_diff"
        "mfa_cohort_gaps"
        "mfa_contract_status"
        "mfa_factor_periods"
        "mfa_gap_register"
        "mfa_gaps"
        "mfa_identity_scope"
        "mfa_owners_gaps"
        "mfa_person_accounts"
        "mfa_phase_tracker"
        "mfa_placed_signins"
        "mfa_signin_attempts"
        "mfa_signin_surfaces"
        "mfa_successful_signins"
        "mfa_untiered"
        "mfa_user_methods"
        "mfa_user_state",
    "views/comply":
        "mfa_access_review"
        "mfa_enforcement_stage"
        "mfa_nudges_due"
        "mfa_repeat_defaulters"
        "mfa_stage_transitions"
        "mfa_training_due",
    "views/detect":
        "mfa_anonymizer_signins"
        "mfa_break_glass_use"
        "mfa_bypass_use"
        "mfa_detections"
        "mfa_factor_changes"
        "mfa_factor_downgrades"
        "mfa_first_factor_only"
        "mfa_impossible_travel"
        "mfa_legacy_signins"
        "mfa_new_devices"
        "mfa_otp_brute_force"
        "mfa_policy_weakened"
        "mfa_push_fatigue"
        "mfa_push_source_mismatch"
        "mfa_service_account_signins",
    "views/evidence":
        "mfa_control_test_calendar"
        "mfa_data_quality"
        "mfa_evidence_index"
        "mfa_policy_history",
    "views/exceptions":
        "mfa_attestation_calendar"
        "mfa_bypass_reconciliation"
        "mfa_exception_approval_gaps"
        "mfa_exception_beneficiaries"
        "mfa_exception_events"
        "mfa_exception_standing"
        "mfa_exception_trends"
        "mfa_exception_versions"
        "mfa_exceptions_status"
        "mfa_exempted_accounts"
        "mfa_expired_in_effect"
        "mfa_silent_renewals",
    "views/hardening":
        "mfa_key_attestation"
        "mfa_legacy_residual"
        "mfa_number_matching"
        "mfa_sms_phase_out",
    "views/metrics":
        "mfa_app_owner_summary"
        "mfa_bypass_rates"
        "mfa_effective_coverage"
        "mfa_executive_summary"
        "mfa_failure_analytics"
        "mfa_registration_coverage",
    "views/policy":
        "mfa_account_factors"
        "mfa_account_inputs"
        "mfa_account_states"
        "mfa_accounts"
        "mfa_compliance"
        "mfa_enrollment_state"
        "mfa_managers"
        "mfa_policy_diff"
        "mfa_policy_in_force"
        "mfa_policy_matrix"
        "mfa_policy_versions"
        "mfa_signin_contexts"
        "mfa_signin_decisions"
        "mfa_signin_replay",
    "views/rollout":
        "mfa_accessibility_gaps"
        "mfa_adoption_curve"
        "mfa_change_plan"
        "mfa_enforce_gate"
        "mfa_enforcement_impact"
        "mfa_enrollment_attempts"
        "mfa_enrollment_funnel"
        "mfa_incomplete_enrollments"
        "mfa_material_coverage"
        "mfa_pilot_stats"
        "mfa_preflight_checks"
        "mfa_prompt_stats"
        "mfa_report_only_impact"
        "mfa_waves",
    "views/support":
        "mfa_feedback_proposals"
        "mfa_runbook_adherence"
        "mfa_support_coverage_gaps"
        "mfa_ticket_root_causes",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CaPolicy, Column, Factor, FactorEvent, Identity, Row, SignIn};

    #[test]
    fn every_header_parses_and_names_its_file() {
        for text in CONTRACT_FILES.iter().chain(VIEW_FILES) {
            let file = SqlFile::parse(text).unwrap();
            assert!(!file.summary.is_empty(), "{} has no summary", file.name);
            assert!(file.tag("grain").is_some(), "{} has no grain", file.name);
            assert!(!file.columns.is_empty(), "{} has no columns", file.name);
        }
    }

    #[test]
    fn every_file_in_the_folders_is_listed() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql");
        let mut found = Vec::new();
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.file_stem().unwrap().to_string_lossy().into_owned());
                }
            }
        }
        found.sort();
        let mut listed: Vec<_> = CONTRACT.iter().chain(VIEWS.iter()).map(|file| file.name.to_owned()).collect();
        listed.sort();
        assert_eq!(found, listed);
    }

    #[test]
    fn rows_are_what_the_contract_says() {
        let relations: [(&str, &[Column]); 5] = [
            ("mfa_signins", SignIn::COLUMNS),
            ("mfa_identities", Identity::COLUMNS),
            ("mfa_factors", Factor::COLUMNS),
            ("mfa_factor_events", FactorEvent::COLUMNS),
            ("mfa_ca_policies", CaPolicy::COLUMNS),
        ];
        for (name, columns) in relations {
            let file = CONTRACT.iter().find(|file| file.name == name).unwrap();
            let documented: Vec<_> = file.columns.iter().map(|column| (column.name, column.ty)).collect();
            let returned: Vec<_> = columns.iter().map(|column| (column.name, column.kind.sql())).collect();
            assert_eq!(documented, returned, "{name}");
        }
    }
}
