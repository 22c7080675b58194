//! How many requests one may send: a bucket for each token, and for each address of those who show none.
//!
//! A bucket holds a burst and fills at a steady rate. There is a bounded number of buckets; when all are in use, the
//! addresses that come then share one, so that many addresses cannot push each other's buckets out.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How much is granted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Requests a second, over time; 0: no limit.
    pub requests_per_sec: u32,
    /// Requests at once, after a rest.
    pub requests_burst: u32,
    /// Bad tokens and login codes a minute from one address; 0: no limit.
    pub failures_per_min: u32,
}

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The bearer of a token.
    Token(i64),
    /// An address; of IPv6 the network of 64 bits, which one customer has.
    Address(IpAddr),
    /// All addresses for which there was no bucket.
    Others,
}

impl Sender {
    /// The sender of an address.
    pub fn of(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => v4.into(),
                None => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
            },
            v4 => v4,
        })
    }
}

/// The buckets of a server.
#[derive(Debug)]
pub struct Limits {
    requests: Buckets,
    failures: Buckets,
}

impl Limits {
    /// All buckets full.
    pub fn new(rates: Rates) -> Self {
        let per_sec = f64::from(rates.requests_per_sec);
        let burst = f64::from(rates.requests_burst.max(1));
        let failures = f64::from(rates.failures_per_min);
        Self {
            requests: Buckets::new(per_sec, burst),
            failures: Buckets::new(failures / 60.0, failures),
        }
    }

    /// Takes one request from a bucket.
    ///
    /// # Errors
    /// Seconds until there is one again.
    pub fn request(&self, sender: Sender, now: Instant) -> Result<(), u32> {
        self.requests.take(sender, now)
    }

    /// Takes one failure from the bucket of an address. What is good is not kept waiting by others' failures.
    ///
    /// # Errors
    /// Seconds until there is one again.
    pub fn failure(&self, address: IpAddr, now: Instant) -> Result<(), u32> {
        self.failures.take(Sender::of(address), now)
    }
}

#[derive(Debug)]
struct Buckets {
    per_sec: f64,
    burst: f64,
    in_use: Mutex<InUse>,
}

#[derive(Debug, Default)]
struct InUse {
    buckets: HashMap<Sender, Bucket>,
    swept: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Buckets {
    /// Most buckets that are in use at once.
    const MOST: usize = 10_000;
    /// How often it is looked for full ones then: a flood must not cost a look each time.
    const SWEEP: Duration = Duration::from_secs(1);

    fn new(per_sec: f64, burst: f64) -> Self {
        Self {
            per_sec,
            burst,
            in_use: Mutex::default(),
        }
    }

    fn take(&self, sender: Sender, now: Instant) -> Result<(), u32> {
        if self.per_sec <= 0.0 {
            return Ok(());
        }
        let level = |bucket: &Bucket| {
            let rest = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.level + rest * self.per_sec).min(self.burst)
        };
        let mut in_use = self.in_use.lock();
        let InUse { buckets, swept } = &mut *in_use;
        let mut sender = sender;
        if buckets.len() >= Self::MOST && !buckets.contains_key(&sender) {
            if swept.is_none_or(|swept| now.saturating_duration_since(swept) >= Self::SWEEP) {
                *swept = Some(now);
                // A full bucket is as good as none.
                buckets.retain(|_, bucket| level(bucket) < self.burst);
            }
            // There are not so many tokens that they would have to share.
            if buckets.len() >= Self::MOST && !matches!(sender, Sender::Token(_)) {
                sender = Sender::Others;
            }
        }
        let full = Bucket {
            level: self.burst,
            at: now,
        };
        let bucket = buckets.entry(sender).or_insert(full);
        let there = level(bucket);
        if there < 1.0 {
            let wait = ((1.0 - there) / self.per_sec).ceil();
            return Err((wait as u32).max(1));
        }
        *bucket = Bucket {
            level: there - 1.0,
            at: now,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates {
        requests_per_sec: 2,
        requests_burst: 3,
        failures_per_min: 6,
    };

    #[test]
    fn a_burst_is_taken_and_then_a_steady_rate() {
        let (limits, now) = (Limits::new(RATES), Instant::now());
        let take = |id, after| {
            let at = now + Duration::from_millis(after);
            limits.request(Sender::Token(id), at)
        };
        assert_eq!([take(1, 0), take(1, 0), take(1, 0)], [Ok(()); 3]);
        assert_eq!(take(1, 0), Err(1));
        assert_eq!(take(2, 0), Ok(()));
        assert_eq!([take(1, 500), take(1, 500)], [Ok(()), Err(1)]);
        assert_eq!(take(1, 60_000), Ok(()));
    }

    #[test]
    fn failures_have_a_bucket_of_their_own() {
        let (limits, now) = (Limits::new(RATES), Instant::now());
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..6 {
            assert_eq!(limits.failure(address, now), Ok(()));
        }
        assert_eq!(limits.failure(address, now), Err(10));
        assert_eq!(limits.request(Sender::of(address), now), Ok(()));
    }

    #[test]
    fn a_network_of_ipv6_is_one_sender() {
        let of = |text: &str| Sender::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn however_many_addresses_come_the_buckets_are_bounded() {
        let (limits, now) = (Limits::new(RATES), Instant::now());
        let of = |number: u32| Sender::Address(IpAddr::V4(number.into()));
        let refused = (0..20_000)
            .filter(|number| limits.request(of(*number), now).is_err())
            .count();
        assert_eq!(refused, 10_000 - 3);
        assert_eq!(
            limits.requests.in_use.lock().buckets.len(),
            Buckets::MOST + 1
        );
        assert_eq!(limits.request(Sender::Token(1), now), Ok(()));
        // A second later the buckets are full, and give way.
        let later = now + Duration::from_secs(1);
        assert_eq!(limits.request(of(30_000), later), Ok(()));
        assert!(limits.requests.in_use.lock().buckets.len() <= 2);
    }

    #[test]
    fn zero_is_no_limit() {
        let rates = Rates {
            requests_per_sec: 0,
            ..RATES
        };
        let (limits, now) = (Limits::new(rates), Instant::now());
        for _ in 0..100 {
            assert_eq!(limits.request(Sender::Others, now), Ok(()));
        }
    }
}
