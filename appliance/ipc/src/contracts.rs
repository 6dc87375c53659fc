//! What the roles say to each other: one enum per direction of each edge, and nothing else.
//!
//! Every type here is plain data encoded with postcard. A frame may carry descriptors; which
//! variants do is said on the variant. The edges:
//!
//! | edge | from the first | from the second |
//! |---|---|---|
//! | intake - queue | [`IntakeToQueue`] | [`QueueToIntake`] |
//! | queue - cell | [`Job`] | [`Answer`] |
//! | queue - keeper | [`QueueToKeeper`] | [`KeeperToQueue`] |
//! | queue - deliver | [`QueueToDeliver`] | [`DeliverToQueue`] |
//! | queue - vault | [`QueueToVault`] | [`VaultToQueue`] |
//! | any - ledger | [`ToLedger`] | [`FromLedger`] |
//! | any - control | [`ToControl`] | [`FromControl`] |
//! | command line - any role | [`Request`] | [`Response`] |

use serde::{Deserialize, Serialize};

use mail::{
    Address, Amendment, Envelope, Findings, MailEvent, MessageId, Outcome, Recipient, Reply,
    Sender, Timestamp, TlsFacts,
};

use crate::Role;

/// The first frame on every connection: who is calling. The listener checks it against the
/// peer's uid and against the list of roles that may call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The caller.
    pub role: Role,
    /// Number that is new for each start of the caller (its process id and start time folded).
    pub incarnation: u64,
}

/// Where a sealed message lies in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Number of the segment, or of the body file of its own.
    pub segment: u64,
    /// Offset of the message's first record in it.
    pub offset: u64,
}

/// intake to queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "nearly every message is the large one")]
pub enum IntakeToQueue {
    /// First frame after [`Hello`]: this incarnation writes only segments numbered from here on.
    /// Older ones of other incarnations are complete and may be searched for orphans.
    FirstSegment(u64),
    /// A sealed message. Carries one descriptor: the body, exactly, readable from offset 0.
    /// Sent again after a reconnect until it is answered; queue treats a repeat as the same.
    Admit {
        /// Where it lies.
        place: Place,
        /// Its envelope.
        envelope: Envelope,
        /// Milliseconds in which an answer is still of use to the session; 0 for none.
        budget_milliseconds: u32,
    },
    /// The segment is closed: no record will be added to it.
    Closed(u64),
    /// What became of [`Admission::Refused`]. Only with `told` is the message finished; otherwise
    /// the session had been given a 250 already, and queue keeps the message.
    Refusing {
        /// The message.
        id: MessageId,
        /// True: the session says the 5xx.
        told: bool,
    },
}

/// queue to intake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueToIntake {
    /// What to tell the session. Either way queue now answers for the message.
    Answered {
        /// The message.
        id: MessageId,
        /// The answer.
        answer: Admission,
    },
    /// Whether new mail may come, and why not. Sent at the start and at each change.
    Pressure(Option<Reply>),
}

/// queue's answer to an admitted message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admission {
    /// Kept: say 250.
    Kept,
    /// Policy refuses it: say this 5xx if the session still waits, and answer with
    /// [`IntakeToQueue::Refusing`] either way.
    Refused(Reply),
}

/// queue to a cell (a sandboxed worker).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "nearly every message is the large one")]
pub enum Job {
    /// Inspect. Carries one descriptor: the body.
    Inspect {
        /// Number to repeat in the answer.
        job: u64,
        /// The envelope facts that engines may use.
        envelope: Envelope,
        /// Milliseconds after which the cell is killed for this job: it ends the scan before.
        wall_milliseconds: u64,
        /// The answer is to carry what can be learned of the message.
        wants_material: bool,
    },
    /// Make the amended message. Carries two descriptors: the body, and a writable empty file.
    Amend {
        /// Number to repeat in the answer.
        job: u64,
        /// What to change.
        amendments: Vec<Amendment>,
    },
    /// Work with this from now on, in place of what came before. Carries one descriptor where
    /// [`Outfit::pack`] is there: the sealed pack.
    Outfit(Box<Outfit>),
}

