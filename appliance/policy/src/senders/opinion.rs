//! What the lists say of the sender of one message.

use mail::{Day, Envelope, Findings};

use super::index::{Entry, Exactness, Index, Key};
use super::{ApprovedSender, BlockedSender, SenderPart, Senders};
use crate::limits;

/// Which names of the sender are proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Authenticated {
    /// The domain of the envelope sender (SPF).
    pub(crate) envelope: bool,
    /// The domain of the header field From (DMARC, or an aligned signature).
    pub(crate) header_from: bool,
}

/// The compiled lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lists {
    /// The mark: it holds for a sender that is not proven, too.
    approved: Index<bool>,
    /// For each part of a sender, since few lists have entries for the rarer ones.
    blocked: Index<SenderPart>,
    blocked_names: Index<()>,
}

/// What they say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Opinion {
    /// Why the sender is blocked.
    pub(crate) blocked: Option<String>,
    /// Why the sender is approved.
    pub(crate) approved: Option<String>,
    /// An entry that would approve, and why it is not used.
    pub(crate) unused: Option<String>,
}

/// The sender of one message, in lower case.
#[derive(Debug, Default)]
struct Names {
    envelope: String,
    header_from: String,
    display: String,
}

impl Names {
    fn of(envelope: &Envelope, findings: &Findings) -> Self {
        let (display, header_from) = split(&findings.header_from);
        Names {
            envelope: envelope
                .sender
                .mailbox()
                .map(ToString::to_string)
                .unwrap_or_default()
                .to_lowercase(),
            header_from: header_from.to_lowercase(),
            display: display.to_lowercase(),
        }
    }

    /// The addresses with words for them, each once.
    fn addresses(&self) -> impl Iterator<Item = (SenderPart, &str)> {
        let from = (SenderPart::HeaderFrom, self.header_from.as_str());
        let envelope = (SenderPart::Envelope, self.envelope.as_str());
        [from, envelope].into_iter().filter(|(_, address)| !address.is_empty())
    }
}

/// Display name and address of a header From as findings carry it. The last address counts: a name
/// may hold what looks like one. A text that was cut may end inside a name, so it has no address.
fn split(shown: &str) -> (&str, &str) {
    if shown.len() + 4 > mail::limits::QUOTED_OCTETS {
        return (shown, "");
    }
    match shown.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim(), address.trim()),
        None if shown.contains([' ', '<', '>', '"']) => (shown, ""),
        None if shown.contains('@') => ("", shown),
        None => (shown, ""),
    }
}

impl Lists {
    pub(crate) fn new(senders: &Senders) -> Self {
        let (names, addresses): (Vec<&BlockedSender>, Vec<_>) =
            senders.blocked.iter().partition(|one| one.part == SenderPart::DisplayName);
        let approved = |one: &ApprovedSender| {
            let key = Key::of_address(&one.pattern);
            Entry::new(key, &one.pattern, &one.until, one.even_if_unauthenticated)
        };
        let blocked = |one: &BlockedSender| {
            Entry::new(Key::of_address(&one.pattern), &one.pattern, &one.until, one.part)
        };
        let named = |one: &BlockedSender| {
            Entry::new(Key::of_name(&one.pattern), &one.pattern, &one.until, ())
        };
        Lists {
            approved: Index::new(senders.approved.iter().filter_map(approved)),
            blocked: Index::new(addresses.into_iter().filter_map(blocked)),
            blocked_names: Index::new(names.into_iter().filter_map(named)),
        }
    }

    /// What they say of a message. `proven` is `None` where nobody checked.
    pub(crate) fn opinion(
        &self,
        envelope: &Envelope,
        findings: &Findings,
        proven: Option<Authenticated>,
    ) -> Opinion {
        if self.approved.is_empty() && self.blocked.is_empty() && self.blocked_names.is_empty() {
            return Opinion::default();
        }
        let names = Names::of(envelope, findings);
        let today = envelope.received.day();
        let blocked = self.blocked(&names, today);
        let Approval { approved, unused } = self.approval(&names, today, proven);
        let approving = approved.as_ref().map(|(_, exactness)| *exactness);
        match blocked {
            Some((why, blocking)) if approving.is_none_or(|one| blocking >= one) => {
                Opinion { blocked: Some(why), approved: None, unused }
            }
            _ => Opinion { blocked: None, approved: approved.map(|(why, _)| why), unused },
        }
    }

