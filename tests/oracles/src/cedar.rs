//! A policy as policies of [Cedar](https://www.cedarpolicy.com), whose evaluator nobody here wrote.
//!
//! The subset is what Cedar can say: rows of which everything is known, without exceptions. Of those it answers whether
//! the enrolment is enough, whether there is grace, whether the policy is enforced, and what the session is. Stages,
//! reasons and names of rules are left to the [reference](crate::reference).
//!
//! Cedar has no order of rules, no numbers of things in a set and no unknowns, so that the translation is another
//! thought and not a copy:
//!
//! - the first match is "this and none of those before";
//! - what rules ask of a session together is one `permit` for each kind of method that can open it, "unless a rule
//!   matches that this method does not satisfy", and a `forbid` for each age and block;
//! - factors are counted by the row ([`Facts`]), method by method, and added up by the policy.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy as CedarPolicy, PolicyId, PolicySet, Request,
    RestrictedExpression,
};
use mfa_core::model::{Kinds, Method, Strength};
use mfa_core::policy::document::{Attestation, Match, Mode, NumberMatching, Policy, RuleEffect, SessionRule, Tier};
use mfa_core::policy::value::{Methods, Names};
use mfa_core::policy::{Enrolment, Session};

use crate::row::Row;

/// What Cedar says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What is registered: compliant, not applicable, in grace or overdue.
    pub enrolment: Enrolment,
    /// What the session has: satisfied, to be stepped up, or blocked.
    pub session: Session,
    /// Whether the policy is enforced.
    pub enforced: bool,
}

/// A policy in Cedar.
#[derive(Debug)]
pub struct Translation {
    policies: PolicySet,
}

/// The questions put to Cedar.
struct Actions {
    enrol: EntityUid,
    grace: EntityUid,
    enforce: EntityUid,
    session: EntityUid,
}

static ACTIONS: LazyLock<Actions> = LazyLock::new(|| {
    let action = |name: &str| uid("Action", name);
    Actions { enrol: action("enrol"), grace: action("grace"), enforce: action("enforce"), session: action("session") }
});

fn uid(kind: &str, name: &str) -> EntityUid {
    format!("{kind}::\"{name}\"").parse().expect("the names are plain")
}

impl Translation {
    /// Translates a policy.
    ///
    /// # Panics
    ///
    /// When Cedar cannot read the translation, which is then wrong.
    pub fn new(policy: &Policy) -> Self {
        let mut policies = PolicySet::new();
        for (id, text) in statements(policy) {
            let statement = CedarPolicy::parse(Some(PolicyId::new(id)), &text);
            let statement = statement.unwrap_or_else(|error| panic!("{error:?}\n{text}"));
            policies.add(statement).expect("the ids differ");
        }
        Self { policies }
    }

    /// The translation as text.
    pub fn text(policy: &Policy) -> String {
        statements(policy).into_iter().map(|(id, text)| format!("// {id}\n{text}\n")).collect()
    }

    /// What Cedar says of a row.
    ///
    /// # Panics
    ///
    /// When a policy fails, as by an overflow: Cedar would go on without it.
    pub fn decide(&self, facts: &Facts) -> Answer {
        let (enrolled, exempt) = self.ask(&ACTIONS.enrol, facts, "exempt");
        let (in_grace, _) = self.ask(&ACTIONS.grace, facts, "");
        let (satisfied, blocked) = self.ask(&ACTIONS.session, facts, "block");
        Answer {
            enrolment: match (enrolled, exempt, in_grace) {
                (true, true, _) => Enrolment::NotApplicable,
                (true, false, _) => Enrolment::Compliant,
                (false, _, true) => Enrolment::InGrace,
                (false, _, false) => Enrolment::Overdue,
            },
            session: match (satisfied, blocked) {
                (true, _) => Session::Satisfied,
                (false, true) => Session::Blocked,
                (false, false) => Session::StepUp,
            },
            enforced: self.ask(&ACTIONS.enforce, facts, "").0,
        }
    }

