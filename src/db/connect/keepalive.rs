//! How TCP notices a server that is gone.

use std::time::Duration;

use super::{number, values::Values};

/// The TCP timers; `None` is the driver's or the system's default. Sockets ignore them.
#[derive(Debug, Clone)]
pub(super) struct Keepalive {
    enabled: bool,
    idle: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u32>,
    user_timeout: Option<Duration>,
}

impl Keepalive {
    /// Reads `keepalives…` and `tcp_user_timeout`; the error is the reason.
    pub(super) fn read(values: &Values) -> Result<Self, String> {
        let seconds = |keyword| -> Result<Option<Duration>, String> {
            Ok(number::positive(values, keyword)?.map(|n| Duration::from_secs(n.into())))
        };
        Ok(Self {
            enabled: number::setting(values, "keepalives")? != Some(0),
            idle: seconds("keepalives_idle")?,
            interval: seconds("keepalives_interval")?,
            count: number::positive(values, "keepalives_count")?,
            // libpq counts this one in milliseconds.
            user_timeout: number::positive(values, "tcp_user_timeout")?.map(|n| Duration::from_millis(n.into())),
        })
    }

    /// Hands the timers to the driver.
    pub(super) fn apply(&self, config: &mut postgres::Config) {
        config.keepalives(self.enabled);
        if let Some(idle) = self.idle {
            config.keepalives_idle(idle);
        }
        if let Some(interval) = self.interval {
            config.keepalives_interval(interval);
        }
        if let Some(count) = self.count {
            config.keepalives_retries(count);
        }
        if let Some(timeout) = self.user_timeout {
            config.tcp_user_timeout(timeout);
        }
    }
}
