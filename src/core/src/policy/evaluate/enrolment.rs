//! The first axis: what the subject has registered, and the exceptions that relax it.

use super::super::answers::Truth;
use super::super::case::First;
use super::super::compile::{Exceptions, Tier};
use super::super::input::{ExceptionInput, Factor, Row};
use super::super::reason::Reason;
use super::{WORTH, is_one_of};
use crate::model::method::Kinds;
use crate::model::{Method, Strength};

/// Which factors count at an instant, as masks of methods.
pub(super) struct Accepted {
    pub(super) yes: u32,
    /// Fallbacks of which a missing value decides whether they are.
    unknown: u32,
    phased_out: u32,
    expired: u32,
    not_for_app: u32,
}

/// What was counted. `possible` includes what missing values may turn out to be.
#[derive(Default)]
pub(super) struct Tally {
    /// Methods of which a plain factor is there, as a mask.
    seen: u32,
    /// Methods of which a factor would count if it were attested, and is not.
    disproved: u32,
    /// Methods that count as a factor, as a mask.
    counted: u32,
    any: bool,
    factors: u32,
    possible_factors: u32,
    recovery: u32,
    possible_recovery: u32,
    /// Why factors did not count.
    pub(super) shortfall: u32,
    /// What there is to say in any case.
    pub(super) remarks: u32,
}

/// Methods that are kept for recovery, as a mask.
const RECOVERY: u32 = mask_of(Kinds::Recovery);
/// Methods that prove nothing, as a mask.
const NOTHING: u32 = mask_of(Kinds::Nothing);

const fn mask_of(kinds: Kinds) -> u32 {
    let (mut mask, mut index) = (0, 0);
    while index < Method::ALL.len() {
        if Method::ALL[index].kinds() as u8 == kinds as u8 {
            mask |= Method::ALL[index].bit();
        }
        index += 1;
    }
    mask
}

impl Tier {
    /// Which methods are accepted.
    pub(super) fn accepted(&self, started_at: Option<i64>, app: First, as_of: i64) -> Accepted {
        let mut accepted = Accepted { yes: self.allow, unknown: 0, phased_out: 0, expired: 0, not_for_app: 0 };
        for fallback in &self.fallback {
            let in_time = match fallback.per_user {
                _ if fallback.until.is_some_and(|until| as_of >= until) => Truth::No,
                None => Truth::Yes,
                Some(length) => Truth::of(started_at, |started| as_of < started.saturating_add(length)),
            };
            let for_app = match app {
                _ if fallback.not_for_app.is_empty() => Truth::Yes,
                First::None => Truth::Yes,
                First::Unknown => Truth::Unknown,
                First::Is(app) => (!fallback.not_for_app.contains(&app)).into(),
            };
            match in_time.min(for_app) {
                Truth::Yes => accepted.yes |= fallback.methods,
                Truth::Unknown => accepted.unknown |= fallback.methods,
                Truth::No if in_time == Truth::No => accepted.expired |= fallback.methods,
                Truth::No => accepted.not_for_app |= fallback.methods,
            }
        }
        for phase_out in &self.phase_out {
            if as_of > phase_out.after {
                accepted.phased_out |= phase_out.methods;
            }
        }
        accepted.yes &= !accepted.phased_out;
        accepted.unknown &= !(accepted.yes | accepted.phased_out);
        accepted
    }

    /// Counts the factors that are accepted; nothing where they are not known.
    #[inline]
    pub(super) fn count<R: Row>(&self, accepted: &Accepted, row: &R, as_of: i64) -> Option<Tally> {
        let mut tally = Tally::default();
        let yes = accepted.yes & !RECOVERY;
        let possible = yes | (accepted.unknown & !RECOVERY);
        let attest = self.attest & possible;
        let is_list = row.factors(|factor| {
            // Nearly every factor is plain, and of any method: no branch could be foretold, so none is taken.
            let bit = factor.method.unwrap_or(Method::Unknown).bit();
            let is_plain = (bit & NOTHING == 0)
                & factor.is_active.is_some()
                & factor.number_matching.is_none()
                & factor.enrolled_at.is_none_or(|at| at <= as_of);
            if is_plain {
                let bit = if factor.is_active == Some(true) { bit } else { 0 };
                let is_free = bit & attest == 0;
                let proven = if is_free | (factor.attested == Some(true)) { bit } else { 0 };
                let disproved = if is_free | (factor.attested != Some(false)) { 0 } else { bit };
                tally.seen |= bit;
                tally.counted |= proven & yes;
                tally.disproved |= disproved;
                tally.factors += u32::from(proven & yes != 0);
                tally.possible_factors += u32::from(bit & !disproved & possible != 0);
                tally.recovery += u32::from(bit & RECOVERY != 0);
                tally.possible_recovery += u32::from(bit & RECOVERY != 0);
            } else {
                self.add(&mut tally, accepted, factor, as_of);
            }
        });
        let of_no_use = tally.seen & !possible & !RECOVERY;
        tally.any |= tally.seen & !RECOVERY & (!Method::Password.bit() | possible) != 0;
        tally.shortfall |= accepted.refusals(of_no_use) | unattested(tally.disproved);
        is_list.then_some(tally)
    }

