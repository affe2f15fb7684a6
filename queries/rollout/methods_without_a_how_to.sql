-- methods_without_a_how_to
--
-- For which methods is there nothing to read, or nothing that is up to date?
--
-- @title     Methods without a how-to
-- @audience  help desk
-- @reads     mfa_material_coverage
-- @param     as_of           TIMESTAMPTZ now()  instant it is judged at
-- @param     material_days   INTEGER     365    days after which material is stale
-- @column    method          VARCHAR     canonical method
-- @column    status          VARCHAR     stale, missing or unknown
-- @column    is_accepted     BOOLEAN     whether the tier of some enabled person accepts it
-- @column    accounts        BIGINT      enabled people who have it active
-- @column    materials       BIGINT      documents about it, of any kind
-- @column    last_updated_at TIMESTAMPTZ last change of a how-to or a one-pager; NULL is unknown

select
    method,
    status,
    is_accepted,
    accounts,
    materials,
    last_updated_at
from mfa_material_coverage
where status <> 'covered'
order by
    is_accepted desc nulls last,
    accounts desc nulls last,
    method asc nulls last;
