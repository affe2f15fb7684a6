//! Canonical authentication methods, what each is worth, and every provider's spelling of them.

use serde::{Deserialize, Serialize};

use super::Provider;
use crate::word::{Key, Name, Word};

/// A canonical authentication method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Method {
    /// Password.
    Password,
    /// Security question.
    Question,
    /// Code sent by e-mail.
    EmailOtp,
    /// Code sent by SMS.
    SmsOtp,
    /// Telephone call.
    Voice,
    /// Time-based code from an application.
    Totp,
    /// Code from a hardware token.
    OtpHw,
    /// Push notification that one tap approves.
    Push,
    /// Push notification that asks for a number shown at the sign-in.
    PushNumber,
    /// Passwordless push, unlocked on the telephone.
    PhoneSignin,
    /// FIDO U2F security key: presence, no user verification.
    U2f,
    /// Passkey that a cloud account synchronises.
    PasskeySync,
    /// Passkey bound to one device.
    PasskeyDev,
    /// Authenticator of the platform: Windows Hello for Business, Secure Enclave, Touch ID.
    Platform,
    /// FIDO2 security key.
    Fido2Key,
    /// Smart card.
    Smartcard,
    /// Certificate, unlocked by PIN or biometry.
    CertMfa,
    /// Certificate on its own.
    CertSf,
    /// Claim of a federated provider that it did MFA.
    FedMfa,
    /// Claim of a federated provider that it checked one factor.
    FedSf,
    /// Temporary access pass.
    TempPass,
    /// Printed backup code.
    BackupCode,
    /// Code an administrator issued to bypass MFA.
    BypassCode,
    /// Password of one application, exempt from MFA.
    AppPassword,
    /// Remembered device or trusted network.
    TrustedDev,
    /// A method the log does not name, or that has no canonical name.
    Unknown,
}

/// The kinds of factor that one method proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kinds {
    /// Nothing: a bypass, or not known.
    Nothing,
    /// Knowledge.
    Knowledge,
    /// Possession of a mailbox: not acceptable as out-of-band.
    WeakPossession,
    /// Possession.
    Possession,
    /// Possession, unlocked by knowledge or inherence: two kinds in one method.
    VerifiedPossession,
    /// What another provider claims to have checked.
    Claim,
    /// A code kept for recovery.
    Recovery,
}

/// What an account is worth whose sign-in uses a method beside a password. Ordered, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Strength {
    /// Proves nothing.
    None = 0,
    /// One kind of factor.
    Single = 1,
    /// Two kinds of factor.
    Mfa = 2,
    /// Two kinds, and a fake site cannot relay them.
    PhishingResistant = 3,
    /// Phishing resistant, the key cannot leave its hardware, and the holder is verified by that hardware.
    PrHardware = 4,
}

impl Strength {
    /// Every level, weakest first.
    pub const ALL: [Self; 5] = [Self::None, Self::Single, Self::Mfa, Self::PhishingResistant, Self::PrHardware];

    /// The name in SQL and in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Single => "single",
            Self::Mfa => "mfa",
            Self::PhishingResistant => "phishing_resistant",
            Self::PrHardware => "pr_hardware",
        }
    }

    /// The name in SQL, at hand.
    #[inline]
    pub const fn as_name(self) -> &'static Name {
        static NAMES: [Name; 5] = [
            Name::of(Strength::None.as_str()),
            Name::of(Strength::Single.as_str()),
            Name::of(Strength::Mfa.as_str()),
            Name::of(Strength::PhishingResistant.as_str()),
            Name::of(Strength::PrHardware.as_str()),
        ];
        &NAMES[self as usize]
    }

    /// 0 to 4, as in the `required_strength` of a decision.
    pub const fn level(self) -> u8 {
        self as u8
    }

    /// The strength of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.as_str() == name)
    }
}

impl Method {
    /// Every method, in the order of its number and its bit.
    pub const ALL: [Self; 26] = [
        Self::Password,
        Self::Question,
        Self::EmailOtp,
        Self::SmsOtp,
        Self::Voice,
        Self::Totp,
        Self::OtpHw,
        Self::Push,
        Self::PushNumber,
        Self::PhoneSignin,
        Self::U2f,
        Self::PasskeySync,
        Self::PasskeyDev,
        Self::Platform,
        Self::Fido2Key,
        Self::Smartcard,
        Self::CertMfa,
        Self::CertSf,
        Self::FedMfa,
        Self::FedSf,
        Self::TempPass,
        Self::BackupCode,
        Self::BypassCode,
        Self::AppPassword,
        Self::TrustedDev,
        Self::Unknown,
    ];

