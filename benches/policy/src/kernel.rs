//! The default policy, written by hand for columns: the reference of what a machine can do.
//!
//! Nothing is read from the document. Texts become small codes, codes index tables, the tables are small enough for the
//! first cache; what is rare (exceptions, strange spellings, long lists) is out of the way. It knows this one policy and
//! fewer columns of the answer than the evaluator gives: decision, would-be decision, enrolment, session, reasons and
//! accepted methods. [`Encoded`] is the same with the texts already turned into codes and masks.

use mfa_core::model::{Kinds, Method};
use mfa_core::policy::Reason;

use crate::columns::{Columns, Exceptions, Factors, TextLists, Values};
use crate::lexicon::Lexicon;
use crate::rows::Form;

const DAY: i64 = 86_400_000_000;
const MINUTE: i64 = 60_000_000;

/// Rows that are worked on together.
const BATCH: usize = 1024;

/// Answers that may be unknown: no, unknown, yes.
type Tri = u8;
const NO: Tri = 0;
const UNKNOWN: Tri = 1;
const YES: Tri = 2;

/// An instant that is missing.
const MISSING: i64 = i64::MIN;

// Tiers, waves, application classes and outcomes by number; the last of the first three is an unknown one.
const BREAK_GLASS: u8 = 0;
const SERVICE: u8 = 1;
const ADMIN: u8 = 2;
const PARTNER: u8 = 3;
const STANDARD: u8 = 4;
const NO_TIER: u8 = 5;
const NO_WAVE: u8 = 3;
const CRITICAL: u8 = 0;
const NORMAL: u8 = 1;
const LOW: u8 = 2;
const NO_CLASS: u8 = 3;
/// No application is accessed at all.
const NO_ACCESS: u8 = 4;

const GRACE: [i64; 6] = [0, 0, 7 * DAY, 14 * DAY, 30 * DAY, 0];
/// 1 October and 1 December 2026, 1 January 2027.
const ENFORCE_FROM: [i64; 4] = [1_790_812_800_000_000, 1_796_083_200_000_000, 1_798_761_600_000_000, MISSING];
/// 2 January 2027.
const FALLBACK_UNTIL: i64 = 1_798_848_000_000_000;
/// 1 October 2026.
const PHASED_OUT_AFTER: i64 = 1_790_812_800_000_000;

pub(crate) const OUTCOMES: [&str; 9] =
    ["allow", "exempt", "allow_exception", "allow_remind", "report_only", "step_up", "limit", "indeterminate", "block"];
const ALLOW: u8 = 0;
const EXEMPT: u8 = 1;
const ALLOW_EXCEPTION: u8 = 2;
const ALLOW_REMIND: u8 = 3;
const REPORT_ONLY: u8 = 4;
const STEP_UP: u8 = 5;
const LIMIT: u8 = 6;
const INDETERMINATE: u8 = 7;
const BLOCK: u8 = 8;

pub(crate) const ENROLMENTS: [&str; 6] = ["compliant", "in_grace", "overdue", "excepted", "not_applicable", "unknown"];
const COMPLIANT: u8 = 0;
const IN_GRACE: u8 = 1;
const OVERDUE: u8 = 2;
const EXCEPTED: u8 = 3;
const NOT_APPLICABLE: u8 = 4;
const NOT_KNOWN: u8 = 5;

pub(crate) const SESSIONS: [&str; 5] = ["satisfied", "step_up", "blocked", "unknown", ""];
const SATISFIED: u8 = 0;
const STEPPED_UP: u8 = 1;
const BLOCKED: u8 = 2;
const SESSION_UNKNOWN: u8 = 3;
const NO_SESSION: u8 = 4;

const fn mask(methods: &[Method]) -> u32 {
    let (mut mask, mut index) = (0, 0);
    while index < methods.len() {
        mask |= methods[index].bit();
        index += 1;
    }
    mask
}

const HARDWARE: u32 =
    mask(&[Method::Fido2Key, Method::PasskeyDev, Method::Platform, Method::CertMfa, Method::Smartcard]);
const RESISTANT: u32 = HARDWARE | Method::PasskeySync.bit();
const STRONG: u32 = RESISTANT | mask(&[Method::PushNumber, Method::Totp, Method::OtpHw]);
const PARTNERS: u32 = RESISTANT | mask(&[Method::PushNumber, Method::Totp, Method::FedMfa]);
const FALLBACK: u32 = Method::SmsOtp.bit();
const PHASE_OUT: u32 = mask(&[Method::SmsOtp, Method::Voice]);
const ATTESTABLE: u32 = mask(&[Method::Fido2Key, Method::Smartcard, Method::CertMfa]);
const CLAIMS: u32 = mask(&[Method::FedMfa, Method::FedSf]);

const UNKNOWN_NAME: u8 = Method::Unknown as u8;
/// An element of a list of methods that is missing, and a list that is.
pub(crate) const NO_NAME: u8 = 26;
pub(crate) const NO_LIST: u32 = 1 << 27;
/// The list is there and empty.
const NOTHING: u32 = 1 << 28;

/// What the factors of a row come to, in four bytes: factors that count, that may count, recovery, possible recovery.
type Counts = u32;
const ONE_FACTOR: Counts = 1;
const ONE_POSSIBLE: Counts = 1 << 8;
const ONE_RECOVERY: Counts = 1 << 16;
const ONE_POSSIBLE_RECOVERY: Counts = 1 << 24;
const CERTAIN: Counts = ONE_FACTOR | ONE_RECOVERY;
const TOP: Counts = 0x8080_8080;

/// Beside reasons: a factor is registered, accepted or not.
const ANY_FACTOR: u32 = 1 << 31;
const REMARKS: u32 = Reason::UnknownMethod.bit() | Reason::BypassUsed.bit();

/// Tier and state of the fallback together. One for all tiers that count nothing.
const STATES: usize = 8;
const fn state(tier: u8, fallback: u8) -> u8 {
    match tier {
        BREAK_GLASS => 0,
        ADMIN => 2,
        PARTNER => 3,
        STANDARD => 4 + fallback,
        _ => 1,
    }
}
// States of the fallback.
const FALLS_BACK: u8 = 0;
const MAY_FALL_BACK: u8 = 1;
const FALLBACK_OVER: u8 = 2;
const FALLBACK_REFUSED: u8 = 3;

