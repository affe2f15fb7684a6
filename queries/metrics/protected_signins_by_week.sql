-- protected_signins_by_week
--
-- Which share of the sign-ins does MFA protect, week by week, and how?
--
-- @title     Effective coverage by week
-- @audience  executive
-- @reads     mfa_effective_coverage
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    week            DATE        Monday, UTC
-- @column    signins         BIGINT      successful, interactive, human
-- @column    protected       BIGINT      of them, protected by MFA
-- @column    performed       BIGINT      of the protected, MFA performed
-- @column    claim           BIGINT      of the protected, by a claim of an earlier MFA
-- @column    remembered      BIGINT      of the protected, on a remembered device
-- @column    federated       BIGINT      of the protected, by another identity provider
-- @column    single_factor   BIGINT      of the sign-ins, known to be without MFA
-- @column    unknown         BIGINT      of the sign-ins, where the log does not say; they count as not protected
-- @column    share           DOUBLE      protected in sign-ins

select
    cast(date_trunc('week', day) as date) as week,
    cast(sum(signins) as bigint) as signins,
    cast(sum(protected_signins) as bigint) as protected,
    cast(sum(performed_signins) as bigint) as performed,
    cast(sum(claim_signins) as bigint) as claim,
    cast(sum(remembered_signins) as bigint) as remembered,
    cast(sum(federated_signins) as bigint) as federated,
    cast(sum(single_factor_signins) as bigint) as single_factor,
    cast(sum(unknown_signins) as bigint) as unknown,
    round(cast(sum(protected_signins) as double) / nullif(sum(signins), 0), 4) as share
from mfa_effective_coverage
group by cast(date_trunc('week', day) as date)
having sum(signins) > 0
order by week asc nulls last;