/// What a cell works with beside its program: the pattern pack and the settings of scanning. The
/// keeper makes it, queue hands it on, and nobody but the cell looks into the pack.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outfit {
    /// Its number, to be repeated in the answer.
    pub number: u64,
    /// What one message may use.
    pub limits: ScanLimits,
    /// The owner's passwords of archives, the likeliest first.
    pub passwords: Vec<String>,
    /// Without a pack no message counts as scanned.
    pub requires_patterns: bool,
    /// The settings sections that cells read themselves, a JSON object by their names.
    pub sections: String,
    /// The pack; without one only what is built in is found.
    pub pack: Option<PackFacts>,
    /// What was taught. Only queue has it, and adds it to what the keeper made.
    pub learned: Option<LearnedTable>,
    /// Why the newest pack is not this one, or why there is none, with the remedy: for people.
    pub problem: Option<String>,
}

/// What was taught, as cells ask it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LearnedTable {
    /// The version of what was taught.
    pub version: u64,
    /// The table, at most [`crate::limits::LEARNED_OCTETS`]. Nobody but the cell looks into it.
    pub octets: Vec<u8>,
}

/// What can be learned of one message: hashes of its words and nothing that could be read again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Material {
    /// Hashes of its features, in order, each once; at most [`crate::limits::MATERIAL_FEATURES`].
    pub features: Vec<u64>,
    /// The sketch of its text, [`crate::limits::SKETCH_OCTETS`]; empty when it is too short.
    pub sketch: Vec<u8>,
    /// Domains of its To and Cc, at most [`crate::limits::MATERIAL_DOMAINS`]: by them it is known
    /// whose mail it is, where no envelope tells.
    pub domains: Vec<String>,
}

/// What one message may use (features E-2). 0 means that the cell takes its own default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScanLimits {
    /// Containers inside one another.
    pub depth: u32,
    /// Members of all containers.
    pub members: u32,
    /// Octets of one member after decompression.
    pub member_octets: u64,
    /// Octets of all members together.
    pub total_octets: u64,
    /// Octets out for each octet in.
    pub ratio: u32,
    /// Objects inside one another in documents.
    pub document_depth: u32,
}

/// What is known of a pack without looking into it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PackFacts {
    /// Its octets.
    pub octets: u64,
    /// Its name: what it says of itself, or its checksum.
    pub version: String,
    /// Signatures in it.
    pub signatures: u64,
    /// When its file was made.
    pub made: Timestamp,
}

/// What a cell used, by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Used {
    /// CPU time of this job in microseconds.
    pub cpu_microseconds: u64,
    /// The most memory that the cell ever had, in octets, with what it touched of the pack.
    pub resident_octets: u64,
}

/// Why a cell ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Retirement {
    /// It has done its number of mails.
    Mails,
    /// It has used its share of CPU time.
    Time,
    /// It had more memory than a fresh cell needs.
    Memory,
    /// It met an anomaly: its memory is not trusted any more.
    Anomaly,
    /// It could not take the outfit that it was given.
    Outfit,
}

impl Retirement {
    /// The word for it in figures.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Retirement::Mails => "mails",
            Retirement::Time => "time",
            Retirement::Memory => "memory",
            Retirement::Anomaly => "anomaly",
            Retirement::Outfit => "outfit",
        }
    }
}

/// How a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum End {
    /// By itself.
    Exit,
    /// Over its CPU limit.
    Cpu,
    /// It aborted: out of memory, or a fault it found.
    Abort,
    /// For a system call that no cell makes.
    ForbiddenCall,
    /// Killed from outside: by queue's order, by the operator or by the system.
    Killed,
    /// By another signal, or in a way that could not be seen.
    Other,
}

impl End {
    /// The word for it in figures.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            End::Exit => "exit",
            End::Cpu => "cpu",
            End::Abort => "abort",
            End::ForbiddenCall => "forbidden_call",
            End::Killed => "killed",
            End::Other => "other",
        }
    }
}

