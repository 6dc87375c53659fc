//! The settings as they stand, made ready for use. A connection keeps the plan it was opened under.

use std::path::Path;
use std::time::Duration;

use ipc::Snapshot;

use crate::names::Names;
use crate::settings::{DeliveryConnections, Dns};
use crate::tls::{Tls, TlsError, load_roots};

/// Everything a connection needs to know.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) connect_timeout: Duration,
    pub(crate) command_timeout: Duration,
    pub(crate) idle: Duration,
    pub(crate) messages_per_connection: u32,
    /// Our name in EHLO; empty for the address literal of the connection.
    pub(crate) host_name: String,
    pub(crate) names: Names,
    pub(crate) tls: Tls,
}

/// The sections this role asks control for. Of `receiving` it reads the host name only.
pub(crate) const SECTIONS: &[&str] = &["delivery_connections", "dns", "receiving"];

impl Plan {
    /// The plan after a snapshot. A section that cannot be read counts as its default, said aloud:
    /// mail that goes out with default time-outs is better than mail that stays.
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Result<Self, TlsError> {
        let connections: DeliveryConnections = read(snapshot);
        let dns: Dns = read(snapshot);
        let receiving = snapshot.sections.get("receiving");
        let host_name = receiving.and_then(|section| section.get("host_name")?.as_str());
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        Ok(Plan {
            connect_timeout: seconds(connections.connect_timeout_seconds),
            command_timeout: seconds(connections.command_timeout_seconds),
            idle: seconds(connections.idle_seconds),
            messages_per_connection: connections.messages_per_connection,
            host_name: host_name.unwrap_or_default().to_ascii_lowercase(),
            names: Names::from_settings(&dns),
            tls: Tls::new(load_roots(Path::new(&connections.trusted_certificates)))?,
        })
    }
}

fn read<S: schema::Section>(snapshot: &Snapshot) -> S {
    schema::section(&snapshot.sections).unwrap_or_else(|error| {
        tracing::error!(%error, "settings cannot be read; the defaults hold");
        S::default()
    })
}
