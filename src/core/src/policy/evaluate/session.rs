//! The second axis: what the session has done, against the strictest of all that is asked of it.

use super::super::answers::Truth;
use super::super::case::{Asked, Asking, Rule};
use super::super::compile::{self, Compiled, Needs, Requirement};
use super::super::decision::Session;
use super::super::input::Row;
use super::super::reason::Reason;
use super::WORTH;
use crate::model::{Method, Strength};
use crate::word::Name;

/// The methods of a session, as masks.
struct Used {
    /// Those that count.
    certain: u32,
    /// Those too that count if a missing value turns out so.
    possible: u32,
    /// Claims that nobody attests.
    unattested: u32,
    /// Whether there is no method at all.
    is_nothing: Truth,
}

/// What is known of a session.
pub(super) struct Judged {
    pub(super) session: Session,
    pub(super) reasons: u32,
    /// The rule that stands in the way.
    rule: Option<Rule>,
}

impl Judged {
    pub(super) fn rule<'p>(&self, policy: &'p Compiled) -> Option<&'p Name> {
        self.rule.map(|rule| policy.rule_id(rule))
    }
}

impl Compiled {
    fn rule_id(&self, rule: Rule) -> &Name {
        match rule {
            Rule::Tier(index) => &self.tiers[index].id,
            Rule::Session(index) => &self.rules[index].id,
        }
    }

    fn smallest(&self, rules: impl Iterator<Item = Rule>) -> Option<Rule> {
        rules.min_by_key(|rule| self.rule_id(*rule).word().as_str())
    }

    /// Whether a session satisfies what is asked of it, and what stands in the way.
    #[inline]
    pub(super) fn session<R: Row>(&self, asked: &Asked, row: &R) -> Judged {
        if !asked.blocking.is_empty() {
            let rule = self.smallest(asked.blocking.iter().copied());
            return Judged { session: Session::Blocked, reasons: asked.reasons, rule };
        }
        let (used, mut reasons) = Used::read(row);
        let age = Age::new(row, &used);
        let needs = &asked.needs;
        let (strong, fresh) = (used.is_strong(needs), age.is_fresh(needs));
        if strong == Truth::Yes && fresh == Truth::Yes {
            let certain = !asked.may_be_blocked && used.satisfies(&age, &asked.possible) == Truth::Yes;
            if certain {
                return Judged { session: Session::Satisfied, reasons, rule: None };
            }
        }
        if strong != Truth::Yes && used.unattested & needs.methods.unwrap_or(u32::MAX) != 0 {
            reasons |= Reason::FedNotAttested.bit();
        }
        if strong == Truth::No {
            reasons |= Reason::SessionWeak.bit();
        }
        if fresh == Truth::No && used.is_nothing != Truth::Yes {
            reasons |= Reason::SessionStale.bit();
        }
        let failing = |rule: &&Asking| used.satisfies(&age, &rule.needs) == Truth::No;
        let fails = strong.min(fresh) == Truth::No;
        let mut is_one = false;
        if fails {
            for rule in asked.asking.iter().filter(failing) {
                is_one = true;
                reasons |= rule.reason;
            }
            if !is_one {
                // Each would do, but what one accepts the other does not.
                let restricting = asked.asking.iter().filter(|rule| rule.restricts);
                reasons |= restricting.fold(0, |mask, rule| mask | rule.reason);
            }
        }
        // Of the rules that stand in the way, the one that asks as much as all together, of what is lacking.
        let misses = |rule: &&Asking, lacking: Truth| {
            u8::from(strong <= lacking && !rule.is_strongest) + u8::from(fresh <= lacking && !rule.is_freshest)
        };
        if !fails || asked.may_be_blocked {
            let open = asked.asking.iter().filter(|rule| used.satisfies(&age, &rule.needs) != Truth::Yes);
            let open = open.min_by_key(|rule| misses(rule, Truth::Unknown)).map(|asking| asking.rule);
            let rule = self.smallest(open.into_iter().chain(asked.undecided.iter().copied()));
            return Judged { session: Session::Unknown, reasons: reasons | Reason::MissingInput.bit(), rule };
        }
        let rule = if is_one {
            asked.asking.iter().filter(failing).min_by_key(|rule| misses(rule, Truth::No))
        } else {
            asked.asking.iter().find(|rule| rule.restricts)
        };
        Judged { session: Session::StepUp, reasons, rule: rule.map(|asking| asking.rule) }
    }
}

