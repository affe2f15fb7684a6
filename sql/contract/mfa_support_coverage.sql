-- mfa_support_coverage
--
-- When the help desk is staffed.
--
-- @optional
-- @key     region, starts_at
-- @grain   one row per region and staffed interval
-- @loads   create table mfa_support_coverage as from read_csv('support_coverage.csv')
-- @column  region      VARCHAR     Region served
-- @column  starts_at   TIMESTAMPTZ First staffed instant
-- @column  ends_at     TIMESTAMPTZ First instant no longer staffed
-- @column  agents      BIGINT      People on duty
-- @column  is_extended BOOLEAN     Whether it is outside the usual hours

create table mfa_support_coverage (
    region VARCHAR,
    starts_at TIMESTAMPTZ,
    ends_at TIMESTAMPTZ,
    agents BIGINT,
    is_extended BOOLEAN
);
