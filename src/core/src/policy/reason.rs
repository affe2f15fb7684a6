//! Why a decision came out as it did.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// One reason. A decision carries a mask of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason { $($(#[doc = $doc])+ $variant,)+ }

        impl Reason {
            /// Every reason, in the order of its bit.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in SQL.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

reasons! {
    /// No second factor is registered.
    NoFactor = "NO_FACTOR",
    /// Factors are registered, none that the tier accepts.
    WeakOnly = "WEAK_ONLY",
    /// Fewer accepted factors than the tier asks for.
    NeedSecond = "NEED_SECOND",
    /// Fewer recovery methods than the tier asks for.
    NoRecovery = "NO_RECOVERY",
    /// A factor's authenticator is not attested.
    NotAttested = "NOT_ATTESTED",
    /// A push does not ask for a number.
    NoNumberMatch = "NO_NUMBER_MATCH",
    /// A factor's method is phased out.
    PhasedOut = "PHASED_OUT",
    /// A factor was only accepted for a time, which is over.
    FallbackExpired = "FALLBACK_EXPIRED",
    /// A factor is only accepted for less sensitive applications.
    FallbackNotForApp = "FALLBACK_NOT_FOR_APP",
    /// The session is weaker than required.
    SessionWeak = "SESSION_WEAK",
    /// The session's MFA is older than required.
    SessionStale = "SESSION_STALE",
    /// The application asks for more.
    StepUpApp = "STEP_UP_APP",
    /// The transaction asks for more.
    StepUpTx = "STEP_UP_TX",
    /// The circumstances ask for more.
    StepUpContext = "STEP_UP_CONTEXT",
    /// The protocol cannot carry MFA.
    LegacyProtocol = "LEGACY_PROTOCOL",
    /// A federated claim is not attested.
    FedNotAttested = "FED_NOT_ATTESTED",
    /// An exception is over.
    ExcExpired = "EXC_EXPIRED",
    /// An exception lacks approvals.
    ExcUnapproved = "EXC_UNAPPROVED",
    /// An exception was not attested in time.
    ExcAttestOverdue = "EXC_ATTEST_OVERDUE",
    /// An exception is longer than allowed.
    ExcTooLong = "EXC_TOO_LONG",
    /// An exception has no listed criterion, or its tier may have none.
    ExcForbidden = "EXC_FORBIDDEN",
    /// Enforcement has not begun.
    PreCutover = "PRE_CUTOVER",
    /// No wave of the rollout covers the subject.
    NoWave = "NO_WAVE",
    /// A method is unknown.
    UnknownMethod = "UNKNOWN_METHOD",
    /// A value that a rule needs is missing.
    MissingInput = "MISSING_INPUT",
    /// A bypass was used.
    BypassUsed = "BYPASS_USED",
}

impl Reason {
    /// Its bit in a mask.
    pub const fn bit(self) -> u32 {
        1 << self as u8
    }

    /// The reason of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }

    /// The reasons of a mask, in the order of [`Reason::ALL`]. Bits without a reason are ignored.
    pub fn from_mask(mask: u32) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |reason| mask & reason.bit() != 0)
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_round_trip() {
        let mask = Reason::ALL.iter().fold(0, |mask, reason| {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
            assert_eq!(mask & reason.bit(), 0);
            mask | reason.bit()
        });
        assert!(Reason::from_mask(mask).eq(Reason::ALL.iter().copied()));
        assert_eq!(Reason::from_mask(u32::MAX).count(), Reason::ALL.len());
        assert_eq!(Reason::parse("no_factor"), None);
    }
}
