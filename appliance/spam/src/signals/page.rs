//! How the page is built, and what it hides.

mod markup;

use std::collections::HashSet;

use unpack::Page;

use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use crate::text::fold;
use mail::SpamClass;
use markup::Markup;

const fn signal(
    name: &'static str,
    class: Option<SpamClass>,
    prior: f32,
    words: &'static str,
) -> Signal {
    Signal { name, group: Group::Page, toward: Toward::Unwanted(class), prior, words }
}

const PHISHING: Option<SpamClass> = Some(SpamClass::Phishing);

pub(super) const HIDDEN: Signal =
    signal("hidden-text", None, 1.3, "the page hides more text than it shows");
pub(super) const DISGUISED: Signal = signal(
    "disguised-letters",
    None,
    2.3,
    "plain letters of the page are written as numbers, which hides them from filters",
);
pub(super) const BROKEN_WORDS: Signal = signal(
    "words-broken-by-nothing",
    None,
    2.5,
    "words of the page are broken by marks that show nothing",
);
const APART: Signal =
    signal("letters-in-own-elements", None, 2.0, "letters of words stand in elements of their own");
const UNKNOWN_ELEMENTS: Signal =
    signal("unknown-elements", None, 1.5, "the page has elements that no reader knows");
const PROSE_COMMENTS: Signal = signal(
    "prose-in-comments",
    None,
    0.5,
    "the page has sentences in comments, which nobody reads",
);
pub(super) const LINKED_PICTURE: Signal = signal(
    "linked-picture-alone",
    None,
    1.6,
    "the page is a picture that leads somewhere, and has next to no text",
);
const NO_TEXT: Signal =
    signal("page-without-text", None, 0.6, "the page has neither text nor pictures");
const FORM: Signal = signal("form-in-mail", None, 0.7, "the mail has a form to fill in");
pub(super) const PASSWORD_FIELD: Signal =
    signal("password-field-in-mail", PHISHING, 3.0, "the mail has a field for a password");
const GOES_ELSEWHERE: Signal =
    signal("page-goes-elsewhere", None, 2.0, "the page leads elsewhere by itself");
const SCRIPT: Signal = signal("script-in-mail", None, 0.5, "the page of the mail has scripts");
const ALL_LINK: Signal = signal("text-is-one-link", None, 1.2, "nearly all of the text is a link");
const OTHER_PLAIN: Signal = signal(
    "plain-text-differs",
    None,
    1.5,
    "the plain text beside the page says something else than the page",
);
const TINY_PLAIN: Signal = signal(
    "plain-text-missing-words",
    None,
    0.4,
    "the plain text beside the page is next to empty",
);
const EMBEDDED_PICTURES: Signal =
    signal("picture-data-in-page", None, 0.4, "pictures stand in the page as data, not as parts");
pub(super) const ONE_BUTTON: Signal = signal(
    "short-page-one-button",
    None,
    0.4,
    "a short page with one thing to click and no way to leave a list",
);
const UNTITLED: Signal = signal(
    "title-of-a-draft",
    None,
    0.4,
    "the page has the title that an editor gave to its draft",
);

pub(super) const SIGNALS: &[&Signal] = &[
    &HIDDEN,
    &DISGUISED,
    &BROKEN_WORDS,
    &APART,
    &UNKNOWN_ELEMENTS,
    &PROSE_COMMENTS,
    &LINKED_PICTURE,
    &NO_TEXT,
    &FORM,
    &PASSWORD_FIELD,
    &GOES_ELSEWHERE,
    &SCRIPT,
    &ALL_LINK,
    &OTHER_PLAIN,
    &TINY_PLAIN,
    &EMBEDDED_PICTURES,
    &ONE_BUTTON,
    &UNTITLED,
];

