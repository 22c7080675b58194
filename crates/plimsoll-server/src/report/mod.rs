//! The report of a service: what happened to it over a stretch of time, for people who were not there.
//!
//! [`gather`] reads all of it into a [`contents::Report`], which is the answer in JSON. [`document`] says it in sentences and
//! tables, which [`markdown`] and [`html`] write down; [`charts`] says what is drawn and [`svg`] draws it. All but `gather` are
//! pure: no clock, no store.

pub(crate) mod charts;
pub(crate) mod contents;
pub(crate) mod document;
pub(crate) mod gather;
pub(crate) mod html;
pub(crate) mod markdown;
pub(crate) mod period;
pub(crate) mod rows;
pub(crate) mod svg;
#[cfg(test)]
mod tests;
mod words;
