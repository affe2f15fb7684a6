-- mfa_communications
--
-- Messages sent about MFA.
--
-- @optional
-- @key     message_id, recipient
-- @references material_id -> mfa_materials
-- @references recipient -> mfa_identities (user_principal)
-- @grain   one row per message and recipient
-- @loads   create table mfa_communications as from read_csv('communications.csv')
-- @column  message_id     VARCHAR     Id of the message
-- @column  recipient      VARCHAR     Login name of the recipient, lower case
-- @column  audience       VARCHAR     Audience it was written for
-- @column  kind           VARCHAR     announcement, enrolment, reminder, escalation or cutover
-- @column  channel        VARCHAR     mail, chat, portal or letter
-- @column  planned_at     TIMESTAMPTZ When it should go out
-- @column  sent_at        TIMESTAMPTZ When it went out
-- @column  opened_at      TIMESTAMPTZ When it was opened
-- @column  manager_copied BOOLEAN     Whether the manager was in copy
-- @column  material_id    VARCHAR     Material it points to

create table mfa_communications (
    message_id VARCHAR,
    recipient VARCHAR,
    audience VARCHAR,
    kind VARCHAR,
    channel VARCHAR,
    planned_at TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    opened_at TIMESTAMPTZ,
    manager_copied BOOLEAN,
    material_id VARCHAR
);
