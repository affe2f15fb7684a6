//! Random policies and rows.
//!
//! Both draw from one small vocabulary, so that conditions match about as often as not, and the instants of a row lie
//! on, or a microsecond beside, what the policy makes of its dates and durations.

use std::fmt;
use std::sync::Arc;

use mfa_core::model::Method;
use mfa_core::policy::value::Moment;
use mfa_core::policy::{Compiled, Decision, Policy};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use toml::{Table, Value};

use crate::reference;
use crate::row::{App, Context, Exception, Factor, Row, Subject, Words};

/// A random document: its text, and what the evaluator made of it.
#[derive(Clone)]
pub struct Document {
    /// TOML.
    pub text: String,
    /// The same, compiled.
    pub compiled: Arc<Compiled>,
    /// Its hash.
    pub hash: String,
}

impl Document {
    /// Reads a document that is known to make sense.
    ///
    /// # Panics
    ///
    /// When it does not: the fault is then the generator's.
    pub fn new(text: String) -> Self {
        let compiled = Compiled::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        Self { hash: compiled.policy().hash(), text, compiled: Arc::new(compiled) }
    }

    /// The same document with something changed.
    #[must_use]
    pub fn edited(&self, edit: impl FnOnce(&mut Table)) -> Self {
        let mut table: Table = self.text.parse().expect("it was read before");
        edit(&mut table);
        Self::new(toml::to_string(&table).expect("a table can be written"))
    }

    /// The parsed document.
    pub fn policy(&self) -> &Policy {
        self.compiled.policy()
    }

