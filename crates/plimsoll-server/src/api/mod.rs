//! What is read from the server.

pub mod health;
pub mod performance;
pub mod services;
pub mod stream;
pub mod v1;
