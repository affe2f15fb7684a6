//! The loadable DuckDB extension.
