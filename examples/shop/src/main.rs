//! The example shop.

fn main() {}