    fn blocked(&self, names: &Names, today: Day) -> Option<(String, Exactness)> {
        let mut best: Option<(String, Exactness)> = None;
        let mut note = |why: String, exactness| {
            if best.as_ref().is_none_or(|(_, known)| exactness > *known) {
                best = Some((why, exactness));
            }
        };
        for (part, address) in names.addresses() {
            let wanted = |entry: &&Entry<SenderPart>| {
                today.is_within(entry.until) && [SenderPart::Address, part].contains(&entry.mark)
            };
            for entry in self.blocked.of_address(address).filter(wanted) {
                note(spoken(part, address, &entry.pattern), entry.exactness());
            }
        }
        let current = |entry: &&Entry<()>| today.is_within(entry.until);
        for entry in self.blocked_names.of_name(&names.display).filter(current) {
            let why = spoken(SenderPart::DisplayName, &names.display, &entry.pattern);
            note(why, entry.exactness());
        }
        best
    }

    fn approval(&self, names: &Names, today: Day, proven: Option<Authenticated>) -> Approval {
        let mut approval = Approval::default();
        for (part, address) in names.addresses() {
            let current = |entry: &&Entry<bool>| today.is_within(entry.until);
            for entry in self.approved.of_address(address).filter(current) {
                let why = spoken(part, address, &entry.pattern);
                match (entry.mark, proven.map(|proven| proven.of(part))) {
                    (true, _) | (_, Some(true)) => approval.holds(why, entry.exactness()),
                    (false, Some(false)) => approval.does_not(&why, "failed to authenticate"),
                    (false, None) => approval.does_not(&why, "is not authenticated"),
                }
            }
        }
        approval
    }
}

/// What the approving list says.
#[derive(Debug, Default)]
struct Approval {
    approved: Option<(String, Exactness)>,
    unused: Option<String>,
}

impl Approval {
    fn holds(&mut self, why: String, exactness: Exactness) {
        if self.approved.as_ref().is_none_or(|(_, known)| exactness > *known) {
            self.approved = Some((why, exactness));
        }
    }

    fn does_not(&mut self, why: &str, because: &str) {
        if self.unused.is_none() {
            self.unused = Some(format!("{why}; not used: the sender {because}"));
        }
    }
}

impl Authenticated {
    fn of(self, part: SenderPart) -> bool {
        match part {
            SenderPart::HeaderFrom => self.header_from,
            SenderPart::Envelope => self.envelope,
            SenderPart::Address | SenderPart::DisplayName => false,
        }
    }
}

/// Senders that something is not for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exempt(Index<()>);

impl Exempt {
    pub(crate) fn new(patterns: &[String]) -> Self {
        let entry = |one: &String| Entry::new(Key::of_address(one), one, "", ());
        Exempt(Index::new(patterns.iter().filter_map(entry)))
    }

    /// The entry that the sender of a message is on, in words.
    pub(crate) fn covering(&self, envelope: &Envelope, findings: &Findings) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let names = Names::of(envelope, findings);
        let found = |(part, address)| {
            let entry = self.0.of_address(address).next()?;
            Some(spoken(part, address, &entry.pattern))
        };
        names.addresses().find_map(found)
    }
}

