-- mfa_training_due
--
-- Training that was assigned and is not done, or not acknowledged by the manager.
--
-- Due and not done, overdue, or done and not acknowledged. Finished and acknowledged assignments are left out.
--
-- @area      comply
-- @reads     mfa_training_assignments
-- @grain     one row per assignment that is open
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    assignment_id  VARCHAR     id of the assignment
-- @column    user_principal VARCHAR     login name, lower case
-- @column    course         VARCHAR     course
-- @column    reason         VARCHAR     why it was assigned
-- @column    assigned_at    TIMESTAMPTZ when
-- @column    due_at         TIMESTAMPTZ when it should be done; NULL is open
-- @column    completed_at   TIMESTAMPTZ when it was done
-- @column    manager        VARCHAR     login name of the manager
-- @column    status         VARCHAR     open, overdue or not_acknowledged
-- @column    days_overdue   BIGINT      whole days since it was due; NULL when it is not
-- @example   select status, count(*) as assignments from mfa_training_due group by status order by status

with

assigned as (
    select
        assignment_id,
        lower(user_principal) as user_principal,
        course,
        reason,
        assigned_at,
        due_at,
        case when completed_at <= $as_of then completed_at end as completed_at,
        case when manager_acknowledged_at <= $as_of then manager_acknowledged_at end as acknowledged_at,
        manager
    from mfa_training_assignments
    where coalesce(assigned_at <= $as_of, true)
)

select
    assignment_id,
    user_principal,
    course,
    reason,
    assigned_at,
    due_at,
    completed_at,
    manager,
    case
        when completed_at is not null then 'not_acknowledged'
        when due_at <= $as_of then 'overdue'
        else 'open'
    end as status,
    case
        when completed_at is null and due_at <= $as_of then cast(floor((extract(epoch from $as_of) - extract(epoch from due_at)) / 86400) as bigint)
    end as days_overdue
from assigned
where completed_at is null
    or acknowledged_at is null
