-- mfa_prompts
--
-- Just-in-time prompts to enrol and what became of them.
--
-- @optional
-- @key     prompt_id
-- @references provider, identity_id -> mfa_identities
-- @references app_id -> mfa_apps
-- @grain   one row per prompt shown to one person
-- @loads   create table mfa_prompts as from read_csv('prompts.csv')
-- @column  prompt_id      VARCHAR     Id of the prompt
-- @column  provider       VARCHAR     Provider that showed it
-- @column  identity_id    VARCHAR     The provider's id of the identity
-- @column  user_principal VARCHAR     Login name, lower case
-- @column  shown_at       TIMESTAMPTZ When it was shown
-- @column  app_id         VARCHAR     Application it was shown at
-- @column  outcome        VARCHAR     snoozed, completed, dismissed or ignored
-- @column  completed_at   TIMESTAMPTZ When it led to a registration
-- @column  snoozed_until  TIMESTAMPTZ Until when it was put off

create table mfa_prompts (
    prompt_id VARCHAR,
    provider VARCHAR,
    identity_id VARCHAR,
    user_principal VARCHAR,
    shown_at TIMESTAMPTZ,
    app_id VARCHAR,
    outcome VARCHAR,
    completed_at TIMESTAMPTZ,
    snoozed_until TIMESTAMPTZ
);
