//! The data API.

pub mod backup;
mod column;
pub mod connect;
mod event;
pub mod event_answers;
pub mod event_times;
pub mod events;
pub mod events_read;
pub mod export;
mod filter;
pub mod json;
pub mod listing;
mod params;
pub(in crate::api) mod posted;
pub mod query;
pub mod request;
pub mod stats;
pub mod suggestions;
pub mod targets;
pub mod time;
pub mod tokens;