/// What a state accepts.
#[derive(Clone, Copy, Default)]
struct Accepted {
    yes: u32,
    unknown: u32,
    phased_out: u32,
    over: u32,
    refused: u32,
    attest: u32,
    least: Counts,
    /// Which reasons it may give.
    reasons: u32,
}

/// Everything that is worked out before the first row.
pub(crate) struct Kernel {
    as_of: i64,
    words: Words,
    tier: [u8; 45],
    wave: [u8; 12],
    accepted: [Accepted; STATES],
    /// A factor's contribution: counts in the low half, reasons in the high one.
    factor: Box<[[u64; 512]; STATES]>,
    state: [u8; 6 * 9],
    /// Session rules that match, and in the high byte those that may, by sensitivity, transaction and signals.
    rules: [u16; 5 * 4 * 9],
    enrolment: [u8; 27],
    /// By enrolment, stage and application class.
    of_enrolment: [u8; 6 * 4 * 5],
    sections: [u32; 64],
    enforced: [Tri; 4],
}

struct Words {
    population: Lexicon,
    role: Lexicon,
    department: Lexicon,
    region: Lexicon,
    sensitivity: Lexicon,
    protocol: Lexicon,
    transaction: Lexicon,
    signal: Lexicon,
    method: Lexicon,
    status: Lexicon,
}

impl Words {
    fn new() -> Self {
        let methods: Vec<_> = Method::ALL.into_iter().map(|method| (method.as_str(), method as u8)).collect();
        Self {
            population: Lexicon::any_case(&[
                ("break_glass", 1),
                ("service", 2),
                ("partner", 3),
                ("contractor", 3),
                ("guest", 3),
            ]),
            role: Lexicon::any_case(&[("admin", YES), ("helpdesk", YES)]),
            department: Lexicon::any_case(&[("it", 1), ("security", 1), ("finance", 2)]),
            region: Lexicon::any_case(&[("emea", YES)]),
            sensitivity: Lexicon::any_case(&[("critical", 1), ("normal", 2)]),
            protocol: Lexicon::any_case(&[("pop", YES), ("imap", YES), ("smtp_auth", YES), ("basic_auth", YES)]),
            transaction: Lexicon::any_case(&[("sensitive", YES)]),
            signal: Lexicon::any_case(&[("tor", 1), ("new_device", 2), ("impossible_travel", 2)]),
            method: Lexicon::exact(&methods, UNKNOWN_NAME),
            status: Lexicon::any_case(&[("active", YES)]),
        }
    }
}

/// The answers, in columns.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) decision: Vec<u8>,
    pub(crate) would_decision: Vec<u8>,
    pub(crate) enrolment: Vec<u8>,
    pub(crate) session: Vec<u8>,
    pub(crate) required_mask: Vec<u32>,
    pub(crate) reason_mask: Vec<u32>,
}

impl Answers {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            decision: vec![0; rows],
            would_decision: vec![0; rows],
            enrolment: vec![0; rows],
            session: vec![0; rows],
            required_mask: vec![0; rows],
            reason_mask: vec![0; rows],
        }
    }
}

/// The texts of some rows as codes.
#[derive(Default)]
pub(crate) struct Codes {
    /// Population, roles and privilege.
    pub(crate) population: Vec<u8>,
    pub(crate) role: Vec<Tri>,
    pub(crate) privileged: Vec<Tri>,
    pub(crate) department: Vec<u8>,
    pub(crate) region: Vec<u8>,
    pub(crate) created_at: Vec<i64>,
    pub(crate) fallback_started_at: Vec<i64>,
    /// 3 where it is missing, 4 where there is neither application nor session.
    pub(crate) sensitivity: Vec<u8>,
    pub(crate) protocol: Vec<Tri>,
    pub(crate) transaction: Vec<Tri>,
    /// 1 for tor, 2 for a risk, 4 for a signal nobody knows.
    pub(crate) signals: Vec<u8>,
    /// Methods, and what there is to say of the list.
    pub(crate) used: Vec<u32>,
    pub(crate) mfa_at: Vec<i64>,
    pub(crate) federated: Vec<Tri>,
    pub(crate) federation_attested: Vec<Tri>,
    /// 0 for none, 1 where nobody knows, 2 for some.
    pub(crate) exceptions: Vec<u8>,
}

impl Codes {
    fn new(rows: usize) -> Self {
        Self {
            population: vec![0; rows],
            role: vec![0; rows],
            privileged: vec![0; rows],
            department: vec![0; rows],
            region: vec![0; rows],
            created_at: vec![0; rows],
            fallback_started_at: vec![0; rows],
            sensitivity: vec![0; rows],
            protocol: vec![0; rows],
            transaction: vec![0; rows],
            signals: vec![0; rows],
            used: vec![0; rows],
            mfa_at: vec![0; rows],
            federated: vec![0; rows],
            federation_attested: vec![0; rows],
            exceptions: vec![0; rows],
        }
    }
}

fn of(value: Option<bool>) -> Tri {
    value.map_or(UNKNOWN, |value| if value { YES } else { NO })
}

fn is(is: bool) -> Tri {
    of(Some(is))
}

impl Kernel {
    pub(crate) fn new(as_of: i64) -> Self {
        let mut kernel = Self {
            as_of,
            words: Words::new(),
            tier: [NO_TIER; 45],
            wave: [NO_WAVE; 12],
            accepted: [Accepted::default(); STATES],
            factor: Box::new([[0; 512]; STATES]),
            state: [0; 54],
            rules: [0; 180],
            enrolment: [0; 27],
            of_enrolment: [0; 120],
            sections: [0; 64],
            enforced: [UNKNOWN; 4],
        };
        kernel.classify();
        kernel.accept();
        kernel.require();
        kernel.answer();
        kernel
    }

