//! What history says: pure functions of values and times, for a service's own ring and for the server's store.

pub mod forecast;
pub mod robust;
pub mod trend;
