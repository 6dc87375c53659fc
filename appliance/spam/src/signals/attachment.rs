//! What is attached.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use mail::{Leaf, Properties, SpamClass};
use message::Part;

use super::recipient::addressees;
use super::sender::domain::{is_free_mail, is_same, organisation};
use super::sender::phrases::Phrases;
use crate::header::Mailbox;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::{LinkKind, Sight};
use crate::text::fold;

const fn signal(
    name: &'static str,
    class: Option<SpamClass>,
    prior: f32,
    words: &'static str,
) -> Signal {
    Signal { name, group: Group::Attachment, toward: Toward::Unwanted(class), prior, words }
}

const PHISHING: Option<SpamClass> = Some(SpamClass::Phishing);
const MALWARE: Option<SpamClass> = Some(SpamClass::Malware);

pub(super) const PAGE: Signal =
    signal("page-attached", PHISHING, 1.5, "a page of HTML is attached");
pub(super) const PAGE_WITH_FORM: Signal = signal(
    "attached-page-asks",
    PHISHING,
    3.2,
    "the attached page has a field for a password or a form",
);
pub(super) const PAGE_WITH_SCRIPT: Signal = signal(
    "attached-page-with-script",
    PHISHING,
    2.5,
    "the attached page unpacks itself or leads elsewhere by a script",
);
const LURE_PAGE: Signal = signal(
    "attached-page-lure",
    PHISHING,
    1.5,
    "the attached page is called like a paper or a voice message",
);
const RUNS: Signal =
    signal("attachment-runs", MALWARE, 3.0, "what is attached runs when it is opened");
const RUNS_INSIDE: Signal = signal(
    "archive-with-what-runs",
    MALWARE,
    3.0,
    "an archive is attached that holds what runs when it is opened",
);
const TWO_EXTENSIONS: Signal = signal(
    "attachment-double-extension",
    MALWARE,
    2.5,
    "the attachment's name ends like a paper and then like what runs",
);
const DISGUISED_NAME: Signal =
    signal("attachment-name-disguised", MALWARE, 2.5, "the attachment's name hides how it ends");
const DISK_IMAGE: Signal = signal(
    "disk-image-attached",
    MALWARE,
    2.2,
    "an image of a disk or a rare archive is attached, which hides where files come from",
);
const MACRO: Signal = signal("macro-attached", MALWARE, 1.3, "a document with macros is attached");
const LOCKED: Signal = signal(
    "locked-attachment-with-password",
    MALWARE,
    2.2,
    "the attachment is encrypted, and the text gives its password",
);
const RECIPIENT_IN_NAME: Signal = signal(
    "recipient-in-attachment-name",
    PHISHING,
    2.0,
    "the recipient's address, mailbox name or domain stands in the attachment's name",
);
pub(super) const BARE_DOCUMENT: Signal = signal(
    "document-with-link-alone",
    PHISHING,
    1.2,
    "the mail has hardly a word, and the attached document has little text and a link",
);
const BARE_ATTACHMENT: Signal =
    signal("attachment-without-words", None, 0.5, "there is an attachment and next to no text");
const TYPE_MISMATCH: Signal = signal(
    "attachment-false-type",
    MALWARE,
    0.8,
    "the attachment's name says another type than its content",
);
const ODD_DECLARATION: Signal = signal(
    "attachment-odd-declaration",
    None,
    1.0,
    "a page or script is attached and declared as something harmless",
);
const INVITATION: Signal = Signal {
    name: "calendar-invitation",
    group: Group::Attachment,
    toward: Toward::Wanted,
    prior: 0.7,
    words: "it is an invitation of a calendar by its sender",
};
const STRANGE_INVITATION: Signal = signal(
    "strange-calendar-entry",
    None,
    0.9,
    "it carries a calendar entry that its sender did not make",
);

pub(super) const SIGNALS: &[&Signal] = &[
    &PAGE,
    &PAGE_WITH_FORM,
    &PAGE_WITH_SCRIPT,
    &LURE_PAGE,
    &RUNS,
    &RUNS_INSIDE,
    &TWO_EXTENSIONS,
    &DISGUISED_NAME,
    &DISK_IMAGE,
    &MACRO,
    &LOCKED,
    &RECIPIENT_IN_NAME,
    &BARE_DOCUMENT,
    &BARE_ATTACHMENT,
    &TYPE_MISMATCH,
    &ODD_DECLARATION,
    &INVITATION,
    &STRANGE_INVITATION,
];

