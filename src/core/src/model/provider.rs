//! Where a record comes from.

/// A source of identity records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Provider {
    /// Microsoft Entra ID.
    Entra,
    /// Okta, Classic and Identity Engine.
    Okta,
    /// Cisco Duo.
    Duo,
    /// Google Workspace.
    GoogleWorkspace,
    /// Amazon Web Services.
    Aws,
    /// Office 365 unified audit log.
    O365,
    /// Auth0.
    Auth0,
    /// OneLogin.
    OneLogin,
    /// Ping Identity: PingFederate, PingOne.
    Ping,
    /// JumpCloud.
    JumpCloud,
    /// Keycloak.
    Keycloak,
    /// Salesforce.
    Salesforce,
    /// Snowflake.
    Snowflake,
    /// 1Password.
    OnePassword,
    /// LastPass.
    LastPass,
    /// Any product that writes OCSF.
    Ocsf,
    /// A personnel system.
    Hr,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 17] = [
        Self::Entra,
        Self::Okta,
        Self::Duo,
        Self::GoogleWorkspace,
        Self::Aws,
        Self::O365,
        Self::Auth0,
        Self::OneLogin,
        Self::Ping,
        Self::JumpCloud,
        Self::Keycloak,
        Self::Salesforce,
        Self::Snowflake,
        Self::OnePassword,
        Self::LastPass,
        Self::Ocsf,
        Self::Hr,
    ];

    /// The name in a `provider` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Duo => "duo",
            Self::GoogleWorkspace => "google_workspace",
            Self::Aws => "aws",
            Self::O365 => "o365",
            Self::Auth0 => "auth0",
            Self::OneLogin => "onelogin",
            Self::Ping => "ping",
            Self::JumpCloud => "jumpcloud",
            Self::Keycloak => "keycloak",
            Self::Salesforce => "salesforce",
            Self::Snowflake => "snowflake",
            Self::OnePassword => "1password",
            Self::LastPass => "lastpass",
            Self::Ocsf => "ocsf",
            Self::Hr => "hr",
        }
    }

    /// The provider of that name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::ALL.into_iter().find(|provider| provider.as_str().eq_ignore_ascii_case(name))
    }
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_in_any_case() {
        for provider in Provider::ALL {
            assert_eq!(Provider::parse(provider.as_str()), Some(provider));
            assert_eq!(Provider::parse(&provider.as_str().to_ascii_uppercase()), Some(provider));
        }
        assert_eq!(Provider::parse(""), None);
        assert_eq!(Provider::parse("entrance"), None);
    }
}
