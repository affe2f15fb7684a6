//! The policy document: what a person writes, in TOML or JSON.
//!
//! Its types are its grammar. Where a default and an absent value mean the same they are the same here, so that the
//! canonical form and the hash depend on what a document says, not on how it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::value::{
    Duration, Instant, Methods, Moment, Names, Zone, optional_table, optional_tables, table, tables, unique_names,
};
use crate::model::Strength;

/// A whole policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Version of this grammar.
    pub schema: Schema,
    /// Name of the policy, the same in all its versions.
    pub id: String,
    /// Name of this version.
    pub version: String,
    /// First instant at which this version is the one in force.
    pub effective_from: Instant,
    /// Zone in which dates without an offset are meant.
    #[serde(default)]
    pub timezone: Zone,
    /// Who approved this version.
    #[serde(default, skip_serializing_if = "is_default")]
    pub approved_by: Vec<String>,
    /// The change record.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ticket: Option<String>,
    /// Named sets of methods, written `@name` elsewhere.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "unique_names")]
    pub sets: BTreeMap<String, Methods>,
    /// What people must have registered. The first that matches holds; the last matches everyone.
    #[serde(deserialize_with = "tables")]
    #[cfg_attr(any(test, feature = "schema"), schemars(length(min = 1)))]
    pub tier: Vec<Tier>,
    /// Classes of applications and what a session needs there. The first that matches is an application's class.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "tables")]
    pub app: Vec<SessionRule>,
    /// What a session needs for a transaction.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "tables")]
    pub step_up: Vec<SessionRule>,
    /// What a session needs in suspicious circumstances.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "tables")]
    pub context: Vec<SessionRule>,
    /// Which exceptions hold. Without this section none does.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "optional_table")]
    pub exceptions: Option<Exceptions>,
    /// When the policy is enforced for whom. Without this section: for everyone, from `effective_from`.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "optional_table")]
    pub rollout: Option<Rollout>,
    /// What happens to those who do not comply, by time. Without stages they are blocked at the deadline.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "tables")]
    pub stage: Vec<Stage>,
    /// When people are written to.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "optional_table")]
    pub communication: Option<Communication>,
}

/// Version of the grammar of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "mfa-policy/1")]
    V1,
}

/// What one group of people must have registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Name of the tier.
    pub id: String,
    /// Whom it covers; may only test the subject.
    #[serde(rename = "match", default, skip_serializing_if = "is_default", deserialize_with = "table")]
    pub when: Match,
    /// What they must have registered.
    #[serde(deserialize_with = "table")]
    pub enrol: Enrol,
    /// Whether nothing is enforced on them. What they lack is still computed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exclude_from_enforcement: bool,
    /// How often somebody tests that their access works.
    #[serde(default, skip_serializing_if = "is_default")]
    pub control_test_every: Option<Duration>,
    /// Time they have from enforcement, or from the creation of a later account.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grace: Duration,
    /// Methods that are no longer accepted after a date.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "tables")]
    pub phase_out: Vec<PhaseOut>,
    /// Methods that are accepted for a time besides `enrol.allow`.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "tables")]
    pub fallback: Vec<Fallback>,
}

/// What must be registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// Whether the tier has nothing to register: accounts without a person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub not_applicable: bool,
    /// Accepted methods; absent only where nothing applies.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow: Option<Methods>,
    /// How many accepted factors at least.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub min_factors: u8,
    /// How many recovery methods at least.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min_recovery: u8,
    /// Whether the make of authenticators must be proven.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attestation: Attestation,
    /// Whether a push must ask for a number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub number_matching: NumberMatching,
    /// What a push must show.
    #[serde(default, skip_serializing_if = "is_default")]
    pub push_context: BTreeSet<PushContext>,
    /// Where MFA happens.
    #[serde(default, skip_serializing_if = "is_default")]
    pub at: Boundary,
    /// Protocols the tier may not use.
    #[serde(default, skip_serializing_if = "is_default")]
    pub forbid_protocols: Names,
}

/// Whether the make of authenticators must be proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Attestation {
    /// Not at all.
    #[default]
    Optional,
    /// For the methods that can: security keys, smart cards and certificates.
    WhereSupported,
    /// For every method; what cannot be attested does not count.
    Required,
}

/// Whether a push must ask for a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NumberMatching {
    /// Only as far as the allowed methods say.
    #[default]
    Optional,
    /// A push without it does not count.
    Required,
}

/// What a push can show of the sign-in it asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PushContext {
    /// The application.
    App,
    /// The place.
    Geo,
}

/// Where MFA happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// At our identity provider.
    #[default]
    IdentityProvider,
    /// At the partner's, which then claims it.
    FederationBoundary,
}

/// Methods that are no longer accepted after a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PhaseOut {
    /// The methods.
    pub methods: Methods,
    /// Last instant at which they are accepted.
    pub after: Instant,
}

/// Methods that are accepted for a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// The methods.
    pub methods: Methods,
    /// First instant at which they are no longer accepted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub until: Option<Instant>,
    /// Days each person may use them, from the first use of the fallback.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_days_per_user: Option<u16>,
    /// Classes of applications, by the id of an `app` rule, where they are not accepted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub not_for_app: BTreeSet<String>,
}

/// What a session needs where the rule matches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionRule {
    /// Name of the rule.
    pub id: String,
    /// Where it holds.
    #[serde(rename = "match", default, skip_serializing_if = "is_default", deserialize_with = "table")]
    pub when: Match,
    /// What the session needs.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "table")]
    pub require: Requirement,
    /// Whether it asks or blocks.
    #[serde(default, skip_serializing_if = "is_default")]
    pub effect: RuleEffect,
}

