-- mfa_detections
--
-- All detections in one list.
--
-- The union of the detection views; what each rule means, and its thresholds, are said there. All count the last
-- `detection_days`.
--
-- @area      detect
-- @reads     mfa_anonymizer_signins, mfa_break_glass_use, mfa_bypass_use, mfa_factor_changes, mfa_factor_downgrades, mfa_first_factor_only, mfa_impossible_travel, mfa_legacy_signins, mfa_new_devices, mfa_otp_brute_force, mfa_policy_weakened, mfa_push_fatigue, mfa_push_source_mismatch, mfa_service_account_signins
-- @grain     one row per finding
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     rule of the view it comes from
-- @column    severity       VARCHAR     critical, high, medium or low
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first event
-- @column    last_seen      TIMESTAMPTZ last event
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) what the finding rests on
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @example   select rule, severity, count(*) as findings from mfa_detections group by rule, severity order by findings desc nulls last

select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_anonymizer_signins
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_break_glass_use
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_bypass_use
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_factor_changes
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_factor_downgrades
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_first_factor_only
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_impossible_travel
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_legacy_signins
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_new_devices
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_otp_brute_force
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_policy_weakened
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_push_fatigue
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_push_source_mismatch
union all
select
    finding_id,
    rule,
    severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    evidence,
    remediation,
    provider,
    user_principal
from mfa_service_account_signins