/// A cell's answer. Read by a bounded decoder: the cell is presumed taken over by the mail it read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The cell has locked itself in and takes jobs.
    Ready {
        /// Whether the kernel enforces landlock in full.
        landlock: bool,
    },
    /// To [`Job::Inspect`].
    Inspected {
        /// The job.
        job: u64,
        /// What was found.
        findings: Findings,
        /// What it took.
        used: Used,
        /// What can be learned of it, where that was asked for.
        material: Option<Box<Material>>,
    },
    /// To [`Job::Amend`].
    Amended {
        /// The job.
        job: u64,
        /// Octets written.
        size: u64,
    },
    /// The job could not be done at all (a damaged descriptor, a limit).
    Failed {
        /// The job.
        job: u64,
        /// Why.
        because: String,
    },
    /// To [`Job::Outfit`].
    Outfitted {
        /// The outfit.
        number: u64,
        /// Why the cell cannot work with it. It then ends: what it had before is gone.
        refused: Option<String>,
    },
    /// After the answer that follows, the cell ends by itself: give it no further job. Sent before
    /// that answer, so that no job is lost.
    Retiring {
        /// Why.
        because: Retirement,
    },
}

/// queue to the keeper of the cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueToKeeper {
    /// Kill this cell: it is over time, or its answer was no answer.
    Kill {
        /// The cell.
        cell: u64,
    },
    /// What became of an outfit.
    Outfitted {
        /// The outfit.
        number: u64,
        /// Why no cell works with it; `None` when one does, and all will.
        refused: Option<String>,
    },
}

/// Keeper to queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeeperToQueue {
    /// A new cell. Carries one descriptor: queue's end of the socket pair to it.
    Cell {
        /// Its number.
        cell: u64,
    },
    /// A cell has ended.
    Ended {
        /// Its number.
        cell: u64,
        /// How: `exit 0`, `killed by SIGKILL`, `over its CPU limit` ...
        because: String,
        /// The same for figures.
        end: End,
    },
    /// What the cells are to work with from now on. Sent before the first cell and at each change.
    /// Carries one descriptor where [`Outfit::pack`] is there.
    Outfit(Box<Outfit>),
}

/// How a destination is reached. Chosen by queue from the routes; MX look-up is deliver's part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NextHop {
    /// Look up MX (then A and AAAA) of this name.
    Mx {
        /// The name to look up.
        domain: String,
        /// Port to connect to.
        port: u16,
    },
    /// Static servers: lowest preference first, random among equals.
    Servers(Vec<Server>),
    /// A Maildir folder below the state folder's `delivered` (the demo domain).
    Maildir,
}

/// One static server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Server {
    /// Host name or address literal without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Lower is tried first.
    pub preference: u16,
}

/// TLS towards a next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TlsUse {
    /// Never.
    Never,
    /// Encrypt where offered, without verification; clear text where TLS is not offered.
    Opportunistic,
    /// Encrypt always, without verification.
    Required,
    /// Encrypt always and verify the certificate against the system roots.
    Verified,
}

/// queue to deliver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum QueueToDeliver {
    /// Deliver one message to recipients that share a next hop. Carries one descriptor: the body.
    Consign(Box<Consignment>),
    /// The outcome of this attempt is on stable storage; its connection may carry the next one.
    Settled {
        /// The attempt.
        attempt: u64,
    },
}

/// One attempt's work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consignment {
    /// Number to repeat in the outcome.
    pub attempt: u64,
    /// The message.
    pub id: MessageId,
    /// The reverse-path.
    pub sender: Sender,
    /// These recipients and no others.
    pub recipients: Vec<Recipient>,
    /// Where to.
    pub next_hop: NextHop,
    /// TLS.
    pub tls: TlsUse,
    /// Octets of the body.
    pub size: u64,
    /// The body has octets above 127 or was declared 8BITMIME.
    pub eight_bit: bool,
    /// SMTPUTF8 was given.
    pub smtputf8: bool,
    /// RET=FULL or HDRS, as given.
    pub ret: Option<mail::Return>,
    /// ENVID, as given.
    pub envid: Option<String>,
}

/// deliver to queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DeliverToQueue {
    /// One attempt has ended.
    Ended {
        /// The attempt.
        attempt: u64,
        /// One for each recipient of the consignment, in its order.
        outcomes: Vec<Outcome>,
        /// For each recipient: whether the next hop itself speaks DSN, so that a success notice
        /// is its work (RFC 3461 section 5.2.2).
        dsn_relayed: bool,
        /// The host as `name[address]:port`, or what could not be reached.
        host: String,
        /// TLS, if any.
        tls: Option<TlsFacts>,
        /// True when the fault lies with the destination as a whole (no connection, 421): back off
        /// from the destination, not only from the message.
        destination_down: bool,
        /// How long it took.
        milliseconds: u64,
    },
}