    /// What the naive interpreter says.
    pub fn reference(&self, row: &Row<'_>) -> Decision<'_> {
        reference::decide(self.policy(), &self.hash, row)
    }

    /// What the evaluator under test says.
    pub fn evaluate(&self, row: &Row<'_>) -> Decision<'_> {
        row.with_input(|input| self.compiled.evaluate(input))
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.text)
    }
}

const POPULATIONS: &[&str] = &["workforce", "Partner", "service", "SERVICE"];
const ROLES: &[&str] = &["admin", "Dev", "ADMIN"];
const DEPARTMENTS: &[&str] = &["it", "HR", "hr"];
const REGIONS: &[&str] = &["emea", "US"];
const APPS: &[&str] = &["payroll", "Wiki"];
const SENSITIVITIES: &[&str] = &["critical", "Low"];
const SIGNALS: &[&str] = &["tor", "new_device", "Tor"];
const PROTOCOLS: &[&str] = &["imap", "oidc", "IMAP"];
const TRANSACTIONS: &[&str] = &["sensitive", "none"];
const CRITERIA: &[&str] = &["device_lost", "Vendor_Limit"];

/// Methods that documents and rows share, so that they meet.
const METHODS: &[&str] = &[
    "totp",
    "push",
    "push_number",
    "sms_otp",
    "fido2_key",
    "passkey_sync",
    "fed_mfa",
    "fed_sf",
    "password",
    "temp_pass",
    "backup_code",
];

/// What a session rule may list. What never satisfies MFA may be among it, and does not.
const LISTED: &[&str] = &[
    "totp",
    "push",
    "push_number",
    "fido2_key",
    "passkey_sync",
    "fed_mfa",
    "fed_sf",
    "password",
    "temp_pass",
    "bypass_code",
];

/// With midnights that do not exist, hours that come twice, a leap day and instants that coincide.
const DATES: &[&str] = &[
    "2026-03-29T02:30:00",
    "2026-04-24",
    "2026-10-01",
    "2026-10-01T00:00:00Z",
    "2026-10-25T02:30:00",
    "2026-11-01T01:30:00",
    "2026-11-01T00:00:00.000001Z",
    "2028-02-29",
    "2028-03-01T00:00:00+05:30",
];
const ZONES: &[&str] = &["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Kolkata"];
const DURATIONS: &[&str] = &["PT0S", "PT5M", "PT12H", "P1D", "P7D", "P30D"];

fn text(word: impl Into<String>) -> Value {
    Value::String(word.into())
}

fn list(words: impl IntoIterator<Item = impl Into<String>>) -> Value {
    Value::Array(words.into_iter().map(text).collect())
}

/// Keeps what is there.
fn table(entries: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Table {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// One word, or a list of some of them, or an empty one.
fn names(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop_oneof![
        3 => select(words).prop_map(text),
        4 => subsequence(words, 1..=2).prop_map(list),
        1 => Just(list([""; 0])),
    ]
    .boxed()
}

fn some_names(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    subsequence(words, 1..=words.len()).prop_map(list).boxed()
}

fn instant() -> impl Strategy<Value = Value> {
    (select(DATES), any::<bool>()).prop_map(|(date, native)| {
        if native { Value::Datetime(date.parse().expect("the dates are RFC 3339")) } else { text(date) }
    })
}

fn duration() -> impl Strategy<Value = Value> {
    select(DURATIONS).prop_map(text)
}

fn moment() -> impl Strategy<Value = Value> {
    let anchor = select(&["enforcement", "deadline"][..]);
    (anchor, prop_oneof![3 => Just(""), 3 => Just("+"), 1 => Just("-")], select(DURATIONS)).prop_map(
        |(anchor, sign, duration)| {
            if sign.is_empty() { text(anchor) } else { text(format!("{anchor}{sign}{duration}")) }
        },
    )
}

fn methods(of: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop_oneof![
        3 => subsequence(of, 1..=3).prop_map(list),
        2 => subsequence(of, 4..=of.len()).prop_map(list),
        1 => select(&["@keys", "@more"][..]).prop_map(text),
        1 => select(of).prop_map(|method| list([method, "@keys"])),
    ]
    .boxed()
}

fn condition(session: bool, depth: u32) -> BoxedStrategy<Value> {
    let on_subject = prop_oneof![
        names(POPULATIONS).prop_map(|names| ("population", names)),
        names(ROLES).prop_map(|names| ("role", names)),
        any::<bool>().prop_map(|privileged| ("privileged", Value::Boolean(privileged))),
        names(DEPARTMENTS).prop_map(|names| ("department", names)),
        names(REGIONS).prop_map(|names| ("region", names)),
    ];
    let on_session = prop_oneof![
        names(APPS).prop_map(|names| ("app", names)),
        names(SENSITIVITIES).prop_map(|names| ("sensitivity", names)),
        names(SIGNALS).prop_map(|names| ("signal", names)),
        names(PROTOCOLS).prop_map(|names| ("protocol", names)),
        names(TRANSACTIONS).prop_map(|names| ("transaction", names)),
    ];
    let field = if session { prop_oneof![1 => on_subject, 3 => on_session].boxed() } else { on_subject.boxed() };
    if depth == 0 {
        return vec(field, 0..=2).prop_map(|fields| Value::Table(table(fields.into_iter().map(present)))).boxed();
    }
    let inner = move || condition(session, depth - 1);
    let nested = prop_oneof![
        vec(inner(), 0..=3).prop_map(|all| ("any", Value::Array(all))),
        vec(inner(), 0..=2).prop_map(|all| ("all", Value::Array(all))),
        inner().prop_map(|one| ("not", one)),
    ];
    let field = prop_oneof![2 => field, 1 => nested];
    vec(field, 0..=2).prop_map(|fields| Value::Table(table(fields.into_iter().map(present)))).boxed()
}

fn present<K, V>((key, value): (K, V)) -> (K, Option<V>) {
    (key, Some(value))
}

/// Names of rules; a word of one section may be one of another too.
const IDS: [&str; 6] = ["b", "A", "d", "c", "a", "e"];

/// Gives each rule a name, from some point of the list of names on.
fn named(rules: Vec<Table>, from: usize) -> Value {
    let name = |(index, mut rule): (usize, Table)| {
        rule.insert("id".into(), text(IDS[(from + index) % IDS.len()]));
        Value::Table(rule)
    };
    Value::Array(rules.into_iter().enumerate().map(name).collect())
}

fn id_of(rules: &Value, index: Index) -> Option<Value> {
    let rules = rules.as_array().filter(|rules| !rules.is_empty())?;
    Some(Value::Array(vec![index.get(rules)["id"].clone()]))
}

/// With references to `app` rules still open: an index in the place of a name.
fn tier() -> impl Strategy<Value = (Table, Option<Index>)> {
    // What never satisfies MFA cannot be accepted, and recovery codes can, to no effect.
    let enrol = (
        methods(METHODS),
        0..=2_i64,
        0..=1_i64,
        weighted(0.5, select(&["optional", "where_supported", "required"][..])),
        weighted(0.2, Just("required")),
        weighted(0.3, names(PROTOCOLS)),
        proptest::bool::weighted(0.12),
    )
        .prop_map(|(allow, factors, recovery, attestation, number_matching, forbid, not_applicable)| {
            table([
                ("allow", (!not_applicable).then_some(allow)),
                ("not_applicable", not_applicable.then_some(Value::Boolean(true))),
                ("min_factors", Some(Value::Integer(factors))),
                ("min_recovery", Some(Value::Integer(recovery))),
                ("attestation", attestation.map(text)),
                ("number_matching", number_matching.map(text)),
                ("forbid_protocols", forbid),
            ])
        });
    let phase_out = (methods(METHODS), instant())
        .prop_map(|(methods, after)| table([("methods", Some(methods)), ("after", Some(after))]));
    let fallback =
        (methods(METHODS), weighted(0.5, instant()), weighted(0.5, 0..=30_i64)).prop_map(|(methods, until, days)| {
            table([("methods", Some(methods)), ("until", until), ("max_days_per_user", days.map(Value::Integer))])
        });
    (
        condition(false, 2),
        enrol,
        weighted(0.7, duration()),
        vec(phase_out, 0..=1),
        vec(fallback, 0..=2),
        weighted(0.3, any::<Index>()),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(when, enrol, grace, phase_out, fallback, not_for_app, exclude)| {
            let array = |tables: Vec<Table>| Value::Array(tables.into_iter().map(Value::Table).collect());
            let tier = table([
                ("match", Some(when)),
                ("enrol", Some(Value::Table(enrol))),
                ("grace", grace),
                ("phase_out", Some(array(phase_out))),
                ("fallback", Some(array(fallback))),
                ("exclude_from_enforcement", exclude.then_some(Value::Boolean(true))),
            ]);
            (tier, not_for_app)
        })
}

fn requirement() -> impl Strategy<Value = Value> {
    let strength = select(&["none", "single", "mfa", "phishing_resistant", "pr_hardware"][..]);
    (weighted(0.6, strength), weighted(0.5, duration()), proptest::bool::weighted(0.1), weighted(0.3, methods(LISTED)))
        .prop_map(|(strength, max_age, every_access, allow)| {
            Value::Table(table([
                ("strength", strength.map(text)),
                ("max_age", max_age),
                ("every_access", every_access.then_some(Value::Boolean(true))),
                ("allow", allow),
            ]))
        })
}

fn session_rule() -> impl Strategy<Value = Table> {
    (condition(true, 2), requirement(), proptest::bool::weighted(0.12)).prop_map(|(when, require, block)| {
        table([("match", Some(when)), ("require", Some(require)), ("effect", block.then(|| text("block")))])
    })
}

fn exceptions() -> impl Strategy<Value = (Table, Option<Index>)> {
    (
        some_names(CRITERIA),
        0..=2_i64,
        weighted(0.6, some_names(&["manager", "Security"])),
        duration(),
        weighted(0.5, duration()),
        weighted(0.3, any::<Index>()),
    )
        .prop_map(|(criteria, approvals, roles, max_duration, attest_every, never_for)| {
            let exceptions = table([
                ("criteria", Some(criteria)),
                ("approvals", Some(Value::Integer(approvals))),
                ("approver_roles", roles),
                ("max_duration", Some(max_duration)),
                ("attest_every", attest_every),
            ]);
            (exceptions, never_for)
        })
}

fn rollout() -> impl Strategy<Value = Table> {
    let wave = (condition(false, 1), instant())
        .prop_map(|(when, from)| table([("match", Some(when)), ("enforce_from", Some(from))]));
    (vec(wave, 0..=2), 0..6_usize, any::<bool>()).prop_map(|(waves, name, enforce)| {
        table([("wave", Some(named(waves, name))), ("default_mode", enforce.then(|| text("enforce")))])
    })
}

fn stage() -> impl Strategy<Value = (Table, Option<Index>)> {
    (moment(), select(&["remind", "limit", "block"][..]), weighted(0.6, any::<Index>()))
        .prop_map(|(from, effect, apps)| (table([("from", Some(from)), ("effect", Some(text(effect)))]), apps))
}

/// Any policy, as its document.
pub fn document() -> impl Strategy<Value = Document> {
    let sessions = (
        vec(session_rule(), 0..=3),
        vec(session_rule(), 0..=2),
        vec(session_rule(), 0..=2),
        (0..6_usize, 0..6_usize, 0..6_usize),
    );
    (
        (select(ZONES), instant(), 0..6_usize),
        vec(tier(), 1..=3),
        sessions,
        weighted(0.8, exceptions()),
        weighted(0.7, rollout()),
        (vec(stage(), 0..=3), any::<bool>()),
    )
        .prop_map(|(head, tiers, (apps, step_ups, contexts, names), exceptions, rollout, (stages, descending))| {
            let apps = named(apps, names.0);
            let last = tiers.len() - 1;
            let tiers = tiers.into_iter().enumerate().map(|(index, (mut tier, not_for_app))| {
                if index == last {
                    tier.remove("match");
                }
                let app = not_for_app.and_then(|app| id_of(&apps, app));
                if let (Some(app), Some(fallbacks)) = (app, tier.get_mut("fallback").and_then(Value::as_array_mut)) {
                    for fallback in fallbacks.iter_mut().filter_map(Value::as_table_mut) {
                        fallback.insert("not_for_app".into(), app.clone());
                    }
                }
                tier
            });
            let tiers = named(tiers.collect(), head.2);
            let exceptions = exceptions.map(|(mut exceptions, never_for)| {
                exceptions
                    .extend(never_for.and_then(|tier| id_of(&tiers, tier)).map(|tier| ("never_for".to_owned(), tier)));
                Value::Table(exceptions)
            });
            let count = stages.len();
            let stages = stages.into_iter().enumerate().map(|(index, (mut stage, app))| {
                let n = if descending { count - index } else { index + 1 };
                stage.insert("n".into(), Value::Integer(n as i64));
                stage.extend(app.and_then(|app| id_of(&apps, app)).map(|app| ("allow_apps".to_owned(), app)));
                Value::Table(stage)
            });
            let stages = Value::Array(stages.collect());
            let sets = table([
                ("keys", Some(list(["fido2_key", "passkey_sync"]))),
                ("more", Some(list(["@keys", "totp", "push"]))),
            ]);
            let document = table([
                ("schema", Some(text("mfa-policy/1"))),
                ("id", Some(text("random"))),
                ("version", Some(text("1"))),
                ("timezone", Some(text(head.0))),
                ("effective_from", Some(head.1)),
                ("sets", Some(Value::Table(sets))),
                ("tier", Some(tiers)),
                ("app", Some(apps)),
                ("step_up", Some(named(step_ups, names.1))),
                ("context", Some(named(contexts, names.2))),
                ("exceptions", exceptions),
                ("rollout", rollout.map(Value::Table)),
                ("stage", Some(stages)),
            ]);
            Document::new(toml::to_string(&document).expect("a table can be written"))
        })
}

/// The instants and lengths of time around which a policy's answers change.
#[derive(Debug, Clone)]
pub struct Boundaries {
    /// Instants: never empty.
    pub instants: Vec<i64>,
    /// Lengths of time: never empty.
    pub spans: Vec<i64>,
}

impl Boundaries {
    /// Those of a policy.
    pub fn of(policy: &Policy) -> Self {
        let waves = policy.rollout.iter().flat_map(|rollout| &rollout.wave);
        let mut begins: Vec<i64> = waves.map(|wave| wave.enforce_from.micros()).collect();
        begins.push(policy.effective_from.micros());
        let mut dates = begins.clone();
        let mut spans = vec![0];
        for tier in &policy.tier {
            spans.push(tier.grace.micros());
            dates.extend(tier.phase_out.iter().map(|out| out.after.micros()));
            for fallback in &tier.fallback {
                dates.extend(fallback.until.map(|until| until.micros()));
                spans.extend(fallback.max_days_per_user.map(|days| i64::from(days) * 86_400_000_000));
            }
        }
        let graces: Vec<i64> = policy.tier.iter().map(|tier| tier.grace.micros()).chain([0]).collect();
        let moments = policy.stage.iter().map(|stage| stage.from).map(|Moment { offset, .. }| offset);
        let moments: Vec<i64> = moments.chain([0]).collect();
        for begin in begins {
            for grace in &graces {
                dates.extend(moments.iter().map(|moment| begin + grace + moment));
            }
        }
        for rule in policy.app.iter().chain(&policy.step_up).chain(&policy.context) {
            spans.extend(rule.require.max_age.map(|max_age| max_age.micros()));
        }
        if let Some(exceptions) = &policy.exceptions {
            spans.push(exceptions.max_duration.micros());
            spans.extend(exceptions.attest_every.map(|every| every.micros()));
        }
        for list in [&mut dates, &mut spans] {
            list.sort_unstable();
            list.dedup();
        }
        Self { instants: dates, spans }
    }
}

/// An instant relative to the policy it will meet.
#[derive(Debug, Clone)]
enum When {
    Unknown,
    /// `as_of`, and microseconds beside it.
    Now(i64),
    /// One of the policy's instants, and microseconds beside it.
    At(Index, i64),
    /// A span of the policy before or after `as_of`, and microseconds beside it.
    Ago(Index, i64),
    Ahead(Index, i64),
    Exactly(i64),
}

fn off() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0), 2 => Just(-1), 2 => Just(1), 1 => Just(-86_400_000_000), 1 => Just(86_400_000_000)]
}

