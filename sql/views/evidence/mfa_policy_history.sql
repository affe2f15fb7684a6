-- mfa_policy_history
--
-- Every version of the policy: from when to when, who approved it, and whether the document is still the one on record.
--
-- `computed_hash` is that of the document as it is loaded now, `recorded_hash` the one kept beside it: `mismatch` is a document that was
-- changed afterwards. Approvers are those of mfa_policy_approvals, by the last word of each, and those named beside the document.
-- An approval of a document with another hash is counted apart, in other_approvals, and approves nothing. Drafts that cannot be
-- read have no hash; what else is suspicious in a document says mfa_policy_lint.
--
-- @area      evidence
-- @reads     mfa_policies, mfa_policy_approvals, mfa_policy_versions
-- @grain     one row per version of a policy document
-- @param     as_of            TIMESTAMPTZ now()  last instant counted
-- @column    policy_id        VARCHAR     id of the document
-- @column    version          VARCHAR     version of the document
-- @column    effective_from   TIMESTAMPTZ first instant it holds; NULL is unknown
-- @column    effective_to     TIMESTAMPTZ when the next version of that document begins; NULL is none
-- @column    is_in_force      BOOLEAN     whether it decides at as_of
-- @column    hash_status      VARCHAR     match, mismatch, not_recorded, invalid_document or no_document
-- @column    recorded_hash    VARCHAR     hash on record, lower case
-- @column    computed_hash    VARCHAR     hash of the document
-- @column    lint_errors      BIGINT      errors that mfa_policy_lint reports; NULL without a document
-- @column    lint_warnings    BIGINT      warnings; NULL without a document
-- @column    approvers        VARCHAR[]   who approved it, lower case; empty is nobody on record
-- @column    approvals        BIGINT      how many they are
-- @column    rejections       BIGINT      people whose last word was to reject it
-- @column    other_approvals  BIGINT      approvals of a document with another hash
-- @column    first_approved_at TIMESTAMPTZ first dated approval; NULL is none
-- @column    last_approved_at TIMESTAMPTZ last one
-- @column    approved_in_time BOOLEAN     whether there is an approval and the dated ones came before it took effect; NULL is unknown
-- @column    ticket           VARCHAR     ticket it was approved in
-- @example   select version, effective_from, hash_status, approvers from mfa_policy_history order by effective_from

with

listed as (
    select
        row_number() over (
            order by
                effective_from asc nulls first,
                policy_id asc nulls first,
                version asc nulls first,
                hash asc nulls first
        ) as place,
        policy_id,
        cast(version as varchar) as version,
        cast(effective_from as timestamptz) as effective_from,
        document,
        nullif(lower(trim(hash)), '') as recorded_hash,
        approved_by,
        ticket,
        mfa_policy_lint(document) as lint
    from mfa_policies
),

findings as (
    select
        f.place,
        count(*) filter (where f.finding.severity = 'error') as errors,
        count(*) filter (where f.finding.severity = 'warning') as warnings,
        count(*) filter (where f.finding.rule = 'invalid_document') as faults
    from (select place, unnest(lint) as finding from listed) as f
    group by f.place
),

hashed as (
    select
        l.place,
        l.policy_id,
        l.version,
        l.effective_from,
        lead(l.effective_from) over (
            partition by l.policy_id
            order by l.effective_from asc nulls first, l.place asc nulls first
        ) as effective_to,
        l.document is not null as has_document,
        l.recorded_hash,
        -- a draft that cannot be read is no error here
        case when l.document is not null and coalesce(f.faults, 0) = 0 then mfa_policy_hash(l.document) end as computed_hash,
        case when l.document is not null then coalesce(f.errors, 0) end as lint_errors,
        case when l.document is not null then coalesce(f.warnings, 0) end as lint_warnings,
        l.ticket
    from listed as l
    left join findings as f
        on f.place = l.place
),

-- the last word of each approver
words as (
    select
        policy_id,
        cast(version as varchar) as version_id,
        lower(approver) as who,
        decision,
        cast(decided_at as timestamptz) as said_at,
        nullif(lower(trim(document_hash)), '') as said_of
    from mfa_policy_approvals
    where approver is not null
        and coalesce(decided_at <= $as_of, true)
    qualify row_number() over (
        partition by policy_id, cast(version as varchar), lower(approver)
        order by decided_at desc nulls last, decision desc nulls last
    ) = 1
),

decided as (
    select
        h.place,
        w.who,
        w.decision,
        w.said_at,
        coalesce(w.said_of <> h.computed_hash, false) as is_of_other
    from hashed as h
    inner join words as w
        on w.policy_id = h.policy_id
        and w.version_id = h.version
),

approvers as (
    select distinct
        place,
        who
    from (
        select place, who
        from decided
        where decision = 'approved'
            and not is_of_other
        union all
        select place, lower(named) as who
        from (select place, unnest(approved_by) as named from listed) as n
        where named is not null
    ) as a
),

approved as (
    select
        place,
        array_agg(who order by who asc nulls last) as approvers,
        count(*) as approvals
    from approvers
    group by place
),

counted as (
    select
        place,
        count(*) filter (where decision = 'rejected') as rejections,
        count(*) filter (where decision = 'approved' and is_of_other) as other_approvals,
        min(said_at) filter (where decision = 'approved' and not is_of_other) as first_approved_at,
        max(said_at) filter (where decision = 'approved' and not is_of_other) as last_approved_at
    from decided
    group by place
),

in_force as (
    select
        policy_id,
        version,
        valid_from
    from mfa_policy_versions
    where valid_from <= $as_of
        and coalesce(valid_to > $as_of, true)
)

select
    h.policy_id,
    h.version,
    h.effective_from,
    h.effective_to,
    v.valid_from is not null as is_in_force,
    case
        when not h.has_document then 'no_document'
        when h.computed_hash is null then 'invalid_document'
        when h.recorded_hash is null then 'not_recorded'
        when h.recorded_hash = h.computed_hash then 'match'
        else 'mismatch'
    end as hash_status,
    h.recorded_hash,
    h.computed_hash,
    h.lint_errors,
    h.lint_warnings,
    coalesce(a.approvers, []) as approvers,
    coalesce(a.approvals, 0) as approvals,
    coalesce(c.rejections, 0) as rejections,
    coalesce(c.other_approvals, 0) as other_approvals,
    c.first_approved_at,
    c.last_approved_at,
    case
        when coalesce(a.approvals, 0) = 0 then false
        else c.last_approved_at <= h.effective_from
    end as approved_in_time,
    h.ticket
from hashed as h
left join approved as a
    on a.place = h.place
left join counted as c
    on c.place = h.place
left join in_force as v
    on v.policy_id = h.policy_id
    and v.version = h.version
    and v.valid_from = h.effective_from
