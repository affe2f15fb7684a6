-- mfa_exception_beneficiaries
--
-- Under which names the person an exception exempts could decide on it: nobody approves or attests for themselves.
--
-- The subject of an exception is an identity_id or a login name; the other of the two is looked up in mfa_identities, at
-- every provider, and so are the other accounts of the same person_id. Exceptions of groups, applications and protocols have
-- no single beneficiary.
--
-- @area      exceptions
-- @reads     mfa_exceptions, mfa_identities
-- @grain     one row per exception and name
-- @column    exception_id    VARCHAR id of the exception
-- @column    name            VARCHAR identity_id or login name, lower case
-- @example   select exception_id, name from mfa_exception_beneficiaries order by exception_id, name

with

subjects as (
    select distinct
        exception_id,
        lower(cast(subject as varchar)) as subject
    from mfa_exceptions
    where coalesce(cast(subject_kind as varchar), 'identity') = 'identity'
        and exception_id is not null
        and subject is not null
),

logins as (
    select distinct
        lower(identity_id) as identity_id,
        lower(user_principal) as user_principal
    from mfa_identities
    where identity_id is not null
        and user_principal is not null
),

known as (
    select exception_id, subject as name
    from subjects
    union
    select s.exception_id, l.user_principal as name
    from subjects as s
    inner join logins as l
        on l.identity_id = s.subject
    union
    select s.exception_id, l.identity_id as name
    from subjects as s
    inner join logins as l
        on l.user_principal = s.subject
),

people as (
    select person_id, lower(identity_id) as name
    from mfa_identities
    where person_id is not null
        and identity_id is not null
    union
    select person_id, lower(user_principal) as name
    from mfa_identities
    where person_id is not null
        and user_principal is not null
)

select exception_id, name
from known
union
select k.exception_id, o.name
from known as k
inner join people as p
    on p.name = k.name
inner join people as o
    on o.person_id = p.person_id
