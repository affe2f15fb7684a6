//! Canonical authentication methods.
