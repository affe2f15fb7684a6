-- evidence_by_kind
--
-- What evidence of each kind is there, and how much of it proves what it should?
--
-- @title     Evidence by kind
-- @audience  auditor
-- @reads     mfa_evidence_index
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    kind            VARCHAR     kind of evidence
-- @column    items           BIGINT      pieces of evidence
-- @column    satisfied       BIGINT      of them, that prove what they should
-- @column    required_failed BIGINT      of them, that prove the contrary
-- @column    not_required    BIGINT      of them, of which nothing is asked yet
-- @column    excluded        BIGINT      of them, that do not count
-- @column    no_evidence     BIGINT      of them, that cannot be told
-- @column    first_seen      TIMESTAMPTZ first of them; NULL is not dated
-- @column    last_seen       TIMESTAMPTZ last of them

select
    kind,
    cast(sum(items) as bigint) as items,
    cast(sum(satisfied) as bigint) as satisfied,
    cast(sum(required_failed) as bigint) as required_failed,
    cast(sum(not_required) as bigint) as not_required,
    cast(sum(excluded) as bigint) as excluded,
    cast(sum(no_evidence) as bigint) as no_evidence,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen
from mfa_evidence_index
group by kind
order by kind asc nulls last;
