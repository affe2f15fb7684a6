-- mfa_tickets
--
-- Help desk tickets about MFA.
--
-- @optional
-- @key     ticket_id
-- @references runbook_id -> mfa_runbooks
-- @references user_principal -> mfa_identities (user_principal)
-- @references assignee -> mfa_identities (user_principal)
-- @grain   one row per ticket
-- @loads   create table mfa_tickets as from read_csv('tickets.csv')
-- @column  ticket_id      VARCHAR     Id of the ticket
-- @column  opened_at      TIMESTAMPTZ When it was opened
-- @column  closed_at      TIMESTAMPTZ When it was closed
-- @column  user_principal VARCHAR     Login name of whom it is about, lower case
-- @column  category       VARCHAR     Category the help desk gave it
-- @column  root_cause     VARCHAR     lost_device, new_device, totp_drift, push_fatigue, hardware_key, enrolment, locked_out, policy or other
-- @column  method         VARCHAR     Canonical method it is about
-- @column  summary        VARCHAR     One line about it
-- @column  resolution     VARCHAR     What was done
-- @column  runbook_id     VARCHAR     Runbook that was followed
-- @column  assignee       VARCHAR     Login name of whoever works on it, lower case
-- @column  region         VARCHAR     Region it came from
-- @column  priority       VARCHAR     low, normal, high or urgent

create table mfa_tickets (
    ticket_id VARCHAR,
    opened_at TIMESTAMPTZ,
    closed_at TIMESTAMPTZ,
    user_principal VARCHAR,
    category VARCHAR,
    root_cause VARCHAR,
    method VARCHAR,
    summary VARCHAR,
    resolution VARCHAR,
    runbook_id VARCHAR,
    assignee VARCHAR,
    region VARCHAR,
    priority VARCHAR
);
