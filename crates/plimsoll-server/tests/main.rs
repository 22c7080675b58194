//! What the server promises, through its public interface.

mod server;
mod store;
