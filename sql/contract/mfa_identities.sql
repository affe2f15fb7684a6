-- mfa_identities
--
-- Everybody and everything that can sign in: people, guests, service and emergency accounts.
--
-- @required
-- @key     provider, identity_id
-- @references provider, roles -> mfa_roles (provider, role)
-- @references manager -> mfa_identities (user_principal)
-- @grain   one row per identity and provider
-- @loads   create table mfa_identities as from read_entra_registration('registration.json', rows := 'identities')
-- @column  provider                VARCHAR     Which directory it comes from: entra, okta, duo, aws, hr, …
-- @column  identity_id             VARCHAR     The provider's id of the identity
-- @column  user_principal          VARCHAR     Login name, lower case
-- @column  display_name            VARCHAR     Display name
-- @column  population              VARCHAR     workforce, contractor, partner, guest, service, break_glass, shared or unknown
-- @column  is_privileged           BOOLEAN     Whether the identity holds an administrative role
-- @column  roles                   VARCHAR[]   Roles, as the provider names them
-- @column  tier                    VARCHAR     Risk tier assigned by hand; NULL leaves it to the policy
-- @column  department              VARCHAR     Department
-- @column  region                  VARCHAR     Region
-- @column  location                VARCHAR     Office or site
-- @column  manager                 VARCHAR     Login name of the manager, lower case
-- @column  license                 VARCHAR     Licence
-- @column  account_enabled         BOOLEAN     Whether the account can sign in
-- @column  created_at              TIMESTAMPTZ When the account was created
-- @column  last_signin_at          TIMESTAMPTZ Last sign-in the directory knows of
-- @column  has_password_credential BOOLEAN     Whether a password can be used
-- @column  stores_credential       BOOLEAN     Whether a credential is stored outside a person: app password, long-lived key
-- @column  accessibility_need      VARCHAR     What the person needs to be able to use a method
-- @column  has_smartphone          BOOLEAN     Whether the person has a smartphone for work
-- @column  person_id               VARCHAR     Joins the accounts of one human across providers
-- @column  source_file             VARCHAR     File the record was read from
-- @column  source_record           BIGINT      Number of the record in that file, from 1

create table mfa_identities (
    provider VARCHAR,
    identity_id VARCHAR,
    user_principal VARCHAR,
    display_name VARCHAR,
    population VARCHAR,
    is_privileged BOOLEAN,
    roles VARCHAR[],
    tier VARCHAR,
    department VARCHAR,
    region VARCHAR,
    location VARCHAR,
    manager VARCHAR,
    license VARCHAR,
    account_enabled BOOLEAN,
    created_at TIMESTAMPTZ,
    last_signin_at TIMESTAMPTZ,
    has_password_credential BOOLEAN,
    stores_credential BOOLEAN,
    accessibility_need VARCHAR,
    has_smartphone BOOLEAN,
    person_id VARCHAR,
    source_file VARCHAR,
    source_record BIGINT
);
