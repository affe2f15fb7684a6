-- push_without_number
--
-- How far is number matching?
--
-- @title     Pushes without a number
-- @audience  executive
-- @reads     mfa_number_matching
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    provider                 VARCHAR     which directory
-- @column    push_accounts            HUGEINT     enabled accounts with an active push
-- @column    number_matching_accounts HUGEINT     of them, whose every push asks for a number
-- @column    plain_push_accounts      HUGEINT     of them, with one that does not
-- @column    unknown_accounts         HUGEINT     of them, of whose pushes it is not known

select
    provider,
    sum(push_accounts) as push_accounts,
    sum(number_matching_accounts) as number_matching_accounts,
    sum(plain_push_accounts) as plain_push_accounts,
    sum(unknown_accounts) as unknown_accounts
from mfa_number_matching
group by provider
order by provider asc nulls last;
