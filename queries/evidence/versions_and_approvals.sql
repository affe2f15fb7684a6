-- versions_and_approvals
--
-- Which version of the policy held when, who approved it, and is it still the document that was approved?
--
-- @title     Versions of the policy and their approvals
-- @audience  auditor
-- @reads     mfa_policy_history
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    policy_id       VARCHAR     id of the document
-- @column    version         VARCHAR     version of the document
-- @column    effective_from  TIMESTAMPTZ first instant it holds; NULL is unknown
-- @column    effective_to    TIMESTAMPTZ when the next version begins; NULL is none
-- @column    hash_status     VARCHAR     match, mismatch, not_recorded, invalid_document or no_document
-- @column    approvers       VARCHAR     who approved it
-- @column    rejections      BIGINT      people whose last word was to reject it
-- @column    other_approvals BIGINT      approvals of a document with another hash
-- @column    approved_in_time BOOLEAN    whether it was approved before it took effect; NULL is unknown
-- @column    ticket          VARCHAR     ticket it was approved in

select
    policy_id,
    version,
    effective_from,
    effective_to,
    hash_status,
    coalesce(array_to_string(approvers, ', '), '') as approvers,
    rejections,
    other_approvals,
    approved_in_time,
    ticket
from mfa_policy_history
order by
    policy_id asc nulls last,
    effective_from asc nulls last,
    version asc nulls last;