impl Compiled {
    /// Whether a session satisfies one rule by itself.
    pub(in super::super) fn satisfies<R: Row>(&self, rule: &compile::Rule, row: &R) -> Truth {
        if rule.block {
            return Truth::No;
        }
        let (used, _) = Used::read(row);
        used.satisfies(&Age::new(row, &used), &rule.require.needs())
    }
}

impl Requirement {
    pub(in super::super) fn needs(&self) -> Needs {
        let is_any = self.allow == u32::MAX;
        // Where methods are listed one of them is needed, however weak.
        let least = if is_any { Strength::None } else { Strength::Single };
        let strength = self.strength.unwrap_or(Strength::None).max(least);
        let needs_none = is_any && strength == Strength::None;
        let methods = if needs_none { None } else { Some(self.allow & WORTH[usize::from(strength.level())]) };
        Needs { methods, max_age: self.max_age }
    }
}

impl Used {
    /// The methods of a row, and what there is to say of them.
    #[inline]
    fn read<R: Row>(row: &R) -> (Self, u32) {
        let (mut mask, mut has_unknown, mut has_missing, mut count) = (0, false, false, 0);
        let is_list = row.used_methods(|name| {
            count += 1;
            match name {
                Some(Method::Unknown) => has_unknown = true,
                Some(method) => mask |= method.bit(),
                // It may be any.
                None => has_missing = true,
            }
        });
        let claims = if row.federated() == Some(true) { u32::MAX } else { CLAIMS };
        let attested = row.federation_attested();
        let named = if has_missing || !is_list { u32::MAX } else { mask };
        let used = Self {
            certain: if attested == Some(true) { mask } else { mask & !claims },
            possible: if attested == Some(false) { named & !claims } else { named },
            unattested: if attested == Some(false) { mask & claims } else { 0 },
            is_nothing: if is_list { (count == 0).into() } else { Truth::Unknown },
        };
        (used, if has_unknown { Reason::UnknownMethod.bit() } else { 0 })
    }

    #[inline]
    fn is_strong(&self, needs: &Needs) -> Truth {
        match needs.methods {
            Some(methods) if self.certain & methods != 0 => Truth::Yes,
            Some(methods) if self.possible & methods == 0 => Truth::No,
            Some(_) => Truth::Unknown,
            None => Truth::Yes,
        }
    }

    #[inline]
    fn satisfies(&self, age: &Age, needs: &Needs) -> Truth {
        self.is_strong(needs).min(age.is_fresh(needs))
    }
}

/// Another provider's word that it checked the subject.
const CLAIMS: u32 = Method::FedMfa.bit() | Method::FedSf.bit();

/// How long ago the session's MFA was done.
struct Age {
    age: Option<i64>,
    /// Whether it was done at all: what was not has no age, and what is done later was not done yet.
    is_done: Truth,
}

impl Age {
    #[inline]
    fn new<R: Row>(row: &R, used: &Used) -> Self {
        let times = row.as_of().zip(row.mfa_at());
        let is_later = times.is_some_and(|(as_of, mfa_at)| mfa_at > as_of);
        Self {
            age: times.map(|(as_of, mfa_at)| as_of.saturating_sub(mfa_at)),
            is_done: if is_later { Truth::No } else { used.is_nothing.not() },
        }
    }

    /// Whether it is recent enough.
    #[inline]
    fn is_fresh(&self, needs: &Needs) -> Truth {
        match needs.max_age {
            Some(max_age) => Truth::of(self.age, |age| age <= max_age).min(self.is_done),
            None => Truth::Yes,
        }
    }
}
