-- mfa_exempted_accounts
--
-- Which exceptions name which accounts, from when to when, whether they hold or not.
--
-- An exception names an account by identity_id or login name, or by a group: a department or a role of that name. One that
-- is limited to an application or a policy exempts from no enrolment, and one that was ended by hand is none.
--
-- @area      exceptions
-- @reads     mfa_accounts, mfa_exception_standing
-- @grain     one row per provider, identity, exception and span of mfa_exception_standing
-- @param     as_of            TIMESTAMPTZ now()  last instant counted
-- @column    provider         VARCHAR     which directory the account is in
-- @column    identity_id      VARCHAR     the provider's id of the identity
-- @column    valid_from       TIMESTAMPTZ first instant of the span; NULL is unknown
-- @column    valid_to         TIMESTAMPTZ first instant after it; NULL where it is current
-- @column    is_current       BOOLEAN     whether it holds at as_of
-- @column    exception        STRUCT(id VARCHAR, criterion VARCHAR, starts_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, approvers VARCHAR[], attested_at TIMESTAMPTZ, scope VARCHAR) the exception as mfa_evaluate takes it
-- @example   select provider, identity_id, exception.id from mfa_exempted_accounts where is_current

with

accounts as (
    select
        provider,
        identity_id,
        user_principal,
        department,
        roles
    from mfa_accounts
),

subjects as (
    select provider, identity_id, 'identity' as subject_kind, lower(identity_id) as subject from accounts
    union
    select provider, identity_id, 'identity' as subject_kind, user_principal as subject from accounts
    union
    select provider, identity_id, 'group' as subject_kind, lower(department) as subject from accounts
    union
    select provider, identity_id, 'group' as subject_kind, lower(role) as subject
    from (select provider, identity_id, unnest(roles) as role from accounts) as held
),

standing as (
    select
        exception_id,
        subject_kind,
        subject,
        scope,
        criterion,
        starts_at,
        expires_at,
        approvers,
        -- one that has not begun cannot be overdue
        least(attested_at, $as_of) as attested_at,
        valid_from,
        valid_to,
        is_current
    from mfa_exception_standing
    where not is_closed
        and subject_kind in ('identity', 'group')
        and coalesce(scope, 'enrolment') in ('enrolment', 'session')
)

select
    s.provider,
    s.identity_id,
    e.valid_from,
    e.valid_to,
    e.is_current,
    {
        'id': e.exception_id,
        'criterion': e.criterion,
        'starts_at': e.starts_at,
        'expires_at': e.expires_at,
        'approvers': e.approvers,
        'attested_at': e.attested_at,
        'scope': e.scope
    } as exception
from subjects as s
inner join standing as e
    on e.subject_kind = s.subject_kind
    and e.subject = s.subject
