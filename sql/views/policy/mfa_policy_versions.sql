-- mfa_policy_versions
--
-- Which policy document decides from when to when.
--
-- It is the one set as `policy`, else those of mfa_policies, each from its effective_from to that of the next; before the
-- first it is NULL, which mfa_evaluate takes for the policy that is shipped. Of the same instant it is the highest version;
-- rows without a document or a date are left out.
--
-- @area      policy
-- @reads     mfa_policies
-- @grain     one row per document and span in which it decides; the spans follow each other
-- @param     policy          VARCHAR     null   policy document, TOML or JSON
-- @column    policy_id       VARCHAR     id of the document, from mfa_policies
-- @column    version         VARCHAR     version of the document, from mfa_policies
-- @column    valid_from      TIMESTAMPTZ first instant it decides; NULL is since ever
-- @column    valid_to        TIMESTAMPTZ first instant it no longer does; NULL is for ever
-- @column    document        VARCHAR     the document; NULL is the one that is shipped
-- @example   select version, valid_from, valid_to from mfa_policy_versions order by valid_from nulls first

with

listed as (
    select
        cast(policy_id as varchar) as policy_id,
        cast(version as varchar) as version,
        cast(effective_from as timestamptz) as valid_from,
        document
    from mfa_policies
    where effective_from is not null
        and document is not null
    qualify row_number() over (
        partition by cast(effective_from as timestamptz)
        order by
            -- every number padded to eight digits: 10 is after 9
            regexp_replace(
                regexp_replace(cast(version as varchar), '([0-9]+)', '0000000\1', 'g'),
                '[0-9]*([0-9]{8})', '\1', 'g'
            ) desc nulls last,
            policy_id desc nulls last
    ) = 1
),

versions as (
    select
        policy_id,
        version,
        valid_from,
        document
    from listed
    where $policy is null
    union all
    select
        cast(null as varchar) as policy_id,
        cast(null as varchar) as version,
        cast(null as timestamptz) as valid_from,
        $policy as document
)

select
    policy_id,
    version,
    valid_from,
    lead(valid_from) over (order by valid_from asc nulls first) as valid_to,
    document
from versions
