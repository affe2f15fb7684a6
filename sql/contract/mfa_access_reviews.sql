-- mfa_access_reviews
--
-- Decisions of the access reviews.
--
-- @optional
-- @key     review_id, provider, identity_id
-- @references provider, identity_id -> mfa_identities
-- @references reviewer -> mfa_identities (user_principal)
-- @grain   one row per review and identity
-- @loads   create table mfa_access_reviews as from read_csv('access_reviews.csv')
-- @column  review_id      VARCHAR     Id of the review
-- @column  period         VARCHAR     Period reviewed, for example 2026-Q3
-- @column  provider       VARCHAR     Provider of the account
-- @column  identity_id    VARCHAR     The provider's id of the identity
-- @column  user_principal VARCHAR     Login name, lower case
-- @column  reviewer       VARCHAR     Login name of the reviewer, lower case
-- @column  decision       VARCHAR     keep, remove, reduce or none
-- @column  decided_at     TIMESTAMPTZ When it was decided
-- @column  mfa_status     VARCHAR     MFA status shown to the reviewer

create table mfa_access_reviews (
    review_id VARCHAR,
    period VARCHAR,
    provider VARCHAR,
    identity_id VARCHAR,
    user_principal VARCHAR,
    reviewer VARCHAR,
    decision VARCHAR,
    decided_at TIMESTAMPTZ,
    mfa_status VARCHAR
);