/// Pages of the mail itself: each HTML part that is shown makes one.
pub(super) fn body_pages<'s>(sight: &'s Sight<'_>) -> impl Iterator<Item = &'s Page> {
    let is_shown = |part: &&message::Part<'_>| part.mime == "text/html" && !part.is_attachment();
    let count = sight.mail.parts.iter().filter(is_shown).count();
    sight.pages.iter().take(if sight.body.has_html { count.max(1) } else { 0 })
}

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    for page in body_pages(sight) {
        letters(page, say);
        parts(page, say);
        pictures(sight, page, say);
        links(sight, page, say);
    }
    markup(sight, say);
    plain(sight, say);
}

/// What is written so that filters do not read it.
fn letters(page: &Page, say: &mut Say) {
    let (seen, hidden) = (page.visible_letters, page.hidden_letters);
    // Newsletters hide a line for lists of mail, and what only telephones or only desks show.
    if hidden >= 250 && hidden > seen / 2 {
        let share = hidden as f32 / seen.max(1) as f32;
        say.that(&HIDDEN, share.min(2.0) / 2.0, format!("{hidden} letters hidden, {seen} shown"));
    }
    let disguised = page.disguised_letters;
    if disguised >= 8 && disguised.saturating_mul(20) > seen {
        let strength = if disguised.saturating_mul(4) > seen { 1.0 } else { 0.6 };
        say.that(&DISGUISED, strength, format!("{disguised} of {seen} letters"));
    }
    let unknown = page.unknown_elements;
    if unknown >= 3 && unknown.saturating_mul(20) > page.elements {
        let strength = if unknown >= 8 { 1.0 } else { 0.6 };
        say.that(&UNKNOWN_ELEMENTS, strength, format!("{unknown} of {} elements", page.elements));
    }
    let title = fold(&page.title);
    const DRAFTS: &[&str] =
        &["untitled document", "untitled", "new page 1", "document", "index", "test"];
    if DRAFTS.contains(&title.as_str()) {
        say.that(&UNTITLED, 1.0, page.title.as_str());
    }
}

/// What a mail has no need of.
fn parts(page: &Page, say: &mut Say) {
    if page.password_fields > 0 {
        say.that(&PASSWORD_FIELD, 1.0, format!("{} fields", page.password_fields));
    }
    if !page.forms.is_empty() && page.fields > 0 {
        say.that(&FORM, 1.0, page.forms.first().cloned().unwrap_or_default());
    } else if !page.forms.is_empty() {
        say.that(&FORM, 0.5, page.forms.first().cloned().unwrap_or_default());
    }
    if page.goes_elsewhere {
        say.that(&GOES_ELSEWHERE, 1.0, "a page that leaves by itself");
    }
    if page.scripts > 0 {
        say.that(&SCRIPT, 1.0, format!("{} scripts", page.scripts));
    }
}

fn pictures(sight: &Sight<'_>, page: &Page, say: &mut Say) {
    let is_large = |one: &&unpack::Picture| {
        one.width.is_none_or(|width| width >= 150) && one.height.is_none_or(|height| height >= 80)
    };
    let large = page.pictures.iter().filter(is_large).count();
    let linked = page.anchors.iter().find(|one| one.has_picture && !one.is_hidden);
    let letters = page.visible_letters;
    match linked {
        Some(anchor) if large > 0 && letters < 150 => {
            say.that(&LINKED_PICTURE, if letters < 60 { 1.0 } else { 0.6 }, anchor.target.as_str());
        }
        _ if letters < 3 && page.pictures.is_empty() && sight.body.plain.trim().len() < 3 => {
            say.that(&NO_TEXT, 1.0, format!("{} elements", page.elements));
        }
        _ => {}
    }
    let data = page.pictures.iter().filter(|one| one.target.starts_with("data:")).count();
    if data > 0 {
        say.that(&EMBEDDED_PICTURES, 1.0, format!("{data} pictures"));
    }
}

