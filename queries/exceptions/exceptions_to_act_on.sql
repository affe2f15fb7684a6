-- exceptions_to_act_on
--
-- Which exceptions need somebody to act now, and why?
--
-- @title     Exceptions to act on
-- @audience  auditor
-- @reads     mfa_exceptions_status
-- @param     as_of           TIMESTAMPTZ now()  instant they are judged at
-- @column    exception_id    VARCHAR     id of the exception
-- @column    subject         VARCHAR     whom or what it exempts
-- @column    status          VARCHAR     why it does not hold, or active
-- @column    why             VARCHAR     what to look at
-- @column    days_to_expiry  BIGINT      whole days left; negative after the end
-- @column    approvals       BIGINT      people who approved it
-- @column    silent_renewals VARCHAR     patterns of silent renewal it shows
-- @column    last_used_after_expiry TIMESTAMPTZ last sign-in after its end

with

judged as (
    select
        exception_id,
        subject,
        status,
        case
            when signins_after_expiry > 0 then 'used after its end'
            when status in ('forbidden', 'unapproved', 'too_long', 'attestation_overdue', 'incomplete') then 'does not hold'
            when status = 'active' and array_to_string(silent_renewals, ', ') <> '' then 'renewed in silence'
            when status = 'active' and days_to_expiry < 14 then 'ends within 14 days'
        end as why,
        days_to_expiry,
        approvals,
        coalesce(array_to_string(silent_renewals, ', '), '') as silent_renewals,
        last_used_after_expiry
    from mfa_exceptions_status
)

select
    exception_id,
    subject,
    status,
    why,
    days_to_expiry,
    approvals,
    silent_renewals,
    last_used_after_expiry
from judged
where why is not null
order by
    case why when 'used after its end' then 1 when 'renewed in silence' then 2 when 'does not hold' then 3 else 4 end asc nulls last,
    days_to_expiry asc nulls last,
    exception_id asc nulls last;