    fn classify(&mut self) {
        let first = |conditions: &[Tri]| {
            let decisive = conditions.iter().position(|truth| *truth != NO);
            decisive.filter(|index| conditions[*index] == YES)
        };
        for population in 0..5_u8 {
            let is_in = |code| if population == 4 { UNKNOWN } else { is(population == code) };
            for role in 0..3 {
                for privileged in 0..3 {
                    let conditions = [is_in(1), is_in(2), privileged.max(role), is_in(3), YES];
                    let tier = first(&conditions).map_or(NO_TIER, |tier| tier as u8);
                    self.tier[usize::from(population * 9 + role * 3 + privileged)] = tier;
                }
            }
        }
        for department in 0..4_u8 {
            let is_in = |code| if department == 3 { UNKNOWN } else { is(department == code) };
            for region in 0..3 {
                let wave = first(&[is_in(1), is_in(2).min(region), YES]).map_or(NO_WAVE, |wave| wave as u8);
                self.wave[usize::from(department * 3 + region)] = wave;
            }
        }
        for in_time in 0..3 {
            for for_app in 0..3 {
                let fallback = match in_time.min(for_app) {
                    YES => FALLS_BACK,
                    UNKNOWN => MAY_FALL_BACK,
                    _ if in_time == NO => FALLBACK_OVER,
                    _ => FALLBACK_REFUSED,
                };
                for tier in 0..6 {
                    self.state[usize::from(tier * 9 + in_time * 3 + for_app)] = state(tier, fallback);
                }
            }
        }
    }

    fn accept(&mut self) {
        let least = |factors, recovery| {
            factors * (ONE_FACTOR | ONE_POSSIBLE) + recovery * (ONE_RECOVERY | ONE_POSSIBLE_RECOVERY)
        };
        let phased_out = if self.as_of > PHASED_OUT_AFTER { PHASE_OUT } else { 0 };
        let tier = |yes, attest, least| Accepted { yes, attest, least, reasons: u32::MAX, ..Accepted::default() };
        let standard = tier(STRONG, 0, least(2, 1));
        self.accepted = [
            tier(HARDWARE, u32::MAX, least(2, 0)),
            Accepted::default(),
            Accepted { phased_out, ..tier(RESISTANT, ATTESTABLE, least(2, 1)) },
            tier(PARTNERS, u32::MAX, least(1, 0)),
            Accepted { yes: STRONG | FALLBACK, ..standard },
            Accepted { unknown: FALLBACK, ..standard },
            Accepted { over: FALLBACK, ..standard },
            Accepted { refused: FALLBACK, ..standard },
        ];
        for (state, accepted) in self.accepted.iter().enumerate() {
            for method in 0..=NO_NAME {
                for attested in 0..3 {
                    for active in 1..3 {
                        let (counts, reasons) = accepted.factor(method, attested, active);
                        let reasons = reasons & accepted.reasons;
                        let at = usize::from(method) | usize::from(attested) << 5 | usize::from(active) << 7;
                        self.factor[state][at] = u64::from(counts) | u64::from(reasons) << 32;
                    }
                }
            }
        }
    }

    /// Rules, by bit: critical, normal, low, sensitive-tx, tor, risky.
    fn require(&mut self) {
        for sensitivity in 0..4_u8 {
            let is_in = |code| if sensitivity == 3 { UNKNOWN } else { is(sensitivity == code) };
            for transaction in 0..3 {
                for tor in 0..3 {
                    for risky in 0..3 {
                        let rules = [is_in(1), is_in(2), YES, transaction, tor, risky];
                        let which = |truth| {
                            (0..6).filter(|rule| rules[*rule] == truth).fold(0_u16, |all, rule| all | 1 << rule)
                        };
                        let at = (sensitivity * 4 + transaction) * 9 + tor * 3 + risky;
                        self.rules[usize::from(at)] = which(YES) | which(UNKNOWN) << 8;
                    }
                }
            }
        }
        for rules in 0..64_u32 {
            let has = |mask, reason: Reason| if rules & mask != 0 { reason.bit() } else { 0 };
            self.sections[rules as usize] =
                has(0b111, Reason::StepUpApp) | has(0b1000, Reason::StepUpTx) | has(0b11_0000, Reason::StepUpContext);
        }
    }

    fn answer(&mut self) {
        for compliance in 0..3 {
            for excepted in 0..3 {
                for (clock, late) in [IN_GRACE, OVERDUE, NOT_KNOWN].into_iter().enumerate() {
                    self.enrolment[usize::from(compliance * 9 + excepted * 3) + clock] = match (compliance, excepted) {
                        (YES, _) => COMPLIANT,
                        (_, YES) => EXCEPTED,
                        (UNKNOWN, _) | (_, UNKNOWN) => NOT_KNOWN,
                        _ => late,
                    };
                }
            }
        }
        for enrolment in 0..6 {
            for stage in 0..4 {
                for class in 0..5 {
                    let outcome = match (enrolment, stage) {
                        (COMPLIANT, _) => ALLOW,
                        (EXCEPTED, _) => ALLOW_EXCEPTION,
                        (NOT_APPLICABLE, _) => EXEMPT,
                        (NOT_KNOWN, _) => INDETERMINATE,
                        (_, 1) => ALLOW_REMIND,
                        (_, 2) if class == LOW => ALLOW_REMIND,
                        (_, 2) if class == NO_CLASS => INDETERMINATE,
                        (_, 2) => LIMIT,
                        (_, 3) => BLOCK,
                        (IN_GRACE, _) => ALLOW_REMIND,
                        _ => BLOCK,
                    };
                    self.of_enrolment[usize::from(enrolment * 20 + stage * 5 + class)] = outcome;
                }
            }
        }
        self.enforced = ENFORCE_FROM.map(|from| if from == MISSING { UNKNOWN } else { is(self.as_of >= from) });
    }
}

