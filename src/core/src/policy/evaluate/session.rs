//! The second axis: what the session has done, against the strictest of all that is asked of it.

use super::super::answers::Truth;
use super::super::case::{Asked, Rule};
use super::super::compile::{self, Compiled, Requirement};
use super::super::decision::Session;
use super::super::input::Row;
use super::super::reason::Reason;
use super::WORTH;
use crate::model::{Method, Strength};
use crate::word::Word;

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
    pub(super) fn rule<'p>(&self, policy: &'p Compiled) -> Option<Word<'p>> {
        self.rule.map(|rule| policy.rule_id(rule))
    }
}

impl Compiled {
    fn rule_id(&self, rule: Rule) -> Word<'_> {
        match rule {
            Rule::Tier(index) => self.tiers[index].id.word(),
            Rule::Session(index) => self.rules[index].id.word(),
        }
    }

    fn smallest(&self, rules: impl Iterator<Item = Rule>) -> Option<Rule> {
        rules.min_by_key(|rule| self.rule_id(*rule).as_str())
    }

    /// Whether a session satisfies what is asked of it, and what stands in the way.
    #[inline]
    pub(super) fn session<R: Row>(&self, asked: &Asked, row: &R) -> Judged {
        if !asked.blocking.is_empty() {
            let rule = self.smallest(asked.blocking.iter().copied());
            return Judged { session: Session::Blocked, reasons: asked.reasons, rule };
        }
        let (used, mut reasons) = Used::read(row);
        let age = Age { as_of: row.as_of(), mfa_at: row.mfa_at(), is_nothing: used.is_nothing };
        let required = &asked.required;
        let (strong, fresh) = (used.is_strong(required), age.is_fresh(required));
        if strong == Truth::Yes && fresh == Truth::Yes {
            let certain = !asked.may_be_blocked && used.satisfies(&age, &asked.possible) == Truth::Yes;
            if certain {
                return Judged { session: Session::Satisfied, reasons, rule: None };
            }
        }
        if strong != Truth::Yes && used.unattested & required.counting() != 0 {
            reasons |= Reason::FedNotAttested.bit();
        }
        if strong == Truth::No {
            reasons |= Reason::SessionWeak.bit();
        }
        if fresh == Truth::No && used.is_nothing != Truth::Yes {
            reasons |= Reason::SessionStale.bit();
        }
        let rules = || asked.asking.iter().map(|index| (Rule::Session(*index), &self.rules[*index]));
        let failing = || rules().filter(|(_, rule)| used.satisfies(&age, &rule.require) == Truth::No);
        let restricting = || rules().filter(|(_, rule)| rule.require.allow != u32::MAX);
        let fails = strong.min(fresh) == Truth::No;
        if fails {
            let mut alone = failing().peekable();
            if alone.peek().is_some() {
                reasons |= alone.fold(0, |mask, (_, rule)| mask | rule.reason.bit());
            } else {
                // Each would do, but what one accepts the other does not.
                reasons |= restricting().fold(0, |mask, (_, rule)| mask | rule.reason.bit());
            }
        }
        // Of the rules that stand in the way, the one that asks as much as all together, of what is lacking.
        let strictest = |rules: &mut dyn Iterator<Item = (Rule, &compile::Rule)>, lacking: Truth| {
            let misses = |rule: &compile::Rule| {
                u8::from(strong <= lacking && rule.require.strength != required.strength)
                    + u8::from(fresh <= lacking && rule.require.max_age != required.max_age)
            };
            rules.min_by_key(|(_, rule)| (misses(rule), rule.id.word().as_str())).map(|(rule, _)| rule)
        };
        if !fails || asked.may_be_blocked {
            let mut open = rules().filter(|(_, rule)| used.satisfies(&age, &rule.require) != Truth::Yes);
            let open = strictest(&mut open, Truth::Unknown);
            let rule = self.smallest(open.into_iter().chain(asked.undecided.iter().copied()));
            return Judged { session: Session::Unknown, reasons: reasons | Reason::MissingInput.bit(), rule };
        }
        let rule = strictest(&mut failing(), Truth::No).or_else(|| self.smallest(restricting().map(|(rule, _)| rule)));
        Judged { session: Session::StepUp, reasons, rule }
    }
}

impl Compiled {
    /// Whether a session satisfies one rule by itself.
    pub(in super::super) fn satisfies<R: Row>(&self, rule: &compile::Rule, row: &R) -> Truth {
        if rule.block {
            return Truth::No;
        }
        let (used, _) = Used::read(row);
        let age = Age { as_of: row.as_of(), mfa_at: row.mfa_at(), is_nothing: used.is_nothing };
        used.satisfies(&age, &rule.require)
    }
}

impl Requirement {
    /// The methods of which one is enough; all, where none is needed.
    #[inline]
    fn counting(&self) -> u32 {
        // Where methods are listed one of them is needed, however weak.
        let least = if self.allow == u32::MAX { Strength::None } else { Strength::Single };
        self.allow & WORTH[usize::from(self.strength.unwrap_or(Strength::None).max(least).level())]
    }

    #[inline]
    fn needs_no_method(&self) -> bool {
        self.allow == u32::MAX && self.strength.unwrap_or(Strength::None) == Strength::None
    }
}

impl Used {
    /// The methods of a row, and what there is to say of them.
    #[inline]
    fn read<R: Row>(row: &R) -> (Self, u32) {
        let (mut mask, mut has_unknown, mut has_missing, mut count) = (0, false, false, 0);
        let is_list = row.used_methods(|name| {
            count += 1;
            match name.map(|name| Method::from_word(name).unwrap_or(Method::Unknown)) {
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
    fn is_strong(&self, required: &Requirement) -> Truth {
        let counting = required.counting();
        if required.needs_no_method() || self.certain & counting != 0 {
            Truth::Yes
        } else if self.possible & counting == 0 {
            Truth::No
        } else {
            Truth::Unknown
        }
    }

    #[inline]
    fn satisfies(&self, age: &Age, required: &Requirement) -> Truth {
        self.is_strong(required).min(age.is_fresh(required))
    }
}

/// Another provider's word that it checked the subject.
const CLAIMS: u32 = Method::FedMfa.bit() | Method::FedSf.bit();

/// When the session's MFA was done.
struct Age {
    as_of: Option<i64>,
    mfa_at: Option<i64>,
    is_nothing: Truth,
}

impl Age {
    /// Whether it is recent enough.
    #[inline]
    fn is_fresh(&self, required: &Requirement) -> Truth {
        let Some(max_age) = required.max_age else {
            return Truth::Yes;
        };
        // What was not done has no age, and what is done later was not done yet.
        let age = Truth::of(self.as_of.zip(self.mfa_at), |(as_of, mfa_at)| {
            mfa_at <= as_of && as_of.saturating_sub(mfa_at) <= max_age
        });
        age.min(self.is_nothing.not())
    }
}
