//! What numbers mean: pure functions of history and standards, for a service's own ring and for the server's store.

pub mod bottlenecks;
pub mod findings;
pub mod forecast;
pub mod judgement;
pub mod load_line;
pub mod robust;
pub mod score;
pub mod situation;
pub mod trend;
mod usual;
pub mod verdict;
pub mod words;

pub use usual::{Basis, Stretch, Usual};
