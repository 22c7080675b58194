//! Units of the times in a request.

use crate::http::problem::Problem;
use crate::store::table::Nanos;

/// Which InfluxDB's names are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// Nanoseconds of one unit; nanoseconds when the request names none.
pub(super) fn unit(name: Option<&str>, version: Version) -> Result<Nanos, Problem> {
    let unit = match (name.unwrap_or("ns"), version) {
        ("ns", _) | ("n" | "", Version::One) => 1,
        ("us", _) | ("u" | "µ", Version::One) => 1_000,
        ("ms", _) => 1_000_000,
        ("s", _) => 1_000_000_000,
        ("m", Version::One) => 60_000_000_000,
        ("h", Version::One) => 3_600_000_000_000,
        (other, Version::One) => return Err(unknown(other, "ns, us, ms, s, m or h")),
        (other, Version::Two) => return Err(unknown(other, "ns, us, ms or s")),
    };
    Ok(unit)
}

fn unknown(name: &str, known: &str) -> Problem {
    Problem::bad_field("precision", name, format!("precision must be {known}"))
}