    /// The canonical name; at most 12 bytes, so it is inline in a 16-byte DuckDB string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Question => "question",
            Self::EmailOtp => "email_otp",
            Self::SmsOtp => "sms_otp",
            Self::Voice => "voice",
            Self::Totp => "totp",
            Self::OtpHw => "otp_hw",
            Self::Push => "push",
            Self::PushNumber => "push_number",
            Self::PhoneSignin => "phone_signin",
            Self::U2f => "u2f",
            Self::PasskeySync => "passkey_sync",
            Self::PasskeyDev => "passkey_dev",
            Self::Platform => "platform",
            Self::Fido2Key => "fido2_key",
            Self::Smartcard => "smartcard",
            Self::CertMfa => "cert_mfa",
            Self::CertSf => "cert_sf",
            Self::FedMfa => "fed_mfa",
            Self::FedSf => "fed_sf",
            Self::TempPass => "temp_pass",
            Self::BackupCode => "backup_code",
            Self::BypassCode => "bypass_code",
            Self::AppPassword => "app_password",
            Self::TrustedDev => "trusted_dev",
            Self::Unknown => "unknown",
        }
    }

    /// The method of exactly that canonical name.
    #[inline]
    pub fn parse(canonical: &str) -> Option<Self> {
        Self::from_word(Word::new(canonical))
    }

    /// The method of exactly that canonical name.
    #[inline]
    pub fn from_word(canonical: Word<'_>) -> Option<Self> {
        let key = canonical.key();
        let index = CANONICAL[(key.hash() >> (8 - CANONICAL_BITS)) as usize];
        if KEYS[usize::from(index)] == key { Some(Self::ALL[usize::from(index)]) } else { None }
    }

    /// Its bit in a mask of methods.
    pub const fn bit(self) -> u32 {
        1 << self as u8
    }

    /// The methods of a mask, in the order of [`Method::ALL`]. Bits without a method are ignored.
    pub fn from_mask(mask: u32) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |method| mask & method.bit() != 0)
    }

    /// The kinds of factor it proves.
    pub const fn kinds(self) -> Kinds {
        match self {
            Self::Password | Self::Question => Kinds::Knowledge,
            Self::EmailOtp => Kinds::WeakPossession,
            Self::SmsOtp
            | Self::Voice
            | Self::Totp
            | Self::OtpHw
            | Self::Push
            | Self::PushNumber
            | Self::U2f
            | Self::CertSf => Kinds::Possession,
            Self::PhoneSignin
            | Self::PasskeySync
            | Self::PasskeyDev
            | Self::Platform
            | Self::Fido2Key
            | Self::Smartcard
            | Self::CertMfa => Kinds::VerifiedPossession,
            Self::FedMfa | Self::FedSf => Kinds::Claim,
            Self::TempPass | Self::BackupCode => Kinds::Recovery,
            Self::BypassCode | Self::AppPassword | Self::TrustedDev | Self::Unknown => Kinds::Nothing,
        }
    }

    /// Whether a fake site cannot relay it. A federated claim is not, by itself: only its attestation can say so.
    pub const fn is_phishing_resistant(self) -> bool {
        matches!(
            self,
            Self::U2f
                | Self::PasskeySync
                | Self::PasskeyDev
                | Self::Platform
                | Self::Fido2Key
                | Self::Smartcard
                | Self::CertMfa
                | Self::CertSf
        )
    }

    /// Whether its secret cannot leave a piece of hardware.
    pub const fn is_hardware_bound(self) -> bool {
        matches!(
            self,
            Self::OtpHw
                | Self::U2f
                | Self::PasskeyDev
                | Self::Platform
                | Self::Fido2Key
                | Self::Smartcard
                | Self::CertMfa
        )
    }

    /// Whether the make of its authenticator can be proven.
    pub const fn supports_attestation(self) -> bool {
        matches!(self, Self::Fido2Key | Self::Smartcard | Self::CertMfa)
    }

    /// Whether it only serves recovery and never counts as a registered factor.
    pub const fn is_recovery(self) -> bool {
        matches!(self.kinds(), Kinds::Recovery)
    }

    /// Whether it should be phased out everywhere.
    pub const fn is_deprecated(self) -> bool {
        matches!(self, Self::Question | Self::SmsOtp | Self::Voice)
    }

    /// Whether a sign-in with a password and this method has two factors.
    pub const fn satisfies_mfa(self) -> bool {
        self.strength() as u8 >= Strength::Mfa as u8
    }

    /// What a sign-in is worth that uses this method beside a password.
    ///
    /// Derived, not listed:
    /// - A method that proves nothing (bypass code, application password, remembered device, unknown) is `none`: the
    ///   sign-in is worth no more than without it, and nothing is claimed about the password.
    /// - Knowledge beside a password is still one kind (`single`). So is e-mail: NIST SP 800-63B does not accept a
    ///   mailbox out of band, and the mailbox is often behind the same password. So is a federated single factor.
    /// - Possession, a federated claim of MFA, and a one-time recovery code (a look-up secret) add a second kind: `mfa`.
    ///   That a recovery code may not be somebody's *registered* factor is a matter of [`Method::is_recovery`].
    /// - Phishing resistance lifts to `phishing_resistant`, whether or not the device verifies its holder: the password
    ///   is the other kind.
    /// - `pr_hardware` also needs the key to stay in hardware that verifies its holder. That leaves out a
    ///   synchronised passkey (not hardware), a U2F key (verifies nobody) and a bare certificate (neither).
    pub const fn strength(self) -> Strength {
        match self.kinds() {
            Kinds::Nothing => Strength::None,
            Kinds::Knowledge | Kinds::WeakPossession => Strength::Single,
            Kinds::Claim => match self {
                Self::FedMfa => Strength::Mfa,
                _ => Strength::Single,
            },
            Kinds::Recovery => Strength::Mfa,
            Kinds::Possession | Kinds::VerifiedPossession if !self.is_phishing_resistant() => Strength::Mfa,
            Kinds::VerifiedPossession if self.is_hardware_bound() => Strength::PrHardware,
            Kinds::Possession | Kinds::VerifiedPossession => Strength::PhishingResistant,
        }
    }

    /// The method a provider means by a spelling; letter case and surrounding blanks do not matter.
    ///
    /// The provider's own entry wins over a general one, and canonical names are spellings too. An ambiguous spelling
    /// maps to the weakest method it can mean. `None` is a spelling nobody knows, or one that is not a method at all:
    /// "Previously satisfied" says that MFA was satisfied earlier, not how. `Some(Unknown)` is a method without a
    /// canonical name.
    pub fn from_spelling(provider: Option<Provider>, spelling: &str) -> Option<Self> {
        let spelling = spelling.trim().as_bytes();
        let mut buffer = [0; LONGEST];
        let lower = buffer.get_mut(..spelling.len())?;
        lower.copy_from_slice(spelling);
        lower.make_ascii_lowercase();
        let own = match provider {
            Some(provider) => find(lower, |source| source == Source::Of(provider)),
            None => None,
        };
        own.or_else(|| find(lower, |source| matches!(source, Source::Any | Source::Canonical))).or_else(|| {
            let key = provider == Some(Provider::Duo) && lower.starts_with(b"webauthn_");
            key.then_some(Self::Fido2Key)
        })
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Display for Strength {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who uses a spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// We do: it is the canonical name.
    Canonical,
    /// It means the same wherever it occurs.
    Any,
    /// Only this provider, or this provider in its own sense.
    Of(Provider),
}

/// Length of the longest spelling.
const LONGEST: usize = 48;

use Source::{Any, Of};

const OKTA: Source = Of(Provider::Okta);
const DUO: Source = Of(Provider::Duo);
const GOOGLE: Source = Of(Provider::GoogleWorkspace);
const AWS: Source = Of(Provider::Aws);
const AUTH0: Source = Of(Provider::Auth0);
const JUMPCLOUD: Source = Of(Provider::JumpCloud);
const ONELOGIN: Source = Of(Provider::OneLogin);
const SALESFORCE: Source = Of(Provider::Salesforce);
const PING: Source = Of(Provider::Ping);
const OCSF: Source = Of(Provider::Ocsf);

/// Every spelling, lower case, that is not a canonical name.
const SPELLINGS: &[(&str, Source, Method)] = &[
    // Entra: registered methods, usage reports, sign-in details.
    ("email", Any, Method::EmailOtp),
    ("mobilephone", Any, Method::SmsOtp),
    ("alternatemobilephone", Any, Method::SmsOtp),
    ("mobilesms", Any, Method::SmsOtp),
    ("sms", Any, Method::SmsOtp),
    ("text message", Any, Method::SmsOtp),
    ("officephone", Any, Method::Voice),
    ("mobilecall", Any, Method::Voice),
    ("alternatemobilecall", Any, Method::Voice),
    ("phone call", Any, Method::Voice),
    ("securityquestion", Any, Method::Question),
    ("microsoftauthenticatorpush", Any, Method::Push),
    ("appnotification", Any, Method::Push),
    ("mobile app notification", Any, Method::Push),
    ("phone app notification", Any, Method::Push),
    ("microsoft authenticator (push notification)", Any, Method::Push),
    ("passkey (device-bound)", Any, Method::PasskeyDev),
    ("passkey (microsoft authenticator)", Any, Method::PasskeyDev),
    ("passkey (synced)", Any, Method::PasskeySync),
    ("passwordless phone sign-in", Any, Method::PhoneSignin),
    ("passwordless microsoft authenticator", Any, Method::PhoneSignin),
    ("microsoft authenticator (phone sign-in)", Any, Method::PhoneSignin),
    ("platform credential", Any, Method::Platform),
    // Single- and multi-factor certificates are logged alike.
    ("x.509 certificate", Any, Method::CertSf),
    // Hardware and software tokens are logged alike.
    ("oath verification code", Any, Method::Totp),
    ("phone app otp", Any, Method::Totp),
    ("hardware oath token", Any, Method::OtpHw),
    ("phone call approval (authentication phone)", Any, Method::Voice),
    ("phone call approval (office phone)", Any, Method::Voice),
    ("phone call approval (alternate phone)", Any, Method::Voice),
    // The application does push and codes; a tap without a number is the weaker.
    ("authenticator app", Any, Method::Push),
    ("microsoftauthenticatorpasswordless", Any, Method::PhoneSignin),
    ("devicebasedpush", Any, Method::PhoneSignin),
    ("softwareonetimepasscode", Any, Method::Totp),
    ("appcode", Any, Method::Totp),
    ("softwareoath", Any, Method::Totp),
    ("software oath token", Any, Method::Totp),
    ("mobile app verification code", Any, Method::Totp),
    // In systemPreferredAuthenticationMethods, for software and hardware tokens alike.
    ("oath", Any, Method::Totp),
    ("hardwareonetimepasscode", Any, Method::OtpHw),
    ("hardwareoath", Any, Method::OtpHw),
    ("fido2", Any, Method::Fido2Key),
    ("fido", Any, Method::Fido2Key),
    ("fido2securitykey", Any, Method::Fido2Key),
    ("fido2 security key", Any, Method::Fido2Key),
    ("passkeydevicebound", Any, Method::PasskeyDev),
    ("passkeydeviceboundauthenticator", Any, Method::PasskeyDev),
    ("passkeysynced", Any, Method::PasskeySync),
    ("windowshelloforbusiness", Any, Method::Platform),
    ("windows hello for business", Any, Method::Platform),
    ("passkeydeviceboundwindowshello", Any, Method::Platform),
    ("macossecureenclavekey", Any, Method::Platform),
    ("x509certificatemultifactor", Any, Method::CertMfa),
    ("x509certificatesinglefactor", Any, Method::CertSf),
    ("temporaryaccesspass", Any, Method::TempPass),
    ("temporaryaccesspassonetime", Any, Method::TempPass),
    ("temporaryaccesspassmultiuse", Any, Method::TempPass),
    ("temporary access pass", Any, Method::TempPass),
    ("apppassword", Any, Method::AppPassword),
    ("federatedmultifactor", Any, Method::FedMfa),
    ("externalauthmethod", Any, Method::FedMfa),
    ("federatedsinglefactor", Any, Method::FedSf),
    ("qrcode", Any, Method::Unknown),
    ("qrcodepin", Any, Method::Unknown),
    // Okta: authenticator keys. Okta Verify does push, codes and device keys; a telephone does SMS and calls; WebAuthn
    // takes synchronised passkeys.
    ("okta_verify", Any, Method::Push),
    ("webauthn", Any, Method::PasskeySync),
    ("phone_number", Any, Method::SmsOtp),
    ("okta_email", Any, Method::EmailOtp),
    ("okta_password", Any, Method::Password),
    ("security_question", Any, Method::Question),
    ("google_otp", Any, Method::Totp),
    ("duo", OKTA, Method::FedMfa),
    ("smart_card_idp", Any, Method::Smartcard),
    ("yubikey_token", Any, Method::OtpHw),
    ("rsa_token", Any, Method::OtpHw),
    ("symantec_vip", Any, Method::OtpHw),
    ("onprem_mfa", Any, Method::OtpHw),
    ("external_idp", Any, Method::FedMfa),
    // Okta: classic factor types. `web` is Duo's page inside Okta's.
    ("call", Any, Method::Voice),
    ("token:software:totp", Any, Method::Totp),
    ("token:hardware", Any, Method::OtpHw),
    ("token:hotp", Any, Method::OtpHw),
    ("token", OKTA, Method::OtpHw),
    ("web", OKTA, Method::FedMfa),
    // Okta: debugData.factor. A signed nonce is a platform key only where the user was verified, which the name does
    // not say.
    ("okta_verify_push", Any, Method::Push),
    ("okta_soft_token", Any, Method::Totp),
    ("signed_nonce", Any, Method::CertSf),
    ("fido_webauthn", Any, Method::Fido2Key),
    ("fido2_webauthn", Any, Method::Fido2Key),
    ("fido_u2f", Any, Method::U2f),
    ("sms_factor", Any, Method::SmsOtp),
    ("call_factor", Any, Method::Voice),
    ("email_factor", Any, Method::EmailOtp),
    ("google_soft_token", Any, Method::Totp),
    ("yubikey_hardware_token", Any, Method::OtpHw),
    ("password_as_factor", Any, Method::Password),
    // Duo: factor. See `from_spelling` for `webauthn_*`.
    ("duo_push", Any, Method::Push),
    ("verified_duo_push", Any, Method::PushNumber),
    ("phone_call", Any, Method::Voice),
    ("passcode", DUO, Method::Totp),
    ("duo_mobile_passcode", Any, Method::Totp),
    ("mobile_otp", Any, Method::Totp),
    ("sms_passcode", Any, Method::SmsOtp),
    ("sms_refresh", Any, Method::SmsOtp),
    ("hardware_token", Any, Method::OtpHw),
    ("yubikey_code", Any, Method::OtpHw),
    ("yubikey_passcode", Any, Method::OtpHw),
    ("digipass_go_7_token", Any, Method::OtpHw),
    ("u2f_token", Any, Method::U2f),
    ("webauthn security key", Any, Method::Fido2Key),
    ("webauthn chrome touch id", Any, Method::Platform),
    ("remembered_device", Any, Method::TrustedDev),
    ("trusted_network", Any, Method::TrustedDev),
    // Google: login_challenge_method.
    ("security_key", Any, Method::Fido2Key),
    ("passkey", Any, Method::PasskeySync),
    ("idv_totp", Any, Method::Totp),
    ("google_authenticator", Any, Method::Totp),
    ("offline_otp", GOOGLE, Method::Totp),
    ("google_prompt", Any, Method::Push),
    ("device_prompt", GOOGLE, Method::Push),
    ("idv_preregistered_phone", Any, Method::SmsOtp),
    ("idv_any_phone", Any, Method::SmsOtp),
    // Google: what only repeats what an account holder knows.
    ("knowledge_employee_id", GOOGLE, Method::Question),
    ("knowledge_preregistered_email", GOOGLE, Method::Question),
    ("knowledge_preregistered_phone", GOOGLE, Method::Question),
    ("login_location", GOOGLE, Method::Question),
    ("security_key_otp", GOOGLE, Method::OtpHw),
    ("internal_two_factor", GOOGLE, Method::Unknown),
    ("other", GOOGLE, Method::Unknown),
    // AWS says that there was MFA, not which.
    ("yes", AWS, Method::Unknown),
    ("true", AWS, Method::Unknown),
    // AWS: credentials of Identity Center, and what the console asks for.
    ("external_idp", AWS, Method::FedSf),
    ("resync_totp", AWS, Method::Totp),
    ("virtual mfa", AWS, Method::Totp),
    ("u2f mfa", AWS, Method::PasskeySync),
    // OCSF: auth_factors[].factor_type_id.
    ("1", OCSF, Method::SmsOtp),
    ("2", OCSF, Method::Question),
    ("3", OCSF, Method::Voice),
    ("4", OCSF, Method::Unknown),
    ("5", OCSF, Method::Push),
    ("6", OCSF, Method::OtpHw),
    ("7", OCSF, Method::Totp),
    ("8", OCSF, Method::EmailOtp),
    ("9", OCSF, Method::U2f),
    ("10", OCSF, Method::PasskeySync),
    ("11", OCSF, Method::Password),
    ("security question", Any, Method::Question),
    ("push notification", Any, Method::Push),
    ("hardware token", Any, Method::OtpHw),
    // Auth0: Guardian.
    ("push-notification", Any, Method::Push),
    ("recovery-code", Any, Method::BackupCode),
    ("webauthn-roaming", Any, Method::Fido2Key),
    ("webauthn-platform", Any, Method::Platform),
    ("duo", AUTH0, Method::FedMfa),
    // OneLogin: devices and factors by their names. Protect takes a tap.
    ("onelogin protect", ONELOGIN, Method::Push),
    ("onelogin sms", ONELOGIN, Method::SmsOtp),
    ("onelogin voice", ONELOGIN, Method::Voice),
    ("onelogin email", ONELOGIN, Method::EmailOtp),
    ("google authenticator", Any, Method::Totp),
    ("authenticator", ONELOGIN, Method::Totp),
    ("yubico yubikey", ONELOGIN, Method::OtpHw),
    ("yubikey", ONELOGIN, Method::OtpHw),
    ("rsa securid", ONELOGIN, Method::OtpHw),
    ("symantec vip", ONELOGIN, Method::OtpHw),
    ("duo security", ONELOGIN, Method::FedMfa),
    ("security questions", ONELOGIN, Method::Question),
    // Salesforce: identity verification.
    ("salesforceauthenticator", SALESFORCE, Method::Push),
    ("builtinauthenticator", SALESFORCE, Method::Platform),
    ("tempcode", SALESFORCE, Method::TempPass),
    ("ll", SALESFORCE, Method::PhoneSignin),
    // Ping: kinds of device.
    ("mobile", PING, Method::Push),
    ("security_key", PING, Method::Fido2Key),
    ("platform", PING, Method::Platform),
    // Keycloak: types of credential. JumpCloud: methods.
    ("webauthn-passwordless", Any, Method::PasskeySync),
    ("recovery-authn-codes", Any, Method::BackupCode),
    ("jumpcloud_protect", Any, Method::Push),
    ("jumpcloud_go", Any, Method::Platform),
    ("duo", JUMPCLOUD, Method::FedMfa),
    // RFC 8176 `amr` values that name one method.
    ("pwd", Any, Method::Password),
    ("kba", Any, Method::Question),
    ("tel", Any, Method::Voice),
    ("otp", Any, Method::Totp),
    ("sc", Any, Method::Smartcard),
];

const SLOTS: usize = 1024;
const EMPTY: u16 = u16::MAX;
const ENTRIES: usize = Method::ALL.len() + SPELLINGS.len();
const _: () = assert!(ENTRIES < EMPTY as usize && ENTRIES * 2 < SLOTS);

const fn entry(index: usize) -> (&'static str, Source, Method) {
    if index < Method::ALL.len() {
        (Method::ALL[index].as_str(), Source::Canonical, Method::ALL[index])
    } else {
        SPELLINGS[index - Method::ALL.len()]
    }
}

const fn slot(spelling: &[u8]) -> usize {
    (Key::new(spelling).wide_hash() >> (64 - SLOTS.trailing_zeros())) as usize
}

const CANONICAL_BITS: u32 = 6;

/// The canonical names, all short enough for a key to be exact.
static KEYS: [Key; Method::ALL.len()] = {
    let mut keys = [Key::new(b""); Method::ALL.len()];
    let mut index = 0;
    while index < keys.len() {
        let name = Method::ALL[index].as_str().as_bytes();
        assert!(name.len() <= Word::INLINE);
        keys[index] = Key::new(name);
        index += 1;
    }
    keys
};

/// A perfect hash of [`KEYS`], which the compiler checks: a lookup is a hash and one comparison of two words. An empty slot
/// points to the first of them.
static CANONICAL: [u8; 1 << CANONICAL_BITS] = {
    let mut table = [0; 1 << CANONICAL_BITS];
    let mut index = 0;
    while index < KEYS.len() {
        let slot = (KEYS[index].hash() >> (8 - CANONICAL_BITS)) as usize;
        assert!(table[slot] == 0, "two canonical names share a slot: change the hash");
        table[slot] = index as u8;
        index += 1;
    }
    table
};

static ENTRY: [(&str, Source, Method); ENTRIES] = {
    let mut table = [entry(0); ENTRIES];
    let mut index = 0;
    while index < ENTRIES {
        table[index] = entry(index);
        index += 1;
    }
    table
};

/// Open addressing over [`ENTRY`], laid out when compiled: a lookup is a hash and about one comparison.
static INDEX: [u16; SLOTS] = {
    let mut table = [EMPTY; SLOTS];
    let mut index = 0;
    while index < ENTRIES {
        let mut at = slot(entry(index).0.as_bytes());
        while table[at] != EMPTY {
            at = (at + 1) % SLOTS;
        }
        table[at] = index as u16;
        index += 1;
    }
    table
};

#[inline]
fn find(spelling: &[u8], wanted: impl Fn(Source) -> bool) -> Option<Method> {
    let mut at = slot(spelling);
    while INDEX[at] != EMPTY {
        let (name, source, method) = ENTRY[INDEX[at] as usize];
        if name.as_bytes() == spelling && wanted(source) {
            return Some(method);
        }
        at = (at + 1) % SLOTS;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use Method::*;

    #[test]
    fn names_and_bits_round_trip() {
        let mut seen = 0;
        for (index, method) in Method::ALL.into_iter().enumerate() {
            assert_eq!(method as usize, index);
            assert_eq!(Method::parse(method.as_str()), Some(method));
            assert_eq!(Method::from_spelling(None, method.as_str()), Some(method));
            assert!(method.as_str().len() <= 12);
            assert_eq!(seen & method.bit(), 0);
            seen |= method.bit();
        }
        assert!(Method::from_mask(seen).eq(Method::ALL));
        assert_eq!(Method::from_mask(u32::MAX).count(), Method::ALL.len());
        assert_eq!(Method::from_mask(0).count(), 0);
        assert_eq!(Method::parse("Password"), None, "canonical names are exact");
        assert_eq!(Method::parse("sms"), None, "a spelling is not a name");
    }

    #[test]
    fn strength_follows_from_the_properties() {
        let of = |level| Method::ALL.into_iter().filter(move |m| m.strength() == level);
        assert!(of(Strength::None).eq([BypassCode, AppPassword, TrustedDev, Unknown]));
        assert!(of(Strength::Single).eq([Password, Question, EmailOtp, FedSf]));
        assert!(of(Strength::Mfa).eq([
            SmsOtp,
            Voice,
            Totp,
            OtpHw,
            Push,
            PushNumber,
            PhoneSignin,
            FedMfa,
            TempPass,
            BackupCode
        ]));
        assert!(of(Strength::PhishingResistant).eq([U2f, PasskeySync, CertSf]));
        assert!(of(Strength::PrHardware).eq([PasskeyDev, Platform, Fido2Key, Smartcard, CertMfa]));
        for method in Method::ALL {
            let strength = method.strength();
            assert_eq!(method.satisfies_mfa(), strength >= Strength::Mfa);
            assert_eq!(method.is_phishing_resistant(), strength >= Strength::PhishingResistant);
            assert_eq!(Strength::parse(strength.as_str()), Some(strength));
        }
    }

    #[test]
    fn properties_match_the_table() {
        let of = |test: fn(Method) -> bool| Method::ALL.into_iter().filter(move |m| test(*m));
        assert!(of(Method::is_recovery).eq([TempPass, BackupCode]));
        assert!(of(Method::is_deprecated).eq([Question, SmsOtp, Voice]));
        assert_eq!(PhoneSignin.kinds(), Kinds::VerifiedPossession);
        assert_eq!(U2f.kinds(), Kinds::Possession);
        assert_eq!(EmailOtp.kinds(), Kinds::WeakPossession);
        assert_eq!(FedMfa.kinds(), Kinds::Claim);
    }

    #[test]
    fn no_spelling_is_listed_twice_or_in_upper_case() {
        for (at, (name, source, _)) in ENTRY.iter().enumerate() {
            assert!(name.len() <= LONGEST && *name == name.trim().to_ascii_lowercase());
            for (other, other_source, _) in &ENTRY[at + 1..] {
                let clash = name == other
                    && (source == other_source || !matches!((source, other_source), (Of(_), _) | (_, Of(_))));
                assert!(!clash, "{name}");
            }
        }
    }

    fn check(provider: Provider, rows: &[(&str, Method)]) {
        for (spellings, method) in rows {
            for spelling in spellings.split(", ") {
                let found = Method::from_spelling(Some(provider), spelling);
                assert_eq!(found, Some(*method), "{provider} {spelling}");
                let shouted = format!(" {}\t", spelling.to_ascii_uppercase());
                assert_eq!(Method::from_spelling(Some(provider), &shouted), found);
            }
        }
    }

    #[test]
    fn entra() {
        check(
            Provider::Entra,
            &[
                ("Password", Password),
                ("email", EmailOtp),
                ("mobilePhone, alternateMobilePhone, mobileSMS, sms, SMS, Text message", SmsOtp),
                ("officePhone, mobileCall, alternateMobileCall, voice, Voice, Phone call", Voice),
                ("securityQuestion", Question),
                ("microsoftAuthenticatorPush, appNotification, Mobile app notification", Push),
                ("Authenticator App", Push),
                ("microsoftAuthenticatorPasswordless, deviceBasedPush", PhoneSignin),
                ("softwareOneTimePasscode, appCode, softwareOath, Software OATH token", Totp),
                ("Mobile app verification code", Totp),
                ("hardwareOneTimePasscode, hardwareOath", OtpHw),
                ("fido2, fido, fido2SecurityKey, FIDO2 security key", Fido2Key),
                ("passKeyDeviceBound, passKeyDeviceBoundAuthenticator", PasskeyDev),
                ("passKeySynced", PasskeySync),
                ("windowsHelloForBusiness, passKeyDeviceBoundWindowsHello", Platform),
                ("macOsSecureEnclaveKey", Platform),
                ("x509CertificateMultiFactor", CertMfa),
                ("x509CertificateSingleFactor", CertSf),
                ("temporaryAccessPass, temporaryAccessPassOneTime", TempPass),
                ("temporaryAccessPassMultiUse", TempPass),
                ("appPassword", AppPassword),
                ("federatedMultiFactor, externalAuthMethod", FedMfa),
                ("federatedSingleFactor", FedSf),
                ("qrCode, qrCodePin", Unknown),
            ],
        );
    }

    #[test]
    fn okta() {
        check(
            Provider::Okta,
            &[
                ("okta_verify, push, OKTA_VERIFY_PUSH", Push),
                ("webauthn", PasskeySync),
                ("phone_number, sms, SMS_FACTOR", SmsOtp),
                ("okta_email, email, EMAIL_FACTOR", EmailOtp),
                ("okta_password, PASSWORD_AS_FACTOR", Password),
                ("security_question, question", Question),
                ("google_otp, token:software:totp, OKTA_SOFT_TOKEN, GOOGLE_SOFT_TOKEN", Totp),
                ("duo, external_idp, web", FedMfa),
                ("smart_card_idp", Smartcard),
                ("yubikey_token, rsa_token, symantec_vip, onprem_mfa", OtpHw),
                ("token:hardware, token:hotp, token, YUBIKEY_HARDWARE_TOKEN", OtpHw),
                ("call, CALL_FACTOR", Voice),
                ("u2f, FIDO_U2F", U2f),
                ("SIGNED_NONCE", CertSf),
                ("FIDO_WEBAUTHN, FIDO2_WEBAUTHN", Fido2Key),
            ],
        );
    }

    #[test]
    fn duo() {
        check(
            Provider::Duo,
            &[
                ("duo_push", Push),
                ("verified_duo_push", PushNumber),
                ("phone_call", Voice),
                ("passcode, duo_mobile_passcode, mobile_otp", Totp),
                ("sms_passcode, sms_refresh", SmsOtp),
                ("hardware_token, yubikey_code, yubikey_passcode, digipass_go_7_token", OtpHw),
                ("u2f_token", U2f),
                ("webauthn_credential, webauthn_security_key, WebAuthn Security Key", Fido2Key),
                ("WebAuthn Chrome Touch ID", Platform),
                ("bypass_code", BypassCode),
                ("remembered_device, trusted_network", TrustedDev),
            ],
        );
        assert_eq!(Method::from_spelling(None, "webauthn_credential"), None);
        assert_eq!(Method::from_spelling(Some(Provider::Entra), "passcode"), None);
    }

    #[test]
    fn google_aws_ocsf() {
        check(
            Provider::GoogleWorkspace,
            &[
                ("security_key", Fido2Key),
                ("passkey", PasskeySync),
                ("totp, idv_totp, google_authenticator, offline_otp", Totp),
                ("google_prompt, device_prompt", Push),
                ("backup_code", BackupCode),
                ("idv_preregistered_phone, idv_any_phone, sms", SmsOtp),
                ("password", Password),
            ],
        );
        check(Provider::Aws, &[("Yes, true", Unknown)]);
        check(Provider::Ocsf, &[("1", SmsOtp), ("5", Push), ("7", Totp), ("11", Password)]);
    }

    #[test]
    fn what_is_not_a_method() {
        for (provider, spelling) in [
            (Provider::Entra, "Previously satisfied"),
            (Provider::Entra, "Satisfied by token"),
            (Provider::Entra, "Claim in access token"),
            (Provider::Entra, "AuthHeader"),
            (Provider::Entra, "yes"),
            (Provider::GoogleWorkspace, "none"),
            (Provider::Aws, "No"),
            (Provider::Aws, "false"),
            (Provider::Okta, ""),
            (Provider::Okta, "  "),
            (Provider::Okta, "påsswörd"),
        ] {
            assert_eq!(Method::from_spelling(Some(provider), spelling), None, "{spelling}");
        }
        assert_eq!(Method::from_spelling(None, &"x".repeat(10_000)), None);
    }
}
