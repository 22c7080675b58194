//! What all paths share: errors, doors, bodies, the listener.

pub mod body;
pub mod connection;
pub mod extract;
pub mod grpc;
pub(crate) mod html;
pub mod listener;
pub(crate) mod percent;
pub mod problem;
pub mod repeat;
pub mod room;
pub mod slow;
pub mod stream;