    /// The answer to a question, and whether a policy of that kind brought it about.
    fn ask(&self, action: &EntityUid, facts: &Facts, kind: &str) -> (bool, bool) {
        let (principal, resource) = (facts.principal.clone(), facts.resource.clone());
        let request = Request::new(principal, action.clone(), resource, facts.context.clone(), None)
            .expect("there is no schema to break");
        let response = Authorizer::new().is_authorized(&request, &self.policies, &facts.entities);
        let errors: Vec<_> = response.diagnostics().errors().collect();
        assert!(errors.is_empty(), "{errors:?}");
        let mut reasons = response.diagnostics().reason();
        (
            response.decision() == Decision::Allow,
            !kind.is_empty() && reasons.any(|id| AsRef::<str>::as_ref(id).starts_with(kind)),
        )
    }
}

// The policy.

/// The policies, each with a name that says what it is for.
fn statements(policy: &Policy) -> Vec<(String, String)> {
    let mut statements = Vec::new();
    let mut add = |effect: &str, action: &str, id: String, when: String| {
        let text = format!("{effect}(principal, action == Action::\"{action}\", resource) when {{ {when} }};");
        statements.push((id, text));
    };

    let tiers = first_matches(policy.tier.iter().map(|tier| &tier.when));
    let classes = first_matches(policy.app.iter().map(|app| &app.when));
    let rollout = policy.rollout.as_ref();
    let waves: Vec<_> = rollout.into_iter().flat_map(|rollout| &rollout.wave).collect();
    let mut begins: Vec<(String, i64, bool)> = first_matches(waves.iter().map(|wave| &wave.when))
        .into_iter()
        .zip(&waves)
        .map(|(when, wave)| (when, wave.enforce_from.micros(), true))
        .collect();
    let enforced = rollout.is_none_or(|rollout| rollout.default_mode == Mode::Enforce);
    begins.push((none_of(waves.iter().map(|wave| &wave.when)), policy.effective_from.micros(), enforced));

    for (wave, (in_wave, from, enforced)) in begins.iter().enumerate() {
        if *enforced {
            add("permit", "enforce", format!("enforce:{wave}"), format!("{in_wave} && context.as_of >= {from}"));
        }
        for (tier, (in_tier, rule)) in tiers.iter().zip(&policy.tier).enumerate() {
            let left = format!("context.as_of - {}", rule.grace.micros());
            let when = format!("{in_tier} && {in_wave} && ({left} < principal.created_at || {left} < {from})");
            add("permit", "grace", format!("grace:{tier}:{wave}"), when);
        }
    }

    for (index, (in_tier, tier)) in tiers.iter().zip(&policy.tier).enumerate() {
        if tier.enrol.not_applicable {
            add("permit", "enrol", format!("exempt:{index}"), in_tier.clone());
        } else {
            let (factors, recovery) = (tier.enrol.min_factors, tier.enrol.min_recovery);
            let count = count(tier, policy, &classes);
            let when = format!("{in_tier} && {count} >= {factors} && principal.recovery >= {recovery}");
            add("permit", "enrol", format!("enrol:{index}"), when);
        }
        if !tier.enrol.forbid_protocols.is_empty() {
            let when = format!("{in_tier} && {}.contains(context.protocol)", set(tier.enrol.forbid_protocols.iter()));
            add("forbid", "session", format!("block:tier:{index}"), when);
        }
    }

    let rules: Vec<&SessionRule> = policy.app.iter().chain(&policy.step_up).chain(&policy.context).collect();
    let (blocks, asks): (Vec<_>, Vec<_>) = rules.into_iter().partition(|rule| rule.effect == RuleEffect::Block);
    for (index, rule) in blocks.into_iter().enumerate() {
        add("forbid", "session", format!("block:{index}"), condition(&rule.when));
    }
    for (index, rule) in asks.iter().enumerate() {
        let max_age = match rule.require.max_age {
            _ if rule.require.every_access => 0,
            Some(max_age) => max_age.micros(),
            None => continue,
        };
        let old = format!("context.mfa_at > context.as_of || context.as_of - context.mfa_at > {max_age}");
        let when = format!("{} && (context.is_nothing || {old})", condition(&rule.when));
        add("forbid", "session", format!("age:{index}"), when);
    }
    // Methods that fail the same rules open the same sessions.
    let mut kinds: BTreeMap<(Vec<usize>, bool), Vec<&str>> = BTreeMap::new();
    for method in Method::ALL {
        let failed = (0..asks.len()).filter(|rule| !satisfies(method, asks[*rule])).collect();
        kinds.entry((failed, method.kinds() == Kinds::Claim)).or_default().push(method.as_str());
    }
    for (index, ((failed, is_claim), methods)) in kinds.into_iter().enumerate() {
        let counts = if is_claim { "context.attested" } else { "(!context.federated || context.attested)" };
        let unless = none_of(failed.into_iter().map(|rule| &asks[rule].when));
        let when = format!("context.used.containsAny({}) && {counts} && {unless}", set(methods));
        add("permit", "session", format!("method:{index}"), when);
    }
    let asking = asks.iter().filter(|rule| asks_for_method(rule));
    add("permit", "session", "nothing".into(), none_of(asking.map(|rule| &rule.when)));
    statements
}

