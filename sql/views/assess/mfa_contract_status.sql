-- mfa_contract_status
--
-- Which inputs are loaded, and the statement that loads each of the others.
--
-- Looks for tables and views, temporary ones included, in every schema; a data frame or a CTE of that name works as an
-- input but is not seen here.
--
-- @area      assess
-- @reads     mfa_contract(), information_schema.tables
-- @grain     one row per input relation
-- @column    relation     VARCHAR  name of the input
-- @column    is_required  BOOLEAN  whether the views fail without it; the others are empty without it
-- @column    is_loaded    BOOLEAN  whether there is a table or a view of that name
-- @column    description  VARCHAR  what it holds
-- @column    loads        VARCHAR  a statement that loads it
-- @example   select relation, loads from mfa_contract_status where is_required and not is_loaded

with

existing as (
    select distinct lower(table_name) as relation
    from information_schema.tables
    where lower(table_name) like 'mfa%'
)

select
    c.relation,
    c.required as is_required,
    e.relation is not null as is_loaded,
    c.description,
    c.loads
from mfa_contract() as c
left join existing as e
    on e.relation = c.relation
