//! Reports written from a struct made by hand, and one read from a real server.

mod sample;
mod served;
mod written;
