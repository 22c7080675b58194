//! `[limits]`, `[slow]` and `[alerts]`: single numbers, each with what it may be.

use super::super::raw::{RawAlerts, RawLimits, RawSlow};
use super::super::{AlertRules, Standards};
use super::{Checked, File};

impl File<'_> {
    pub(super) fn limits(&self, standards: &mut Standards, raw: &RawLimits) -> Checked<()> {
        let limits = &mut standards.limits;
        let amounts = [
            ("memory_mb", raw.memory_mb, &mut limits.memory_mb),
            ("disk_iops", raw.disk_iops, &mut limits.disk_iops),
            (
                "network_mbit_per_second",
                raw.network_mbit_per_second,
                &mut limits.network_mbit_per_second,
            ),
            (
                "db_connections",
                raw.db_connections,
                &mut limits.db_connections,
            ),
            (
                "floor_per_minute",
                raw.floor_per_minute,
                &mut limits.floor_per_minute,
            ),
        ];
        for (name, value, limit) in amounts {
            *limit = self
                .positive(&format!("limits.{name}"), value)?
                .unwrap_or(*limit);
        }
        let most = self.positive("limits.requests_per_second", raw.requests_per_second)?;
        limits.requests_per_second = most.or(limits.requests_per_second);
        let shares = [
            ("memory_ratio", raw.memory_ratio, &mut limits.memory_ratio),
            ("cpu_ratio", raw.cpu_ratio, &mut limits.cpu_ratio),
            ("disk_ratio", raw.disk_ratio, &mut limits.disk_ratio),
            (
                "open_files_ratio",
                raw.open_files_ratio,
                &mut limits.open_files_ratio,
            ),
            ("error_rate", raw.error_rate, &mut limits.error_rate),
            (
                "cache_hit_rate",
                raw.cache_hit_rate,
                &mut limits.cache_hit_rate,
            ),
        ];
        for (name, value, limit) in shares {
            *limit = self
                .share(&format!("limits.{name}"), value, true)?
                .unwrap_or(*limit);
        }
        Ok(())
    }

    pub(super) fn slow(&self, standards: &mut Standards, raw: &RawSlow) -> Checked<()> {
        let slow = &mut standards.slow;
        let times = [
            ("request_seconds", raw.request_seconds, &mut slow.request),
            ("query_seconds", raw.query_seconds, &mut slow.query),
            (
                "bottleneck_query_seconds",
                raw.bottleneck_query_seconds,
                &mut slow.bottleneck_query,
            ),
        ];
        for (name, value, time) in times {
            if let Some(secs) = self.seconds(&format!("slow.{name}"), value)? {
                *time = secs;
            }
        }
        Ok(())
    }

    pub(super) fn alerts(&self, rules: &mut AlertRules, raw: &RawAlerts) -> Checked<()> {
        if let Some(patience) = self.seconds("alerts.fire_after_seconds", raw.fire_after_seconds)? {
            if patience > AlertRules::MOST_PATIENCE {
                let most = AlertRules::MOST_PATIENCE.as_secs();
                let reason = format!(
                    "must be at most {most}, so that an issue is seen within five minutes, but is {}",
                    patience.as_secs_f64()
                );
                return self.wrong("alerts.fire_after_seconds", reason);
            }
            rules.fire_after = patience;
        }
        let times = [
            (
                "resolve_after_seconds",
                raw.resolve_after_seconds,
                &mut rules.resolve_after,
            ),
            (
                "longest_resolve_seconds",
                raw.longest_resolve_seconds,
                &mut rules.longest_resolve,
            ),
        ];
        for (name, value, time) in times {
            if let Some(secs) = self.seconds(&format!("alerts.{name}"), value)? {
                *time = secs;
            }
        }
        if let Some(ratio) = self.share("alerts.recover_ratio", raw.recover_ratio, true)? {
            rules.recover_ratio = ratio;
        }
        if let Some(firings) = raw.flap_firings {
            if firings == 0 {
                return self.wrong("alerts.flap_firings", "must be at least 1, but is 0");
            }
            rules.flap_firings = firings;
        }
        Ok(())
    }
}
