//! Marks of bulk mail, of the services that send it, and of conversations.

mod talk;

use std::sync::LazyLock;

use mail::SpamClass;

use super::sender::domain::organisation;
use super::sender::phrases::Phrases;
use crate::header::Mailbox;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;

pub(super) use talk::has_earlier_mail;

const fn bulk(name: &'static str, class: SpamClass, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Bulk, toward: Toward::Bulk(class), prior, words }
}

const fn wanted(name: &'static str, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Bulk, toward: Toward::Wanted, prior, words }
}

pub(super) const LEAVE_FIELD: Signal = bulk(
    "list-unsubscribe-field",
    SpamClass::Marketing,
    1.5,
    "the header says how to leave the list",
);
pub(super) const SENDING_SERVICE: Signal =
    bulk("bulk-service", SpamClass::Marketing, 1.0, "it was sent through a service for bulk mail");
pub(super) const LEAVE_WORDS: Signal =
    bulk("unsubscribe-words", SpamClass::Marketing, 1.2, "the text says how to leave the list");
const VIEW_WORDS: Signal =
    bulk("view-online-words", SpamClass::Marketing, 1.0, "the text says where to read it online");
const WHY_WORDS: Signal =
    bulk("why-sent-words", SpamClass::Marketing, 0.7, "the text says why it was sent");
const SOCIAL_SENDER: Signal =
    bulk("social-network-sender", SpamClass::Social, 2.5, "a social network sent it");
const SOCIAL_WORDS: Signal = bulk(
    "social-network-words",
    SpamClass::Social,
    1.0,
    "the text is a notice of a social network",
);
const LIST_FIELD: Signal =
    bulk("mailing-list-field", SpamClass::Forum, 2.0, "the header is that of a mailing list");
const LIST_FOOTER: Signal = bulk(
    "mailing-list-footer",
    SpamClass::Forum,
    1.5,
    "the text ends as mail of mailing lists does",
);
const LIST_TAG: Signal =
    bulk("mailing-list-tag", SpamClass::Forum, 0.7, "the subject has a mailing list's tag");
const FORUM_WORDS: Signal =
    bulk("forum-words", SpamClass::Forum, 1.2, "the text is a notice of a forum");
const FORUM_SENDER: Signal =
    bulk("forum-sender", SpamClass::Forum, 1.5, "a forum or a place of code sent it");

pub(super) const CONVERSATION: Signal =
    wanted("conversation", 2.0, "it answers an earlier mail and shows it");
const ANSWERS_INSIDE: Signal =
    wanted("answers-between-quotes", 1.8, "it answers an earlier mail line by line");
const THREAD: Signal = wanted("thread-fields", 0.7, "the header names the mail that it answers");
const SIGNATURE: Signal = wanted("signature-block", 0.6, "a personal signature stands at its end");
const CODE: Signal = wanted("code-or-patch", 1.3, "it has a patch, code or output of programs");
const SIGNED: Signal = wanted("signed-mail", 1.3, "it is signed by OpenPGP or S/MIME");
const LIST_TALK: Signal =
    wanted("mailing-list-talk", 0.8, "it is plain text and ends as mail of mailing lists does");
const REPORT: Signal = wanted("machine-report", 0.8, "a machine reports to those who keep it");
const FOOTER_OF_SENDER: Signal = wanted(
    "own-links-and-footer",
    0.6,
    "it says who sent it and how to leave, and its links lead to its sender",
);

pub(super) const SIGNALS: &[&Signal] = &[
    &LEAVE_FIELD,
    &SENDING_SERVICE,
    &LEAVE_WORDS,
    &VIEW_WORDS,
    &WHY_WORDS,
    &SOCIAL_SENDER,
    &SOCIAL_WORDS,
    &LIST_FIELD,
    &LIST_FOOTER,
    &LIST_TAG,
    &FORUM_WORDS,
    &FORUM_SENDER,
    &CONVERSATION,
    &ANSWERS_INSIDE,
    &THREAD,
    &SIGNATURE,
    &CODE,
    &SIGNED,
    &LIST_TALK,
    &REPORT,
    &FOOTER_OF_SENDER,
];

