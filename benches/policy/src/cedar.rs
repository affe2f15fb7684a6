//! The default policy as policies of [Cedar](https://www.cedarpolicy.com), by hand: `default.cedar`.
//!
//! Cedar knows no unknowns and counts nothing, so that it gets rows of which everything is known and that have no
//! exceptions, with their factors counted by method.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression,
};
use mfa_core::model::{Kinds, Method};

use crate::kernel::{Answers, OUTCOMES};
use crate::rows::{AS_OF, Row};

pub(crate) struct Bench {
    cedar: Cedar,
    /// Rows, and which they are.
    rows: Vec<(Row, usize)>,
    ready: Vec<(Request, Entities)>,
}

struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    user: EntityUid,
    access: EntityUid,
    app: EntityUid,
}

/// Whether Cedar can say something of a row.
pub(crate) fn can_say(row: &Row) -> bool {
    let (Some(app), Some(session), Some(factors)) = (&row.app, &row.session, &row.factors) else {
        return false;
    };
    let texts = [row.population, row.department, row.region, app.sensitivity, session.protocol, session.transaction];
    let lists = [&row.roles, &session.signals, &session.used_methods];
    let is_claim = |method: &Option<&str>| matches!(method, Some("fed_mfa" | "fed_sf"));
    let has_claims = session.used_methods.iter().flatten().any(is_claim);
    let uses_sms = factors.iter().any(|factor| factor.method == Some("sms_otp"));
    texts.iter().all(Option::is_some)
        && lists.iter().all(|list| list.as_ref().is_some_and(|list| list.iter().all(Option::is_some)))
        && row.privileged.is_some()
        && row.created_at.is_some()
        && session.mfa_at.is_some()
        && session.federated.is_some()
        && (session.federation_attested.is_some() || session.federated == Some(false) && !has_claims)
        && (row.fallback_started_at.is_some() || !uses_sms)
        && factors.iter().all(|factor| factor.method.is_some() && factor.status.is_some() && factor.attested.is_some())
        && row.exceptions.as_ref().is_some_and(Vec::is_empty)
}

impl Bench {
    pub(crate) fn new(rows: impl Iterator<Item = (Row, usize)>) -> Self {
        let cedar = Cedar::new();
        let rows: Vec<_> = rows.collect();
        let ready = rows.iter().map(|(row, _)| cedar.ask(row)).collect();
        Self { cedar, rows, ready }
    }

    /// Decides from the rows, and compares. Answers how many.
    pub(crate) fn decide_rows(&self, answers: &Answers) -> Result<usize, String> {
        self.compare(
            answers,
            self.rows
                .iter()
                .map(|(row, _)| self.cedar.ask(row))
                .map(|(request, entities)| self.cedar.decide(&request, &entities)),
        )
    }

    /// Decides from requests and entities that are there already.
    pub(crate) fn requests(&self, answers: &Answers) -> Result<usize, String> {
        self.compare(answers, self.ready.iter().map(|(request, entities)| self.cedar.decide(request, entities)))
    }

    fn compare(&self, answers: &Answers, decisions: impl Iterator<Item = usize>) -> Result<usize, String> {
        for (decision, (row, index)) in decisions.zip(&self.rows) {
            let expected = usize::from(answers.decision[*index]);
            if decision != expected {
                return Err(format!("cedar says {}, not {}: {row:?}", OUTCOMES[decision], OUTCOMES[expected]));
            }
        }
        Ok(self.rows.len())
    }
}

impl Cedar {
    fn new() -> Self {
        let mut policies = PolicySet::new();
        // `@id` is where a policy begins.
        for text in include_str!("default.cedar").split("@id(\"").skip(1) {
            let (id, text) = text.split_once("\")").expect("an id ends");
            for effect in if id.starts_with('<') { &["allow_remind", "limit", "block"][..] } else { &[""] } {
                let policy = Policy::parse(Some(PolicyId::new(id.replace("<effect>", effect))), stages(text, effect));
                policies.add(policy.expect("the text is Cedar")).expect("the ids differ");
            }
        }
        let uid = |text: &str| text.parse().expect("an id");
        Self {
            authorizer: Authorizer::new(),
            policies,
            user: uid("User::\"user\""),
            access: uid("Action::\"access\""),
            app: uid("App::\"app\""),
        }
    }

