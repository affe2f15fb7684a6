-- mfa_owners
--
-- Who decides what for which part of the scope.
--
-- @optional
-- @key     scope_kind, scope, decision
-- @references owner -> mfa_identities (user_principal)
-- @grain   one row per part of the scope and kind of decision
-- @loads   create table mfa_owners as from read_csv('owners.csv')
-- @column  scope_kind  VARCHAR     department, region, app, provider, population or all
-- @column  scope       VARCHAR     Value of that kind
-- @column  decision    VARCHAR     policy, exception or remediation
-- @column  owner       VARCHAR     Login name of whoever decides, lower case
-- @column  function    VARCHAR     identity, security, compliance, help_desk or business_unit
-- @column  valid_from  TIMESTAMPTZ First instant they do
-- @column  valid_until TIMESTAMPTZ First instant they no longer do

create table mfa_owners (
    scope_kind VARCHAR,
    scope VARCHAR,
    decision VARCHAR,
    owner VARCHAR,
    function VARCHAR,
    valid_from TIMESTAMPTZ,
    valid_until TIMESTAMPTZ
);
