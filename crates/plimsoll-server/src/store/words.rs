//! Names that most blocks have, as a dictionary for their heads and the keys of journal frames: a short text of names that
//! stand here takes a few bytes each.
//!
//! Part of the format: a byte changed here makes what was written before unreadable. Names may only come with a new
//! format, in a dictionary of its own.

use std::cell::RefCell;

use super::column::zstd_level;
use super::numbers::Effort;
use super::wire::{Decoded, Packer, Reader};

/// Measurements, tags and fields of `docs/data-model.md`, as they stand in keys and heads; the most frequent last.
const WORDS: &[u8] = b"instance\0version\0environment\0scope\0url_scheme\0protocol_version\0run\0stream\0quantile\0le\0host\0domain\0area\0\
friendly_name\0unit_of_measurement\0device_class\0homeassistant\0sensor.binary_sensor.light.switch.climate.\
state_changed\0events\0event_type\0entity_id\0attributes\0state\0\
db_queries\0statement\0db_system\0outgoing_calls\0peer\0functions\0function\0outcome\0ok\0error\0cancelled\0panic\0\
system\0cpu\0memory\0memory_used\0disk\0disk_operations\0network_sent\0network_received\0tcp_resets\0tcp_retransmitted\0\
process\0memory_rss\0threads\0open_fds\0disk_read\0disk_written\0memory_limit\0cpu_limit\0\
http_server\0active_requests\0queue_wait\0queue_size\0requests_per_minute\0events_per_minute\0\
connections_active\0connections_opened\0connections_reset\0connections_aborted\0\
value_cumulative\0distribution_cumulative\0duration_cumulative\0count_cumulative\0sum_cumulative\0distribution\0value\0\
.count.sum.min.max.last.peak.hist\
performance_metrics\0endpoint\0/api/v1/\0method\0GET\0service\0\
active_connections\0cpu_usage_percent\0disk_usage_percent\0error_rate_percent\0events_per_minute\0memory_usage_mb\0\
queue_size\0requests_per_minute\0response_time_ms\0\
http_requests\0error_type\0<unmatched>\0<other>\0method\0DELETE\0PATCH\0PUT\0HEAD\0OPTIONS\0POST\0GET\0route\0/{id}\0service\0plimsoll\0source\0\
metric\0span\0library\0status\x00500\x00404\x00302\x00204\x00201\x00200\0body_duration\0cancelled\0duration\0ended\0failed\0";

thread_local! {
    static SMALL: RefCell<Packer> = const { RefCell::new(Packer::new(WORDS)) };
    static FAST: RefCell<Packer> = const { RefCell::new(Packer::new(WORDS)) };
}

/// A head is short: looking longer for what it has in common with the dictionary costs little. Above 9 it costs a tenth of
/// all time of ingest and saves nothing.
fn level(effort: Effort) -> i32 {
    match effort {
        Effort::Fast => zstd_level(effort),
        Effort::Small => 9,
    }
}

/// Writes a text of names.
pub(crate) fn put(out: &mut Vec<u8>, text: &[u8], effort: Effort) {
    let packer = match effort {
        Effort::Small => &SMALL,
        Effort::Fast => &FAST,
    };
    packer.with_borrow_mut(|packer| packer.put(out, text, level(effort)));
}

/// Reads what [`put`] wrote.
pub(crate) fn read(reader: &mut Reader<'_>) -> Decoded<Vec<u8>> {
    SMALL.with_borrow_mut(|packer| packer.read(reader))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::wire;

    #[test]
    fn the_words_are_as_they_were_when_the_format_began() {
        assert_eq!((WORDS.len(), crc32c::crc32c(WORDS)), (1307, 12_664_705));
    }

    #[test]
    fn names_of_the_data_model_take_few_bytes_and_come_back() {
        let text = b"http_requests\0method\0GET\0route\0/orders\0service\0shop\0source\0library\0status\x00200\0body_duration duration ended";
        for effort in [Effort::Fast, Effort::Small] {
            let mut out = Vec::new();
            put(&mut out, text, effort);
            assert!(
                out.len() <= text.len() / 2,
                "{} of {} bytes",
                out.len(),
                text.len()
            );
            assert_eq!(read(&mut Reader::new(&out)), Ok(text.to_vec()));
        }
    }

    #[test]
    fn what_was_packed_without_words_is_read() {
        let text = b"http_requests http_requests http_requests http_requests";
        let mut out = Vec::new();
        wire::put_packed(&mut out, text, 3);
        assert!(out.len() < text.len());
        assert_eq!(read(&mut Reader::new(&out)), Ok(text.to_vec()));
    }
}