fn asks_for_method(rule: &SessionRule) -> bool {
    rule.require.allow.is_some() || rule.require.strength.is_some_and(|strength| strength > Strength::None)
}

/// Whether a session that used the method has what the rule asks for.
fn satisfies(method: Method, rule: &SessionRule) -> bool {
    if !asks_for_method(rule) {
        return true;
    }
    let least = rule.require.strength.unwrap_or(Strength::None).max(Strength::Single);
    let listed = rule.require.allow.as_ref().is_none_or(|allow| lists(allow, method));
    // One that proves nothing is never the one that was needed.
    listed && method.strength() >= least
}

/// A push that asks for a number is a push.
fn lists(methods: &Methods, method: Method) -> bool {
    let has = |method: Method| methods.mask() & method.bit() != 0;
    has(method) || method == Method::PushNumber && has(Method::Push)
}

fn tier_lists(tier: &Tier, methods: &Methods, method: Method) -> bool {
    let needs_number = tier.enrol.number_matching == NumberMatching::Required;
    lists(methods, method) && !(method == Method::Push && needs_number)
}

/// The number of factors that count in a tier, as an expression.
fn count(tier: &Tier, policy: &Policy, classes: &[String]) -> String {
    let mut terms = vec!["0".to_owned()];
    for method in Method::ALL.into_iter().filter(|method| is_factor(*method)) {
        let mut ways = Vec::new();
        if tier.enrol.allow.as_ref().is_some_and(|allow| tier_lists(tier, allow, method)) {
            ways.push("true".to_owned());
        }
        for fallback in tier.fallback.iter().filter(|fallback| tier_lists(tier, &fallback.methods, method)) {
            let mut limits = vec!["true".to_owned()];
            limits.extend(fallback.until.map(|until| format!("context.as_of < {}", until.micros())));
            limits.extend(fallback.max_days_per_user.map(|days| {
                format!("context.as_of < principal.fallback_started_at + {}", i64::from(days) * 86_400_000_000)
            }));
            let refused = policy.app.iter().zip(classes).filter(|(app, _)| fallback.not_for_app.contains(&app.id));
            limits.extend(refused.map(|(_, class)| format!("!{class}")));
            ways.push(format!("({})", limits.join(" && ")));
        }
        if ways.is_empty() {
            continue;
        }
        let mut accepted = format!("({})", ways.join(" || "));
        for out in tier.phase_out.iter().filter(|out| out.methods.mask() & method.bit() != 0) {
            accepted += &format!(" && context.as_of <= {}", out.after.micros());
        }
        let attested = match tier.enrol.attestation {
            Attestation::Optional => false,
            Attestation::WhereSupported => method.supports_attestation(),
            Attestation::Required => true,
        };
        let number = if attested { "attested" } else { "all" };
        terms.push(format!("(if {accepted} then principal.{number}.{method} else 0)", method = method.as_str()));
    }
    format!("({})", terms.join(" + "))
}

