//! Metrics in the Prometheus text format on a loopback port, asked from the roles at each scrape.
//!
//! It answers `GET /metrics` and nothing else, one request a connection.

use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ipc::{Paths, Role};
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
    let asked = [("queue", Role::Queue, "queue.summary"), ("mail", Role::Ledger, "ledger.counts")];
    for (group, role, verb) in asked {
        let up = Gauge::<u64, AtomicU64>::default();
        if let Some(Value::Object(fields)) = ask(paths, role, verb).await {
            up.set(1);
            let group = registry.sub_registry_with_prefix(group);
            fields.iter().for_each(|(name, value)| register(group, name, value));
        }
        let help = format!("Whether the role {} answers", role.word());
        registry.register(format!("{}_up", role.word()), help, up);
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

async fn ask(paths: &Paths, role: Role, verb: &str) -> Option<Value> {
    let mut asking = ipc::ask(paths, role, verb, "{}".to_owned()).await.ok()?;
    let line = asking.next().await?.ok()?;
    serde_json::from_str(&line).ok()
}
