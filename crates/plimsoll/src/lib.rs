//! The load line for your services: measures every request, query and resource of a Rust service.

pub mod clock;
pub mod config;
mod error;
#[cfg(feature = "export")]
pub mod export;
pub mod health;
pub mod histogram;
pub mod performance;
mod registry;
pub mod resources;
pub mod window;

pub use error::Error;

/// Times any function; see the macro's own documentation.
#[doc(hidden)]
pub use plimsoll_macros as macros;
