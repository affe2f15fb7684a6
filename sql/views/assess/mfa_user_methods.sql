-- mfa_user_methods
--
-- Which methods each account has registered, one by one.
--
-- Active, pending, suspended and revoked ones, with what each is worth (NIST SP 800-63B-4) and whether the tier of the
-- account accepts it. Methods that only recovery uses, passwords and questions are worth nothing as a second factor.
--
-- @area      assess
-- @reads     mfa_account_factors, mfa_enrollment_state
-- @grain     one row per account and registered method
-- @column    provider              VARCHAR     which directory the account is in
-- @column    identity_id           VARCHAR     the provider's id of the identity
-- @column    user_principal        VARCHAR     login name, lower case
-- @column    population            VARCHAR     population
-- @column    tier                  VARCHAR     tier of the policy
-- @column    department            VARCHAR     department
-- @column    region                VARCHAR     region
-- @column    is_enabled            BOOLEAN     false when the account is known to be disabled
-- @column    method                VARCHAR     canonical method; NULL is unknown
-- @column    status                VARCHAR     active, pending, suspended or revoked
-- @column    strength              VARCHAR     what a sign-in with it is worth; NULL is unknown
-- @column    is_phishing_resistant BOOLEAN     whether a fake site cannot relay it; NULL is unknown
-- @column    is_allowed            BOOLEAN     whether the tier accepts it; NULL is unknown
-- @column    registered_at         TIMESTAMPTZ when it was registered; NULL is unknown
-- @column    last_used_at          TIMESTAMPTZ when it was last used; NULL is unknown
-- @column    attested              BOOLEAN     whether the authenticator was proven
-- @column    number_matching       BOOLEAN     whether its push asks for a number
-- @example   select method, count(*) as accounts from mfa_user_methods where status = 'active' and is_enabled group by method order by accounts desc nulls last

select
    f.provider,
    f.identity_id,
    e.user_principal,
    e.population,
    e.tier,
    e.department,
    e.region,
    e.is_enabled,
    f.method,
    f.status,
    mfa_method_strength(f.method) as strength,
    mfa_is_phishing_resistant(f.method) as is_phishing_resistant,
    list_contains(e.allowed_methods, f.method) as is_allowed,
    f.registered_at,
    f.last_used_at,
    f.attested,
    f.number_matching
from mfa_account_factors as f
left join mfa_enrollment_state as e
    on e.provider = f.provider
    and e.identity_id = f.identity_id
where f.removed_at is null
