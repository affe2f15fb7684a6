-- people_with_a_weak_account
--
-- Whose other account is weaker than their best?
--
-- @title     People with a weak account
-- @audience  red team
-- @reads     mfa_person_accounts
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    person_id      VARCHAR     person_id of the directories, else the login name, else provider and id
-- @column    accounts       BIGINT      accounts of the person
-- @column    strongest      VARCHAR     strength of the account that is best off
-- @column    weakest        VARCHAR     strength of the enabled account that is worst off; none is no factor; NULL is unknown
-- @column    user_principal VARCHAR     login name, lower case

select
    person_id,
    accounts,
    strongest,
    weakest,
    min(user_principal) as user_principal
from mfa_person_accounts
where accounts > 1
    and strongest <> weakest
group by
    person_id,
    accounts,
    strongest,
    weakest
order by
    case weakest when 'none' then 1 when 'single' then 2 else 3 end asc nulls last,
    person_id asc nulls last;
