//! The attribute macros of the `plimsoll` crate.