impl Accepted {
    fn factor(&self, method: u8, attested: Tri, active: Tri) -> (Counts, u32) {
        if method == NO_NAME {
            return (ONE_POSSIBLE | ONE_POSSIBLE_RECOVERY, 0);
        }
        let method = Method::ALL[usize::from(method)];
        if method == Method::Unknown {
            return (0, Reason::UnknownMethod.bit());
        }
        if method.kinds() == Kinds::Nothing {
            return (0, 0);
        }
        if method.is_recovery() {
            return (ONE_POSSIBLE_RECOVERY | if active == YES { ONE_RECOVERY } else { 0 }, 0);
        }
        let bit = method.bit();
        let accept = if self.yes & bit != 0 { YES } else { is(false).max(u8::from(self.unknown & bit != 0)) };
        let attested = if self.attest & bit == 0 { YES } else { attested };
        let any = if method != Method::Password || accept != NO { ANY_FACTOR } else { 0 };
        match accept.min(attested).min(active) {
            YES => (ONE_FACTOR | ONE_POSSIBLE, any),
            UNKNOWN => (ONE_POSSIBLE, any),
            _ if accept != NO => {
                (0, any | if bit & CLAIMS != 0 { Reason::FedNotAttested } else { Reason::NotAttested }.bit())
            }
            _ => (0, any | self.refuses(bit)),
        }
    }

    /// Why methods that are not accepted are not.
    #[inline(always)]
    fn refuses(&self, methods: u32) -> u32 {
        let has = |mask: u32, reason: Reason| if methods & mask != 0 { reason.bit() } else { 0 };
        let push = if self.yes & Method::PushNumber.bit() != 0 { Method::Push.bit() } else { 0 };
        has(self.phased_out, Reason::PhasedOut)
            | has(self.over, Reason::FallbackExpired)
            | has(self.refused, Reason::FallbackNotForApp)
            | has(push, Reason::NoNumberMatch)
    }
}

// From texts.

impl Kernel {
    /// Decides about columns of texts.
    pub(crate) fn decide_texts(&self, columns: &Columns, form: Form, answers: &mut Answers) {
        let given = columns.factors(form);
        let mut codes = Codes::new(BATCH);
        let mut factors = Vec::new();
        for from in (0..columns.rows).step_by(BATCH) {
            let rows = BATCH.min(columns.rows - from);
            self.encode(columns, from, rows, &mut codes);
            let first = self.encode_factors(&given, from, rows, &mut factors);
            let tally = |row: usize, state: usize| {
                let table = &self.factor[state];
                let range = given.lists.range(from + row);
                if !given.lists.valid.at(from + row) {
                    return (ONE_POSSIBLE * 127 + ONE_POSSIBLE_RECOVERY * 127, 0);
                }
                let (at, count) = (range.start - first, range.len());
                let mut counts = 0;
                let mut reasons = 0;
                // Most have four at most; those behind the end count nothing.
                for index in 0..4 {
                    let factor = factors[at + index] | if index < count { 0 } else { NO_FACTOR };
                    let found = table[usize::from(factor) % 512];
                    counts += found as u32;
                    reasons |= (found >> 32) as u32;
                }
                if count > 4 { self.many(table, &factors[at..at + count]) } else { (counts, reasons) }
            };
            self.decide(&codes, 0, rows, columns, from, tally, answers);
        }
    }

    #[cold]
    #[inline(never)]
    fn many(&self, table: &[u64; 512], factors: &[u16]) -> (Counts, u32) {
        factors.iter().fold((0, 0), |(counts, reasons), factor| {
            let found = table[usize::from(*factor)];
            // More than enough is enough.
            let sum = counts + found as u32;
            (sum - ((sum & TOP) >> 7), reasons | (found >> 32) as u32)
        })
    }

    fn encode(&self, columns: &Columns, from: usize, rows: usize, codes: &mut Codes) {
        let words = &self.words;
        words.population.codes(&columns.population, from, 4, &mut codes.population[..rows]);
        words.department.codes(&columns.department, from, 3, &mut codes.department[..rows]);
        words.region.codes(&columns.region, from, UNKNOWN, &mut codes.region[..rows]);
        words.sensitivity.codes(&columns.sensitivity, from, 3, &mut codes.sensitivity[..rows]);
        words.protocol.codes(&columns.protocol, from, UNKNOWN, &mut codes.protocol[..rows]);
        words.transaction.codes(&columns.transaction, from, UNKNOWN, &mut codes.transaction[..rows]);
        tris(&columns.privileged, from, &mut codes.privileged[..rows]);
        tris(&columns.federated, from, &mut codes.federated[..rows]);
        tris(&columns.federation_attested, from, &mut codes.federation_attested[..rows]);
        instants(&columns.created_at, from, &mut codes.created_at[..rows]);
        instants(&columns.fallback_started_at, from, &mut codes.fallback_started_at[..rows]);
        instants(&columns.mfa_at, from, &mut codes.mfa_at[..rows]);
        for row in 0..rows {
            let has_session = columns.app.at(from + row) | columns.session.at(from + row);
            codes.sensitivity[row] = if has_session { codes.sensitivity[row] } else { NO_ACCESS };
        }
        lists(&words.role, &columns.roles, from, UNKNOWN, &mut codes.role[..rows], |all, code| all.max(code), UNKNOWN);
        lists(&words.signal, &columns.signals, from, 4, &mut codes.signals[..rows], |all, code| all | code, 4);
        let mut elements = [0; 4 * BATCH];
        let range =
            columns.used_methods.lists.offsets[from] as usize..columns.used_methods.lists.offsets[from + rows] as usize;
        let mut many = Vec::new();
        let elements = at_least(range.len() + 2, &mut elements, &mut many);
        words.method.codes(&columns.used_methods.texts, range.start, NO_NAME, &mut elements[..range.len()]);
        for row in 0..rows {
            let list = columns.used_methods.lists.range(from + row);
            let (at, count) = (list.start - range.start, list.len());
            let bit = |index: usize| u32::from(index < count) << (elements[at + index] & 31);
            let mut used = bit(0) | bit(1);
            for index in 2..count {
                used |= bit(index);
            }
            let empty = if count == 0 { NOTHING } else { 0 };
            codes.used[row] = if columns.used_methods.lists.valid.at(from + row) { used | empty } else { NO_LIST };
        }
        some_exceptions(&columns.exceptions, from, &mut codes.exceptions[..rows]);
    }

