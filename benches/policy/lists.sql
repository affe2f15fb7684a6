-- The default policy over people and sign-ins as a user has them: all that `mfa_evaluate` answers but the reasons and the rule
-- that decided. What is not selected of it is not computed.
with judged as (
    select
        *,
        case
            when population is null then null
            when population in ('break_glass', 'service') then population
            when privileged or list_has_any(roles, ['admin', 'helpdesk']) then 'admin'
            when privileged is null or roles is null then null
            when population in ('partner', 'contractor', 'guest') then 'partner'
            else 'standard'
        end as tier,
        case
            when department in ('it', 'security') then timestamptz '2026-10-01 00:00+00'
            when department = 'finance' and region = 'emea' then timestamptz '2026-12-01 00:00+00'
            when department is null or department = 'finance' and region is null then null
            else timestamptz '2027-01-01 00:00+00'
        end as enforce_from,
        case
            when department in ('it', 'security') then 'pilot'
            when department = 'finance' and region = 'emea' then 'emea-finance'
            when department is null or department = 'finance' and region is null then null
            else 'everyone'
        end as wave,
        app is null and session is null as is_nowhere,
        not coalesce(session.federated, false) or session.federation_attested as counts,
        list_has_any(session.used_methods, [
            'u2f', 'passkey_sync', 'passkey_dev', 'platform', 'fido2_key', 'smartcard', 'cert_mfa', 'cert_sf'
        ]) as used_resistant,
        session.transaction = 'sensitive' or list_contains(session.signals, 'tor') as is_sensitive,
        list_has_any(session.signals, ['new_device', 'impossible_travel']) as is_risky,
        $as_of < timestamptz '2027-01-02 00:00+00'
        and fallback_started_at > $as_of - interval 30 day
        and (app is null and session is null or app.sensitivity <> 'critical') as falls_back,
    from people
),