fn links(sight: &Sight<'_>, page: &Page, say: &mut Say) {
    let letters = |text: &str| text.chars().filter(|one| one.is_alphanumeric()).count();
    let shown = || page.anchors.iter().filter(|one| !one.is_hidden);
    let longest = shown().map(|one| letters(&one.words)).max().unwrap_or(0);
    let seen = usize::try_from(page.visible_letters).unwrap_or(usize::MAX);
    if longest >= 25 && longest.saturating_mul(10) >= seen.saturating_mul(6) {
        say.that(&ALL_LINK, 1.0, format!("{longest} of {seen} letters"));
    }
    let targets: HashSet<&str> = shown().map(|one| one.target.as_str()).collect();
    let web = targets.iter().filter(|one| one.starts_with("http")).count();
    let is_bulk = sight.headers.has("List-Unsubscribe");
    if web == 1 && (15..700).contains(&seen) && !is_bulk && !sight.headers.has("In-Reply-To") {
        let target = targets.iter().find(|one| one.starts_with("http")).copied();
        say.that(&ONE_BUTTON, 1.0, target.unwrap_or_default());
    }
}

/// What only the source shows.
fn markup(sight: &Sight<'_>, say: &mut Say) {
    for (part, text) in sight.mail.text_parts() {
        if part.mime != "text/html" || part.is_attachment() {
            continue;
        }
        let found =
            Markup::read(text.get(..text.floor_char_boundary(64 * 1024)).unwrap_or_default());
        if found.broken >= 3 {
            let strength = (found.broken as f32 / 10.0).clamp(0.4, 1.0);
            say.that(&BROKEN_WORDS, strength, found.example.clone());
        }
        if found.apart >= 10 {
            let strength = (found.apart as f32 / 30.0).clamp(0.4, 1.0);
            say.that(&APART, strength, found.example.clone());
        }
        if found.prose >= 200 {
            let strength = (found.prose as f32 / 600.0).min(1.0);
            say.that(&PROSE_COMMENTS, strength, format!("{} letters in comments", found.prose));
        }
    }
}

/// Whether the plain text and the page say the same.
fn plain(sight: &Sight<'_>, say: &mut Say) {
    let has_plain =
        sight.mail.parts.iter().any(|part| part.mime == "text/plain" && !part.is_attachment());
    let is_alternative = sight.mail.parts.iter().any(|part| part.mime == "multipart/alternative");
    if !has_plain || !is_alternative || !sight.body.has_html {
        return;
    }
    let plain = fold(&sight.body.plain);
    let count = words(&plain).count();
    let shown = words(&sight.body.folded).count();
    if count < 5 && shown >= 20 {
        say.that(&TINY_PLAIN, 1.0, plain.as_str());
    }
    if count < 15 || shown < 10 {
        return;
    }
    let page: HashSet<&str> = words(&sight.body.folded).chain(words(&sight.body.hidden)).collect();
    let known = words(&plain).filter(|word| page.contains(word)).count();
    let share = known as f32 / count as f32;
    if share < 0.4 {
        let evidence = format!("{known} of {count} words of the plain text are on the page");
        say.that(&OTHER_PLAIN, ((0.45 - share) / 0.3).min(1.0), evidence);
    }
}

