-- mfa_training_assignments
--
-- Training given to people who kept missing a deadline.
--
-- @optional
-- @key     assignment_id
-- @references user_principal -> mfa_identities (user_principal)
-- @references manager -> mfa_identities (user_principal)
-- @grain   one row per assignment
-- @loads   create table mfa_training_assignments as from read_csv('training_assignments.csv')
-- @column  assignment_id           VARCHAR     Id of the assignment
-- @column  user_principal          VARCHAR     Login name, lower case
-- @column  course                  VARCHAR     Course assigned
-- @column  reason                  VARCHAR     Why it was assigned
-- @column  assigned_at             TIMESTAMPTZ When it was assigned
-- @column  due_at                  TIMESTAMPTZ When it should be done
-- @column  completed_at            TIMESTAMPTZ When it was done
-- @column  manager                 VARCHAR     Login name of the manager, lower case
-- @column  manager_acknowledged_at TIMESTAMPTZ When the manager acknowledged it

create table mfa_training_assignments (
    assignment_id VARCHAR,
    user_principal VARCHAR,
    course VARCHAR,
    reason VARCHAR,
    assigned_at TIMESTAMPTZ,
    due_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    manager VARCHAR,
    manager_acknowledged_at TIMESTAMPTZ
);