    /// A factor's method, attestation and status in one code. Answers where the first is.
    fn encode_factors(&self, given: &Factors<'_>, from: usize, rows: usize, factors: &mut Vec<u16>) -> usize {
        let range = given.lists.offsets[from] as usize..given.lists.offsets[from + rows] as usize;
        factors.resize(range.len() + 4, 0);
        let mut methods = [0; BATCH];
        let mut statuses = [YES; BATCH];
        let mut attested = [UNKNOWN; BATCH];
        for start in range.clone().step_by(BATCH) {
            let count = BATCH.min(range.end - start);
            self.words.method.codes(given.method, start, NO_NAME, &mut methods[..count]);
            if let Some(status) = given.status {
                self.words.status.codes(status, start, UNKNOWN, &mut statuses[..count]);
            }
            if let Some(values) = given.attested {
                tris(values, start, &mut attested[..count]);
            }
            let factors = &mut factors[start - range.start..][..count];
            for (index, factor) in factors.iter_mut().enumerate() {
                *factor = u16::from(methods[index]) | u16::from(attested[index]) << 5 | u16::from(statuses[index]) << 7;
            }
        }
        range.start
    }
}

/// The code of no factor at all.
const NO_FACTOR: u16 = 511;

fn at_least<'a>(length: usize, usual: &'a mut [u8], many: &'a mut Vec<u8>) -> &'a mut [u8] {
    if length <= usual.len() {
        return usual;
    }
    many.resize(length, 0);
    many
}

#[inline(always)]
fn tris(values: &Values<bool>, from: usize, to: &mut [Tri]) {
    let from_values = &values.values[from..from + to.len()];
    for (index, (to, value)) in to.iter_mut().zip(from_values).enumerate() {
        *to = if values.valid.at(from + index) { u8::from(*value) * 2 } else { UNKNOWN };
    }
}

#[inline(always)]
fn instants(values: &Values<i64>, from: usize, to: &mut [i64]) {
    let from_values = &values.values[from..from + to.len()];
    for (index, (to, value)) in to.iter_mut().zip(from_values).enumerate() {
        *to = if values.valid.at(from + index) { *value } else { MISSING };
    }
}

/// One code for each list.
#[inline(always)]
fn lists(
    lexicon: &Lexicon,
    lists: &TextLists,
    from: usize,
    null: u8,
    to: &mut [u8],
    join: impl Fn(u8, u8) -> u8,
    missing: u8,
) {
    let range = lists.lists.offsets[from] as usize..lists.lists.offsets[from + to.len()] as usize;
    let mut usual = [0; 4 * BATCH];
    let mut many = Vec::new();
    let elements = at_least(range.len() + 2, &mut usual, &mut many);
    lexicon.codes(&lists.texts, range.start, null, &mut elements[..range.len()]);
    for (index, to) in to.iter_mut().enumerate() {
        let list = lists.lists.range(from + index);
        let (at, count) = (list.start - range.start, list.len());
        let code = |index: usize| elements[at + index] & u8::from(index < count).wrapping_neg();
        let mut all = join(code(0), code(1));
        for index in 2..count {
            all = join(all, code(index));
        }
        *to = if lists.lists.valid.at(from + index) { all } else { missing };
    }
}

fn some_exceptions(exceptions: &Exceptions, from: usize, to: &mut [u8]) {
    for (index, to) in to.iter_mut().enumerate() {
        let is_some = u8::from(!exceptions.lists.range(from + index).is_empty()) * 2;
        *to = if exceptions.lists.valid.at(from + index) { is_some } else { 1 };
    }
}

// From codes.

/// The rows with everything encoded beforehand. Exceptions, which few have, stay as they are.
pub(crate) struct Encoded {
    pub(crate) codes: Codes,
    /// Methods of factors that are not known to be inactive; which of them there are two of; and which of those are
    /// certainly active, certainly attested, or both. What is certain is a part of what is possible.
    pub(crate) factors: Vec<FactorMasks>,
}

/// Bit 26 stands for a factor nobody can name; a list that is missing has bit 27.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FactorMasks {
    /// Active, once and twice.
    pub(crate) active: [u32; 2],
    /// Active and attested, once and twice.
    pub(crate) attested: [u32; 2],
    /// Not known to be inactive, once and twice.
    pub(crate) possible: [u32; 2],
    /// Neither known to be inactive nor known not to be attested, once and twice.
    pub(crate) possible_attested: [u32; 2],
    /// Not known to be inactive, and not attested.
    pub(crate) unattested: u32,
}

impl FactorMasks {
    fn add(&mut self, method: u8, attested: Tri, active: Tri) {
        if active == NO {
            return;
        }
        let bit = 1 << method;
        let count = |masks: &mut [u32; 2]| {
            masks[1] |= masks[0] & bit;
            masks[0] |= bit;
        };
        count(&mut self.possible);
        if active == YES {
            count(&mut self.active);
        }
        if active == YES && attested == YES {
            count(&mut self.attested);
        }
        if attested != NO {
            count(&mut self.possible_attested);
        } else {
            self.unattested |= bit;
        }
    }