fn is_factor(method: Method) -> bool {
    !matches!(method.kinds(), Kinds::Nothing | Kinds::Recovery)
}

/// For each of some rules, that it is the first to match.
fn first_matches<'m>(rules: impl Iterator<Item = &'m Match>) -> Vec<String> {
    let mut before: Vec<String> = Vec::new();
    let mut first = Vec::new();
    for rule in rules.map(condition) {
        let others: String = before.iter().map(|other| format!(" && !{other}")).collect();
        first.push(format!("({rule}{others})"));
        before.push(rule);
    }
    first
}

fn none_of<'m>(rules: impl Iterator<Item = &'m Match>) -> String {
    let none: String = rules.map(|rule| format!(" && !{}", condition(rule))).collect();
    format!("(true{none})")
}

fn condition(when: &Match) -> String {
    let mut tests = vec!["true".to_owned()];
    for (attribute, names) in [
        ("principal.population", &when.population),
        ("principal.department", &when.department),
        ("principal.region", &when.region),
        ("resource.id", &when.app),
        ("resource.sensitivity", &when.sensitivity),
        ("context.protocol", &when.protocol),
        ("context.transaction", &when.transaction),
    ] {
        tests.extend(names.as_ref().map(|names| format!("{}.contains({attribute})", set(names.iter()))));
    }
    for (attribute, names) in [("principal.roles", &when.role), ("context.signals", &when.signal)] {
        let any = |names: &Names| format!("{attribute}.containsAny({})", set(names.iter()));
        tests.extend(names.as_ref().map(any));
    }
    tests.extend(when.privileged.map(|privileged| format!("principal.privileged == {privileged}")));
    let join = |conditions: &Vec<Match>, operator: &str, neutral: &str| {
        let all: String = conditions.iter().map(|one| format!(" {operator} {}", condition(one))).collect();
        format!("({neutral}{all})")
    };
    tests.extend(when.any.as_ref().map(|any| join(any, "||", "false")));
    tests.extend(when.all.as_ref().map(|all| join(all, "&&", "true")));
    tests.extend(when.not.as_ref().map(|not| format!("!{}", condition(not))));
    format!("({})", tests.join(" && "))
}

fn set<'s>(words: impl IntoIterator<Item = &'s str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", words.join(", "))
}

// The row.

/// A row as Cedar's entities.
#[derive(Debug)]
pub struct Facts {
    principal: EntityUid,
    resource: EntityUid,
    entities: Entities,
    context: Context,
}

/// Instants beyond which Cedar's arithmetic, which does not saturate, could overflow.
const FAR: i64 = 1 << 60;

