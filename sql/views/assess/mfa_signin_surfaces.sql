-- mfa_signin_surfaces
--
-- Where people sign in: browser, mobile, VPN, protocols that cannot ask.
--
-- Sign-ins that went through in the last `gap_window_days`, per surface and protocol, with how many were protected by MFA.
-- `is_mfa_capable` is whether the client could have been asked at all; NULL where the log does not say. Sums over any
-- columns are right but for `users`.
--
-- @area      assess
-- @reads     mfa_signins
-- @grain     one row per provider, surface, protocol and application
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @column    provider            VARCHAR     which log it comes from
-- @column    surface             VARCHAR     browser, mobile, desktop, vpn, legacy_protocol, api or unknown
-- @column    protocol            VARCHAR     protocol; NULL is unknown
-- @column    app_id              VARCHAR     application
-- @column    app_name            VARCHAR     its name
-- @column    is_mfa_capable      BOOLEAN     whether such a client can be asked for a second factor; NULL is unknown
-- @column    signins             BIGINT      sign-ins that went through
-- @column    interactive_signins BIGINT      of them, with a person at the keyboard
-- @column    protected_signins   BIGINT      of them, with MFA performed, claimed, remembered or federated
-- @column    users               BIGINT      identities
-- @column    first_seen          TIMESTAMPTZ first of them
-- @column    last_seen           TIMESTAMPTZ last of them
-- @example   select surface, is_mfa_capable, sum(signins) as signins from mfa_signin_surfaces group by surface, is_mfa_capable order by signins desc nulls last

select
    provider,
    coalesce(surface, 'unknown') as surface,
    protocol,
    app_id,
    max(app_name) as app_name,
    not bool_or(
        case
            when is_legacy_auth is not null then is_legacy_auth
            when surface = 'legacy_protocol' or protocol in ('imap', 'pop', 'smtp_auth', 'basic_auth', 'ropc') then true
            when surface in ('browser', 'mobile', 'desktop', 'vpn') then false
        end
    ) as is_mfa_capable,
    count(*) as signins,
    count(*) filter (where is_interactive) as interactive_signins,
    count(*) filter (where is_interactive and mfa_satisfied_by in ('performed', 'claim_in_token', 'remembered_device', 'federated')) as protected_signins,
    count(distinct coalesce(identity_id, user_principal)) as users,
    min(event_time) as first_seen,
    max(event_time) as last_seen
from mfa_signins
where event_time <= $as_of
    and event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
    and outcome = 'success'
group by
    provider,
    coalesce(surface, 'unknown'),
    protocol,
    app_id