counted as (
    select
        *,
        if(tier = 'partner', 1, 2) as least,
        case tier
            when 'standard' then if(falls_back, 129384, 129376)
            when 'admin' then 129024
            when 'partner' then 391456
            when 'break_glass' then 126976
            else 0
        end::uinteger as required_mask,
        -- The least of the factors that count.
        list_min(list_transform(
            list_filter(factors, lambda f: f.status = 'active' and case tier
                when 'standard' then
                    f.method in (
                        'fido2_key', 'passkey_dev', 'platform', 'cert_mfa', 'smartcard', 'passkey_sync', 'push_number', 'totp', 'otp_hw'
                    )
                    or f.method = 'sms_otp' and falls_back
                when 'partner' then f.attested and f.method in (
                    'fido2_key', 'passkey_dev', 'platform', 'cert_mfa', 'smartcard', 'passkey_sync', 'push_number', 'totp', 'fed_mfa'
                )
                when 'admin' then
                    f.method in ('passkey_dev', 'platform', 'passkey_sync')
                    or f.attested and f.method in ('fido2_key', 'cert_mfa', 'smartcard')
                when 'break_glass' then f.attested and f.method in (
                    'fido2_key', 'passkey_dev', 'platform', 'cert_mfa', 'smartcard'
                )
            end),
            lambda f: case f.method
                when 'passkey_sync' then 3
                when 'push_number' then 2
                when 'totp' then 2
                when 'otp_hw' then 2
                when 'sms_otp' then 2
                when 'fed_mfa' then 2
                else 4
            end
        )) as level,
        case tier
            when 'standard' then len(list_filter(factors, lambda f: f.status = 'active' and (
                f.method in (
                    'fido2_key', 'passkey_dev', 'platform', 'cert_mfa', 'smartcard', 'passkey_sync', 'push_number', 'totp', 'otp_hw'
                )
                or f.method = 'sms_otp' and falls_back
            )))
            when 'partner' then len(list_filter(factors, lambda f: f.status = 'active' and f.attested and f.method in (
                'fido2_key', 'passkey_dev', 'platform', 'cert_mfa', 'smartcard', 'passkey_sync', 'push_number', 'totp', 'fed_mfa'
            )))
            when 'admin' then len(list_filter(factors, lambda f: f.status = 'active' and (
                f.method in ('passkey_dev', 'platform', 'passkey_sync')
                or f.attested and f.method in ('fido2_key', 'cert_mfa', 'smartcard')
            )))
            when 'break_glass' then len(list_filter(factors, lambda f: f.status = 'active' and f.attested and f.method in (
                'fido2_key', 'passkey_dev', 'platform', 'cert_mfa', 'smartcard'
            )))
        end as certain,
        tier in ('break_glass', 'partner')
        or len(list_filter(factors, lambda f: f.status = 'active' and f.method in ('backup_code', 'temp_pass'))) >= 1
            as has_recovery,
        case
            when tier = 'break_glass' or len(exceptions) = 0 then []
            else list_transform(exceptions, lambda x: {
                'is_session': coalesce(x.scope = 'session', false),
                'holds': if(tier is null, null, true)
                    and x.criterion in ('accessibility', 'device_lost', 'vendor_limit')
                    and x.starts_at <= $as_of
                    and x.expires_at > $as_of
                    and epoch_us(x.expires_at) - epoch_us(x.starts_at) <= 90 * 86400000000
                    and x.attested_at between $as_of - interval 92 day and $as_of
                    and len(list_distinct(list_transform(
                        list_filter(
                            x.approvers,
                            lambda a: split_part(a, ':', 1) in ('manager', 'security') and split_part(a, ':', 2) <> id
                        ),
                        lambda a: split_part(a, ':', 2)
                    ))) >= 2,
            })
        end as judged_exceptions,
        session.protocol in ('pop', 'imap', 'smtp_auth', 'basic_auth') as is_blocked,
        (
            (
                used_resistant
                or list_has_any(session.used_methods, [
                    'sms_otp', 'voice', 'totp', 'otp_hw', 'push', 'push_number', 'phone_signin', 'temp_pass', 'backup_code'
                ])
            )
            and counts
            or list_contains(session.used_methods, 'fed_mfa') and session.federation_attested
        )
        and session.mfa_at between $as_of - interval 30 day and $as_of
        and (app.sensitivity <> 'critical' or session.mfa_at = $as_of)
        and (app.sensitivity <> 'normal' or session.mfa_at >= $as_of - interval 12 hour)
        and (not is_sensitive or used_resistant and counts)
        and (not (is_sensitive or is_risky) or session.mfa_at >= $as_of - interval 5 minute) as is_satisfied,
        if(created_at is null or enforce_from is null, null, greatest(created_at, enforce_from)) as enforced_from,
        case tier
            when 'admin' then $as_of - interval 7 day
            when 'partner' then $as_of - interval 14 day
            when 'standard' then $as_of - interval 30 day
            else $as_of
        end as begun_by,
        case tier
            when 'break_glass' then interval 0 hour
            when 'admin' then interval 168 hour
            when 'partner' then interval 336 hour
            when 'standard' then interval 720 hour
        end as grace,
    from judged
),

weighed as (
    select
        *,
        -- What is missing may turn out well; looked at only where it matters.
        case
            when certain >= least and has_recovery then true
            when not has_recovery then false
            when tier = 'standard' then
                if(
                    falls_back is null
                    and certain + len(list_filter(factors, lambda f: f.status = 'active' and f.method = 'sms_otp')) >= least,
                    null,
                    certain >= least
                )
            when certain + len(list_filter(factors, lambda f: f.status = 'active' and f.attested is null and f.method in (
                'fido2_key', 'cert_mfa', 'smartcard'
            ) or tier <> 'admin' and f.status = 'active' and f.attested is null and (
                f.method in ('passkey_dev', 'platform')
                or tier = 'partner' and f.method in ('passkey_sync', 'push_number', 'totp', 'fed_mfa')
            ))) < least then false
        end as is_compliant,
        case
            when len(judged_exceptions) = 0 then false
            when len(list_filter(judged_exceptions, lambda x: x.holds)) > 0 then true
            when len(list_filter(judged_exceptions, lambda x: x.holds is null)) = 0 then false
        end as is_excepted,
        case
            when len(judged_exceptions) = 0 then false
            when len(list_filter(judged_exceptions, lambda x: x.is_session and x.holds)) > 0 then true
            when len(list_filter(judged_exceptions, lambda x: x.is_session and x.holds is null)) = 0 then false
        end as session_is_excepted,
    from counted
),

