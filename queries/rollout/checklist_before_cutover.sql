-- checklist_before_cutover
--
-- Is everything ready for the next cutover, and what is to be done about what is not?
--
-- @title     Checklist before the cutover
-- @audience  executive
-- @reads     mfa_preflight_checks
-- @param     as_of           TIMESTAMPTZ now()  instant of the checklist
-- @param     control_test_days INTEGER    90     days for which a control test holds
-- @param     pilot_days      INTEGER     14     days the pilot has to have been enforced
-- @param     pilot_share     DOUBLE      0.95   share of the pilot that has to be compliant
-- @param     preflight_days  INTEGER     14     days of sign-ins before as_of that are looked at
-- @column    place           BIGINT      order of the check
-- @column    check_id        VARCHAR     name of the check
-- @column    status          VARCHAR     pass, fail or unknown
-- @column    value           DOUBLE      what was found; NULL is unknown
-- @column    comparison      VARCHAR     at_most or at_least
-- @column    threshold       DOUBLE      what is asked for
-- @column    wave            VARCHAR     wave it is about; NULL is all or none
-- @column    remediation     VARCHAR     what to do; NULL where it passes

select
    place,
    check_id,
    status,
    round(value, 4) as value,
    comparison,
    threshold,
    wave,
    case when status <> 'pass' then remediation end as remediation
from mfa_preflight_checks
order by place asc nulls last;
