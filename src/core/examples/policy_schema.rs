//! Writes the JSON Schema of policies; `make docs` keeps it in `docs/mfa-policy.schema.json`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(mfa_core::policy::schema::json_schema().as_bytes())
}
