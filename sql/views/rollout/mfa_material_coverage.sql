-- mfa_material_coverage
--
-- For every method that is in use or accepted: who has it, and what there is to read about it.
--
-- A method is in use when an enabled person has it active, accepted when the tier of one takes it. It is `covered` with a how-to or a
-- one-pager about it that was changed within `material_days`, `stale` when all of them are older or nobody knows when they were changed,
-- `missing` without any; videos, questions and answers and runbooks are counted and are no substitute. Material about no
-- method in particular counts for none. Without any material loaded the status is `unknown`.
--
-- @area      rollout
-- @reads     mfa_enrollment_state, mfa_account_factors, mfa_materials
-- @grain     one row per method
-- @param     as_of           TIMESTAMPTZ now()  instant it is judged at
-- @param     material_days   INTEGER     365    days after which material is stale
-- @column    method          VARCHAR     canonical method
-- @column    status          VARCHAR     covered, stale, missing or unknown
-- @column    is_accepted     BOOLEAN     whether the tier of some enabled person accepts it
-- @column    accounts        BIGINT      enabled people who have it active
-- @column    accepting_accounts BIGINT   enabled people whose tier accepts it
-- @column    materials       BIGINT      documents about it
-- @column    how_tos         BIGINT      of them, how-tos
-- @column    one_pagers      BIGINT      of them, one-pagers
-- @column    videos          BIGINT      of them, videos
-- @column    faqs            BIGINT      of them, questions and answers
-- @column    runbooks        BIGINT      of them, runbooks
-- @column    languages       BIGINT      languages there is a how-to or a one-pager in
-- @column    last_updated_at TIMESTAMPTZ last change of a how-to or a one-pager; NULL is unknown
-- @column    missing         BIGINT      1 without a how-to and a one-pager, else 0; NULL is unknown
-- @example   select method, status, accounts from mfa_material_coverage where status <> 'covered' order by accounts desc nulls last

with

people as (
    select
        provider,
        identity_id,
        allowed_methods
    from mfa_enrollment_state
    where is_enabled
        and is_human
),

held as (
    select
        f.method,
        p.provider,
        p.identity_id
    from mfa_account_factors as f
    inner join people as p
        on p.provider = f.provider
        and p.identity_id = f.identity_id
    where f.status = 'active'
        and f.removed_at is null
        and f.method is not null
        and f.method not in ('password', 'unknown')
    group by
        f.method,
        p.provider,
        p.identity_id
),

uses as (
    select
        method,
        count(*) as accounts
    from held
    group by method
),

accepted as (
    select
        method,
        count(*) as accounts
    from (select unnest(allowed_methods) as method from people) as a
    group by method
),

written as (
    select
        method,
        count(*) as materials,
        count(*) filter (where kind = 'how_to') as how_tos,
        count(*) filter (where kind = 'one_pager') as one_pagers,
        count(*) filter (where kind = 'video') as videos,
        count(*) filter (where kind = 'faq') as faqs,
        count(*) filter (where kind = 'runbook') as runbooks,
        count(distinct case when kind in ('how_to', 'one_pager') then lower(language) end) as languages,
        max(case when kind in ('how_to', 'one_pager') then cast(updated_at as timestamptz) end) as last_updated_at
    from mfa_materials
    where method is not null
    group by method
),

known as (
    select count(*) as materials
    from mfa_materials
),

methods as (
    select method from uses
    union
    select method from accepted
)

select
    m.method,
    case
        when k.materials = 0 then 'unknown'
        when coalesce(w.how_tos, 0) + coalesce(w.one_pagers, 0) = 0 then 'missing'
        when w.last_updated_at > $as_of - ($material_days * 24 || ' hours')::interval then 'covered'
        else 'stale'
    end as status,
    a.method is not null as is_accepted,
    coalesce(u.accounts, 0) as accounts,
    coalesce(a.accounts, 0) as accepting_accounts,
    coalesce(w.materials, 0) as materials,
    coalesce(w.how_tos, 0) as how_tos,
    coalesce(w.one_pagers, 0) as one_pagers,
    coalesce(w.videos, 0) as videos,
    coalesce(w.faqs, 0) as faqs,
    coalesce(w.runbooks, 0) as runbooks,
    coalesce(w.languages, 0) as languages,
    w.last_updated_at,
    cast(
        case
            when k.materials = 0 then null
            when coalesce(w.how_tos, 0) + coalesce(w.one_pagers, 0) = 0 then 1
            else 0
        end as bigint
    ) as missing
from methods as m
cross join known as k
left join uses as u
    on u.method = m.method
left join accepted as a
    on a.method = m.method
left join written as w
    on w.method = m.method