-- 0 allow, 1 exempt, 2 allow_exception, 3 allow_remind, 5 step_up, 6 limit, 7 indeterminate, 8 block
answered as (
    select
        id,
        tier,
        wave,
        enforce_from,
        required_mask,
        level,
        enforced_from,
        enforced_from + grace as grace_deadline,
        case
            when tier is null then 'unknown'
            when tier = 'service' then 'not_applicable'
            when is_compliant then 'compliant'
            when is_excepted then 'excepted'
            when is_compliant is null or is_excepted is null or enforce_from is null then 'unknown'
            when $as_of < enforce_from then 'in_grace'
            when enforced_from is null then 'unknown'
            when enforced_from > begun_by then 'in_grace'
            else 'overdue'
        end as enrolment,
        case
            when is_nowhere then null
            when is_blocked then 'blocked'
            when is_blocked is null then 'unknown'
            when is_satisfied then 'satisfied'
            when is_satisfied is null then 'unknown'
            else 'step_up'
        end as session,
        case
            when is_nowhere then null
            when is_sensitive then 3
            else 2
        end::utinyint as required_strength,
        case
            when is_nowhere then null
            when app.sensitivity = 'critical' then interval 0 minute
            when is_sensitive or is_risky then interval 5 minute
            when app.sensitivity = 'normal' then interval 12 hour
            else interval 30 day
        end as max_age,
        case
            when tier is null then 7
            when tier = 'service' then 1
            when is_compliant then 0
            when is_excepted then 2
            when is_compliant is null or is_excepted is null or enforce_from is null then 7
            when $as_of < enforce_from then 3
            when enforced_from is null then 7
            when enforced_from > begun_by then 3
            when tier = 'break_glass' then 8
            when enforced_from <= begun_by - interval 14 day then 8
            when is_nowhere or app.sensitivity in ('critical', 'normal') then 6
            when app.sensitivity is not null then 3
            else 7
        end as of_enrolment,
        case
            when is_nowhere then 0
            when is_blocked then 8
            when is_blocked is null then 7
            when is_satisfied then 0
            when session_is_excepted then 2
            when session_is_excepted is null or is_satisfied is null then 7
            else 5
        end as of_session,
    from weighed
),

named as (
    select
        *,
        case
            when tier = 'break_glass' and greatest(of_enrolment, of_session) in (5, 6, 8) then 'exempt'
            else (
                case greatest(of_enrolment, of_session)
                    when 0 then 'allow'
                    when 1 then 'exempt'
                    when 2 then 'allow_exception'
                    when 3 then 'allow_remind'
                    when 5 then 'step_up'
                    when 6 then 'limit'
                    when 7 then 'indeterminate'
                    else 'block'
                end
            )
        end as would_decision,
    from answered
)

select
    id,
    case
        when enforce_from is null then 'indeterminate'
        when $as_of < enforce_from then 'report_only'
        else would_decision
    end as decision,
    would_decision,
    enrolment,
    session,
    required_mask,
    grace_deadline,
    case
        when enrolment in ('compliant', 'not_applicable') or tier = 'break_glass' then null
        when $as_of >= grace_deadline + interval 336 hour then 3
        when $as_of >= grace_deadline then 2
        when $as_of >= enforced_from then 1
    end::utinyint as stage,
    required_strength,
    max_age,
    tier,
    wave,
    '$hash' as policy_hash,
    case level
        when 1 then 'single'
        when 2 then 'mfa'
        when 3 then 'phishing_resistant'
        when 4 then 'pr_hardware'
    end as strength,
from named
