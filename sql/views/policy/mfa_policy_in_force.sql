-- mfa_policy_in_force
--
-- The policy document that decides at `as_of`.
--
-- It is the one set as `policy`, else the one of mfa_policies with the latest effective_from that is not after as_of, else
-- NULL, which mfa_evaluate takes for the policy that is shipped. Of the same instant it is the highest version; rows without
-- a document are left out.
--
-- @area      policy
-- @reads     mfa_policies
-- @grain     one row
-- @param     as_of           TIMESTAMPTZ now()  instant the policy is asked at
-- @param     policy          VARCHAR     null   policy document, TOML or JSON
-- @column    document        VARCHAR     the document; NULL is the one that is shipped
-- @example   select document from mfa_policy_in_force

select
    coalesce(
        $policy,
        (
            select document
            from mfa_policies
            where cast(effective_from as timestamptz) <= $as_of
                and document is not null
            order by
                cast(effective_from as timestamptz) desc nulls last,
                -- every number padded to eight digits: 10 is after 9
                regexp_replace(
                    regexp_replace(cast(version as varchar), '([0-9]+)', '0000000\1', 'g'),
                    '[0-9]*([0-9]{8})', '\1', 'g'
                ) desc nulls last,
                policy_id desc nulls last
            limit 1
        )
    ) as document