fn when(unknown: u32) -> impl Strategy<Value = When> {
    prop_oneof![
        unknown => Just(When::Unknown),
        4 => (any::<Index>(), off()).prop_map(|(index, off)| When::At(index, off)),
        6 => (any::<Index>(), off()).prop_map(|(index, off)| When::Ago(index, off)),
        2 => (any::<Index>(), off()).prop_map(|(index, off)| When::Ahead(index, off)),
        2 => Just(When::Exactly(0)),
        1 => select(&[i64::MIN, i64::MAX][..]).prop_map(When::Exactly),
    ]
}

impl When {
    fn resolve(&self, boundaries: &Boundaries, as_of: Option<i64>) -> Option<i64> {
        let now = as_of.unwrap_or(boundaries.instants[0]);
        match self {
            Self::Unknown => None,
            Self::Now(off) => Some(now.saturating_add(*off)),
            Self::At(index, off) => Some(index.get(&boundaries.instants) + off),
            Self::Ago(index, off) => Some(now.saturating_sub(*index.get(&boundaries.spans)).saturating_add(*off)),
            Self::Ahead(index, off) => Some(now.saturating_add(*index.get(&boundaries.spans)).saturating_add(*off)),
            Self::Exactly(at) => Some(*at),
        }
    }
}

/// A row before it meets its policy.
#[derive(Debug, Clone)]
struct Draft {
    row: Row<'static>,
    as_of: When,
    created_at: When,
    fallback_started_at: When,
    mfa_at: When,
    factors: Vec<(When, When)>,
    exceptions: Vec<(When, When, bool, When)>,
}

