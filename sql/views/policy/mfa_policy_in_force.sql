-- mfa_policy_in_force
--
-- The policy document that decides at `as_of`.
--
-- Which document decides when says mfa_policy_versions.
--
-- @area      policy
-- @reads     mfa_policy_versions
-- @grain     one row
-- @param     as_of           TIMESTAMPTZ now()  instant the policy is asked at
-- @column    document        VARCHAR     the document; NULL is the one that is shipped
-- @example   select document from mfa_policy_in_force

select document
from mfa_policy_versions
where coalesce(valid_from <= $as_of, true)
    and coalesce(valid_to > $as_of, true)