    /// Counts a factor of which something is missing or out of the ordinary.
    #[cold]
    fn add(&self, tally: &mut Tally, accepted: &Accepted, factor: Factor, as_of: i64) {
        let active = Truth::of(factor.is_active, |is_active| is_active);
        if active == Truth::No || factor.enrolled_at.is_some_and(|at| at > as_of) {
            return;
        }
        let Some(method) = factor.method else {
            // It may be anything, but it is not known to be anything.
            tally.possible_factors += 1;
            tally.possible_recovery += 1;
            return;
        };
        let method = match method {
            Method::Push if factor.number_matching == Some(true) => Method::PushNumber,
            Method::PushNumber if factor.number_matching == Some(false) => Method::Push,
            method => method,
        };
        if method == Method::Unknown {
            tally.remarks |= Reason::UnknownMethod.bit();
            return;
        }
        if method.kinds() == Kinds::Nothing {
            if factor.last_used_at.is_some_and(|at| at <= as_of) {
                tally.remarks |= Reason::BypassUsed.bit();
            }
            return;
        }
        if method.is_recovery() {
            tally.recovery += u32::from(active == Truth::Yes);
            tally.possible_recovery += 1;
            return;
        }
        let bit = method.bit();
        let accept = match () {
            () if accepted.yes & bit != 0 => Truth::Yes,
            () if accepted.unknown & bit != 0 => Truth::Unknown,
            () => Truth::No,
        };
        let attested = match factor.attested {
            _ if self.attest & bit == 0 => Truth::Yes,
            attested => Truth::of(attested, |attested| attested),
        };
        tally.any |= method != Method::Password || accept != Truth::No;
        match accept.min(attested).min(active) {
            Truth::Yes => {
                tally.factors += 1;
                tally.possible_factors += 1;
                tally.counted |= bit;
            }
            Truth::Unknown => tally.possible_factors += 1,
            Truth::No if accept != Truth::No => tally.disproved |= bit,
            Truth::No => tally.shortfall |= accepted.refusals(bit),
        }
    }

    pub(super) fn compliance(&self, tally: Option<&Tally>) -> Truth {
        let Some(tally) = tally else {
            return match (self.min_factors, self.min_recovery) {
                (0, 0) => Truth::Yes,
                _ => Truth::Unknown,
            };
        };
        if tally.factors >= self.min_factors && tally.recovery >= self.min_recovery {
            Truth::Yes
        } else if tally.possible_factors >= self.min_factors && tally.possible_recovery >= self.min_recovery {
            Truth::Unknown
        } else {
            Truth::No
        }
    }

    /// What is certainly lacking.
    pub(super) fn shortage(&self, tally: &Tally) -> u32 {
        let mut reasons = 0;
        if tally.possible_factors < self.min_factors {
            reasons |= match tally.possible_factors {
                0 if tally.any => Reason::WeakOnly.bit(),
                0 => Reason::NoFactor.bit(),
                _ => Reason::NeedSecond.bit(),
            };
        }
        if tally.possible_recovery < self.min_recovery {
            reasons |= Reason::NoRecovery.bit();
        }
        reasons
    }
}

impl Accepted {
    /// Why methods that do not count do not.
    #[inline]
    fn refusals(&self, methods: u32) -> u32 {
        let reason = |mask: u32, reason: Reason| if mask != 0 { reason.bit() } else { 0 };
        let has_number = self.yes & Method::PushNumber.bit() != 0;
        reason(methods & self.phased_out, Reason::PhasedOut)
            | reason(methods & self.expired, Reason::FallbackExpired)
            | reason(methods & self.not_for_app, Reason::FallbackNotForApp)
            | reason(if has_number { methods & Method::Push.bit() } else { 0 }, Reason::NoNumberMatch)
    }
}

