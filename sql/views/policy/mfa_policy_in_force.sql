-- mfa_policy_in_force
--
-- The policy document that decides at `as_of`.
--
-- It is the one set as `policy`, else the one of mfa_policies with the latest effective_from that is not after as_of, else
-- NULL, which mfa_evaluate takes for the policy that is shipped.
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
            order by cast(effective_from as timestamptz) desc nulls last, version desc nulls last
            limit 1
        )
    ) as document
