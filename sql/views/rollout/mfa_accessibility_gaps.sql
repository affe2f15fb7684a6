-- mfa_accessibility_gaps
--
-- People who cannot use, or may be unable to use, any method that is simply there: by what they have and need, and what their tier accepts.
--
-- Whoever has an active method that the tier accepts and that fits the need is not listed, nor whose tier asks for nothing, nor is whoever
-- could simply begin. What fits: a method that needs a smartphone (pushes, codes of an app or a text message, passkeys of the authenticator app)
-- fits whoever is known to have one; a method that somebody has to hand out or set up (a key, a card, a certificate, a computer that can) fits
-- anybody, once it is handed out; the rest fits anybody. A need takes methods away, by the words in it:
-- telephone: every method on a telephone; hearing, deaf: voice; sight, blind, vision, visual: printed codes and numbers to compare;
-- motor, dexterity, hand, cognitive, memory: codes to be typed. A need in other words leaves it unknown what fits.
-- `no_method`: nothing that the tier accepts fits. `hand_out`: only what somebody has to hand out does. `unknown`: it hangs
-- on something nobody knows; never taken for a fit.
--
-- @area      rollout
-- @reads     mfa_enrollment_state, mfa_identities
-- @grain     one row per account that is enabled and human and is listed
-- @column    provider        VARCHAR   which directory it comes from
-- @column    identity_id     VARCHAR   the provider's id of the identity
-- @column    user_principal  VARCHAR   login name, lower case
-- @column    population      VARCHAR   workforce, contractor, partner, guest, break_glass, shared or unknown
-- @column    department      VARCHAR   department
-- @column    region          VARCHAR   region
-- @column    tier            VARCHAR   tier of the policy
-- @column    wave            VARCHAR   wave of the roll-out; NULL is none
-- @column    enrolment       VARCHAR   compliant, in_grace, overdue, excepted or unknown
-- @column    status          VARCHAR   no_method, hand_out or unknown
-- @column    has_smartphone  BOOLEAN   whether they have a smartphone for work; NULL is unknown
-- @column    accessibility_need VARCHAR what they need; NULL is none known
-- @column    accepted        VARCHAR[] methods their tier accepts
-- @column    usable          VARCHAR[] of them, those that fit, handed out or not; empty is none, NULL is unknown
-- @column    remediation     VARCHAR   what to do
-- @example   select status, department, count(*) as people from mfa_accessibility_gaps group by status, department

with

-- what any directory knows of the person
persons as (
    select
        lower(user_principal) as login,
        bool_or(has_smartphone) as has_smartphone,
        max(nullif(lower(trim(accessibility_need)), '')) as need
    from mfa_identities
    where user_principal is not null
    group by lower(user_principal)
),

accounts as (
    select
        provider,
        identity_id,
        bool_or(has_smartphone) as has_smartphone,
        max(nullif(lower(trim(accessibility_need)), '')) as need
    from mfa_identities
    where provider is not null
        and identity_id is not null
    group by
        provider,
        identity_id
),

members as (
    select
        e.provider,
        e.identity_id,
        e.user_principal,
        e.population,
        e.department,
        e.region,
        e.tier,
        e.wave,
        coalesce(e.enrolment, 'unknown') as enrolment,
        e.allowed_methods,
        e.active_methods,
        coalesce(a.has_smartphone, p.has_smartphone) as has_smartphone,
        coalesce(a.need, p.need) as need
    from mfa_enrollment_state as e
    left join accounts as a
        on a.provider = e.provider
        and a.identity_id = e.identity_id
    left join persons as p
        on p.login = e.user_principal
    where e.is_enabled
        and e.is_human
        and coalesce(e.enrolment, 'unknown') <> 'not_applicable'
),

