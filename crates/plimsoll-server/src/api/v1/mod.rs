//! The data API.

pub mod backup;
pub mod events;
pub mod events_read;
pub mod export;
pub mod json;
pub mod listing;
mod params;
pub mod query;
pub mod request;
pub mod stats;
pub mod time;