impl Draft {
    fn resolve(self, boundaries: &Boundaries) -> Row<'static> {
        let mut row = self.row;
        row.as_of = self.as_of.resolve(boundaries, None);
        let at = |when: &When| when.resolve(boundaries, row.as_of);
        if let Some(subject) = &mut row.subject {
            subject.created_at = at(&self.created_at);
            subject.fallback_started_at = at(&self.fallback_started_at);
        }
        if let Some(context) = &mut row.context {
            context.mfa_at = at(&self.mfa_at);
        }
        for (factor, (enrolled_at, last_used_at)) in row.factors.iter_mut().flatten().zip(&self.factors) {
            factor.enrolled_at = at(enrolled_at);
            factor.last_used_at = at(last_used_at);
        }
        for (exception, (starts_at, expires_at, by_length, attested_at)) in
            row.exceptions.iter_mut().flatten().zip(&self.exceptions)
        {
            exception.starts_at = at(starts_at);
            // The length of an exception has a boundary as its end has.
            let from = if *by_length { exception.starts_at } else { row.as_of };
            exception.expires_at = expires_at.resolve(boundaries, from);
            exception.attested_at = at(attested_at);
        }
        row
    }
}

/// One of the words, another, or nobody knows.
fn word(words: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![1 => Just(None), 10 => select(words).prop_map(Some), 2 => Just(Some("other"))]
}

