//! Provider logs: bytes of one record to a canonical row.