words as (
    select
        provider,
        identity_id,
        user_principal,
        population,
        department,
        region,
        tier,
        wave,
        enrolment,
        allowed_methods,
        active_methods,
        has_smartphone,
        need,
        coalesce(need like '%phone%', false) as no_phone,
        coalesce(need like '%hearing%' or need like '%deaf%', false) as no_voice,
        coalesce(need like '%sight%' or need like '%blind%' or need like '%vision%' or need like '%visual%', false) as no_display,
        coalesce(
            need like '%motor%' or need like '%dexterity%' or need like '%hand%' or need like '%cognitive%' or need like '%memory%', false
        ) as no_typing
    from members
),

pairs as (
    select
        provider,
        identity_id,
        has_smartphone,
        need is not null and not (no_phone or no_voice or no_display or no_typing) as is_unclear_need,
        no_phone,
        no_voice,
        no_display,
        no_typing,
        active_methods,
        unnest(allowed_methods) as method
    from words
),

fits as (
    select
        provider,
        identity_id,
        method,
        method in ('fido2_key', 'u2f', 'otp_hw', 'smartcard', 'cert_mfa', 'cert_sf', 'platform', 'passkey_sync') as is_handed_out,
        coalesce(list_contains(active_methods, method), false) as is_active,
        case
            when no_phone and method in ('sms_otp', 'voice', 'totp', 'push', 'push_number', 'phone_signin', 'passkey_dev') then 0
            when no_voice and method = 'voice' then 0
            when no_display and method in ('otp_hw', 'push_number', 'backup_code') then 0
            when no_typing and method in ('sms_otp', 'totp', 'otp_hw', 'push_number', 'email_otp', 'question') then 0
            when coalesce(list_contains(active_methods, method), false) and not is_unclear_need then 2
            when method in ('sms_otp', 'totp', 'push', 'push_number', 'phone_signin', 'passkey_dev') and not has_smartphone then 0
            when is_unclear_need then 1
            when method in ('sms_otp', 'totp', 'push', 'push_number', 'phone_signin', 'passkey_dev') and has_smartphone is null then 1
            else 2
        end as fit
    from pairs
    where method not in ('password', 'temp_pass', 'backup_code', 'bypass_code', 'app_password', 'trusted_dev', 'unknown')
),

judged as (
    select
        provider,
        identity_id,
        bool_or((fit = 2 and is_active)) as has_fitting,
        bool_or((fit = 2 and not is_handed_out)) as can_begin,
        bool_or((fit = 2 and is_handed_out)) as can_be_handed,
        bool_or((fit = 1)) as is_open,
        array_agg(method order by method asc nulls last) filter (where fit = 2) as usable
    from fits
    group by
        provider,
        identity_id
),

listed as (
    select
        w.provider,
        w.identity_id,
        w.user_principal,
        w.population,
        w.department,
        w.region,
        w.tier,
        w.wave,
        w.enrolment,
        case
            when w.tier is null or w.allowed_methods is null then 'unknown'
            when j.identity_id is null then 'no_method'
            when j.is_open then 'unknown'
            when j.can_be_handed then 'hand_out'
            else 'no_method'
        end as status,
        w.has_smartphone,
        w.need,
        w.allowed_methods,
        case
            when w.tier is null or w.allowed_methods is null then null
            when j.is_open and j.usable is null then null
            else coalesce(j.usable, [])
        end as usable
    from words as w
    left join judged as j
        on j.provider = w.provider
        and j.identity_id = w.identity_id
    where not coalesce(j.has_fitting, false)
        and not coalesce(j.can_begin, false)
)

select
    provider,
    identity_id,
    user_principal,
    population,
    department,
    region,
    tier,
    wave,
    enrolment,
    status,
    has_smartphone,
    need as accessibility_need,
    allowed_methods as accepted,
    usable,
    case status
        when 'no_method' then 'accept a method that fits, or grant an exception for accessibility'
        when 'hand_out' then 'hand out a key or a card, or set up the computer'
        else 'find out whether there is a smartphone and what is needed'
    end as remediation
from listed
