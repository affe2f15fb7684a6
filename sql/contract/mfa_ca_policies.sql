-- mfa_ca_policies
--
-- Conditional-access policies as exported from the provider.
--
-- @optional
-- @key     provider, policy_id, exported_at
-- @grain   one row per policy and export
-- @loads   create table mfa_ca_policies as from read_entra_ca_policies('policies.json')
-- @column  provider          VARCHAR     Provider it comes from
-- @column  policy_id         VARCHAR     The provider's id of the policy
-- @column  name              VARCHAR     Display name
-- @column  state             VARCHAR     enabled, disabled or report_only
-- @column  grant_controls    VARCHAR[]   What it asks for: mfa, authentication_strength, compliant_device, block, …
-- @column  include_users     VARCHAR[]   Whom it holds for
-- @column  exclude_users     VARCHAR[]   Whom it leaves out
-- @column  include_groups    VARCHAR[]   Groups it holds for
-- @column  exclude_groups    VARCHAR[]   Groups it leaves out
-- @column  include_apps      VARCHAR[]   Applications it holds for
-- @column  exclude_apps      VARCHAR[]   Applications it leaves out
-- @column  exclude_locations VARCHAR[]   Named locations it leaves out
-- @column  client_app_types  VARCHAR[]   Kinds of client it holds for
-- @column  modified_at       TIMESTAMPTZ When it was last changed
-- @column  exported_at       TIMESTAMPTZ When it was exported
-- @column  document          VARCHAR     The exported JSON

create table mfa_ca_policies (
    provider VARCHAR,
    policy_id VARCHAR,
    name VARCHAR,
    state VARCHAR,
    grant_controls VARCHAR[],
    include_users VARCHAR[],
    exclude_users VARCHAR[],
    include_groups VARCHAR[],
    exclude_groups VARCHAR[],
    include_apps VARCHAR[],
    exclude_apps VARCHAR[],
    exclude_locations VARCHAR[],
    client_app_types VARCHAR[],
    modified_at TIMESTAMPTZ,
    exported_at TIMESTAMPTZ,
    document VARCHAR
);
