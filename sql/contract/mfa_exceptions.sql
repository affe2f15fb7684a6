-- mfa_exceptions
--
-- Exemptions from MFA, with their criterion, owner and end.
--
-- @optional
-- @key     exception_id, recorded_at
-- @references subject -> mfa_identities (identity_id)
-- @references subject -> mfa_apps (app_id)
-- @references renewed_from -> mfa_exceptions (exception_id)
-- @references requested_by -> mfa_identities (user_principal)
-- @grain   one row per exception and version of it: an edit is a later row of the same exception_id
-- @loads   create table mfa_exceptions as from read_csv('exceptions.csv')
-- @column  exception_id       VARCHAR     Id of the exception
-- @column  subject_kind       VARCHAR     identity, group, app or protocol
-- @column  subject            VARCHAR     Whom or what it exempts: identity_id or login name, group, app_id, protocol
-- @column  scope              VARCHAR     enrolment, session, or the app or policy it is limited to; NULL is enrolment
-- @column  kind               VARCHAR     exemption, temporary_bypass or excluded_from_policy
-- @column  criterion          VARCHAR     Which criterion of the policy it is granted under
-- @column  justification      VARCHAR     Why, in the words of whoever asked
-- @column  requested_by       VARCHAR     Login name of whoever asked, lower case
-- @column  starts_at          TIMESTAMPTZ First instant it holds
-- @column  expires_at         TIMESTAMPTZ First instant it no longer holds
-- @column  closed_at          TIMESTAMPTZ When it was ended by hand
-- @column  closed_reason      VARCHAR     Why it was ended
-- @column  ticket             VARCHAR     Ticket it was granted in
-- @column  renewed_from       VARCHAR     exception_id it openly renews
-- @column  remediation_action VARCHAR     What will make it unnecessary
-- @column  risk               VARCHAR     Risk accepted with it: low, medium, high
-- @column  recorded_at        TIMESTAMPTZ When this version was recorded; NULL when there is only one

create table mfa_exceptions (
    exception_id VARCHAR,
    subject_kind VARCHAR,
    subject VARCHAR,
    scope VARCHAR,
    kind VARCHAR,
    criterion VARCHAR,
    justification VARCHAR,
    requested_by VARCHAR,
    starts_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    closed_at TIMESTAMPTZ,
    closed_reason VARCHAR,
    ticket VARCHAR,
    renewed_from VARCHAR,
    remediation_action VARCHAR,
    risk VARCHAR,
    recorded_at TIMESTAMPTZ
);