/// Words of letters; addresses of links are in the one and not in the other by rights.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let all =
        text.split_whitespace().filter(|word| !word.contains("://") && !word.contains("www."));
    all.flat_map(|word| word.split(|one: char| !one.is_alphabetic()))
        .filter(|word| word.len() >= 4)
        .take(1500)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn said(html: &str, name: &str) -> f32 {
        let raw = format!(
            "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
        );
        made::strength(&made::said_by(look, &raw), name)
    }

    const PROSE: &str = "The committee met on Monday evening and talked about the roof of the old barn, \
        which has to be mended before winter comes, and about who could lend a ladder for it. ";

    /// Each hostile page with its honest twin.
    #[test]
    fn hostile_pages_are_said_and_their_honest_twins_are_not() {
        let hidden = format!("<p>Click</p><div style=\"display:none\">{}</div>", PROSE.repeat(3));
        let broken = "<p>pass<!-- a -->word exp<!-- b -->ires ver<xyz></xyz>ify acc<b></b>ount</p>";
        let apart =
            "<p>".to_owned() + &"<span>a</span><span>b</span><span>c</span>".repeat(8) + "</p>";
        let comments = format!("<p>x</p><!-- {} -->", PROSE.repeat(2));
        let prose = format!("<p>{PROSE}</p>");
        for (name, hostile, honest) in [
            ("hidden-text", hidden.as_str(), prose.as_str()),
            (
                "disguised-letters",
                "<p>&#80;&#97;&#115;&#115;&#119;&#111;&#114;&#100; expires</p>",
                "<p>Caf&#233; &#38; Bar</p>",
            ),
            ("words-broken-by-nothing", broken, "<p><b>B</b>old <i>it</i>alic H<sub>2</sub>O</p>"),
            ("letters-in-own-elements", apart.as_str(), "<p><b>B</b>old <i>it</i>alic</p>"),
            (
                "unknown-elements",
                "<p><qxa>a</qxa><qxb>b</qxb><qxc>c</qxc><qxd>d</qxd></p>",
                "<p><o:p>a</o:p><o:p>b</o:p><o:p>c</o:p></p>",
            ),
            (
                "prose-in-comments",
                comments.as_str(),
                "<p>x</p><!--[if mso]><table><tr><td>a</td></tr></table><![endif]-->",
            ),
            (
                "linked-picture-alone",
                "<a href='http://a.example'><img src='http://b.example/c.png'></a>",
                "<p>My photo:</p><img src='cid:1'>",
            ),
            ("page-without-text", "<div></div>", "<p>Hello</p>"),
            (
                "form-in-mail",
                "<form action='http://a.example'><input name=a></form>",
                "<p>Fill in the form that is attached</p>",
            ),
            (
                "password-field-in-mail",
                "<form><input type=password></form>",
                "<form><input></form>",
            ),
            (
                "page-goes-elsewhere",
                "<meta http-equiv=refresh content='0;url=http://a.example'>",
                "<meta http-equiv=content-type content='text/html'>",
            ),
            ("script-in-mail", "<script>a()</script>", "<style>a{}</style>"),
            (
                "text-is-one-link",
                "<a href='http://a.example'>Click here now to see your new message from us</a>",
                prose.as_str(),
            ),
            ("picture-data-in-page", "<img src='data:image/png;base64,AAAA'>", "<img src='cid:1'>"),
            (
                "short-page-one-button",
                "<p>Your document waits</p><a href='http://a.example'>Open</a>",
                prose.as_str(),
            ),
            (
                "title-of-a-draft",
                "<title>Untitled Document</title><p>x</p>",
                "<title>News</title><p>x</p>",
            ),
        ] {
            assert!(said(hostile, name) > 0.3, "{name}: {hostile}");
            assert!(said(honest, name) < 0.01, "{name}: {honest}");
        }
    }

    fn both(plain: &str, html: &str, name: &str) -> f32 {
        let raw = format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\
             Content-Type: text/plain\r\n\r\n{plain}\r\n--a\r\nContent-Type: text/html\r\n\r\n{html}\r\n--a--\r\n"
        );
        made::strength(&made::said_by(look, &raw), name)
    }

    #[test]
    fn plain_text_that_says_something_else_is_said() {
        let other = "Yesterday several friends visited museums where ancient paintings hang beside marble \
            statues, drinking coffee under chestnut trees until evening rain began falling softly";
        let page = "<p>Confirm your account details today since access ends within hours, please verify the \
            billing address for continued service</p>";
        assert!(both(other, page, "plain-text-differs") > 0.9);
        assert!(both(PROSE, &format!("<p>{PROSE}</p>"), "plain-text-differs") < 0.01);
        assert!(
            both("-", &format!("<p>{}</p>", PROSE.repeat(2)), "plain-text-missing-words") > 0.9
        );
    }
}
