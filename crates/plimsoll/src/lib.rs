//! The load line for your services: measures every request, query and resource of a Rust service.

#![cfg_attr(
    not(feature = "tower"),
    allow(
        dead_code,
        unused_imports,
        reason = "requests are counted by the layer alone"
    )
)]

pub mod analysis;
pub mod clock;
pub mod config;
mod error;
#[cfg(feature = "export")]
pub mod export;
pub mod exposition;
pub mod health;
pub mod histogram;
pub mod instruments;
#[cfg(feature = "tower")]
pub mod layer;
#[cfg(feature = "axum")]
pub mod listener;
mod monitor;
pub mod performance;
mod registry;
pub mod resources;
#[cfg(feature = "axum")]
mod routes;
pub mod window;

pub use error::Error;
pub use monitor::{Builder, Failure, Monitor, Ring, Session};
pub use registry::Limits;

pub use plimsoll_macros::track;
