"""The two versions of the policy, and the one that is proposed."""

COMMON_SETS = '''[sets]
hardware = ["fido2_key", "passkey_dev", "platform", "cert_mfa", "smartcard"]
phishing_resistant = ["@hardware", "passkey_sync"]
strong = ["@phishing_resistant", "push", "push_number", "totp", "otp_hw"]
'''

SERVICE = '''[[tier]]
id = "service"
match = { population = ["service"] }
enrol = { not_applicable = true, forbid_protocols = ["pop", "imap", "smtp_auth", "basic_auth"] }
'''

REST = '''[[app]]
id = "critical"
match = { sensitivity = ["critical"] }
require = { strength = "mfa", every_access = true }

[[app]]
id = "normal"
match = { sensitivity = ["normal"] }
require = { strength = "mfa", max_age = "PT12H" }

[[app]]
id = "low"
require = { strength = "single" }

[[step_up]]
id = "sensitive-tx"
match = { transaction = ["sensitive"] }
require = { strength = "phishing_resistant", max_age = "PT5M" }

[[context]]
id = "tor"
match = { signal = ["tor"] }
require = { strength = "phishing_resistant", max_age = "PT5M" }

[[context]]
id = "risky"
match = { signal = ["new_device", "impossible_travel"] }
require = { strength = "mfa", max_age = "PT5M" }

[[context]]
id = "legacy"
match = { protocol = ["pop", "imap", "smtp_auth", "basic_auth"] }
effect = "block"

[exceptions]
criteria = ["accessibility", "device_lost", "vendor_limit"]
approvals = 2
approver_roles = ["manager", "security"]
max_duration = "P180D"
renewal = "explicit"
attest_every = "P92D"
never_for = ["break_glass"]

[rollout]
default_mode = "report_only"
promote_when = { success_rate = 0.95, min_signins = 500, window = "P14D" }

[[rollout.wave]]
id = "pilot"
match = { department = ["it", "security"] }
report_only_from = 2026-06-15
enforce_from = 2026-08-01

[[rollout.wave]]
id = "finance-emea"
match = { department = ["finance"], region = ["emea"] }
report_only_from = 2026-08-01
enforce_from = 2026-09-15

[[rollout.wave]]
id = "rest"
report_only_from = 2026-09-15
enforce_from = 2026-12-01

[[stage]]
n = 1
from = "enforcement"
effect = "remind"

[[stage]]
n = 2
from = "deadline"
effect = "limit"
allow_apps = ["low"]

[[stage]]
n = 3
from = "deadline+P14D"
effect = "block"
assist = { tier = ["admin"], via = "break_glass" }
actions = ["assign_training", "manager_ack"]

[communication]
remind_at = ["deadline-P14D", "deadline-P7D", "deadline-P1D"]
escalate_at = ["deadline+P3D"]
'''

V1 = f'''#:schema ../../docs/mfa-policy.schema.json
# The first policy: any second factor will do, text messages included until the phase-out.
schema = "mfa-policy/1"
id = "larkspur-mfa"
version = "2026.6.0"
effective_from = 2026-06-01T00:00:00Z
timezone = "UTC"
approved_by = ["ciso@larkspur.example"]
ticket = "CHG-2011"

{COMMON_SETS}any = ["@strong", "sms_otp", "voice"]
partner = ["@strong", "fed_mfa", "sms_otp"]

[[tier]]
id = "break_glass"
match = {{ population = ["break_glass"] }}
enrol = {{ allow = "@hardware", min_factors = 2, min_recovery = 0, attestation = "where_supported" }}
exclude_from_enforcement = true
control_test_every = "P90D"

{SERVICE}
[[tier]]
id = "admin"
match = {{ any = [{{ privileged = true }}, {{ role = ["admin", "helpdesk"] }}] }}
enrol = {{ allow = "@strong", min_factors = 1, min_recovery = 0, attestation = "where_supported" }}
grace = "P14D"

[[tier]]
id = "partner"
match = {{ population = ["partner", "contractor", "guest"] }}
enrol = {{ allow = "@partner", min_factors = 1, min_recovery = 0, at = "federation_boundary" }}
grace = "P30D"
phase_out = [{{ methods = ["sms_otp", "voice"], after = 2026-09-15 }}]

[[tier]]
id = "standard"
enrol = {{ allow = "@any", min_factors = 1, min_recovery = 0 }}
grace = "P30D"
phase_out = [{{ methods = ["sms_otp", "voice"], after = 2026-09-15 }}]

{REST}'''

V2 = f'''#:schema ../../docs/mfa-policy.schema.json
# Text messages are gone, administrators need two methods that resist phishing and a way back in, everybody else two methods.
# Partners register with us: MFA of their own tenant was never attested and no longer counts.
schema = "mfa-policy/1"
id = "larkspur-mfa"
version = "2026.9.0"
effective_from = 2026-09-15T00:00:00Z
timezone = "UTC"
approved_by = ["ciso@larkspur.example"]
ticket = "CHG-2388"

{COMMON_SETS}partner = ["@strong"]

[[tier]]
id = "break_glass"
match = {{ population = ["break_glass"] }}
enrol = {{ allow = "@hardware", min_factors = 2, min_recovery = 0, attestation = "where_supported" }}
exclude_from_enforcement = true
control_test_every = "P90D"

{SERVICE}
[[tier]]
id = "admin"
match = {{ any = [{{ privileged = true }}, {{ role = ["admin", "helpdesk"] }}] }}
enrol = {{ allow = "@phishing_resistant", min_factors = 2, min_recovery = 1, attestation = "where_supported" }}
grace = "P7D"
phase_out = [{{ methods = ["sms_otp", "voice"], after = 2026-09-15 }}]

[[tier]]
id = "partner"
match = {{ population = ["partner", "contractor", "guest"] }}
enrol = {{ allow = "@partner", min_factors = 1, min_recovery = 0, at = "federation_boundary" }}
grace = "P14D"
phase_out = [{{ methods = ["sms_otp", "voice"], after = 2026-09-15 }}]

[[tier]]
id = "standard"
enrol = {{ allow = "@strong", min_factors = 2, min_recovery = 0 }}
grace = "P30D"
phase_out = [{{ methods = ["sms_otp", "voice"], after = 2026-09-15 }}]

{REST}'''

PROPOSED = V2.replace(
    V2[: V2.index("schema = ")],
    "# Proposed: partners and contractors need two methods, critical applications one that resists phishing.\n",
).replace(
    'version = "2026.9.0"\neffective_from = 2026-09-15', 'version = "2027.1.0"\neffective_from = 2027-01-01'
).replace("CHG-2388", "CHG-2514").replace(
    'enrol = { allow = "@partner", min_factors = 1', 'enrol = { allow = "@partner", min_factors = 2'
).replace('require = { strength = "mfa", every_access = true }', 'require = { strength = "phishing_resistant", every_access = true }')

# What mfa_policy_hash answers for each: whoever approves a version names the hash of what they read.
HASHES = {
    "v1": "1a076933078e9a9ac323695730b60b0624d5b279cd5875111f4a41cfc7e28142",
    "v2": "182a8afb265c5811cdffdd9ddb23facdf81c0333c266078a8b8d4428fa15623f",
}
