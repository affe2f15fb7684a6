-- mfa_roles
--
-- What the roles of a provider are worth.
--
-- @optional
-- @key     provider, role
-- @grain   one row per role and provider
-- @loads   create table mfa_roles as from read_csv('roles.csv')
-- @column  provider      VARCHAR Which directory it comes from; NULL holds for all of them
-- @column  role          VARCHAR Name of the role, as mfa_identities.roles carries it
-- @column  display_name  VARCHAR Name of the role for people
-- @column  is_privileged BOOLEAN Whether it makes its holder an administrator
-- @column  tier          VARCHAR Risk tier of the role
-- @column  description   VARCHAR What it may do

create table mfa_roles (
    provider VARCHAR,
    role VARCHAR,
    display_name VARCHAR,
    is_privileged BOOLEAN,
    tier VARCHAR,
    description VARCHAR
);
