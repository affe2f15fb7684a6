//! Tests only; see `slt.rs`, and `hosts/` for what needs a Python client.
