//! The canonical vocabulary: what every provider's records are translated into.

mod ca_policy;
mod factor;
mod factor_event;
mod identity;
pub mod method;
pub mod provider;
pub mod relation;
mod signin;

pub use ca_policy::CaPolicy;
pub use factor::Factor;
pub use factor_event::FactorEvent;
pub use identity::Identity;
pub use method::{Kinds, Method, Strength};
pub use provider::Provider;
pub use relation::{Column, Kind, PolicyResult, PolicyResults, Row, Timestamp, Value};
pub use signin::SignIn;