    /// No tier asks for more than two factors and one recovery method.
    #[inline(always)]
    fn tally(&self, accepted: &Accepted) -> (Counts, u32) {
        const RECOVERY: u32 = mask(&[Method::TempPass, Method::BackupCode]);
        const NAMELESS: u32 = 1 << NO_NAME;
        const IGNORED: u32 =
            RECOVERY | mask(&[Method::BypassCode, Method::AppPassword, Method::TrustedDev, Method::Unknown]);
        let (free, attest) = (accepted.yes & !accepted.attest, accepted.yes & accepted.attest);
        let maybe = accepted.yes | accepted.unknown;
        let (maybe_free, maybe_attest) = (maybe & !accepted.attest | NAMELESS, maybe & accepted.attest);
        // Up to two; counting bits takes longer.
        let count = |free: [u32; 2], attest: [u32; 2], masks: [u32; 2]| {
            let once = free[0] & masks[0] | attest[0] & masks[1];
            let twice = free[1] & masks[0] | attest[1] & masks[1];
            u32::from(once != 0) + u32::from(once & once.wrapping_sub(1) | twice != 0)
        };
        let recovery = u32::from(self.active[0] & RECOVERY != 0);
        let possible_recovery = u32::from(self.possible[0] & (RECOVERY | NAMELESS) != 0);
        let counts = count(self.active, self.attested, [free, attest]) * ONE_FACTOR
            + count(self.possible, self.possible_attested, [maybe_free, maybe_attest]) * ONE_POSSIBLE
            + recovery * ONE_RECOVERY
            + possible_recovery * ONE_POSSIBLE_RECOVERY;
        let named = self.possible[0] & !IGNORED & (NAMELESS - 1);
        let when = |is: bool, bits: u32| if is { bits } else { 0 };
        let not_attested = self.unattested & maybe_attest;
        let reasons = when(named & (!Method::Password.bit() | maybe) != 0, ANY_FACTOR)
            | when(self.possible[0] & Method::Unknown.bit() != 0, Reason::UnknownMethod.bit())
            | when(not_attested & CLAIMS != 0, Reason::FedNotAttested.bit())
            | when(not_attested & !CLAIMS != 0, Reason::NotAttested.bit())
            | accepted.refuses(named & !maybe);
        let is_missing = self.possible[0] & NO_LIST != 0;
        if is_missing {
            (ONE_POSSIBLE * 127 + ONE_POSSIBLE_RECOVERY * 127, 0)
        } else {
            (counts, reasons & accepted.reasons)
        }
    }
}

impl Kernel {
    pub(crate) fn encode_all(&self, columns: &Columns) -> Encoded {
        let mut codes = Codes::new(columns.rows);
        let mut factors = vec![FactorMasks::default(); columns.rows];
        let mut batch = Codes::new(BATCH);
        let given = columns.factors(Form::Full);
        let mut elements = Vec::new();
        for from in (0..columns.rows).step_by(BATCH) {
            let rows = BATCH.min(columns.rows - from);
            self.encode(columns, from, rows, &mut batch);
            macro_rules! copy {
                ($($field:ident)*) => { $(codes.$field[from..from + rows].copy_from_slice(&batch.$field[..rows]);)* };
            }
            copy!(population role privileged department region created_at fallback_started_at sensitivity protocol);
            copy!(transaction signals used mfa_at federated federation_attested exceptions);
            let first = self.encode_factors(&given, from, rows, &mut elements);
            for row in from..from + rows {
                if !given.lists.valid.at(row) {
                    factors[row].possible[0] = NO_LIST;
                }
                for factor in &elements[given.lists.range(row).start - first..][..given.lists.range(row).len()] {
                    factors[row].add((factor & 31) as u8, (factor >> 5 & 3) as u8, (factor >> 7) as u8);
                }
            }
        }
        Encoded { codes, factors }
    }

    /// Decides about codes and masks.
    pub(crate) fn decide_masks(&self, encoded: &Encoded, columns: &Columns, answers: &mut Answers) {
        let tally = |row: usize, state: usize| encoded.factors[row].tally(&self.accepted[state]);
        self.decide(&encoded.codes, 0, columns.rows, columns, 0, tally, answers);
    }