fn words(words: &'static [&'static str]) -> impl Strategy<Value = Words<'static>> {
    let element = prop_oneof![1 => Just(None), 8 => select(words).prop_map(Some), 3 => Just(Some("other"))];
    weighted(0.9, vec(element, 0..=2))
}

fn maybe(known: f64) -> impl Strategy<Value = Option<bool>> {
    weighted(known, any::<bool>())
}

/// The name of a method, mostly one that documents use, or of none.
fn method() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        1 => Just(None),
        14 => select(METHODS).prop_map(Some),
        4 => select(&Method::ALL[..]).prop_map(|method| Some(method.as_str())),
        1 => select(&["TOTP", "carrier_pigeon", ""][..]).prop_map(Some),
    ]
}

fn factor() -> impl Strategy<Value = (Factor<'static>, (When, When))> {
    let status = prop_oneof![
        10 => Just(Some("active")),
        2 => Just(Some("Active")),
        1 => Just(Some("revoked")),
        1 => Just(None),
    ];
    let enrolled_at = prop_oneof![3 => Just(When::Exactly(0)), 1 => when(5)];
    (method(), maybe(0.9), maybe(0.7), maybe(0.5), status, enrolled_at, when(5)).prop_map(
        |(method, attested, number_matching, user_verified, status, enrolled_at, last_used_at)| {
            let factor = Factor { method, attested, number_matching, user_verified, status, ..Factor::default() };
            (factor, (enrolled_at, last_used_at))
        },
    )
}