/// What a session needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Strength of the methods used.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strength: Option<Strength>,
    /// Greatest age of the MFA.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_age: Option<Duration>,
    /// Whether every access asks anew: a `max_age` of nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub every_access: bool,
    /// Methods that may be used; absent, any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow: Option<Methods>,
}

/// What a session rule does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleEffect {
    /// Asks for what it requires.
    #[default]
    Require,
    /// Blocks, whatever the session has.
    Block,
}

/// Which exceptions hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// Grounds on which an exception can be given.
    pub criteria: Names,
    /// Approvals it needs.
    pub approvals: u8,
    /// Roles whose approval counts; empty, any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub approver_roles: Names,
    /// Greatest length.
    pub max_duration: Duration,
    /// How an exception is renewed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub renewal: Renewal,
    /// How often somebody must attest that it is still needed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attest_every: Option<Duration>,
    /// Tiers that get none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub never_for: BTreeSet<String>,
}

/// How an exception is renewed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// By a new decision.
    #[default]
    Explicit,
    /// By itself.
    Automatic,
}

/// When the policy is enforced for whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// What holds for people in no wave.
    #[serde(default, skip_serializing_if = "is_default")]
    pub default_mode: Mode,
    /// When a wave is ready to be enforced: a report, never a switch.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "optional_table")]
    pub promote_when: Option<PromoteWhen>,
    /// The waves; the first that matches holds.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "tables")]
    pub wave: Vec<Wave>,
}

/// Whether decisions are enforced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They are only reported.
    #[default]
    ReportOnly,
    /// They are enforced.
    Enforce,
}

/// When a wave is ready to be enforced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PromoteWhen {
    /// Share of sign-ins that would have been allowed, 0 to 1.
    #[cfg_attr(any(test, feature = "schema"), schemars(range(min = 0.0, max = 1.0)))]
    pub success_rate: f64,
    /// Sign-ins needed to tell.
    pub min_signins: u64,
    /// How far back to look.
    pub window: Duration,
}

/// A wave of the rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Name of the wave.
    pub id: String,
    /// Whom it covers; may only test the subject.
    #[serde(rename = "match", default, skip_serializing_if = "is_default", deserialize_with = "table")]
    pub when: Match,
    /// First instant at which decisions are reported.
    #[serde(default, skip_serializing_if = "is_default")]
    pub report_only_from: Option<Instant>,
    /// First instant at which they are enforced.
    pub enforce_from: Instant,
}

/// What happens to those who do not comply, from an instant on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Number of the stage, from 1; of the stages reached, the highest holds.
    #[cfg_attr(any(test, feature = "schema"), schemars(range(min = 1)))]
    pub n: u8,
    /// First instant of the stage.
    pub from: Moment,
    /// What happens.
    pub effect: StageEffect,
    /// Classes of applications, by the id of an `app` rule, that stay open where the effect is `limit`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_apps: BTreeSet<String>,
    /// Who gets help.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "optional_table")]
    pub assist: Option<Assist>,
    /// What else is to be done.
    #[serde(default, skip_serializing_if = "is_default")]
    pub actions: BTreeSet<String>,
}

/// What a stage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StageEffect {
    /// Lets in, and reminds.
    Remind,
    /// Lets into some applications only.
    Limit,
    /// Keeps out.
    Block,
}

/// Who gets help at a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Assist {
    /// The tiers.
    pub tier: BTreeSet<String>,
    /// By what means.
    pub via: String,
}

/// When people are written to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Communication {
    /// Reminders to the person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub remind_at: Vec<Moment>,
    /// From here the manager gets a copy.
    #[serde(default, skip_serializing_if = "is_default")]
    pub escalate_at: Vec<Moment>,
}

/// A condition. Its fields must all hold, a field holds when one of its values does, and an empty one holds always.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// Population of the subject.
    #[serde(default, skip_serializing_if = "is_default")]
    pub population: Option<Names>,
    /// A role of the subject.
    #[serde(default, skip_serializing_if = "is_default")]
    pub role: Option<Names>,
    /// Whether the subject is privileged.
    #[serde(default, skip_serializing_if = "is_default")]
    pub privileged: Option<bool>,
    /// Department of the subject.
    #[serde(default, skip_serializing_if = "is_default")]
    pub department: Option<Names>,
    /// Region of the subject.
    #[serde(default, skip_serializing_if = "is_default")]
    pub region: Option<Names>,
    /// Id of the application.
    #[serde(default, skip_serializing_if = "is_default")]
    pub app: Option<Names>,
    /// Sensitivity of the application.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sensitivity: Option<Names>,
    /// A risk signal of the session.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signal: Option<Names>,
    /// Protocol of the session.
    #[serde(default, skip_serializing_if = "is_default")]
    pub protocol: Option<Names>,
    /// Transaction of the session.
    #[serde(default, skip_serializing_if = "is_default")]
    pub transaction: Option<Names>,
    /// One of these conditions.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "optional_tables")]
    pub any: Option<Vec<Match>>,
    /// All of these conditions.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "optional_tables")]
    pub all: Option<Vec<Match>>,
    /// Not this condition.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "optional_table")]
    pub not: Option<Box<Match>>,
}

impl Match {
    /// Whether it, or a condition within it, tests the application or the session.
    pub(super) fn tests_session(&self) -> bool {
        [&self.app, &self.sensitivity, &self.signal, &self.protocol, &self.transaction].into_iter().any(Option::is_some)
            || self.any.iter().chain(&self.all).flatten().any(Self::tests_session)
            || self.not.as_deref().is_some_and(Self::tests_session)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> u8 {
    1
}

fn is_one(value: &u8) -> bool {
    *value == 1
}