    fn ask(&self, row: &Row) -> (Request, Entities) {
        let methods =
            Method::ALL.into_iter().filter(|method| !matches!(method.kinds(), Kinds::Nothing | Kinds::Recovery));
        let factors = row.factors.iter().flatten().filter(|factor| factor.status == Some("active"));
        let counts = |counts: &dyn Fn(Method) -> usize| {
            let counts = methods.clone().map(|method| (method.as_str(), number(counts(method) as i64)));
            RestrictedExpression::new_record(owned::<Vec<_>>(counts)).expect("the keys differ")
        };
        let of = |method: Method| factors.clone().filter(move |factor| factor.method == Some(method.as_str()));
        let recovery = Method::ALL.into_iter().filter(|method| method.is_recovery()).map(|method| of(method).count());
        let mut user = vec![
            ("population", word(row.population)),
            ("roles", words(&row.roles)),
            ("privileged", truth(row.privileged)),
            ("department", word(row.department)),
            ("region", word(row.region)),
            ("created_at", number(row.created_at.unwrap_or_default())),
            ("all", counts(&|method| of(method).count())),
            ("attested", counts(&|method| of(method).filter(|factor| factor.attested == Some(true)).count())),
            ("recovery", number(recovery.sum::<usize>() as i64)),
        ];
        user.extend(row.fallback_started_at.map(|at| ("fallback_started_at", number(at))));
        let app = row.app.as_ref().map(|app| ("sensitivity", word(app.sensitivity)));
        let entity = |uid: &EntityUid, attributes: HashMap<String, RestrictedExpression>| {
            Entity::new(uid.clone(), attributes, HashSet::new()).expect("there are no extension functions to fail")
        };
        let entities = [entity(&self.user, owned(user)), entity(&self.app, owned(app))];
        let session = row.session.as_ref().expect("rows without a session were left out");
        let context = [
            ("as_of", number(AS_OF)),
            ("mfa_at", number(session.mfa_at.unwrap_or_default())),
            ("signals", words(&session.signals)),
            ("protocol", word(session.protocol)),
            ("transaction", word(session.transaction)),
            ("used", words(&session.used_methods)),
            ("federated", truth(session.federated)),
            ("attested", truth(session.federation_attested)),
        ];
        let context = Context::from_pairs(owned::<Vec<_>>(context)).expect("the keys differ");
        let (user, access, app) = (self.user.clone(), self.access.clone(), self.app.clone());
        let request = Request::new(user, access, app, context, None).expect("there is no schema to break");
        (request, Entities::from_entities(entities, None).expect("the entities differ"))
    }

    fn decide(&self, request: &Request, entities: &Entities) -> usize {
        let response = self.authorizer.is_authorized(request, &self.policies, entities);
        assert_eq!(response.diagnostics().errors().count(), 0, "a policy failed");
        if response.decision() == Decision::Allow {
            return 0;
        }
        let (mut strictest, mut is_excluded, mut is_report_only) = (0, false, false);
        for id in response.diagnostics().reason() {
            let outcome = AsRef::<str>::as_ref(id).split(':').next().unwrap_or_default();
            match outcome {
                "excluded" => is_excluded = true,
                "report_only" => is_report_only = true,
                _ => strictest = strictest.max(OUTCOMES.iter().position(|name| *name == outcome).unwrap_or_default()),
            }
        }
        match OUTCOMES[strictest] {
            _ if is_report_only => 4,
            "step_up" | "limit" | "block" if is_excluded => 1,
            _ => strictest,
        }
    }
}

/// Writes out from when on an effect holds, that long after enforcement on a subject.
fn stages(text: &str, effect: &str) -> String {
    let Some((before, rest)) = text.split_once("<after ") else {
        return text.to_owned();
    };
    let (grace, after) = rest.split_once('>').expect("it ends");
    let late = |more: i64| {
        let length = grace.parse::<i64>().expect("a number") + more;
        format!(
            "context.as_of - {length} >= principal.created_at && context.as_of - {length} >= (\
             if [\"it\", \"security\"].contains(principal.department) then 1790812800000000 \
             else if principal.department == \"finance\" && principal.region == \"emea\" then 1796083200000000 \
             else 1798761600000000)"
        )
    };
    let when = match effect {
        "limit" => format!("[\"critical\", \"normal\"].contains(resource.sensitivity) && {}", late(0)),
        "block" => late(14 * 86_400_000_000),
        _ => "true".to_owned(),
    };
    format!("{before}{when}{after}")
}

fn number(number: i64) -> RestrictedExpression {
    RestrictedExpression::new_long(number)
}

fn truth(truth: Option<bool>) -> RestrictedExpression {
    RestrictedExpression::new_bool(truth.unwrap_or_default())
}

fn word(word: Option<&str>) -> RestrictedExpression {
    RestrictedExpression::new_string(word.unwrap_or_default().to_owned())
}

fn words(words: &Option<Vec<Option<&'static str>>>) -> RestrictedExpression {
    RestrictedExpression::new_set(words.iter().flatten().map(|text| word(*text)))
}

fn owned<C: FromIterator<(String, RestrictedExpression)>>(
    pairs: impl IntoIterator<Item = (&'static str, RestrictedExpression)>,
) -> C {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