impl Facts {
    /// The facts of a row, or nothing where the row is not in the subset: something is unknown, there is an exception,
    /// or an instant is hundreds of centuries away.
    pub fn of(row: &Row<'_>) -> Option<Self> {
        let (subject, app, context) = (row.subject.as_ref()?, row.app.as_ref()?, row.context.as_ref()?);
        if !row.exceptions.as_ref()?.is_empty() {
            return None;
        }
        let as_of = near(row.as_of)?;
        let mut recovery = 0;
        let factors = || Method::ALL.into_iter().filter(|method| is_factor(*method)).map(|method| (method, 0));
        let mut all: BTreeMap<Method, i64> = factors().collect();
        let mut attested: BTreeMap<Method, i64> = factors().collect();
        for factor in row.factors.as_ref()? {
            let is_active = factor.status?.eq_ignore_ascii_case("active");
            let method = match (Method::parse(factor.method?), factor.number_matching) {
                (Some(Method::Push), Some(true)) => Method::PushNumber,
                (Some(Method::PushNumber), Some(false)) => Method::Push,
                (method, _) => method.unwrap_or(Method::Unknown),
            };
            let is_attested = factor.attested?;
            if !is_active || factor.enrolled_at.is_some_and(|at| at > as_of) {
                continue;
            }
            if method.is_recovery() {
                recovery += 1;
            }
            for (count, counts) in [(&mut all, true), (&mut attested, is_attested)] {
                if let (Some(count), true) = (count.get_mut(&method), counts) {
                    *count += 1;
                }
            }
        }
        let counts = |counts: BTreeMap<Method, i64>| {
            record(counts.into_iter().map(|(method, count)| (method.as_str(), number(count))))
        };
        let principal = uid("User", "subject");
        let user = [
            ("population", word(subject.population)?),
            ("roles", words(subject.roles.as_deref()?)?),
            ("privileged", RestrictedExpression::new_bool(subject.privileged?)),
            ("department", word(subject.department)?),
            ("region", word(subject.region)?),
            ("created_at", number(near(subject.created_at)?)),
            ("fallback_started_at", number(near(subject.fallback_started_at)?)),
            ("all", counts(all)),
            ("attested", counts(attested)),
            ("recovery", number(recovery)),
        ];
        let resource = uid("App", "app");
        let target = [("id", word(app.id)?), ("sensitivity", word(app.sensitivity)?)];
        let used = context.used_methods.as_deref()?;
        let known = used.iter().map(|name| name.map(|name| Method::parse(name).unwrap_or(Method::Unknown)));
        let known: Vec<Method> = known.collect::<Option<_>>()?;
        let session = [
            ("as_of", number(as_of)),
            ("mfa_at", number(near(context.mfa_at)?)),
            ("signals", words(context.signals.as_deref()?)?),
            ("protocol", word(context.protocol)?),
            ("transaction", word(context.transaction)?),
            ("used", RestrictedExpression::new_set(known.iter().map(|method| text(method.as_str())))),
            ("is_nothing", RestrictedExpression::new_bool(used.is_empty())),
            ("federated", RestrictedExpression::new_bool(context.federated == Some(true))),
            ("attested", RestrictedExpression::new_bool(context.federation_attested?)),
        ];
        let entity = |uid: &EntityUid, attributes: HashMap<String, RestrictedExpression>| {
            Entity::new(uid.clone(), attributes, HashSet::new()).expect("there are no extension functions to fail")
        };
        let entities = [entity(&principal, owned(user)), entity(&resource, owned(target))];
        Some(Self {
            entities: Entities::from_entities(entities, None).expect("the entities differ"),
            principal,
            resource,
            context: Context::from_pairs(owned::<Vec<_>>(session)).expect("the keys differ"),
        })
    }
}

fn near(instant: Option<i64>) -> Option<i64> {
    instant.filter(|instant| (-FAR..=FAR).contains(instant))
}

fn number(number: i64) -> RestrictedExpression {
    RestrictedExpression::new_long(number)
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

/// Cedar tells letter case apart, so both sides are lower case.
fn word(word: Option<&str>) -> Option<RestrictedExpression> {
    word.map(|word| text(&word.to_ascii_lowercase()))
}

fn words(words: &[Option<&str>]) -> Option<RestrictedExpression> {
    let words: Option<Vec<_>> = words.iter().map(|one| word(*one)).collect();
    words.map(RestrictedExpression::new_set)
}

fn owned<C: FromIterator<(String, RestrictedExpression)>>(
    pairs: impl IntoIterator<Item = (&'static str, RestrictedExpression)>,
) -> C {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn record(fields: impl IntoIterator<Item = (&'static str, RestrictedExpression)>) -> RestrictedExpression {
    RestrictedExpression::new_record(owned::<Vec<_>>(fields)).expect("the keys differ")
}