    /// Decides about rows. Row `at` of the codes is row `from` of the columns and of the answers.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "two runs of rows")]
    fn decide(
        &self,
        codes: &Codes,
        at: usize,
        rows: usize,
        columns: &Columns,
        from: usize,
        tally: impl Fn(usize, usize) -> (Counts, u32),
        answers: &mut Answers,
    ) {
        macro_rules! runs {
            ($of:ident, $($field:ident)*) => { $(let $field = &$of.$field[at..at + rows];)* };
        }
        runs!(codes, population role privileged department region created_at fallback_started_at sensitivity protocol);
        runs!(codes, transaction signals used mfa_at federated federation_attested exceptions);
        let decisions = &mut answers.decision[from..from + rows];
        let would_decisions = &mut answers.would_decision[from..from + rows];
        let enrolments = &mut answers.enrolment[from..from + rows];
        let sessions = &mut answers.session[from..from + rows];
        let required_masks = &mut answers.required_mask[from..from + rows];
        let reason_masks = &mut answers.reason_mask[from..from + rows];
        for row in 0..rows {
            let subject = population[row] * 9 + role[row] * 3 + privileged[row];
            let tier = self.tier[usize::from(subject).min(44)];
            let wave = self.wave[usize::from(department[row] * 3 + region[row]).min(11)];
            let class = [LOW, CRITICAL, NORMAL, NO_CLASS, NO_ACCESS][usize::from(sensitivity[row]).min(4)];

            // What is registered.
            let in_time = match fallback_started_at[row] {
                _ if self.as_of >= FALLBACK_UNTIL => NO,
                MISSING => UNKNOWN,
                started => is(self.as_of < started.saturating_add(30 * DAY)),
            };
            let for_app = [NO, YES, YES, UNKNOWN, YES][usize::from(class)];
            let state = usize::from(self.state[usize::from(tier * 9 + in_time * 3 + for_app).min(53)]) % STATES;
            let least = self.accepted[state].least;
            let (counts, found) = tally(row, state);
            let enough = ((counts | TOP).wrapping_sub(least) & TOP) >> 7;
            let is_enough = |of: Counts| u8::from(enough & of == of);
            let compliance = is_enough(CERTAIN) + is_enough(CERTAIN << 8);
            let possible = counts >> 8 & 0xFF;
            let lacks = [Reason::NoFactor, Reason::WeakOnly, Reason::NeedSecond, Reason::NeedSecond];
            let lack = lacks[usize::from(possible != 0) * 2 + (found >> 31) as usize].bit();
            let shortfall = (found & !(REMARKS | ANY_FACTOR))
                | if enough & ONE_POSSIBLE == 0 { lack } else { 0 }
                | if enough & ONE_POSSIBLE_RECOVERY == 0 { Reason::NoRecovery.bit() } else { 0 };
            let mut reasons = (found & REMARKS) | if compliance == YES { 0 } else { shortfall };

            // Time.
            let enforce_from = ENFORCE_FROM[usize::from(wave)];
            let start = created_at[row].max(enforce_from);
            let deadline = start.saturating_add(GRACE[usize::from(tier)]);
            let has_clock = wave != NO_WAVE;
            let has_start = has_clock & (created_at[row] != MISSING);
            let enforced = self.enforced[usize::from(wave)];
            let clock = match () {
                () if has_clock & (enforced == NO) => 0,
                () if has_start => u8::from(self.as_of >= deadline),
                () => 2,
            };
            reasons |= if enforced == NO { Reason::PreCutover.bit() } else { 0 };

            // Exceptions.
            let excepted = self.excepted(exceptions[row], columns, from + row, tier);
            reasons |= if compliance == YES || tier == NO_TIER { 0 } else { excepted.objections };
            let by_factors = self.enrolment[usize::from(compliance * 9 + excepted.enrolment * 3 + clock).min(26)];
            let enrolment = match tier {
                SERVICE => NOT_APPLICABLE,
                NO_TIER => NOT_KNOWN,
                _ => by_factors,
            };
            let is_settled = matches!(enrolment, COMPLIANT | NOT_APPLICABLE) | (tier == BREAK_GLASS) | !has_start;
            let reached = |from: i64| u8::from(self.as_of >= from);
            let stage = reached(start) + reached(deadline) + reached(deadline.saturating_add(14 * DAY));
            let stage = if is_settled { 0 } else { stage };
            let of_enrolment = self.of_enrolment[usize::from(enrolment * 20 + stage * 5 + class).min(119)];

            // The session.
            let session = self.session(
                self.rules[usize::from(
                    (sensitivity[row].min(3) * 4 + transaction[row]) * 9 + SIGNALS[usize::from(signals[row]) % 8],
                )
                .min(179)],
                protocol[row],
                used[row],
                (federated[row], federation_attested[row]),
                mfa_at[row],
            );
            let has_session = sensitivity[row] != NO_ACCESS;
            let (judged, session_reasons) = if has_session { session } else { (NO_SESSION, 0) };
            let is_open = matches!(judged, STEPPED_UP | SESSION_UNKNOWN);
            let may_be_excepted = is_open & (protocol[row] == NO);
            reasons |= session_reasons | if is_open { excepted.session_objections } else { 0 };
            let of_session = match judged {
                STEPPED_UP => STEP_UP,
                SESSION_UNKNOWN => INDETERMINATE,
                BLOCKED => BLOCK,
                _ => ALLOW,
            };
            let of_session = match excepted.session {
                YES if may_be_excepted => ALLOW_EXCEPTION,
                UNKNOWN if may_be_excepted => INDETERMINATE,
                _ => of_session,
            };
            let is_missing = (of_enrolment == INDETERMINATE)
                | (enforced == UNKNOWN)
                | (may_be_excepted & (excepted.session == UNKNOWN));
            reasons |= if is_missing { Reason::MissingInput.bit() } else { 0 };

            let strictest = of_enrolment.max(of_session);
            let is_exempt = (tier == BREAK_GLASS) & matches!(strictest, STEP_UP | LIMIT | BLOCK);
            let would_decision = if is_exempt { EXEMPT } else { strictest };
            decisions[row] = match enforced {
                YES => would_decision,
                NO => REPORT_ONLY,
                _ => INDETERMINATE,
            };
            would_decisions[row] = would_decision;
            enrolments[row] = enrolment;
            sessions[row] = judged;
            required_masks[row] = self.accepted[state].yes & !self.accepted[state].phased_out;
            reason_masks[row] = reasons;
        }
    }

    /// Whether a session satisfies the rules, and why not.
    #[inline(always)]
    fn session(&self, rules: u16, protocol: Tri, used: u32, federation: (Tri, Tri), mfa_at: i64) -> (u8, u32) {
        /// Methods that make a session worth two factors, or that nobody can phish.
        const WORTH: [u32; 2] = [worth(2), worth(3)];
        /// Rules that ask for more than two factors.
        const STRICT: u32 = 0b1_1000;
        const ALL: u32 = 0b11_1111;
        /// Rules that an age of that class breaks; by exactly now, five minutes, twelve hours, thirty days, older.
        const OLD: [u32; 5] = [0, 0b1, 0b11_1001, 0b11_1011, ALL];
        let (asking, possible) = (u32::from(rules & 0xFF), u32::from(rules >> 8));

        let methods = used & ((1 << UNKNOWN_NAME) - 1);
        let claims = if federation.0 == YES { u32::MAX } else { CLAIMS };
        let attested = federation.1;
        let certain = if attested == YES { methods } else { methods & !claims };
        let is_list = used & NO_LIST == 0;
        let named = if used & (1 << NO_NAME | NO_LIST) != 0 { u32::MAX } else { methods };
        let possible_methods = if attested == NO { named & !claims } else { named };
        let unattested = if attested == NO { methods & claims } else { 0 };
        let broken = |of: u32| {
            let rule = |level: usize, rules| if of & WORTH[level] == 0 { rules } else { 0 };
            rule(0, ALL & !STRICT) | rule(1, STRICT)
        };
        let (too_weak, not_strong) = (broken(possible_methods), broken(certain));

        let is_nothing = used & NOTHING != 0;
        let age = self.as_of.saturating_sub(mfa_at);
        let class = [5 * MINUTE, 720 * MINUTE, 30 * DAY]
            .into_iter()
            .fold(u8::from(age > 0), |class, limit| class + u8::from(age > limit));
        let class = if age < 0 { 4 } else { class };
        let old = OLD[usize::from(class)];
        let is_unknown = mfa_at == MISSING;
        let too_old = match () {
            () if is_nothing => ALL,
            () if is_unknown => 0,
            () => old,
        };
        let not_fresh = if is_unknown | is_nothing | !is_list { ALL } else { old };

        let remarks = if used & 1 << UNKNOWN_NAME != 0 { Reason::UnknownMethod.bit() } else { 0 };
        let unmet = not_strong | not_fresh;
        let fails = asking & (too_weak | too_old);
        let when = |is: bool, reason: Reason| if is { reason.bit() } else { 0 };
        let level = usize::from(asking & STRICT != 0);
        let faults = remarks
            | when((asking & not_strong != 0) & (unattested & WORTH[level] != 0), Reason::FedNotAttested)
            | when(asking & too_weak != 0, Reason::SessionWeak)
            | when((asking & too_old != 0) & !is_nothing, Reason::SessionStale)
            | self.sections[fails as usize % 64];
        let is_satisfied = ((asking | possible) & unmet == 0) & (protocol == NO);
        match () {
            () if protocol == YES => (BLOCKED, Reason::LegacyProtocol.bit()),
            () if is_satisfied => (SATISFIED, remarks),
            () if (fails == 0) | (protocol == UNKNOWN) => (SESSION_UNKNOWN, faults | Reason::MissingInput.bit()),
            () => (STEPPED_UP, faults),
        }
    }
}

