-- The default policy over codes and masks prepared beforehand, exceptions included: the decision alone. Instants are
-- microseconds; bits of methods are those of `mfa_methods`.
with judged as (
    select
        *,
        -- 0 break_glass, 1 service, 2 admin, 3 partner, 4 standard
        case
            when population is null then null
            when population = 1 then 0
            when population = 2 then 1
            when privileged = 1 or admin_role = 1 then 2
            when privileged is null or admin_role is null then null
            when population = 3 then 3
            else 4
        end as tier,
        case
            when department = 1 then 1790812800000000
            when department = 2 and emea = 1 then 1796083200000000
            when department is null or department = 2 and emea is null then null
            else 1798761600000000
        end as enforce_from,
        $micros < 1798848000000000
        and fallback_started_at > $micros - 2592000000000
        and (has_session = 0 or sensitivity <> 1) as falls_back,
        federated is distinct from 1 or federation_attested = 1 as counts,
        sensitive = 1 or tor = 1 as is_sensitive,
    from masks
),

accepted as (
    select
        *,
        if(tier = 3, 1, 2) as least,
        -- Methods that count, those that do when attested, and one that may.
        case tier when 4 then if(falls_back, 129384, 129376) when 2 then 14336 else 0 end as free,
        case tier when 2 then 114688 when 3 then 391456 when 0 then 126976 else 0 end as attest,
        if(tier = 4 and falls_back is null, 8, 0) as open,
    from judged
),

counted as (
    select
        *,
        bit_count(active & free) + bit_count(active_twice & free) + bit_count(attested & attest)
        + bit_count(attested_twice & attest) as certain,
        bit_count(possible & (free | open)) + bit_count(possible_twice & (free | open))
        + bit_count(possible_attested & attest) + bit_count(possible_attested_twice & attest) as possible_factors,
        tier in (0, 3) or active & 3145728 <> 0 as has_recovery,
        (used & 3407864 <> 0 and counts or used & 262144 <> 0 and federation_attested = 1)
        and mfa_at between $micros - 2592000000000 and $micros
        and (sensitivity <> 1 or mfa_at = $micros)
        and (sensitivity <> 2 or mfa_at >= $micros - 43200000000)
        and (not is_sensitive or used & 261120 <> 0 and counts)
        and (not (is_sensitive or risky = 1) or mfa_at >= $micros - 300000000) as is_satisfied,
        if(created_at is null, null, greatest(created_at, enforce_from)) as enforced_from,
        $micros - case tier when 2 then 604800000000 when 3 then 1209600000000 when 4 then 2592000000000 else 0 end
            as begun_by,
    from accepted
),

weighed as (
    select
        *,
        case
            when factors_known = 0 then null
            when certain >= least and has_recovery then true
            when possible_factors < least or not has_recovery then false
        end as is_compliant,
    from counted
),

-- 0 allow, 1 exempt, 2 allow_exception, 3 allow_remind, 5 step_up, 6 limit, 7 indeterminate, 8 block
answered as (
    select
        tier,
        enforce_from,
        case
            when tier is null then 7
            when tier = 1 then 1
            when is_compliant then 0
            when excepted = 1 then 2
            when is_compliant is null or excepted is null or enforce_from is null then 7
            when $micros < enforce_from then 3
            when enforced_from is null then 7
            when enforced_from > begun_by then 3
            when tier = 0 then 8
            when enforced_from <= begun_by - 1209600000000 then 8
            when has_session = 0 or sensitivity > 0 then 6
            when sensitivity = 0 then 3
            else 7
        end as of_enrolment,
        case
            when has_session = 0 then 0
            when legacy = 1 then 8
            when legacy is null then 7
            when is_satisfied then 0
            when session_excepted = 1 then 2
            when session_excepted is null or is_satisfied is null then 7
            else 5
        end as of_session,
    from weighed
)

select
    case
        when enforce_from is null then 7
        when $micros < enforce_from then 4
        when tier = 0 and greatest(of_enrolment, of_session) in (5, 6, 8) then 1
        else greatest(of_enrolment, of_session)
    end as decision,
from answered
