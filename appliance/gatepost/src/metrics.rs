//! Metrics in the Prometheus text format on a loopback port, asked from the roles at each scrape.
//!
//! It answers `GET /metrics` and nothing else, one request a connection.

use std::collections::BTreeMap;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ipc::{Paths, Role};
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Octets of a request that are read at most.
const REQUEST_OCTETS: usize = 4096;
/// Time for one request.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests at a time.
const REQUESTS: usize = 4;

/// Serves for ever.
pub async fn serve(listener: StdListener, paths: Paths) {
    let listener = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "metrics cannot be served");
            return;
        }
    };
    let room = Arc::new(Semaphore::new(REQUESTS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let paths = paths.clone();
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(PATIENCE, answer(stream, &paths)).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(mut stream: TcpStream, paths: &Paths) -> std::io::Result<()> {
    let mut request = vec![0; REQUEST_OCTETS];
    let mut filled = 0;
    loop {
        let room = request.get_mut(filled..).unwrap_or_default();
        let read = if room.is_empty() { 0 } else { stream.read(room).await? };
        filled += read;
        let head = request.get(..filled).unwrap_or_default();
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
        if read == 0 {
            return Ok(());
        }
    }
    let head = request.get(..filled).unwrap_or_default();
    let (status, body) = if head.starts_with(b"GET /metrics ") {
        ("200 OK", text(paths).await)
    } else {
        ("404 Not Found", "only GET /metrics is answered here\n".to_owned())
    };
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/openmetrics-text; version=1.0.0; \
         charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

async fn text(paths: &Paths) -> String {
    let mut registry = Registry::with_prefix("gatepost");
    let asked = [
        ("queue", Role::Queue, "queue.summary"),
        ("mail", Role::Ledger, "ledger.counts"),
        ("scan", Role::Queue, "queue.scanning"),
    ];
    let mut up = BTreeMap::new();
    for (group, role, verb) in asked {
        let fields = ask(paths, role, verb).await;
        up.entry(role.word()).or_insert(fields.is_some());
        if let Some(Value::Object(fields)) = fields {
            let group = registry.sub_registry_with_prefix(group);
            fields.iter().for_each(|(name, value)| register(group, name, value));
        }
    }
    for (role, answers) in up {
        let gauge = Gauge::<u64, AtomicU64>::default();
        gauge.set(answers.into());
        registry.register(format!("{role}_up"), format!("Whether the role {role} answers"), gauge);
    }
    let mut body = String::new();
    // Writing into a string has no way to fail.
    let _ = prometheus_client::encoding::text::encode(&mut body, &registry);
    body
}

/// Registers a number; a table of numbers becomes one gauge each.
fn register(registry: &mut Registry, name: &str, value: &Value) {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    match value {
        Value::Object(fields) if fields.contains_key("histogram_seconds") => {
            if let Some(seen) = Seen::read(value) {
                let help = format!("{} of scans in seconds", name.replace('_', " "));
                registry.register(format!("{name}_seconds"), help, seen);
            }
        }
        Value::Object(fields) => {
            let inner = registry.sub_registry_with_prefix(&name);
            fields.iter().for_each(|(name, value)| register(inner, name, value));
        }
        _ => {
            if let Some(number) = value.as_u64() {
                let gauge = Gauge::<u64, AtomicU64>::default();
                gauge.set(number);
                let help = format!(
                    "{} as `gatepost health` and `gatepost queue` tell it",
                    name.replace('_', " ")
                );
                registry.register(name, help, gauge);
            }
        }
    }
}

/// A histogram as a role has counted it: bounds in seconds and counts, which need not add up over
/// the classes.
#[derive(Debug)]
struct Seen {
    classes: Vec<(f64, u64)>,
    sum: f64,
    count: u64,
}

impl Seen {
    fn read(value: &Value) -> Option<Self> {
        let class = |pair: &Value| Some((pair.get(0)?.as_f64()?, pair.get(1)?.as_u64()?));
        let classes = value.get("histogram_seconds")?.as_array()?;
        let mut classes: Vec<(f64, u64)> = classes.iter().map(class).collect::<Option<_>>()?;
        let (sum, count) = (value.get("sum")?.as_f64()?, value.get("count")?.as_u64()?);
        let below: u64 = classes.iter().map(|(_, count)| count).sum();
        classes.push((f64::INFINITY, count.saturating_sub(below)));
        Some(Seen { classes, sum, count })
    }
}

impl EncodeMetric for Seen {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        encoder.encode_histogram::<NoLabelSet>(self.sum, self.count, &self.classes, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

async fn ask(paths: &Paths, role: Role, verb: &str) -> Option<Value> {
    let mut asking = ipc::ask(paths, role, verb, "{}".to_owned()).await.ok()?;
    let line = asking.next().await?.ok()?;
    serde_json::from_str(&line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_become_gauges_and_histograms_stay_histograms() {
        let mut registry = Registry::with_prefix("gatepost");
        register(&mut registry, "deaths", &json!({"cpu": 3}));
        let time = json!({"histogram_seconds": [[0.1, 2], [1.0, 1]], "sum": 9.5, "count": 4});
        register(&mut registry, "time", &time);
        register(&mut registry, "pack_version", &json!("words are left out"));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "gatepost_deaths_cpu 3",
            "gatepost_time_seconds_bucket{le=\"0.1\"} 2",
            "gatepost_time_seconds_bucket{le=\"1.0\"} 3",
            "gatepost_time_seconds_bucket{le=\"+Inf\"} 4",
            "gatepost_time_seconds_sum 9.5",
            "gatepost_time_seconds_count 4",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("words"));
    }

    #[test]
    fn a_histogram_that_is_none_is_left_out() {
        assert!(
            Seen::read(&json!({"histogram_seconds": [["a", 2]], "sum": 1.0, "count": 2})).is_none()
        );
    }
}