fn exception() -> impl Strategy<Value = (Exception<'static>, (When, When, bool, When))> {
    const APPROVERS: &[&str] = &[
        "manager:kim",
        "security:lee",
        "Manager:KIM",
        " security : lee ",
        "manager",
        "Security",
        "friend:bo",
        "manager:sam",
        "security:manager",
        "security:",
    ];
    let approver = prop_oneof![1 => Just(None), 15 => select(APPROVERS).prop_map(Some)];
    let criterion = prop_oneof![12 => select(CRITERIA).prop_map(Some), 1 => Just(Some("because")), 1 => Just(None)];
    let scope = prop_oneof![
        4 => Just(Some("session")),
        1 => Just(Some("SESSION")),
        2 => Just(None),
        1 => Just(Some("enrolment")),
    ];
    // Most should hold, or nothing that follows from it is seen.
    let starts_at = prop_oneof![
        3 => Just(When::Now(0)),
        2 => when(1),
    ];
    let expires_at = prop_oneof![
        3 => Just(When::Exactly(i64::MAX)),
        3 => any::<Index>().prop_map(|index| When::Ahead(index, 0)),
        4 => when(1),
    ];
    (
        criterion,
        weighted(0.95, vec(approver, 0..=3)),
        scope,
        starts_at,
        expires_at,
        any::<bool>(),
        prop_oneof![3 => Just(When::Now(0)), 2 => when(1)],
    )
        .prop_map(|(criterion, approvers, scope, starts_at, expires_at, by_length, attested_at)| {
            let exception = Exception { id: Some("x"), criterion, approvers, scope, ..Exception::default() };
            (exception, (starts_at, expires_at, by_length, attested_at))
        })
}

