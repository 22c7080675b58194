//! The block store on real files.

mod damage;
mod restart;
mod rows;
