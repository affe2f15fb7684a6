-- mfa_signins
--
-- Authentication attempts, as the providers logged them.
--
-- @required
-- @key     provider, event_id
-- @references provider, identity_id -> mfa_identities
-- @references app_id -> mfa_apps
-- @grain   one row per authentication attempt, as the provider logged it
-- @loads   create table mfa_signins as from read_mfa_signins('logs/*.gz')
-- @column  event_time                TIMESTAMPTZ When the attempt happened, in UTC
-- @column  provider                  VARCHAR     Which log it comes from: entra, okta, duo, aws, …
-- @column  event_id                  VARCHAR     The provider's id of the event
-- @column  correlation_id            VARCHAR     Joins the events of one attempt
-- @column  session_id                VARCHAR     The provider's session id
-- @column  event_type_raw            VARCHAR     The provider's own event name, category or code
-- @column  identity_id               VARCHAR     The provider's id of the identity
-- @column  user_principal            VARCHAR     Login name, lower case
-- @column  population_hint           VARCHAR     Population the log itself suggests: workforce, guest, service; NULL when it says nothing
-- @column  app_id                    VARCHAR     The provider's id of the application
-- @column  app_name                  VARCHAR     Name of the application
-- @column  event_kind                VARCHAR     primary, second_factor, combined, sso, token, enrollment, admin or other
-- @column  is_interactive            BOOLEAN     Whether a person was at the keyboard
-- @column  surface                   VARCHAR     browser, mobile, desktop, vpn, legacy_protocol, api or unknown
-- @column  protocol                  VARCHAR     saml, oidc, oauth2, ws_fed, radius, ropc, device_code, imap, pop, smtp_auth, …
-- @column  client_app_raw            VARCHAR     The provider's own name of the client application
-- @column  is_legacy_auth            BOOLEAN     Whether the client cannot be asked for a second factor
-- @column  outcome                   VARCHAR     success, failure, challenge, interrupted or unknown
-- @column  failure_code              VARCHAR     The provider's error code; NULL on success
-- @column  failure_reason_raw        VARCHAR     The provider's own words for it
-- @column  failure_category          VARCHAR     bad_credentials, mfa_denied, mfa_timeout, mfa_failed, mfa_required, fraud_reported, policy_blocked, account_locked, account_disabled, risk_blocked, interrupted, not_enrolled, config_error or other
-- @column  mfa_requirement           VARCHAR     Whether MFA was required: required, not_required or unknown
-- @column  mfa_result                VARCHAR     satisfied, denied, failed, timed_out, fraud_reported, bypassed, not_attempted or unknown
-- @column  mfa_satisfied_by          VARCHAR     How it was satisfied: performed, claim_in_token, remembered_device, federated, trusted_location, bypass, none or unknown
-- @column  methods                   VARCHAR[]   Canonical methods used, in order; empty when none, NULL when the log does not say
-- @column  methods_raw               VARCHAR[]   The same in the provider's spelling
-- @column  first_factor              VARCHAR     Canonical method of the first factor
-- @column  second_factor             VARCHAR     Canonical method of the second factor
-- @column  is_phishing_resistant     BOOLEAN     Whether every step that counted was phishing resistant
-- @column  number_matching           BOOLEAN     Whether the push asked for a number
-- @column  policy_results            STRUCT(policy_id VARCHAR, name VARCHAR, result VARCHAR, is_report_only BOOLEAN)[] What each access policy of the provider said
-- @column  conditional_access_status VARCHAR     success, failure, not_applied or unknown
-- @column  ip                        VARCHAR     Source address
-- @column  ip_anonymizer             BOOLEAN     Whether the provider called the address a proxy, VPN or TOR exit
-- @column  country                   VARCHAR     Country as logged: a code or a name
-- @column  region                    VARCHAR     State or region
-- @column  city                      VARCHAR     City
-- @column  latitude                  DOUBLE      Degrees north
-- @column  longitude                 DOUBLE      Degrees east
-- @column  asn                       BIGINT      Autonomous system number
-- @column  network_trusted           BOOLEAN     Whether the address is in a network the tenant trusts
-- @column  device_id                 VARCHAR     The provider's id of the device
-- @column  device_os                 VARCHAR     Operating system
-- @column  device_trust              VARCHAR     managed, compliant, registered, unmanaged or unknown
-- @column  browser                   VARCHAR     Browser
-- @column  user_agent                VARCHAR     User agent
-- @column  risk_level                VARCHAR     Risk level as logged, lower case
-- @column  risk_signals              VARCHAR[]   Risk signals as logged
-- @column  tenant_id                 VARCHAR     Tenant that was signed in to
-- @column  home_tenant_id            VARCHAR     Tenant the identity belongs to
-- @column  is_guest                  BOOLEAN     Whether the identity is a guest
-- @column  source_file               VARCHAR     File the record was read from
-- @column  source_record             BIGINT      Number of the record in that file, from 1

create table mfa_signins (
    event_time TIMESTAMPTZ,
    provider VARCHAR,
    event_id VARCHAR,
    correlation_id VARCHAR,
    session_id VARCHAR,
    event_type_raw VARCHAR,
    identity_id VARCHAR,
    user_principal VARCHAR,
    population_hint VARCHAR,
    app_id VARCHAR,
    app_name VARCHAR,
    event_kind VARCHAR,
    is_interactive BOOLEAN,
    surface VARCHAR,
    protocol VARCHAR,
    client_app_raw VARCHAR,
    is_legacy_auth BOOLEAN,
    outcome VARCHAR,
    failure_code VARCHAR,
    failure_reason_raw VARCHAR,
    failure_category VARCHAR,
    mfa_requirement VARCHAR,
    mfa_result VARCHAR,
    mfa_satisfied_by VARCHAR,
    methods VARCHAR[],
    methods_raw VARCHAR[],
    first_factor VARCHAR,
    second_factor VARCHAR,
    is_phishing_resistant BOOLEAN,
    number_matching BOOLEAN,
    policy_results STRUCT(policy_id VARCHAR, name VARCHAR, result VARCHAR, is_report_only BOOLEAN)[],
    conditional_access_status VARCHAR,
    ip VARCHAR,
    ip_anonymizer BOOLEAN,
    country VARCHAR,
    region VARCHAR,
    city VARCHAR,
    latitude DOUBLE,
    longitude DOUBLE,
    asn BIGINT,
    network_trusted BOOLEAN,
    device_id VARCHAR,
    device_os VARCHAR,
    device_trust VARCHAR,
    browser VARCHAR,
    user_agent VARCHAR,
    risk_level VARCHAR,
    risk_signals VARCHAR[],
    tenant_id VARCHAR,
    home_tenant_id VARCHAR,
    is_guest BOOLEAN,
    source_file VARCHAR,
    source_record BIGINT
);
