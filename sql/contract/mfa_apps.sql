-- mfa_apps
--
-- The applications and what they are worth.
--
-- @optional
-- @key     app_id
-- @references owner -> mfa_identities (user_principal)
-- @grain   one row per application
-- @loads   create table mfa_apps as from read_csv('apps.csv')
-- @column  app_id        VARCHAR Id of the application, as the sign-ins carry it
-- @column  app_name      VARCHAR Name of the application
-- @column  owner         VARCHAR Login name of its owner, lower case
-- @column  sensitivity   VARCHAR critical, normal or low
-- @column  surface       VARCHAR browser, mobile, desktop, vpn, legacy_protocol, api or unknown
-- @column  in_mfa_scope  BOOLEAN Whether MFA is meant to protect it
-- @column  business_unit VARCHAR Business unit it belongs to

create table mfa_apps (
    app_id VARCHAR,
    app_name VARCHAR,
    owner VARCHAR,
    sensitivity VARCHAR,
    surface VARCHAR,
    in_mfa_scope BOOLEAN,
    business_unit VARCHAR
);