/// Signals as answers: `tor * 3 + risky`, by the bits of [`Codes::signals`].
const SIGNALS: [u8; 8] = [0, 6, 2, 8, 4, 7, 5, 8];

const fn worth(level: u8) -> u32 {
    let (mut mask, mut index) = (0, 0);
    while index < Method::ALL.len() {
        let method = Method::ALL[index];
        if method.strength().level() >= level {
            mask |= method.bit();
        }
        index += 1;
    }
    mask
}

// Exceptions.

#[derive(Clone, Copy, Default)]
struct Excepted {
    enrolment: Tri,
    session: Tri,
    objections: u32,
    session_objections: u32,
}

impl Kernel {
    /// Whether exceptions relax the enrolment and the session of a row.
    pub(crate) fn is_excepted(&self, encoded: &Encoded, columns: &Columns, row: usize) -> (Tri, Tri) {
        let codes = &encoded.codes;
        let subject = codes.population[row] * 9 + codes.role[row] * 3 + codes.privileged[row];
        let excepted = self.excepted(codes.exceptions[row], columns, row, self.tier[usize::from(subject)]);
        (excepted.enrolment, excepted.session)
    }

    #[inline(always)]
    fn excepted(&self, code: u8, columns: &Columns, row: usize, tier: u8) -> Excepted {
        match code {
            0 => Excepted::default(),
            1 if tier == BREAK_GLASS => Excepted::default(),
            1 => Excepted { enrolment: UNKNOWN, session: UNKNOWN, ..Excepted::default() },
            _ => self.judge(columns, row, tier),
        }
    }

    /// What the exceptions of a row do.
    #[cold]
    #[inline(never)]
    fn judge(&self, columns: &Columns, row: usize, tier: u8) -> Excepted {
        let exceptions = &columns.exceptions;
        let mut all = Excepted::default();
        for index in exceptions.lists.range(row) {
            let (holds, objections) = match tier {
                BREAK_GLASS => (NO, Reason::ExcForbidden.bit()),
                _ => {
                    let (holds, objections) = self.holds(exceptions, index, columns.id.get(row).as_deref());
                    (if tier == NO_TIER { holds.min(UNKNOWN) } else { holds }, objections)
                }
            };
            all.enrolment = all.enrolment.max(holds);
            all.objections |= objections;
            if exceptions.scope.get(index).is_some_and(|scope| scope.eq_ignore_ascii_case(b"session")) {
                all.session = all.session.max(holds);
                all.session_objections |= objections;
            }
        }
        all.objections = if all.enrolment == YES { 0 } else { all.objections };
        all.session_objections = if all.session == YES { 0 } else { all.session_objections };
        all
    }

    fn holds(&self, exceptions: &Exceptions, index: usize, beneficiary: Option<&[u8]>) -> (Tri, u32) {
        let is_criterion = |text: Vec<u8>| is_one_of(&text, &["accessibility", "device_lost", "vendor_limit"]);
        let (starts_at, expires_at) = (exceptions.starts_at.get(index), exceptions.expires_at.get(index));
        let length = starts_at.zip(expires_at).map(|(from, to)| to.saturating_sub(from));
        let attested = exceptions.attested_at.get(index);
        let checks = [
            (of(exceptions.criterion.get(index).map(is_criterion)), Reason::ExcForbidden.bit()),
            (of(starts_at.map(|from| from <= self.as_of)), 0),
            (of(expires_at.map(|to| self.as_of < to)), Reason::ExcExpired.bit()),
            (of(length.map(|length| length <= 90 * DAY)), Reason::ExcTooLong.bit()),
            (approved(&exceptions.approvers, index, beneficiary), Reason::ExcUnapproved.bit()),
            (
                of(attested.map(|at| at <= self.as_of && self.as_of.saturating_sub(at) <= 92 * DAY)),
                Reason::ExcAttestOverdue.bit(),
            ),
        ];
        checks.into_iter().fold((YES, 0), |(all, objections), (check, objection)| {
            (all.min(check), objections | if check == NO { objection } else { 0 })
        })
    }
}

fn is_one_of(text: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether two people approved, neither of them the beneficiary.
fn approved(lists: &TextLists, index: usize, beneficiary: Option<&[u8]>) -> Tri {
    if !lists.lists.valid.at(index) {
        return UNKNOWN;
    }
    let (mut people, mut count, mut possible): (Vec<(bool, Vec<u8>)>, _, _) = (Vec::new(), 0, 0);
    for element in lists.lists.range(index) {
        let Some(approver) = lists.texts.get(element) else {
            possible += 1;
            continue;
        };
        let colon = approver.iter().position(|byte| *byte == b':');
        let role = approver[..colon.unwrap_or(approver.len())].trim_ascii();
        let person = colon.map_or(&*approver, |colon| &approver[colon + 1..]).trim_ascii();
        let is_new =
            !people.iter().any(|(named, other)| *named == colon.is_some() && other.eq_ignore_ascii_case(person));
        if is_one_of(role, &["manager", "security"]) && is_new {
            let own = colon.and(beneficiary).is_some_and(|beneficiary| person.eq_ignore_ascii_case(beneficiary));
            count += u32::from(!own);
            possible += u32::from(!own);
            people.push((colon.is_some(), person.to_vec()));
        }
    }
    if count >= 2 { YES } else { is(false).max(u8::from(possible >= 2)) }
}
