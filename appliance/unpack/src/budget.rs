//! The budget of one message. Every format takes from it before it takes memory or time.

use std::fmt;

use crate::limits;

/// What the owner allows one message (features E-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Containers inside one another.
    pub depth: u32,
    /// Members of all containers together.
    pub members: u32,
    /// Octets of one member after decompression.
    pub member_octets: u64,
    /// Octets of all members together.
    pub total_octets: u64,
    /// Octets out for each octet in.
    pub ratio: u32,
    /// Octets held in memory at one time.
    pub resident_octets: u64,
    /// Objects inside one another in RTF and OLE.
    pub document_depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: limits::DEPTH,
            members: limits::MEMBERS,
            member_octets: limits::MEMBER_OCTETS,
            total_octets: limits::TOTAL_OCTETS,
            ratio: limits::RATIO,
            resident_octets: limits::RESIDENT_OCTETS,
            document_depth: limits::DOCUMENT_DEPTH,
        }
    }
}

/// Says when the time of a message is over. The floor of this crate has no clock; who has one
/// gives it.
pub trait Stopwatch {
    /// Whether the time is over.
    fn is_over(&self) -> bool;
}

/// Never over.
impl Stopwatch for () {
    fn is_over(&self) -> bool {
        false
    }
}

/// Which limit ended the look at something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// Containers inside one another.
    Depth(u32),
    /// Members.
    Members(u32),
    /// Octets of one member.
    MemberOctets(u64),
    /// Octets of all members.
    TotalOctets(u64),
    /// Octets out for each octet in.
    Ratio(u32),
    /// Memory.
    ResidentOctets(u64),
    /// Objects inside one another.
    DocumentDepth(u32),
    /// Wall time.
    Time,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exceeded::Depth(most) => write!(out, "more than {most} containers inside one another"),
            Exceeded::Members(most) => write!(out, "more than {most} files in containers"),
            Exceeded::MemberOctets(most) => write!(out, "a file over {most} bytes in a container"),
            Exceeded::TotalOctets(most) => write!(out, "more than {most} bytes in containers"),
            Exceeded::Ratio(most) => write!(out, "compressed more than {most} to 1"),
            Exceeded::ResidentOctets(most) => write!(out, "more than {most} bytes at one time"),
            Exceeded::DocumentDepth(most) => write!(out, "objects nested over {most} deep"),
            Exceeded::Time => write!(out, "the time of one message"),
        }
    }
}

/// What one message may still use.
pub struct Budget<'a> {
    limits: Limits,
    stopwatch: &'a dyn Stopwatch,
    members: u32,
    facts: usize,
    total_octets: u64,
    resident_octets: u64,
    /// Octets of the part at hand, and those that came out of it.
    root_octets: u64,
    root_out_octets: u64,
    ended: Option<Exceeded>,
}

/// Whether one more fact is kept.
pub(crate) enum Room {
    Left,
    Last,
    None,
}

impl<'a> Budget<'a> {
    /// A full budget.
    #[must_use]
    pub fn new(limits: Limits, stopwatch: &'a dyn Stopwatch) -> Self {
        Budget {
            limits,
            stopwatch,
            members: 0,
            facts: 0,
            total_octets: 0,
            resident_octets: 0,
            root_octets: 0,
            root_out_octets: 0,
            ended: None,
        }
    }

    /// What it began with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The limit that ended the look at the whole message, if one did: no container is opened after
    /// that.
    #[must_use]
    pub fn ended(&self) -> Option<Exceeded> {
        self.ended
    }

    pub(crate) fn end(&mut self, exceeded: Exceeded) {
        self.ended.get_or_insert(exceeded);
    }

    pub(crate) fn open_root(&mut self, octets: usize) {
        self.root_octets = octets as u64;
        self.root_out_octets = 0;
    }

    pub(crate) fn is_time_over(&self) -> bool {
        self.stopwatch.is_over()
    }

    pub(crate) fn take_member(&mut self) -> Result<(), Exceeded> {
        if self.stopwatch.is_over() {
            return Err(Exceeded::Time);
        }
        self.members = self.members.saturating_add(1);
        let most = self.limits.members;
        if self.members > most { Err(Exceeded::Members(most)) } else { Ok(()) }
    }

    pub(crate) fn take_fact(&mut self) -> Room {
        self.facts = self.facts.saturating_add(1);
        match self.facts.cmp(&limits::FACTS) {
            std::cmp::Ordering::Less => Room::Left,
            std::cmp::Ordering::Equal => Room::Last,
            std::cmp::Ordering::Greater => Room::None,
        }
    }

    /// Charges octets that came out.
    pub(crate) fn take_octets(&mut self, octets: u64) -> Result<(), Exceeded> {
        self.total_octets = self.total_octets.saturating_add(octets);
        self.root_out_octets = self.root_out_octets.saturating_add(octets);
        let most = self.limits.total_octets;
        if self.total_octets > most { Err(Exceeded::TotalOctets(most)) } else { Ok(()) }
    }

    /// How many octets more one member may have, of which `out` came already from `packed`.
    pub(crate) fn member_room(&self, out: usize, packed: u64) -> u64 {
        let out = out as u64;
        let by_size = self.limits.member_octets.saturating_sub(out);
        by_size.min(self.by_ratio(packed).saturating_sub(out)).min(self.by_root_ratio())
    }

    /// Why [`Budget::member_room`] is 0.
    pub(crate) fn why_no_room(&self, out: usize) -> Exceeded {
        if out as u64 >= self.limits.member_octets {
            return Exceeded::MemberOctets(self.limits.member_octets);
        }
        Exceeded::Ratio(self.limits.ratio)
    }

    fn by_ratio(&self, packed: u64) -> u64 {
        packed.saturating_mul(u64::from(self.limits.ratio)).max(limits::RATIO_FROM_OCTETS)
    }

    fn by_root_ratio(&self) -> u64 {
        self.by_ratio(self.root_octets).saturating_sub(self.root_out_octets)
    }

    /// Takes memory.
    pub(crate) fn reserve(&mut self, octets: u64) -> Result<(), Exceeded> {
        let most = self.limits.resident_octets;
        let wanted = self.resident_octets.saturating_add(octets);
        if wanted > most {
            return Err(Exceeded::ResidentOctets(most));
        }
        self.resident_octets = wanted;
        Ok(())
    }

    pub(crate) fn resident(&self) -> u64 {
        self.resident_octets
    }

    pub(crate) fn release_to(&mut self, mark: u64) {
        self.resident_octets = self.resident_octets.min(mark);
    }
}