static PHRASES: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::read(include_str!("bulk/phrases.txt")));

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    fields(sight, say);
    senders(sight, say);
    let found = Found::read(sight);
    words(sight, &found, say);
    talk::look(sight, &found, say);
}

/// Kinds of phrases in the text, with the first of each.
#[derive(Debug, Default)]
struct Found<'s> {
    leave: Option<&'s str>,
    view: Option<&'s str>,
    why: Option<&'s str>,
    rights: Option<&'s str>,
    list: Option<&'s str>,
    forum: Option<&'s str>,
    social: Option<&'s str>,
    earlier: Option<&'s str>,
}

impl<'s> Found<'s> {
    fn read(sight: &'s Sight<'_>) -> Found<'s> {
        let mut found = Found::default();
        for (kind, phrase) in PHRASES.find(&sight.body.folded) {
            let slot = match kind {
                "leave" => &mut found.leave,
                "view" => &mut found.view,
                "why" => &mut found.why,
                "rights" => &mut found.rights,
                "list" => &mut found.list,
                "forum" => &mut found.forum,
                "social" => &mut found.social,
                _ => &mut found.earlier,
            };
            slot.get_or_insert(phrase);
        }
        found
    }
}

fn fields(sight: &Sight<'_>, say: &mut Say) {
    let headers = &sight.headers;
    if let Some(value) = headers.first("List-Unsubscribe") {
        let is_one_click = headers.has("List-Unsubscribe-Post");
        say.that(&LEAVE_FIELD, if is_one_click { 1.0 } else { 0.8 }, value);
    }
    let is_list = ["List-Post", "X-BeenThere", "X-Mailman-Version", "Mailing-List"];
    if let Some(name) = is_list.iter().find(|name| headers.has(name)) {
        say.that(&LIST_FIELD, 1.0, *name);
    }
    // Fields that services for bulk mail put in to find a mail again.
    const SERVICES: &[&str] = &[
        "Feedback-ID",
        "X-SG-EID",
        "X-MC-User",
        "X-Mailgun-Sid",
        "X-SES-Outgoing",
        "X-Mandrill-User",
        "X-Campaign",
        "X-CampaignID",
        "X-campaignid",
        "X-Sailthru-Message-Id",
        "X-rext",
        "X-Report-Abuse",
        "X-MailChimp-ID",
        "X-HS-CID",
        "X-Klaviyo-Message-ID",
        "X-MSFBL",
        "X-SFMC-Stack",
        "X-Mailjet-Campaign",
        "X-MJ-Mid",
        "X-CSA-Complaints",
        "X-EMMAIL",
        "X-ConstantContact",
        "X-Roving-ID",
        "X-Binding",
        "X-Mailin-Campaign",
        "X-sib-id",
        "X-PM-Message-Id",
        "X-SparkPost",
        "X-Cheetahmail",
        "X-Eloqua",
        "X-Job",
        "X-MessageID",
        "X-Newsletter",
        "X-Mkto",
        "X-Marketo",
        "X-IADB-URL",
        "X-ICPINFO",
    ];
    let fields = headers.fields().iter();
    let mut marks =
        fields.filter(|one| SERVICES.iter().any(|name| one.name.eq_ignore_ascii_case(name)));
    if let Some(field) = marks.next() {
        say.that(&SENDING_SERVICE, 1.0, format!("{}: {}", field.name, field.raw));
    }
}

/// Networks that send notices, by the names that they send under.
const SOCIAL: &[&str] = &[
    "facebookmail.com",
    "linkedin.com",
    "twitter.com",
    "x.com",
    "instagram.com",
    "mail.instagram.com",
    "pinterest.com",
    "tiktok.com",
    "snapchat.com",
    "xing.com",
    "vk.com",
    "ok.ru",
    "odnoklassniki.ru",
    "tumblr.com",
    "nextdoor.com",
    "meetup.com",
    "threads.net",
    "bsky.app",
    "mastodon.social",
    "plaxo.com",
    "myspace.com",
    "tagged.com",
    "badoo.com",
    "viadeo.com",
    "renren.com",
    "weibo.com",
    "youtube.com",
    "twitch.tv",
    "quora.com",
    "researchgate.net",
    "academia.edu",
    "academia-mail.com",
    "researchgatemail.net",
    "researchgate.com",
    "redditmail.com",
    "reddit.com",
    "discord.com",
    "flickr.com",
    "vimeo.com",
    "strava.com",
    "goodreads.com",
    "friendster.com",
    "orkut.com",
    "evite.com",
    "classmates.com",
    "hi5.com",
    "bebo.com",
    "stayfriends.de",
    "nextdoor.co.uk",
    "nextdoor.de",
    "nextdoor.fr",
    "nebenan.de",
    "whatsapp.com",
    "mixi.jp",
    "line.me",
    "facebook.com",
    "nk.pl",
    "copainsdavant.com",
    "hyves.nl",
    "studivz.net",
    "ning.com",
];

