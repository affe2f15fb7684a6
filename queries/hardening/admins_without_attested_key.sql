-- admins_without_attested_key
--
-- Which administrators have no key whose make is proven?
--
-- @title     Administrators without an attested key
-- @audience  auditor
-- @reads     mfa_key_attestation
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    provider       VARCHAR     which directory the account is in
-- @column    user_principal VARCHAR     login name, lower case
-- @column    method         VARCHAR     fido2_key, passkey_dev, passkey_sync, platform or u2f
-- @column    standing       VARCHAR     attested, claimed (a known model that was not proven), unproven or unknown
-- @column    model          VARCHAR     name of the model; NULL is not in the list

select
    provider,
    user_principal,
    method,
    standing,
    model
from mfa_key_attestation
where is_privileged
    and standing <> 'attested'
order by
    user_principal asc nulls last,
    provider asc nulls last,
    method asc nulls last;