const PAGES: &[&str] = &["htm", "html", "shtml", "xhtml", "xht", "svg", "mht", "mhtml", "hta"];
const RUNNING: &[&str] = &[
    "exe",
    "scr",
    "com",
    "pif",
    "bat",
    "cmd",
    "js",
    "jse",
    "vbs",
    "vbe",
    "wsf",
    "wsh",
    "hta",
    "lnk",
    "ps1",
    "jar",
    "msi",
    "cpl",
    "reg",
    "url",
    "appx",
    "msix",
    "chm",
    "dll",
    "search-ms",
    "library-ms",
    "appref-ms",
    "settingcontent-ms",
    "scf",
    "msc",
    "xll",
    "iqy",
    "slk",
    "one",
    "rdp",
];
const IMAGES: &[&str] = &[
    "iso", "img", "vhd", "vhdx", "udf", "ace", "arj", "cab", "lzh", "uue", "xxe", "gz", "z", "r00",
    "wim",
];
const PAPERS: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "jpg", "jpeg", "png", "gif", "txt", "rtf", "ppt", "pptx",
    "mp3", "wav", "zip", "csv", "tif", "tiff", "eml", "msg",
];

static NAMES: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::read(include_str!("attachment/names.txt")));

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    for part in sight.mail.parts.iter().filter(|part| part.is_attachment()).take(50) {
        let name = part.name.as_deref().unwrap_or_default();
        file_name(sight, name, say);
        page(part, name, say);
        declared(part, name, say);
    }
    for leaf in sight.leaves.iter().take(200) {
        inside(leaf, say);
    }
    locked(sight, say);
    bare(sight, say);
    calendar(sight, say);
}

fn extension(name: &str) -> String {
    let name = name.trim_end_matches(['.', ' ', '_']);
    name.rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default()
}

fn file_name(sight: &Sight<'_>, name: &str, say: &mut Say) {
    let end = extension(name);
    if RUNNING.contains(&end.as_str()) {
        say.that(&RUNS, 1.0, name);
    }
    if IMAGES.contains(&end.as_str()) && end != "gz" {
        say.that(&DISK_IMAGE, 1.0, name);
    }
    let stem = name.get(..name.len().saturating_sub(end.len() + 1)).unwrap_or_default();
    let is_active = RUNNING.contains(&end.as_str()) || PAGES.contains(&end.as_str());
    if is_active && PAPERS.contains(&extension(stem.trim_end()).as_str()) {
        say.that(&TWO_EXTENSIONS, 1.0, name);
    }
    if name.chars().any(|one| matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        say.that(&DISGUISED_NAME, 1.0, name.escape_unicode().to_string());
    }
    let words = fold(&name.replace(['_', '-', '.', '+', '#', '(', ')'], " "));
    if PAGES.contains(&end.as_str())
        && let Some(lure) = NAMES.first("lure", &words)
    {
        say.that(&LURE_PAGE, 1.0, format!("{name}: {lure}"));
    }
    recipient(sight, name, &end, say);
}

fn recipient(sight: &Sight<'_>, name: &str, end: &str, say: &mut Say) {
    let from = sight.headers.from().first().map_or("", Mailbox::domain);
    let lower = name.to_lowercase();
    // Reports on a domain's mail are named by it (RFC 7489, section 7.2.1.1).
    if lower.matches('!').count() >= 3 {
        return;
    }
    for to in addressees(sight).filter(|to| !is_same(to.domain(), from)).take(3) {
        let domain = organisation(to.domain());
        let label = domain.split('.').next().unwrap_or_default();
        let is_own = !is_free_mail(domain) && domain.contains('.');
        let local = to.local();
        let is_strange = local.len() >= 4 && local.contains(['.', '_', '1', '2', '3', '4', '5']);
        if lower.contains(&to.address) || is_own && lower.contains(domain) {
            say.that(&RECIPIENT_IN_NAME, 1.0, name);
        } else if is_strange && lower.contains(local)
            || PAGES.contains(&end) && is_own && label.len() >= 4 && lower.contains(label)
        {
            say.that(&RECIPIENT_IN_NAME, 0.7, name);
        }
    }
}

/// What pages do that want something of their reader.
const DEEDS: &[(&str, Deed)] = &[
    ("type=\"password\"", Deed::Asks),
    ("type='password'", Deed::Asks),
    ("type=password", Deed::Asks),
    ("<form", Deed::Form),
    ("atob(", Deed::Unpacks),
    ("unescape(", Deed::Unpacks),
    ("fromcharcode", Deed::Unpacks),
    ("decodeuricomponent(", Deed::Unpacks),
    ("document.write", Deed::Unpacks),
    ("eval(", Deed::Unpacks),
    ("\\x3c", Deed::Unpacks),
    ("createobjecturl", Deed::Unpacks),
    ("mssaveoropenblob", Deed::Unpacks),
    ("location.href", Deed::Leaves),
    ("location.replace", Deed::Leaves),
    ("location.assign", Deed::Leaves),
    ("window.location", Deed::Leaves),
    ("window.open(", Deed::Leaves),
    ("http-equiv=\"refresh\"", Deed::Leaves),
    ("http-equiv='refresh'", Deed::Leaves),
    ("http-equiv=refresh", Deed::Leaves),
    ("xmlhttprequest", Deed::Leaves),
    ("$.ajax", Deed::Leaves),
    ("$.post", Deed::Leaves),
    ("fetch(", Deed::Leaves),
    ("api.telegram.org", Deed::Asks),
    ("<script", Deed::Script),
    ("onload=", Deed::Script),
    ("onerror=", Deed::Script),
];