fn draft() -> impl Strategy<Value = Draft> {
    let subject = (
        prop_oneof![6 => Just(Some("sam")), 1 => Just(Some("KIM")), 1 => Just(Some("manager")), 1 => Just(None)],
        word(POPULATIONS),
        words(ROLES),
        maybe(0.9),
        word(DEPARTMENTS),
        word(REGIONS),
    )
        .prop_map(|(id, population, roles, privileged, department, region)| Subject {
            id,
            population,
            roles,
            privileged,
            department,
            region,
            ..Subject::default()
        });
    let app = (word(APPS), word(SENSITIVITIES)).prop_map(|(id, sensitivity)| App { id, sensitivity });
    let context = (
        words(SIGNALS),
        word(PROTOCOLS),
        word(TRANSACTIONS),
        weighted(0.9, vec(method(), 0..=2)),
        weighted(0.5, any::<bool>()),
        maybe(0.8),
    )
        .prop_map(|(signals, protocol, transaction, used_methods, federated, federation_attested)| Context {
            signals,
            protocol,
            transaction,
            used_methods,
            federated,
            federation_attested,
            ..Context::default()
        });
    let lists = (weighted(0.95, vec(factor(), 0..=4)), weighted(0.9, vec(exception(), 0..=2)));
    let as_of = prop_oneof![
        1 => Just(When::Unknown),
        24 => (any::<Index>(), off()).prop_map(|(index, off)| When::At(index, off)),
        1 => select(&[i64::MIN, 0, i64::MAX][..]).prop_map(When::Exactly),
    ];
    (weighted(0.97, subject), weighted(0.75, app), weighted(0.85, context), lists, (as_of, when(2), when(3), when(2)))
        .prop_map(|(subject, app, context, (factors, exceptions), times)| {
            let (factors, of_factors) = factors.map(|all| all.into_iter().unzip::<_, _, Vec<_>, Vec<_>>()).unzip();
            let (exceptions, of_exceptions) =
                exceptions.map(|all| all.into_iter().unzip::<_, _, Vec<_>, Vec<_>>()).unzip();
            let (as_of, created_at, fallback_started_at, mfa_at) = times;
            Draft {
                row: Row { subject, factors, app, context, exceptions, as_of: None },
                as_of,
                created_at,
                fallback_started_at,
                mfa_at,
                factors: of_factors.unwrap_or_default(),
                exceptions: of_exceptions.unwrap_or_default(),
            }
        })
}

/// A policy, and rows for it.
pub fn policy_and_rows(rows: usize) -> impl Strategy<Value = (Document, Vec<Row<'static>>)> {
    (document(), vec(draft(), 1..=rows)).prop_map(|(document, drafts)| {
        let boundaries = Boundaries::of(document.policy());
        let rows = drafts.into_iter().map(|draft| draft.resolve(&boundaries)).collect();
        (document, rows)
    })
}

/// Rows for one policy.
pub fn rows_for(policy: &Policy, rows: usize) -> impl Strategy<Value = Vec<Row<'static>>> + use<> {
    let boundaries = Boundaries::of(policy);
    vec(draft(), 1..=rows).prop_map(move |drafts| drafts.into_iter().map(|draft| draft.resolve(&boundaries)).collect())
}

