//! The rows: people and sign-ins as a company has them, invented, always the same.

use mfa_core::policy::{App, Context, ExceptionInput, FactorInput, Input, Subject};
use serde::Serialize;

/// The instant of every decision. Some waves are enforced, some have stages behind them, a fallback is about to end.
pub(crate) const AS_OF: i64 = 1_798_804_800_000_000; // 2027-01-01 12:00 UTC

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

type Text = Option<&'static str>;
type Texts = Option<Vec<Text>>;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) population: Text,
    pub(crate) roles: Texts,
    pub(crate) privileged: Option<bool>,
    pub(crate) department: Text,
    pub(crate) region: Text,
    pub(crate) created_at: Option<i64>,
    pub(crate) fallback_started_at: Option<i64>,
    pub(crate) factors: Option<Vec<Factor>>,
    pub(crate) app: Option<Target>,
    pub(crate) session: Option<Session>,
    pub(crate) exceptions: Option<Vec<Exception>>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Factor {
    pub(crate) method: Text,
    pub(crate) status: Text,
    pub(crate) attested: Option<bool>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Target {
    pub(crate) id: Text,
    pub(crate) sensitivity: Text,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Session {
    pub(crate) signals: Texts,
    pub(crate) protocol: Text,
    pub(crate) transaction: Text,
    pub(crate) used_methods: Texts,
    pub(crate) mfa_at: Option<i64>,
    pub(crate) federated: Option<bool>,
    pub(crate) federation_attested: Option<bool>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Exception {
    pub(crate) id: String,
    pub(crate) criterion: Text,
    pub(crate) starts_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) approvers: Option<Vec<Option<String>>>,
    pub(crate) attested_at: Option<i64>,
    pub(crate) scope: Text,
}

impl Exception {
    fn input<'a>(&'a self, approvers: Option<&'a [Option<&'a str>]>) -> ExceptionInput<'a> {
        ExceptionInput {
            id: Some(&self.id),
            criterion: self.criterion,
            starts_at: self.starts_at,
            expires_at: self.expires_at,
            approvers,
            attested_at: self.attested_at,
            scope: self.scope,
        }
    }
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Few surprises, as in a company.
    Usual,
    /// Every surprise: other letter case, strange words, missing elements.
    Wild,
}

/// What a row says of its factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Method, status and attestation.
    Full,
    /// Method and status.
    Plain,
    /// The methods of those that are active.
    Names,
}

impl Form {
    pub(crate) const ALL: [Self; 3] = [Self::Full, Self::Plain, Self::Names];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Plain => "plain",
            Self::Names => "names",
        }
    }
}

impl Row {
    /// The methods of active factors.
    pub(crate) fn names(&self) -> Texts {
        let is_active = |factor: &&Factor| factor.status.is_some_and(|status| status.eq_ignore_ascii_case("active"));
        self.factors.as_ref().map(|factors| factors.iter().filter(is_active).map(|factor| factor.method).collect())
    }
}

pub(crate) fn rows(kind: Kind, count: usize) -> impl Iterator<Item = Row> {
    let mut dice = Dice { state: 20_270_101, kind };
    (0..count).map(move |number| dice.row(number))
}

/// SplitMix64.
struct Dice {
    state: u64,
    kind: Kind,
}

/// Values with their weights.
type Weighted<T> = [(u32, T)];

const BOOLEANS: &Weighted<Option<bool>> = &[(1, Some(true)), (1, Some(false)), (1, None)];

impl Dice {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Whether something happens that does so in so many of a thousand rows; of wild ones, in more.
    fn in_thousand(&mut self, usual: u64) -> bool {
        let wild = if self.kind == Kind::Wild { 40 } else { 0 };
        self.below(1000) < usual + wild
    }

    /// Whether it is a surprise: only wild rows have one.
    fn surprise(&mut self) -> bool {
        self.kind == Kind::Wild && self.below(12) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &Weighted<T>) -> T {
        let total: u32 = choices.iter().map(|(weight, _)| weight).sum();
        let mut at = self.below(total.into()) as u32;
        for (weight, value) in choices {
            if at < *weight {
                return *value;
            }
            at -= weight;
        }
        choices[0].1
    }

