//! What the server promises, through its public interface.

mod clients;
mod server;
mod store;
