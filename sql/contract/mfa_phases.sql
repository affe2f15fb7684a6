-- mfa_phases
--
-- Where each unit stands in the programme.
--
-- @optional
-- @key     unit, phase
-- @references owner -> mfa_identities (user_principal)
-- @grain   one row per unit and phase
-- @loads   create table mfa_phases as from read_csv('phases.csv')
-- @column  unit          VARCHAR     Department, region or business unit
-- @column  phase         VARCHAR     assess, define, communicate, implement, monitor, support or enforce
-- @column  status        VARCHAR     not_started, in_progress, blocked or done
-- @column  planned_start DATE        Planned first day
-- @column  planned_end   DATE        Planned last day
-- @column  started_at    TIMESTAMPTZ When it began
-- @column  finished_at   TIMESTAMPTZ When it was finished
-- @column  gate          VARCHAR     What has to be true to leave it
-- @column  gate_met      BOOLEAN     Whether it is
-- @column  owner         VARCHAR     Login name of whoever answers for it, lower case

create table mfa_phases (
    unit VARCHAR,
    phase VARCHAR,
    status VARCHAR,
    planned_start DATE,
    planned_end DATE,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    gate VARCHAR,
    gate_met BOOLEAN,
    owner VARCHAR
);