/// Places of code and talk that send notices.
const FORUMS: &[&str] = &[
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "discourse.org",
    "discoursemail.com",
    "stackoverflow.email",
    "stackoverflow.com",
    "stackexchange.com",
    "googlegroups.com",
    "yahoogroups.com",
    "groups.io",
    "launchpad.net",
    "sourceforge.net",
    "debian.org",
    "phpbb.com",
    "codeberg.org",
    "savannah.gnu.org",
    "egroups.com",
    "topica.com",
];

fn senders(sight: &Sight<'_>, say: &mut Say) {
    let Some(from) = sight.headers.from().first() else { return };
    let domain = organisation(from.domain());
    if SOCIAL.contains(&domain) {
        say.that(&SOCIAL_SENDER, 1.0, from.address.as_str());
    }
    if FORUMS.contains(&domain) {
        say.that(&FORUM_SENDER, 1.0, from.address.as_str());
    }
}

fn words(sight: &Sight<'_>, found: &Found<'_>, say: &mut Say) {
    let mut one = |signal: &'static Signal, phrase: Option<&str>| {
        if let Some(phrase) = phrase {
            say.that(signal, 1.0, phrase);
        }
    };
    one(&LEAVE_WORDS, found.leave);
    one(&VIEW_WORDS, found.view);
    one(&WHY_WORDS, found.why);
    one(&SOCIAL_WORDS, found.social);
    one(&FORUM_WORDS, found.forum);
    one(&LIST_FOOTER, found.list.filter(|_| !sight.body.has_html || found.why.is_some()));
    if let Some(tag) = tag(sight.subject) {
        say.that(&LIST_TAG, 1.0, tag);
    }
    if let (Some(leave), Some(_)) = (found.leave, found.rights) {
        own_links(sight, leave, say);
    }
}

/// The tag that a mailing list puts in front of subjects: one word in brackets.
fn tag(subject: &str) -> Option<&str> {
    const OTHERS: &[&str] = &["external", "extern", "ext", "spam", "action", "urgent", "important"];
    let start = subject.find('[').filter(|at| *at <= 8)?;
    let tag = subject.get(start + 1..)?.split(']').next()?;
    let is_word = tag.len() <= 24
        && tag.bytes().all(|one| one.is_ascii_alphanumeric() || b"-_. ".contains(&one));
    let is_name = tag.bytes().any(|one| one.is_ascii_alphabetic());
    (is_word && is_name && !OTHERS.contains(&tag.to_ascii_lowercase().as_str())).then_some(tag)
}

/// Whether most links lead to the sender's own domain.
fn own_links(sight: &Sight<'_>, leave: &str, say: &mut Say) {
    let Some(from) = sight.headers.from().first().map(Mailbox::domain) else { return };
    let name = organisation(from);
    if !name.contains('.') || super::sender::domain::is_free_mail(name) {
        return;
    }
    let web = || sight.links.iter().filter(|link| link.target.starts_with("http"));
    let own =
        web().filter(|link| host(&link.target).is_some_and(|host| organisation(host) == name));
    let (all, own) = (web().count(), own.count());
    if all >= 3 && own * 10 >= all * 8 {
        say.that(&FOOTER_OF_SENDER, 1.0, format!("{own} of {all} links lead to {name}; {leave}"));
    }
}

/// The host of a link.
fn host(target: &str) -> Option<&str> {
    let (_, rest) = target.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    Some(host)
}

#[cfg(test)]
mod tests;