/// queue to vault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum QueueToVault {
    /// Keep it. Carries one descriptor: the body. A repeat for the same id and area is the same.
    Store {
        /// Number to repeat in the answer.
        ticket: u64,
        /// The envelope, with the quarantined recipients only.
        envelope: Box<Envelope>,
        /// The area.
        area: String,
        /// The rule.
        rule: String,
        /// The evidence.
        because: String,
        /// Findings, for the person who looks at it.
        findings: Box<Findings>,
    },
    /// The released message is on queue's stable storage (or was before).
    Readmitted {
        /// The item.
        item: String,
        /// Its new queue id.
        id: MessageId,
    },
    /// The release could not be taken; the item stays as it was.
    NotReadmitted {
        /// The item.
        item: String,
        /// Why.
        because: String,
    },
}

/// vault to queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum VaultToQueue {
    /// On stable storage.
    Stored {
        /// The ticket.
        ticket: u64,
        /// Number of the item.
        item: String,
    },
    /// Not kept; queue keeps the message and tries again later.
    NotStored {
        /// The ticket.
        ticket: u64,
        /// Why.
        because: String,
    },
    /// Take this released message as a new one that skips the rule that held it but not malware
    /// scanning. Carries one descriptor: the body. Repeated until [`QueueToVault::Readmitted`];
    /// `release` names the release, so a repeat is the same.
    Readmit {
        /// The item.
        item: String,
        /// The new queue id, chosen by vault when the release was first asked, kept with the item.
        id: MessageId,
        /// The envelope as kept.
        envelope: Box<Envelope>,
        /// The rule not to apply again.
        skip_rule: String,
        /// Who released it.
        actor: String,
    },
    /// The release is recorded with the item and will not be asked for again. Only from here does
    /// queue work on the message: one that it had delivered and forgotten could come a second time.
    Confirmed {
        /// The item.
        item: String,
        /// The queue id.
        id: MessageId,
    },
}

/// Any role to ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ToLedger {
    /// Events, numbered by the sender from `first` on. Repeats are dropped by number within one
    /// incarnation.
    Events {
        /// Number of the first.
        first: u64,
        /// The events.
        events: Vec<MailEvent>,
    },
}

/// ledger to any role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromLedger {
    /// All events below this number are kept.
    Kept(u64),
}

/// Any role to control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToControl {
    /// Send me my sections now and at each change.
    Subscribe {
        /// Section names.
        sections: Vec<String>,
    },
}

/// control to any role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromControl {
    /// The sections asked for, as of a revision.
    Snapshot {
        /// The revision.
        revision: u64,
        /// A JSON object: section name to section object. JSON, since a snapshot is made by one
        /// build and may be read by the next.
        sections: String,
    },
}

/// The command line to a role: a verb and a JSON argument, answered by a stream of JSON lines.
/// The verbs of each role stand in its own `faces` module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// For example `queue.list`.
    pub verb: String,
    /// A JSON object.
    pub argument: String,
    /// Who asks, for the records.
    pub actor: String,
}

/// One piece of the answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// One JSON line of output.
    Line(String),
    /// No more lines: it went well.
    Done,
    /// It did not.
    Failed {
        /// Exit code for the shell: 1 not found or finding, 2 usage, 3 not running, 4 refused.
        exit: u8,
        /// Cause, effect and remedy.
        message: String,
    },
}

/// Addresses as text for faces, bounded.
#[must_use]
pub fn address_list(addresses: &[Address]) -> String {
    let shown: Vec<String> = addresses.iter().take(20).map(ToString::to_string).collect();
    let more = addresses.len().saturating_sub(shown.len());
    let list = shown.join(", ");
    if more == 0 { list } else { format!("{list} and {more} more") }
}

/// A time a role may show: milliseconds since 1970, or none.
pub type MaybeTime = Option<Timestamp>;
