//! Names in the environment.

/// Other names of keys, beside `PLIMSOLL_` + the key in capitals (`PLIMSOLL_STORE_RAW_DAYS`).
pub(super) const ALIASES: [(&str, &str); 2] = [
    ("PLIMSOLL_LISTEN", "server.listen"),
    ("PLIMSOLL_DATA", "store.dir"),
];

/// Names under our prefix that are no keys: read elsewhere.
pub(super) const OTHERS: [&str; 2] = ["PLIMSOLL_CONFIG", "PLIMSOLL_URL"];

/// The prefix of our own names.
pub(super) const PREFIX: &str = "PLIMSOLL_";

/// `store.raw_days` → `PLIMSOLL_STORE_RAW_DAYS`.
pub(super) fn name_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}
