//! Links that the owner listed (features G-3).

use mail::SpamClass;

use crate::address::Url;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;

/// A link on the owner's list. `inspect` makes a finding of it, so that it counts by itself.
const BLOCKED_LINK: Signal = Signal {
    name: "blocked-link",
    group: Group::Reputation,
    toward: Toward::Unwanted(Some(SpamClass::Phishing)),
    prior: 4.0,
    words: "a link is on your list of blocked links",
};

pub(super) const SIGNALS: &[&Signal] = &[&BLOCKED_LINK];

/// Says which link is blocked.
pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let Some(lists) = sight.around.links else { return };
    let blocked = |url: &Url| lists.blocked(url, sight.around.received);
    if let Some(entry) = sight.urls.iter().find_map(blocked) {
        say.that(&BLOCKED_LINK, 1.0, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listed::LinkLists;
    use crate::made;
    use crate::settings::{ListedLink, Unwanted};
    use crate::sight::Around;

    fn lists() -> LinkLists {
        let entry = |pattern: &str| ListedLink { pattern: pattern.into(), ..ListedLink::default() };
        LinkLists::new(&Unwanted {
            blocked_links: vec![entry("evil.example")],
            ..Unwanted::default()
        })
    }

    fn said(html: &str) -> f32 {
        let raw = format!("From: a@b.example\r\nContent-Type: text/html\r\n\r\n{html}");
        let lists = lists();
        let around = Around { links: Some(&lists), ..Around::default() };
        made::sighted_with(raw.as_bytes(), &[], around, |sight| {
            let mut say = Say::default();
            look(sight, &mut say);
            say.strength(&BLOCKED_LINK)
        })
    }

    #[test]
    fn a_blocked_link_is_said_and_others_are_not() {
        assert!(said("<a href='https://www.evil.example/a'>x</a>") > 0.9);
        assert!(said("<a href='https://evil.example.org/a'>x</a>") < 0.1);
    }
}
