//! What a policy says about one row.

use crate::Name;
use crate::model::Strength;

macro_rules! words {
    ($(#[doc = $about:literal])+ pub enum $name:ident {
        $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[doc = $doc])+ $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in SQL.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The word in SQL, at hand.
            #[inline]
            pub const fn as_name(self) -> &'static Name {
                static NAMES: &[Name] = &[$(Name::of($word),)+];
                &NAMES[self as usize]
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// A decision. Ordered, most permissive first; a block stands even where something else is unknown.
    pub enum Outcome {
        /// Let in.
        Allow = "allow",
        /// Nothing applies, or nothing is enforced.
        Exempt = "exempt",
        /// Let in: an exception holds.
        AllowException = "allow_exception",
        /// Let in, and remind.
        AllowRemind = "allow_remind",
        /// Nothing is enforced yet.
        ReportOnly = "report_only",
        /// Ask for more.
        StepUp = "step_up",
        /// Let into some applications only.
        Limit = "limit",
        /// A value is missing that could change the decision.
        Indeterminate = "indeterminate",
        /// Keep out.
        Block = "block",
    }
}

words! {
    /// What the subject has registered, against what its tier asks for.
    pub enum Enrolment {
        /// Enough.
        Compliant = "compliant",
        /// Not enough, and there is time.
        InGrace = "in_grace",
        /// Not enough.
        Overdue = "overdue",
        /// Not enough, and an exception holds.
        Excepted = "excepted",
        /// The tier asks for nothing.
        NotApplicable = "not_applicable",
        /// A value is missing that could change the answer.
        Unknown = "unknown",
    }
}

words! {
    /// What the session has, against what is asked of it.
    pub enum Session {
        /// Enough.
        Satisfied = "satisfied",
        /// Not enough.
        StepUp = "step_up",
        /// Never enough.
        Blocked = "blocked",
        /// Not known to be enough.
        Unknown = "unknown",
    }
}

/// What the policy says. Names are borrowed from the policy.
pub type Decision<'p> = Verdict<&'p str>;

/// What the policy says, with names of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<N> {
    /// What is done.
    pub decision: Outcome,
    /// What would be done if the policy were enforced.
    pub would_decision: Outcome,
    /// What is registered.
    pub enrolment: Enrolment,
    /// What the session has; nothing where there is no session.
    pub session: Option<Session>,
    /// Methods that are accepted, as a mask of [`Method::bit`](crate::model::Method::bit).
    pub required_mask: u32,
    /// Why, as a mask of [`Reason::bit`](super::Reason::bit).
    pub reason_mask: u32,
    /// First instant after the grace.
    pub grace_deadline: Option<i64>,
    /// Highest stage reached by somebody who is not compliant.
    pub stage: Option<u8>,
    /// Rule of the document that decided.
    pub matched_rule_id: Option<N>,
    /// Level of [`Strength`] that the session needs.
    pub required_strength: Option<u8>,
    /// Greatest age of the session's MFA.
    pub max_age_micros: Option<i64>,
    /// Tier.
    pub tier: Option<N>,
    /// Wave.
    pub wave: Option<N>,
    /// Hash of the policy.
    pub policy_hash: N,
    /// What the account is worth: its weakest accepted factor, not its best.
    pub strength: Option<Strength>,
}

impl<N> Verdict<N> {
    /// The same with names of another kind.
    pub fn map<M>(self, name: impl Fn(N) -> M) -> Verdict<M> {
        Verdict {
            decision: self.decision,
            would_decision: self.would_decision,
            enrolment: self.enrolment,
            session: self.session,
            required_mask: self.required_mask,
            reason_mask: self.reason_mask,
            grace_deadline: self.grace_deadline,
            stage: self.stage,
            matched_rule_id: self.matched_rule_id.map(&name),
            required_strength: self.required_strength,
            max_age_micros: self.max_age_micros,
            tier: self.tier.map(&name),
            wave: self.wave.map(&name),
            policy_hash: name(self.policy_hash),
            strength: self.strength,
        }
    }
}