/// For people: what matched which entry.
fn spoken(part: SenderPart, seen: &str, pattern: &str) -> String {
    let words = match part {
        SenderPart::Address | SenderPart::HeaderFrom => "From",
        SenderPart::Envelope => "envelope sender",
        SenderPart::DisplayName => "display name",
    };
    let seen: String = seen.chars().take(limits::QUOTED_CHARACTERS).collect();
    if seen == pattern {
        format!("{words} {seen}")
    } else {
        format!("{words} {seen}, entry {pattern}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn approving(pattern: &str, even: bool) -> ApprovedSender {
        ApprovedSender {
            pattern: pattern.into(),
            even_if_unauthenticated: even,
            ..ApprovedSender::default()
        }
    }

    fn blocking(pattern: &str, part: SenderPart) -> BlockedSender {
        BlockedSender { pattern: pattern.into(), part, ..BlockedSender::default() }
    }

    fn asked(
        approved: Vec<ApprovedSender>,
        blocked: Vec<BlockedSender>,
        from: &str,
        proven: Option<Authenticated>,
    ) -> Opinion {
        let findings = Findings { header_from: from.into(), ..Findings::default() };
        Lists::new(&Senders { approved, blocked }).opinion(
            &made::envelope(&["a@x.test"]),
            &findings,
            proven,
        )
    }

    #[test]
    fn an_address_hidden_in_a_name_is_not_the_sender() {
        assert_eq!(split("Ann <ann@good.test>"), ("Ann", "ann@good.test"));
        assert_eq!(split("ann@good.test"), ("", "ann@good.test"));
        assert_eq!(split("ann@good.test <eve@evil.test>").1, "eve@evil.test");
        assert_eq!(split("<ann@good.test> x <eve@evil.test>").1, "eve@evil.test");
        assert_eq!(split("ann@good.test x").1, "");
        let long = format!("{}<ann@good.test>", "x".repeat(mail::limits::QUOTED_OCTETS - 15));
        assert_eq!(split(&long).1, "", "a cut name must not end in somebody's address");
    }

    #[test]
    fn approval_holds_for_proven_names_only_unless_it_says_otherwise() {
        let list = |even| vec![approving("good.test", even)];
        let from = "Ann <Ann@Good.test>";
        let unproven = asked(list(false), vec![], from, None);
        assert_eq!(unproven.approved, None);
        assert!(unproven.unused.unwrap().ends_with("not used: the sender is not authenticated"));
        let of = |header_from| Some(Authenticated { envelope: true, header_from });
        let failed = asked(list(false), vec![], from, of(false));
        assert!(failed.approved.is_none() && failed.unused.unwrap().contains("failed"));
        let proven = asked(list(false), vec![], from, of(true));
        assert_eq!(proven.approved.unwrap(), "From ann@good.test, entry good.test");
        assert!(asked(list(true), vec![], from, None).approved.is_some());
    }

    #[test]
    fn the_envelope_sender_is_approved_and_blocked_by_itself() {
        let opinion = asked(vec![approving("bob@away.test", true)], vec![], "x <x@y.test>", None);
        assert_eq!(opinion.approved.unwrap(), "envelope sender bob@away.test");
        let of =
            |part| asked(vec![], vec![blocking("away.test", part)], "x <x@y.test>", None).blocked;
        assert!(of(SenderPart::Envelope).is_some() && of(SenderPart::Address).is_some());
        assert_eq!(of(SenderPart::HeaderFrom), None);
        assert_eq!(of(SenderPart::DisplayName), None);
    }

    #[test]
    fn names_are_blocked_apart_from_addresses() {
        let list = || vec![blocking("*lottery*", SenderPart::DisplayName)];
        let hit = asked(vec![], list(), "Euro LOTTERY Desk <x@y.test>", None).blocked.unwrap();
        assert_eq!(hit, "display name euro lottery desk, entry *lottery*");
        assert_eq!(asked(vec![], list(), "Ann <ann@lottery.test>", None).blocked, None);
    }

    #[test]
    fn the_more_exact_entry_wins_and_of_equals_the_blocking_one() {
        let both = |approved: &str, blocked: &str| {
            let lists =
                (vec![approving(approved, true)], vec![blocking(blocked, SenderPart::Address)]);
            let opinion = asked(lists.0, lists.1, "ann@good.test", None);
            (opinion.approved.is_some(), opinion.blocked.is_some())
        };
        assert_eq!(both("ann@good.test", "good.test"), (true, false));
        assert_eq!(both("good.test", "ann@good.test"), (false, true));
        assert_eq!(both("good.test", "*@good.test"), (false, true));
    }

    #[test]
    fn entries_end() {
        let until = |date: &str| {
            let entry = ApprovedSender { until: date.into(), ..approving("good.test", true) };
            asked(vec![entry], vec![], "ann@good.test", None).approved.is_some()
        };
        // The made envelope is of the first day of 1970.
        assert!(until("1970-01-01") && until(""));
        assert!(!until("not a date"));
        let mut envelope = made::envelope(&["a@x.test"]);
        envelope.received = mail::Timestamp(86_400_000);
        let entry = ApprovedSender { until: "1970-01-01".into(), ..approving("away.test", true) };
        let lists = Lists::new(&Senders { approved: vec![entry], blocked: vec![] });
        assert_eq!(lists.opinion(&envelope, &Findings::default(), None), Opinion::default());
    }
}
