-- mfa_key_attestation
--
-- Security keys and passkeys: whose make is proven, and what make it says it is.
--
-- A key whose attestation was checked at registration is of the model its AAGUID names; of one that was not, the AAGUID is
-- only a claim. `model` is NULL for a model that the shipped list does not have; an AAGUID of zeros names none.
-- Administrators without an attested key are the first to look at.
--
-- @area      hardening
-- @reads     mfa_factors, mfa_enrollment_state
-- @grain     one row per account and FIDO2 or platform credential
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    provider       VARCHAR     which directory the account is in
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    user_principal VARCHAR     login name, lower case
-- @column    population     VARCHAR     population
-- @column    is_privileged  BOOLEAN     whether the account is administrative; NULL is unknown
-- @column    tier           VARCHAR     tier of the policy
-- @column    department     VARCHAR     department
-- @column    method         VARCHAR     fido2_key, passkey_dev, passkey_sync, platform or u2f
-- @column    aaguid         VARCHAR     model id, lower case; NULL is not known
-- @column    model          VARCHAR     name of the model; NULL is not in the list
-- @column    attested       BOOLEAN     whether the make was proven; NULL is unknown
-- @column    standing       VARCHAR     attested, claimed (a known model that was not proven), unproven or unknown
-- @column    registered_at  TIMESTAMPTZ when it was registered
-- @example   select standing, is_privileged, count(*) as credentials from mfa_key_attestation group by standing, is_privileged order by standing

with

-- published by their makers (FIDO Metadata Service, passkey providers)
models as (
    select
        aaguid,
        model
    from (values
        ('ee882879-721c-4913-9775-3dfcce97072a', 'YubiKey 5 Series'),
        ('2fc0579f-8113-47ea-b116-bb5a8db9202a', 'YubiKey 5 NFC Series'),
        ('cb69481e-8ff7-4039-93ec-0a2729a154a8', 'YubiKey 5 Series (5.1)'),
        ('fa2b99dc-9e39-4257-8f92-4a30d23c4118', 'YubiKey 5 NFC (5.1)'),
        ('d8522d9f-575b-4866-88a9-ba99fa02f35b', 'YubiKey Bio Series'),
        ('73bb0cd4-e502-49b8-9c6f-b59445bf720b', 'YubiKey 5 FIPS Series'),
        ('c1f9a0bc-1dd2-404a-b27f-8e29047a43fd', 'YubiKey 5 NFC FIPS'),
        ('b92c3f9a-c014-4056-887f-140a2501163b', 'Security Key by Yubico'),
        ('6d44ba9b-f6ec-2e49-b930-0c8fe920cb73', 'Security Key NFC by Yubico'),
        ('ab32f0c6-2239-afbb-c470-d2ef4e254db7', 'Token2 FIDO2 key'),
        ('77010bd7-212a-4fc9-b236-d2ca5e9d4084', 'Feitian BioPass'),
        ('08987058-cadc-4b81-b6e1-30de50dcbe96', 'Windows Hello (hardware)'),
        ('9ddd1817-af5a-4672-a2b9-3e3dd95000a9', 'Windows Hello (virtual)'),
        ('6028b017-b1d4-4c02-b4b3-afcdafc96bb2', 'Windows Hello (software)'),
        ('de1e552d-db1d-4423-a619-566b625cdc84', 'Microsoft Authenticator on Android'),
        ('90a3ccdf-635c-4729-a248-9b709135078f', 'Microsoft Authenticator on iOS'),
        ('adce0002-35bc-c60a-648b-0b25f1f05503', 'Chrome on Mac'),
        ('ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4', 'Google Password Manager'),
        ('fbfc3007-154e-4ecc-8c0b-6e020557d7bd', 'iCloud Keychain'),
        ('bada5566-a7aa-401f-bd96-45619a55120d', '1Password'),
        ('d548826e-79b4-db40-a3d8-11116f7e8349', 'Bitwarden')
    ) as m(aaguid, model)
),

keys as (
    select
        provider,
        identity_id,
        factor_id,
        method,
        nullif(nullif(lower(aaguid), ''), '00000000-0000-0000-0000-000000000000') as aaguid,
        attested,
        registered_at
    from mfa_factors
    where status = 'active'
        and method in ('fido2_key', 'passkey_dev', 'passkey_sync', 'platform', 'u2f')
        and coalesce(registered_at <= $as_of, true)
)

select
    k.provider,
    k.identity_id,
    e.user_principal,
    e.population,
    e.is_privileged,
    e.tier,
    e.department,
    k.method,
    k.aaguid,
    m.model,
    k.attested,
    case
        when k.attested then 'attested'
        when k.attested is null then 'unknown'
        when m.model is not null then 'claimed'
        else 'unproven'
    end as standing,
    k.registered_at
from keys as k
left join mfa_enrollment_state as e
    on e.provider = k.provider
    and e.identity_id = k.identity_id
left join models as m
    on m.aaguid = k.aaguid
where coalesce(e.is_enabled, true)
