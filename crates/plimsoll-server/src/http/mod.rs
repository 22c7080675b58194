//! What all paths share: errors, doors, bodies, the listener.

pub mod body;
pub mod door;
pub mod extract;
pub mod listener;
pub mod problem;
pub mod slow;
pub mod stream;
