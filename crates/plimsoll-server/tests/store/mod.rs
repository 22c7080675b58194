//! The block store on real files.

mod restart;
mod retention;
mod rows;