/// A row without unknowns, or almost: every missing value that could be any is given one. What is missing by
/// convention stays: an unknown registration is an early one, an unknown scope names nothing.
pub fn complete(row: &Row<'static>, seed: u64, boundaries: &Boundaries) -> Row<'static> {
    let mut dice = Dice(seed);
    let mut row = row.clone();
    let as_of = *row.as_of.get_or_insert_with(|| dice.instant(boundaries, None));
    let now = Some(as_of);
    let subject = row.subject.get_or_insert_default();
    dice.word(&mut subject.id, &["sam", "kim", "lee"]);
    dice.word(&mut subject.population, POPULATIONS);
    dice.words(&mut subject.roles, ROLES);
    dice.bit(&mut subject.privileged);
    dice.word(&mut subject.department, DEPARTMENTS);
    dice.word(&mut subject.region, REGIONS);
    dice.at(&mut subject.created_at, boundaries, now);
    dice.at(&mut subject.fallback_started_at, boundaries, now);
    let factors = row.factors.get_or_insert_with(|| vec![Factor::default(); dice.below(4)]);
    for factor in factors {
        dice.word(&mut factor.method, METHODS);
        dice.bit(&mut factor.attested);
        dice.word(&mut factor.status, &["active", "revoked"]);
    }
    if row.app.is_some() || row.context.is_some() {
        let app = row.app.get_or_insert_default();
        dice.word(&mut app.id, APPS);
        dice.word(&mut app.sensitivity, SENSITIVITIES);
        let context = row.context.get_or_insert_default();
        dice.words(&mut context.signals, SIGNALS);
        dice.word(&mut context.protocol, PROTOCOLS);
        dice.word(&mut context.transaction, TRANSACTIONS);
        dice.words(&mut context.used_methods, METHODS);
        dice.at(&mut context.mfa_at, boundaries, now);
        dice.bit(&mut context.federation_attested);
    }
    let scope = if dice.below(2) == 0 { None } else { Some("session") };
    let exceptions =
        row.exceptions.get_or_insert_with(|| vec![Exception { scope, ..Exception::default() }; dice.below(2)]);
    for exception in exceptions {
        dice.word(&mut exception.criterion, CRITERIA);
        dice.at(&mut exception.starts_at, boundaries, now);
        dice.at(&mut exception.expires_at, boundaries, now);
        dice.words(&mut exception.approvers, &["manager:kim", "security:lee", "manager:sam", "friend:bo"]);
        dice.at(&mut exception.attested_at, boundaries, now);
    }
    row
}

/// A sequence of choices that a seed decides (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below another.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    /// Shuffles.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }

    /// One of several.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn word(&mut self, word: &mut Option<&'static str>, words: &[&'static str]) {
        word.get_or_insert_with(|| self.one_of(words));
    }

    fn words(&mut self, list: &mut Words<'static>, words: &[&'static str]) {
        for word in list.get_or_insert_with(|| vec![None; self.below(3)]) {
            self.word(word, words);
        }
    }

    fn bit(&mut self, bit: &mut Option<bool>) {
        bit.get_or_insert_with(|| self.below(2) == 0);
    }

    fn at(&mut self, at: &mut Option<i64>, boundaries: &Boundaries, now: Option<i64>) {
        at.get_or_insert_with(|| self.instant(boundaries, now));
    }

    /// An instant on, or a microsecond beside, a boundary.
    pub fn instant(&mut self, boundaries: &Boundaries, now: Option<i64>) -> i64 {
        let off = self.one_of(&[-1, 0, 1]);
        match now {
            Some(now) if self.below(2) == 0 => {
                let span = self.one_of(&boundaries.spans).saturating_mul(self.one_of(&[-1, 1]));
                now.saturating_add(span).saturating_add(off)
            }
            _ => self.one_of(&boundaries.instants) + off,
        }
    }
}
