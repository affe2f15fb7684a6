-- mfa_snapshots
--
-- What a view answered on an earlier day, kept to compare with.
--
-- @optional
-- @key     taken_at, view_name, row_id
-- @references provider, identity_id -> mfa_identities
-- @references app_id -> mfa_apps
-- @grain   one row per snapshot, view and row of it
-- @loads   create table mfa_snapshots as select now() as taken_at, 'mfa_gaps' as view_name, finding_id as row_id, provider, identity_id, app_id, rule, severity from mfa_gaps
-- @column  taken_at    TIMESTAMPTZ When the snapshot was taken
-- @column  view_name   VARCHAR     View it was taken of
-- @column  row_id      VARCHAR     Id of the row: finding_id, or the key of the view
-- @column  provider    VARCHAR     Provider of the row
-- @column  identity_id VARCHAR     Identity of the row
-- @column  app_id      VARCHAR     Application of the row
-- @column  rule        VARCHAR     Rule of the row
-- @column  severity    VARCHAR     Severity of the row
-- @column  measure     VARCHAR     Name of the measure, for views that count
-- @column  value       DOUBLE      Its value
-- @column  document    VARCHAR     The whole row as JSON

create table mfa_snapshots (
    taken_at TIMESTAMPTZ,
    view_name VARCHAR,
    row_id VARCHAR,
    provider VARCHAR,
    identity_id VARCHAR,
    app_id VARCHAR,
    rule VARCHAR,
    severity VARCHAR,
    measure VARCHAR,
    value DOUBLE,
    document VARCHAR
);