/// Why methods do not count that are not attested.
fn unattested(methods: u32) -> u32 {
    const CLAIMS: u32 = Method::FedMfa.bit() | Method::FedSf.bit();
    let of_claims = if methods & CLAIMS != 0 { Reason::FedNotAttested.bit() } else { 0 };
    let of_others = if methods & !CLAIMS != 0 { Reason::NotAttested.bit() } else { 0 };
    of_claims | of_others
}

impl Tally {
    /// What the account is worth: its weakest accepted factor.
    #[inline]
    pub(super) fn strength(&self) -> Option<Strength> {
        // What is worth a level at least is all there is.
        let least = |level: Strength| self.counted & !WORTH[usize::from(level.level())] == 0;
        Strength::ALL.into_iter().rev().find(|level| self.counted != 0 && least(*level))
    }
}

impl Exceptions {
    /// Whether one exception holds, and what speaks against it.
    pub(in super::super) fn judge(
        &self,
        exception: &ExceptionInput<'_>,
        beneficiary: Option<&str>,
        as_of: Option<i64>,
    ) -> (Truth, u32) {
        let checks = [
            (
                Truth::of(exception.criterion, |criterion| is_one_of(criterion, &self.criteria)),
                Reason::ExcForbidden.bit(),
            ),
            // One that has not begun is no exception yet; there is nothing to object to.
            (Truth::of(exception.starts_at.zip(as_of), |(starts_at, as_of)| starts_at <= as_of), 0),
            (
                Truth::of(exception.expires_at.zip(as_of), |(expires_at, as_of)| as_of < expires_at),
                Reason::ExcExpired.bit(),
            ),
            (
                Truth::of(exception.starts_at.zip(exception.expires_at), |(from, to)| {
                    to.saturating_sub(from) <= self.max_duration
                }),
                Reason::ExcTooLong.bit(),
            ),
            (self.approved(exception.approvers, beneficiary), Reason::ExcUnapproved.bit()),
            (
                match self.attest_every {
                    None => Truth::Yes,
                    // An attestation given later was not there yet.
                    Some(every) => Truth::of(exception.attested_at.zip(as_of), |(at, as_of)| {
                        at <= as_of && as_of.saturating_sub(at) <= every
                    }),
                },
                Reason::ExcAttestOverdue.bit(),
            ),
        ];
        checks.into_iter().fold((Truth::Yes, 0), |(truth, objections), (check, objection)| {
            let objection = if check == Truth::No { objection } else { 0 };
            (truth.min(check), objections | objection)
        })
    }

    /// Whether enough different people of listed roles approved, the beneficiary not among them.
    fn approved(&self, approvers: Option<&[Option<&str>]>, beneficiary: Option<&str>) -> Truth {
        if self.approvals == 0 {
            return Truth::Yes;
        }
        let Some(approvers) = approvers else {
            return Truth::Unknown;
        };
        let mut count = 0;
        let mut possible = 0;
        for (index, approver) in approvers.iter().enumerate() {
            let Some(approver) = approver else {
                possible += 1;
                continue;
            };
            let is_repeated = |earlier: &str| {
                // A role can be called like a person.
                earlier.contains(':') == approver.contains(':')
                    && self.has_approver_role(earlier)
                    && who(earlier).eq_ignore_ascii_case(who(approver))
            };
            if !self.has_approver_role(approver)
                || approvers[..index].iter().flatten().any(|earlier| is_repeated(earlier))
            {
                continue;
            }
            match (approver.contains(':'), beneficiary) {
                (true, Some(beneficiary)) if who(approver).eq_ignore_ascii_case(beneficiary) => {}
                // Nobody knows whether that is the beneficiary.
                (true, None) => possible += 1,
                _ => {
                    count += 1;
                    possible += 1;
                }
            }
        }
        if count >= self.approvals {
            Truth::Yes
        } else if possible >= self.approvals {
            Truth::Unknown
        } else {
            Truth::No
        }
    }

    fn has_approver_role(&self, approver: &str) -> bool {
        let role = approver.split_once(':').map_or(approver, |(role, _)| role);
        self.approver_roles.is_empty() || is_one_of(role.trim(), &self.approver_roles)
    }
}

/// The person of an approval, or its role where the person is not known.
fn who(approver: &str) -> &str {
    approver.split_once(':').map_or(approver, |(_, person)| person).trim()
}
