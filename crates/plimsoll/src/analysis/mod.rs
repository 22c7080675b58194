//! What numbers mean: pure functions of history and standards.

pub mod bottlenecks;
pub mod findings;
pub mod load_line;
pub mod robust;
pub mod score;
pub mod situation;
mod usual;
pub mod verdict;
pub mod words;

pub use usual::{Basis, Stretch, Usual};
