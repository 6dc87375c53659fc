//! The section of settings that the ledger obeys.

schema::settings! {
    /// How long the record of each message is kept for tracking.
    pub struct Tracking = "tracking", touches Live {
        /// Days that the record of a message or refused session is kept after its last event.
        pub days_kept: u32 = 30, in 1..=3650,
    }
}
