//! The settings section `senders`: senders that the owner approves of or blocks (features D-29 and
//! D-30).
//!
//! The lists stand here and not in the section `unwanted`, because that one goes into every cell: a
//! million entries of no use to a cell would be copied into each of them, and a cell that mail has
//! taken over could read whom its owner trusts. What the lists say of one message stands in
//! `opinion.rs`; `index.rs` finds an entry among a million.

mod index;
mod opinion;

use mail::Day;
use schema::Problem;

pub(crate) use opinion::{Authenticated, Exempt, Lists, Opinion};

use crate::{Wildcard, limits};
use index::Key;

schema::table! {
    /// A sender whose mail is not held as spam.
    pub struct ApprovedSender {
        /// An address, a domain, or a pattern with `*` and `?`, such as `ann@example.test`,
        /// `example.test` or `*@*.example.test`.
        pub pattern: String = String::new(), in 1..=320,
        /// Whether it holds for mail that only says to come from this sender, too. Anybody can say
        /// so: use it where a sender cannot authenticate, with an end.
        pub even_if_unauthenticated: bool = false,
        /// The last day of the entry, YYYY-MM-DD. Empty: no end.
        pub until: String = String::new(), in 0..=10,
        /// Free text for the owner, such as who asked for it.
        pub note: String = String::new(), in 0..=400,
    }
}

schema::choice! {
    /// What of a sender is compared with a pattern.
    pub enum SenderPart {
        /// The address in the header field From, and the envelope sender; one of them is enough.
        Address = "address",
        /// The address in the header field From.
        HeaderFrom = "header_from",
        /// The envelope sender.
        Envelope = "envelope",
        /// The name that is shown in front of the address.
        DisplayName = "display_name",
    }
}

schema::table! {
    /// A sender whose mail is spam.
    pub struct BlockedSender {
        /// An address, a domain, or a pattern with `*` and `?`. For `display_name`: a name, or a
        /// pattern of one.
        pub pattern: String = String::new(), in 1..=320,
        /// What is compared with it.
        pub part: SenderPart = SenderPart::Address,
        /// The last day of the entry, YYYY-MM-DD. Empty: no end.
        pub until: String = String::new(), in 0..=10,
        /// Free text for the owner, such as who asked for it.
        pub note: String = String::new(), in 0..=400,
    }
}

schema::settings! {
    /// Senders that the spam condition of rules knows. Where a sender is on both lists the more exact
    /// entry wins, and of equally exact ones the blocking one.
    pub struct Senders = "senders", touches Live, checked by check {
        /// Approved senders: the spam condition does not hold for their mail. Malware, phishing,
        /// impostors and all other conditions are asked as ever.
        pub approved: Vec<ApprovedSender> = Vec::new(), in 0..=1_000_000,
        /// Blocked senders: the spam condition holds for their mail.
        pub blocked: Vec<BlockedSender> = Vec::new(), in 0..=1_000_000,
    }
}

/// What the kinds of the fields cannot say.
fn check(senders: &Senders) -> Vec<Problem> {
    let mut problems = Vec::new();
    let approved = senders.approved.iter().map(|one| (&one.pattern, &one.until, false));
    check_list("approved", approved, &mut problems);
    let blocked = senders.blocked.iter();
    let blocked =
        blocked.map(|one| (&one.pattern, &one.until, one.part == SenderPart::DisplayName));
    check_list("blocked", blocked, &mut problems);
    problems.truncate(limits::PROBLEMS);
    problems
}

fn check_list<'a>(
    list: &str,
    entries: impl Iterator<Item = (&'a String, &'a String, bool)>,
    problems: &mut Vec<Problem>,
) {
    let mut slow = 0_usize;
    for (place, (pattern, until, is_name)) in entries.enumerate() {
        let key = if is_name { Key::of_name(pattern) } else { Key::of_address(pattern) };
        let is_slow = matches!(key, Some(Key::Pattern(_)));
        slow += usize::from(is_slow);
        if let Some((sentence, remedy)) = fault(pattern, is_name) {
            problems.push(Problem::new(format!("{list}.{place}.pattern"), sentence, remedy));
        } else if is_slow && slow == limits::SLOW_PATTERNS + 1 {
            problems.push(Problem::new(
                format!("{list}.{place}.pattern"),
                format!("there are more than {} patterns of this kind", limits::SLOW_PATTERNS),
                "write addresses, domains and *.domain, of which there may be a million",
            ));
        }
        if !until.is_empty() && Day::read(until).is_none() {
            problems.push(Problem::new(
                format!("{list}.{place}.until"),
                format!("{until:?} is no date"),
                "write it as 2027-12-31, or leave it empty",
            ));
        }
    }
}

/// What is wrong with a pattern, and the remedy.
fn fault(pattern: &str, is_name: bool) -> Option<(String, &'static str)> {
    if pattern.chars().all(|one| "*?@.".contains(one)) {
        let sentence = format!("{pattern:?} would mean every sender");
        return Some((sentence, "name the senders; to treat all mail alike, change the rules"));
    }
    let reason = Wildcard::new(pattern).err()?;
    let example = if is_name { "a name" } else { "name@domain, domain, or *@*.domain" };
    Some((
        format!("{pattern:?} is no pattern: {reason}"),
        if is_name { "write a name" } else { example },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approved(pattern: &str, until: &str) -> ApprovedSender {
        ApprovedSender { pattern: pattern.into(), until: until.into(), ..ApprovedSender::default() }
    }

    #[test]
    fn the_section_is_in_order() {
        assert!(schema::Tree::new().with::<Senders>().faults().is_empty());
        assert!(check(&Senders::default()).is_empty());
    }

    #[test]
    fn bad_entries_are_named_by_their_place() {
        let all = [("ann@a.test", ""), ("a\nb", ""), ("*@*", ""), ("a.test", "soon"), ("", "")];
        let senders = Senders {
            approved: all.iter().map(|(pattern, until)| approved(pattern, until)).collect(),
            blocked: vec![BlockedSender { pattern: "**".into(), ..BlockedSender::default() }],
        };
        let paths: Vec<String> = check(&senders).into_iter().map(|one| one.path).collect();
        let expected = [
            "approved.1.pattern",
            "approved.2.pattern",
            "approved.3.until",
            "approved.4.pattern",
            "blocked.0.pattern",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn a_million_addresses_are_in_order_but_not_that_many_free_patterns() {
        let many = |form: fn(usize) -> String| Senders {
            approved: (0..=limits::SLOW_PATTERNS).map(|n| approved(&form(n), "")).collect(),
            ..Senders::default()
        };
        assert!(check(&many(|n| format!("*@*.a{n}.test"))).is_empty());
        assert_eq!(check(&many(|n| format!("a*{n}@b.test"))).len(), 1);
    }
}
