-- what_breaks_by_department
--
-- What would break in each department if the policy were enforced now?
--
-- @title     What enforcement breaks, by department
-- @audience  analyst
-- @reads     mfa_enforcement_impact
-- @param     as_of           TIMESTAMPTZ now()  instant of the enforcement
-- @param     policy          VARCHAR     null   policy document; default the one in force in mfa_policies, else the one shipped
-- @param     impact_days     INTEGER     14     days of sign-ins before it
-- @column    department      VARCHAR     department; NULL is unknown
-- @column    identities      BIGINT      accounts that signed in
-- @column    kept_out        BIGINT      of them, blocked or limited at some sign-in
-- @column    signins         BIGINT      sign-ins
-- @column    blocked         BIGINT      of them, blocked or limited
-- @column    stepped_up      BIGINT      of them, asked for more
-- @column    indeterminate   BIGINT      of them, where the log does not say enough
-- @column    blocked_share   DOUBLE      blocked in sign-ins

select
    department,
    cast(sum(identities) as bigint) as identities,
    cast(sum(blocked_identities + limited_identities) as bigint) as kept_out,
    cast(sum(signins) as bigint) as signins,
    cast(sum(blocked_signins + limited_signins) as bigint) as blocked,
    cast(sum(stepped_up_signins) as bigint) as stepped_up,
    cast(sum(indeterminate_signins) as bigint) as indeterminate,
    round(cast(sum(blocked_signins + limited_signins) as double) / nullif(sum(signins), 0), 4) as blocked_share
from mfa_enforcement_impact
group by department
order by
    blocked_share desc nulls last,
    department asc nulls last;