/// What a page does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// Asks for a password, or sends what is typed to a stranger.
    Asks,
    /// Has a form.
    Form,
    /// Unpacks what it is.
    Unpacks,
    /// Leads or sends elsewhere.
    Leaves,
    /// Has scripts.
    Script,
}

static DEED_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(DEEDS.iter().map(|(word, _)| word))
        .ok()
});

fn page(part: &Part<'_>, name: &str, say: &mut Say) {
    /// Octets of a page that are looked at.
    const OCTETS: usize = 256 * 1024;
    let end = extension(name);
    let is_page = PAGES.contains(&end.as_str())
        || matches!(part.mime.as_str(), "text/html" | "application/xhtml+xml" | "image/svg+xml");
    let Some(octets) = part.octets().filter(|_| is_page) else { return };
    let is_picture = end == "svg" || part.mime == "image/svg+xml";
    let shown = if name.is_empty() { part.mime.as_str() } else { name };
    let octets = octets.get(..octets.len().min(OCTETS)).unwrap_or_default();
    if !is_picture {
        say.that(&PAGE, 1.0, shown);
    }
    let Some(words) = DEED_WORDS.as_ref() else { return };
    let mut deeds: Vec<(&str, Deed)> = Vec::new();
    for found in words.find_iter(octets).take(500) {
        let deed = DEEDS.get(found.pattern().as_usize());
        deeds.extend(deed.filter(|(_, deed)| !deeds.iter().any(|(_, known)| known == deed)));
    }
    let has = |wanted: Deed| deeds.iter().find(|(_, deed)| *deed == wanted).map(|(word, _)| *word);
    if let Some(word) = has(Deed::Asks) {
        say.that(&PAGE_WITH_FORM, 1.0, format!("{shown}: {word}"));
    } else if has(Deed::Form).is_some() {
        say.that(&PAGE_WITH_FORM, 0.4, format!("{shown}: a form"));
    }
    let worst = has(Deed::Unpacks).or_else(|| has(Deed::Leaves));
    match (worst, has(Deed::Script)) {
        (Some(word), _) => say.that(&PAGE_WITH_SCRIPT, 1.0, format!("{shown}: {word}")),
        (None, Some(word)) => {
            let strength = if is_picture { 1.0 } else { 0.5 };
            say.that(&PAGE_WITH_SCRIPT, strength, format!("{shown}: {word}"));
        }
        (None, None) => {}
    }
}

/// A page or script that is declared as something that filters let through.
fn declared(part: &Part<'_>, name: &str, say: &mut Say) {
    let end = extension(name);
    let is_active =
        PAGES.contains(&end.as_str()) && end != "svg" || RUNNING.contains(&end.as_str());
    let mime = part.mime.as_str();
    let is_harmless = mime.starts_with("image/")
        || mime.starts_with("audio/")
        || mime == "application/pdf"
        || mime == "text/plain";
    if is_active && is_harmless {
        say.that(&ODD_DECLARATION, 1.0, format!("{name} as {mime}"));
    }
}

/// What is in containers.
fn inside(leaf: &Leaf, say: &mut Say) {
    let end = extension(&leaf.name);
    if leaf.depth > 0
        && (RUNNING.contains(&end.as_str()) || PAGES.contains(&end.as_str()) && end != "svg")
    {
        let is_document =
            leaf.path.contains(".doc") || leaf.path.contains(".xls") || leaf.path.contains(".ppt");
        let strength = if RUNNING.contains(&end.as_str()) { 1.0 } else { 0.5 };
        say.that(&RUNS_INSIDE, if is_document { 0.0 } else { strength }, leaf.path.as_str());
    }
    let has = |one: Properties| leaf.properties.any(one);
    if has(Properties::DOUBLE_EXTENSION) {
        say.that(&TWO_EXTENSIONS, 1.0, leaf.name.as_str());
    }
    if has(Properties::DISGUISED_NAME) {
        say.that(&DISGUISED_NAME, 1.0, leaf.name.escape_unicode().to_string());
    }
    if has(Properties::AUTO_MACRO) {
        say.that(&MACRO, 1.0, leaf.path.as_str());
    } else if has(Properties::MACRO) {
        say.that(&MACRO, 0.5, leaf.path.as_str());
    }
    if has(Properties::TYPE_MISMATCH) && leaf.depth == 0 && has(Properties::ATTACHMENT) {
        say.that(&TYPE_MISMATCH, 1.0, format!("{}: {}", leaf.name, leaf.types.join(", ")));
    }
}

