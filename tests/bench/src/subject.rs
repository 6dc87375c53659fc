//! What is measured: something that takes mail on a port and hands it to a sink.

use std::net::SocketAddr;

/// A mail system between the source and the sink.
pub trait Subject {
    /// Its name in the table.
    fn name(&self) -> &str;

    /// Starts it, so that it relays `example.test` to `sink`; returns when it takes mail.
    fn start(&mut self, sink: SocketAddr);

    /// Where it takes mail.
    fn address(&self) -> SocketAddr;

    /// Its processes now: a word for each and the process id. Children count with their parent.
    fn processes(&self) -> Vec<(String, i32)>;

    /// Stops it and leaves nothing running.
    fn stop(&mut self);
}
