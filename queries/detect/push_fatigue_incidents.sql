-- push_fatigue_incidents
--
-- Who was bombarded with pushes, and did one get through?
--
-- @title     Push fatigue incidents
-- @audience  analyst
-- @reads     mfa_push_fatigue
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     detection_days INTEGER 30  days before as_of that are looked at
-- @param     fatigue_denies INTEGER 5  refusals that make an incident
-- @param     fatigue_minutes INTEGER 10  minutes they must lie within
-- @column    user_principal VARCHAR     login name, lower case
-- @column    provider       VARCHAR     which log it comes from
-- @column    first_seen     TIMESTAMPTZ first refusal
-- @column    last_seen      TIMESTAMPTZ last refusal
-- @column    refusals       BIGINT      pushes refused or not answered
-- @column    accepted_at    TIMESTAMPTZ when one was accepted; NULL is never
-- @column    ip             VARCHAR     address of one of them

select
    user_principal,
    provider,
    first_seen,
    last_seen,
    f.evidence.events as refusals,
    f.evidence.related_at as accepted_at,
    f.evidence.ip as ip
from mfa_push_fatigue as f
order by
    accepted_at desc nulls last,
    first_seen desc nulls last,
    user_principal asc nulls last;