/// Words that give a password, and a lock.
fn locked(sight: &Sight<'_>, say: &mut Say) {
    const WORDS: &[&str] = &[
        "password:",
        "password is",
        "password -",
        "password to open",
        "passcode:",
        "archive password",
        "pass:",
        "pwd:",
        "passwort:",
        "passwort lautet",
        "kennwort:",
        "mot de passe :",
        "mot de passe:",
        "mot de passe est",
        "contrasena:",
        "contrasena es",
        "clave:",
        "senha:",
        "senha e",
        "password e",
        "wachtwoord:",
        "wachtwoord is",
        "haslo:",
        "haslo to",
        "losenord:",
        "heslo:",
        "jelszo:",
        "parola:",
        "sifre:",
        "пароль:",
        "пароль -",
        "パスワード",
        "密码",
        "비밀번호",
    ];
    let lock = |leaf: &&Leaf| {
        leaf.properties.any(Properties(Properties::ENCRYPTED.0 | Properties::OPENED.0))
    };
    let Some(leaf) = sight.leaves.iter().find(lock) else { return };
    if let Some(word) = WORDS.iter().find(|word| sight.body.folded.contains(*word)) {
        say.that(&LOCKED, 1.0, format!("{}: {word}", leaf.name));
    }
}

/// Mail that says nothing and lets the attachment speak.
fn bare(sight: &Sight<'_>, say: &mut Say) {
    let letters = |text: &str| text.chars().filter(|one| one.is_alphanumeric()).count();
    let is_document = |part: &&Part<'_>| {
        part.is_attachment()
            && !part.mime.starts_with("image/")
            && !part.mime.contains("signature")
            && part.mime != "text/calendar"
            && !part.mime.starts_with("message/")
    };
    let Some(part) = sight.mail.parts.iter().find(is_document) else { return };
    let own = letters(&sight.body.shown);
    let name = part.name.as_deref().unwrap_or(&part.mime);
    if own < 25 {
        say.that(&BARE_ATTACHMENT, 1.0, format!("{own} letters, {name}"));
    }
    let mut attached = sight.links.iter().filter(|link| {
        matches!(link.kind, LinkKind::Attached | LinkKind::Code) && link.target.starts_with("http")
    });
    let count = letters(&sight.attached);
    if let Some(link) = attached.next()
        && attached.count() <= 2
        && own < 500
        && count < 700
    {
        let strength = if own < 150 && count < 350 { 1.0 } else { 0.5 };
        say.that(&BARE_DOCUMENT, strength, format!("{name}: {}", link.target));
    }
}

/// Invitations: made by the sender, or by a stranger.
fn calendar(sight: &Sight<'_>, say: &mut Say) {
    let from = sight.headers.from().first().map_or("", Mailbox::domain);
    for (part, text) in sight.mail.text_parts() {
        if part.mime != "text/calendar" {
            continue;
        }
        let head = text.get(..text.floor_char_boundary(16 * 1024)).unwrap_or_default();
        let lower = head.to_ascii_lowercase();
        let organizer =
            lower.split("organizer").nth(1).and_then(|rest| rest.split("mailto:").nth(1));
        let address = organizer.and_then(|rest| rest.split(['\r', '\n', '"', ';']).next());
        let Some((_, domain)) = address.and_then(|one| one.split_once('@')) else { continue };
        let is_event = lower.contains("begin:vevent") && lower.contains("dtstart");
        if is_same(domain.trim(), from) && is_event {
            say.that(&INVITATION, 1.0, format!("organizer at {domain}"));
        } else if !is_service(from) {
            say.that(&STRANGE_INVITATION, 1.0, format!("organizer at {domain}, sender at {from}"));
        }
    }
}

/// Services that send invitations for others.
fn is_service(domain: &str) -> bool {
    const SERVICES: &[&str] = &[
        "google.com",
        "calendly.com",
        "zoom.us",
        "webex.com",
        "microsoft.com",
        "eventbrite.com",
        "gotomeeting.com",
        "doodle.com",
        "icloud.com",
        "apple.com",
        "yahoo.com",
        "facebookmail.com",
    ];
    SERVICES.contains(&organisation(domain))
}

#[cfg(test)]
mod tests;