    fn word(&mut self, choices: &Weighted<Text>, wild: &[&'static str]) -> Text {
        if self.surprise() { Some(wild[self.below(wild.len() as u64) as usize]) } else { self.pick(choices) }
    }

    /// An instant before (or, of wild rows, sometimes after) the decision, and sometimes none.
    fn ago(&mut self, longest: i64, missing: u64) -> Option<i64> {
        let ago = self.below(longest as u64) as i64 / SECOND * SECOND;
        let ago = if self.surprise() { -ago } else { ago };
        (!self.in_thousand(missing)).then_some(AS_OF - ago)
    }

    fn row(&mut self, number: usize) -> Row {
        let population = self.word(
            &[
                (800, Some("workforce")),
                (80, Some("contractor")),
                (50, Some("partner")),
                (30, Some("guest")),
                (25, Some("service")),
                (2, Some("break_glass")),
                (10, Some("student")),
                (3, None),
            ],
            &[
                "Workforce",
                "GUEST",
                "Break_Glass",
                "break_glass",
                "SERVICE",
                "partners",
                "a rather long population",
                "",
            ],
        );
        let roles = self.roles();
        let privileged = self.pick(&[(20, Some(true)), (976, Some(false)), (4, None)]);
        let department = self.word(
            &[
                (250, Some("sales")),
                (200, Some("engineering")),
                (150, Some("operations")),
                (120, Some("customer support")),
                (100, Some("finance")),
                (60, Some("it")),
                (50, Some("marketing")),
                (45, Some("human resources")),
                (20, Some("security")),
                (5, None),
            ],
            &["IT", "Finance", "SECURITY", "securitas", "i", ""],
        );
        let region = self.word(
            &[(400, Some("amer")), (350, Some("emea")), (245, Some("apac")), (5, None)],
            &["EMEA", "Emea", "eme", "emea "],
        );
        let is_new = self.in_thousand(50);
        let created_at = self.ago(if is_new { 60 * DAY } else { 3000 * DAY }, 3);
        let factors = self.factors(population, privileged == Some(true));
        let uses_sms = factors.iter().flatten().any(|factor| factor.method == Some("sms_otp"));
        let fallback_started_at = if uses_sms { self.ago(45 * DAY, 20) } else { None };
        let (app, session) = self.access(population);
        let exceptions = self.exceptions(number);
        Row {
            id: format!("u{number:07}"),
            population,
            roles,
            privileged,
            department,
            region,
            created_at,
            fallback_started_at,
            factors,
            app,
            session,
            exceptions,
        }
    }

    fn roles(&mut self) -> Texts {
        if self.in_thousand(4) {
            return None;
        }
        if self.surprise() {
            let wild = ["Admin", "HELPDESK", "administrator", "helpdesk of the third floor", "reader"];
            return Some((0..self.below(4)).map(|_| self.element(&wild)).collect());
        }
        Some(
            self.pick::<&[&str]>(&[
                (550, &[]),
                (300, &["reader"]),
                (120, &["reader", "developer"]),
                (15, &["admin"]),
                (15, &["reader", "helpdesk"]),
            ])
            .iter()
            .map(|role| Some(*role))
            .collect(),
        )
    }

    /// A word of a list of a wild row; one in eight is missing.
    fn element(&mut self, words: &[&'static str]) -> Text {
        let at = self.below(words.len() as u64 * 8 / 7 + 1) as usize;
        words.get(at).copied()
    }

    fn factors(&mut self, population: Text, is_privileged: bool) -> Option<Vec<Factor>> {
        if self.in_thousand(3) {
            return None;
        }
        let count = match population {
            Some("service") => 0,
            _ => self.pick(&[(10, 0), (30, 1), (160, 2), (450, 3), (350, 4)]),
        };
        let strong: &Weighted<&str> = match population {
            Some("break_glass") => &[(9, "fido2_key"), (1, "totp")],
            Some("partner" | "contractor" | "guest") => {
                &[(30, "fed_mfa"), (30, "totp"), (20, "push_number"), (10, "fido2_key"), (10, "sms_otp")]
            }
            _ if is_privileged => {
                &[(50, "fido2_key"), (20, "platform"), (10, "passkey_sync"), (10, "totp"), (10, "sms_otp")]
            }
            _ => &[
                (350, "push_number"),
                (220, "totp"),
                (150, "platform"),
                (100, "passkey_sync"),
                (50, "fido2_key"),
                (90, "sms_otp"),
                (30, "voice"),
                (30, "push"),
                (20, "email_otp"),
            ],
        };
        let all = (0..count).map(|index| {
            let is_recovery = index + 1 == count && index > 0 && self.below(100) < 90;
            let method =
                if is_recovery { self.pick(&[(9, "backup_code"), (1, "temp_pass")]) } else { self.pick(strong) };
            self.factor(Some(method))
        });
        let mut all: Vec<Factor> = all.collect();
        if self.surprise() {
            for _ in 0..self.below(7) {
                let method = self.element(&[
                    "fido2_key",
                    "FIDO2_KEY",
                    "password",
                    "app_password",
                    "push",
                    "sms_otp",
                    "voice",
                    "unknown",
                    "fed_sf",
                    "a method that nobody knows",
                    "u2f",
                    "smartcard",
                    "",
                    "trusted_dev",
                ]);
                all.push(self.factor(method));
            }
        }
        Some(all)
    }

    fn factor(&mut self, method: Text) -> Factor {
        let status = self.word(
            &[(94, Some("active")), (4, Some("revoked")), (2, Some("pending_activation"))],
            &["ACTIVE", "Active", "inactive", ""],
        );
        let status = if self.surprise() { None } else { status };
        let attested = match method {
            _ if self.kind == Kind::Wild => self.pick(BOOLEANS),
            Some("fido2_key" | "fed_mfa") => self.pick(&[(88, Some(true)), (7, Some(false)), (5, None)]),
            Some("platform" | "passkey_dev") => self.pick(&[(60, Some(true)), (35, Some(false)), (5, None)]),
            _ => Some(false),
        };
        Factor { method, status, attested }
    }

    fn access(&mut self, population: Text) -> (Option<Target>, Option<Session>) {
        let kind = self.kind;
        let (no_app, no_session) = match kind {
            _ if self.in_thousand(20) => (true, true),
            Kind::Usual => (false, false),
            Kind::Wild => (self.surprise(), self.surprise()),
        };
        let sensitivity = self.word(
            &[(100, Some("critical")), (600, Some("normal")), (297, Some("low")), (3, None)],
            &["Critical", "NORMAL", "critically important", "crit", "LOW"],
        );
        let app = Target { id: Some("app"), sensitivity };
        let session = self.session(population, sensitivity);
        ((!no_app).then_some(app), (!no_session).then_some(session))
    }

    fn session(&mut self, population: Text, sensitivity: Text) -> Session {
        let signals = if self.in_thousand(2) {
            None
        } else if self.surprise() {
            let wild = ["Tor", "NEW_DEVICE", "Impossible_Travel", "impossible_travels", "tor", "vpn"];
            Some((0..self.below(4)).map(|_| self.element(&wild)).collect())
        } else {
            let signals = self.pick::<&[&str]>(&[
                (900, &[]),
                (50, &["new_device"]),
                (30, &["vpn"]),
                (8, &["tor"]),
                (8, &["impossible_travel"]),
                (4, &["new_device", "impossible_travel"]),
            ]);
            Some(signals.iter().map(|signal| Some(*signal)).collect())
        };
        let protocol = self.word(
            &[
                (550, Some("browser")),
                (417, Some("oauth2")),
                (15, Some("imap")),
                (10, Some("smtp_auth")),
                (5, Some("exchange_activesync")),
                (3, None),
            ],
            &["IMAP", "Basic_Auth", "pop", "pop3", "Browser"],
        );
        let transaction = self.word(
            &[(700, Some("read")), (267, Some("write")), (30, Some("sensitive")), (3, None)],
            &["Sensitive", "sensitiveX", "insensitive, as it is"],
        );
        let is_federated = matches!(population, Some("partner" | "contractor" | "guest")) && self.below(3) > 0;
        let used_methods = if self.in_thousand(4) {
            None
        } else if self.surprise() {
            let wild =
                ["fido2_key", "Totp", "fed_sf", "fed_mfa", "unknown", "password", "voice", "no such method", "u2f"];
            Some((0..self.below(5)).map(|_| self.element(&wild)).collect())
        } else {
            let usual: &Weighted<&[&str]> = &[
                (20, &[]),
                (60, &["password"]),
                (420, &["password", "push_number"]),
                (200, &["password", "totp"]),
                (120, &["platform"]),
                (80, &["passkey_sync"]),
                (60, &["fido2_key"]),
                (35, &["password", "sms_otp"]),
                (5, &["password", "telepathy"]),
            ];
            let federated: &Weighted<&[&str]> = &[(8, &["fed_mfa"]), (1, &["fed_sf"]), (1, &["totp"])];
            let used = self.pick(if is_federated { federated } else { usual });
            Some(used.iter().map(|method| Some(*method)).collect())
        };
        let mfa_at = match sensitivity {
            Some("critical") if self.below(10) < 7 => Some(AS_OF),
            _ => {
                let longest = self.pick(&[(25, 5 * 60 * SECOND), (65, DAY / 2), (9, 30 * DAY), (1, 90 * DAY)]);
                self.ago(longest, 4)
            }
        };
        let (federated, federation_attested) = match is_federated {
            _ if self.surprise() => (self.pick(BOOLEANS), self.pick(BOOLEANS)),
            true => (Some(true), self.pick(&[(80, Some(true)), (15, Some(false)), (5, None)])),
            false => (Some(false), None),
        };
        Session { signals, protocol, transaction, used_methods, mfa_at, federated, federation_attested }
    }

    fn exceptions(&mut self, number: usize) -> Option<Vec<Exception>> {
        if self.in_thousand(2) {
            return None;
        }
        let count = if self.in_thousand(10) { self.pick(&[(9, 1), (1, 2)]) } else { 0 };
        Some((0..count).map(|index| self.exception(number, index)).collect())
    }

    fn exception(&mut self, number: usize, index: usize) -> Exception {
        let starts_at = self.ago(60 * DAY, 0);
        let length = self.pick(&[(5, 30 * DAY), (4, 90 * DAY), (1, 120 * DAY)]);
        let person = |number: u64| format!("{number:03}");
        let mut approvers = vec![
            Some(format!("manager:m{}", person(self.below(300)))),
            Some(format!("security:s{}", person(self.below(20)))),
        ];
        match self.below(10) {
            0 => drop(approvers.pop()),
            1 => approvers[1] = Some(format!("friend:f{}", person(self.below(300)))),
            // Nobody approves what is for themselves.
            2 => approvers[0] = Some(format!("manager:u{number:07}")),
            3 => approvers[1] = approvers[0].clone(),
            _ => {}
        }
        let approvers = if self.surprise() {
            let wild = ["Manager:M001", "security", "manager: m001", "SECURITY:s002", "manager:"];
            (!self.surprise()).then(|| (0..self.below(5)).map(|_| self.element(&wild).map(str::to_owned)).collect())
        } else {
            Some(approvers)
        };
        Exception {
            id: format!("x{number:07}.{index}"),
            criterion: self.word(
                &[
                    (5, Some("device_lost")),
                    (3, Some("accessibility")),
                    (1, Some("vendor_limit")),
                    (1, Some("holiday")),
                ],
                &["Device_Lost", "device_losts", ""],
            ),
            starts_at: if self.surprise() { None } else { starts_at },
            expires_at: if self.surprise() { None } else { starts_at.map(|from| from + length) },
            approvers,
            attested_at: self.ago(120 * DAY, 50),
            scope: self.word(&[(6, None), (2, Some("enrolment")), (2, Some("session"))], &["Session", "sessions"]),
        }
    }
}

/// Calls a function with a row as the evaluator's core reads it.
pub(crate) fn with_input<R>(row: &Row, form: Form, call: impl FnOnce(&Input<'_>) -> R) -> R {
    let input = |factor: &Factor| FactorInput {
        method: factor.method,
        status: factor.status,
        attested: if form == Form::Full { factor.attested } else { None },
        ..FactorInput::default()
    };
    let name = |method: &Text| FactorInput { method: *method, status: Some("active"), ..FactorInput::default() };
    let factors: Option<Vec<FactorInput<'_>>> = match form {
        Form::Full | Form::Plain => row.factors.as_ref().map(|factors| factors.iter().map(input).collect()),
        Form::Names => row.names().map(|names| names.iter().map(name).collect()),
    };
    let approvers: Vec<Option<Vec<Option<&str>>>> = row
        .exceptions
        .iter()
        .flatten()
        .map(|exception| exception.approvers.as_ref().map(|approvers| approvers.iter().map(Option::as_deref).collect()))
        .collect();
    let exceptions: Option<Vec<ExceptionInput<'_>>> = row.exceptions.as_ref().map(|exceptions| {
        exceptions.iter().zip(&approvers).map(|(exception, approvers)| exception.input(approvers.as_deref())).collect()
    });
    let session = row.session.as_ref();
    call(&Input {
        subject: Some(Subject {
            id: Some(&row.id),
            population: row.population,
            roles: row.roles.as_deref(),
            privileged: row.privileged,
            department: row.department,
            region: row.region,
            created_at: row.created_at,
            fallback_started_at: row.fallback_started_at,
        }),
        factors: factors.as_deref(),
        app: row.app.as_ref().map(|app| App { id: app.id, sensitivity: app.sensitivity }),
        context: session.map(|session| Context {
            signals: session.signals.as_deref(),
            protocol: session.protocol,
            transaction: session.transaction,
            used_methods: session.used_methods.as_deref(),
            mfa_at: session.mfa_at,
            federated: session.federated,
            federation_attested: session.federation_attested,
        }),
        exceptions: exceptions.as_deref(),
        as_of: Some(AS_OF),
    })
}
