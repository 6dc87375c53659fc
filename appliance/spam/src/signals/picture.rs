//! Pictures, and codes in them. Whose the place is that a code leads to, is said with the links;
//! here is what is odd about showing it as a code.

use mail::SpamClass;

use crate::address::{base64_text, percent_decoded};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::{LinkKind, Sight};
use crate::standing::{Click, Clicks, Standing};

const PHISHING: Toward = Toward::Unwanted(Some(SpamClass::Phishing));
const UNWANTED: Toward = Toward::Unwanted(None);

const fn signal(name: &'static str, toward: Toward, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Picture, toward, prior, words }
}

pub(super) const CODE_FOR_RECIPIENT: Signal = signal(
    "code-for-recipient",
    PHISHING,
    2.5,
    "a code in a picture leads to a stranger's and has the recipient's address in it",
);
pub(super) const CODE_ALONE: Signal = signal(
    "code-alone",
    PHISHING,
    1.5,
    "a code in a picture leads to a stranger's, there is nothing else to click and little text",
);
pub(super) const CODE_CALLED_FOR: Signal = signal(
    "code-called-for",
    PHISHING,
    0.8,
    "the text asks to scan a code, and the code leads to a stranger's",
);
pub(super) const CODE_DRAWN: Signal = signal(
    "code-drawn",
    PHISHING,
    1.8,
    "a code that leads to a stranger's is drawn with characters instead of a picture",
);
pub(super) const CODE_HIDES: Signal = signal(
    "code-hides-place",
    PHISHING,
    0.9,
    "a code in a picture leads through a shortener or to where anybody can publish",
);
const CODE_FORM: Signal = signal(
    "code-form",
    Toward::Wanted,
    0.3,
    "a code in a picture is a payment form or a visiting card, and leads nowhere",
);
const PICTURE_FOR_TEXT: Signal = signal(
    "picture-for-text",
    UNWANTED,
    0.4,
    "the page shows a picture that came along, and next to no text",
);
const PIECES: Signal = signal(
    "picture-in-pieces",
    UNWANTED,
    0.7,
    "the page is put together from pictures that came along, and has next to no text",
);

pub(super) const SIGNALS: &[&Signal] = &[
    &CODE_FOR_RECIPIENT,
    &CODE_ALONE,
    &CODE_CALLED_FOR,
    &CODE_DRAWN,
    &CODE_HIDES,
    &CODE_FORM,
    &PICTURE_FOR_TEXT,
    &PIECES,
];

/// How texts speak of codes that are to be scanned, folded.
const CALLS: &[&str] = &[
    "qr code",
    "qr-code",
    "qrcode",
    "code qr",
    "codigo qr",
    "codice qr",
    "kod qr",
    "kodu qr",
    "qr kod",
    "qr-kod",
    "qr kaart",
    "qr-\u{43a}\u{43e}\u{434}",
    "qr \u{43a}\u{43e}\u{434}",
    "qr\u{30b3}\u{30fc}\u{30c9}",
    "qr\u{cf54}\u{b4dc}",
    "\u{4e8c}\u{7ef4}\u{7801}",
    "\u{626b}\u{7801}",
    "scan the code",
    "scan below",
    "scan with your phone",
    "scan this code",
    "code below with your phone",
    "code scannen",
    "scannez le code",
    "escanee el codigo",
    "escanea el codigo",
    "escaneie o codigo",
    "inquadra il codice",
    "scansiona il codice",
    "scan de code",
    "zeskanuj kod",
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    if !sight.codes.is_empty() {
        codes(sight, say);
    }
    if !sight.pictures.is_empty() {
        pictures(sight, say);
    }
}

fn codes(sight: &Sight<'_>, say: &mut Say) {
    if let Some(code) = sight.codes.iter().find(|code| is_form(code)) {
        say.that(&CODE_FORM, 1.0, format!("a code reads \"{}\"", beginning(code)));
    }
    let clicks = Clicks::of(sight);
    let is_code = |click: &&Click<'_>| click.link.kind == LinkKind::Code;
    let strange = |click: &&Click<'_>| click.standing.strangeness() > 0.0;
    for click in clicks.list.iter().filter(is_code).filter(strange) {
        let strangeness = click.standing.strangeness();
        let evidence = || format!("a code leads to {}", click.url.host);
        if let Some(address) = recipient_in(&click.link.target, sight) {
            let evidence = format!("a code leads to {} and names {address}", click.url.host);
            say.that(&CODE_FOR_RECIPIENT, 1.0, evidence);
        }
        let hides = match click.standing {
            Standing::Hosted(service) => service.hosting(),
            Standing::Short | Standing::Number => 1.0,
            _ if !click.url.through.is_empty() => 0.7,
            _ => 0.0,
        };
        say.that(&CODE_HIDES, hides, evidence());
        if let Some(words) = CALLS.iter().find(|words| sight.body.folded.contains(**words)) {
            let evidence =
                format!("the text says \"{words}\", the code leads to {}", click.url.host);
            say.that(&CODE_CALLED_FOR, 0.4 + strangeness * 0.6, evidence);
        }
        if sight.are_codes_drawn {
            say.that(&CODE_DRAWN, 0.4 + strangeness * 0.6, evidence());
        }
        let others = clicks.calls().filter(|click| click.link.kind != LinkKind::Code).count();
        if others == 0 {
            let strength = shortness(&sight.body.shown) * (0.4 + strangeness * 0.6);
            say.that(&CODE_ALONE, strength, evidence());
        }
    }
}

/// Codes that a bank's or telephone's program reads and that lead nowhere: the European and the Swiss
/// form for a transfer, visiting cards.
fn is_form(code: &str) -> bool {
    let line = code.lines().next().unwrap_or_default().trim();
    let has_lines = code.lines().nth(2).is_some();
    let is_transfer = matches!(line, "BCD" | "SPC") && code.lines().nth(6).is_some();
    let is_card = line.eq_ignore_ascii_case("BEGIN:VCARD") && has_lines;
    is_transfer || is_card
}

fn beginning(code: &str) -> String {
    let end = code.floor_char_boundary(40);
    code.get(..end).unwrap_or_default().replace(['\r', '\n'], " ")
}

/// The address of a recipient that stands in a code, openly or in base64.
fn recipient_in<'s>(code: &str, sight: &'s Sight<'_>) -> Option<&'s str> {
    let open = percent_decoded(code).to_ascii_lowercase();
    let is_coded = |one: &char| one.is_ascii_alphanumeric() || matches!(one, '+' | '/' | '_' | '-');
    let hidden = code
        .split(|one: char| !is_coded(&one) || one == '/')
        .filter(|part| part.len() >= 8)
        .take(16)
        .filter_map(base64_text);
    let all: Vec<String> =
        std::iter::once(open).chain(hidden.map(|one| one.to_ascii_lowercase())).collect();
    let addresses = sight.headers.to().iter().map(|one| one.address.as_str());
    let mut addresses = addresses.filter(|one| one.contains('@')).take(8);
    addresses.find(|address| all.iter().any(|text| text.contains(*address)))
}

/// 1 for a short text, falling to 0 for a long one.
fn shortness(text: &str) -> f32 {
    let letters = text.chars().filter(|one| one.is_alphabetic()).take(2000).count();
    (1.0 - (letters as f32 - 400.0) / 1200.0).clamp(0.0, 1.0)
}

/// Pages made of pictures that came along. A photograph that somebody attaches is shown by no page,
/// and answers often hold a picture of a screen.
fn pictures(sight: &Sight<'_>, say: &mut Say) {
    let Some(page) = sight.pages.first().filter(|_| sight.body.has_html) else { return };
    let is_answer = sight.headers.has("In-Reply-To") || sight.headers.has("References");
    let letters = sight.body.shown.chars().filter(|one| one.is_alphabetic()).take(400).count();
    let came_along = page.pictures.iter().filter(|one| one.target.starts_with("cid:")).count();
    if is_answer || came_along == 0 || letters >= 200 {
        return;
    }
    let is_large = |width: u32, height: u32| width >= 250 && height >= 120;
    let largest = sight.pictures.iter().filter(|one| is_large(one.width, one.height));
    let largest = largest.max_by_key(|one| u64::from(one.width) * u64::from(one.height));
    let share = 1.0 - letters as f32 / 200.0;
    if let Some(picture) = largest {
        let (width, height) = (picture.width, picture.height);
        let evidence = format!("a picture of {width} by {height} pixels and {letters} letters");
        say.that(&PICTURE_FOR_TEXT, share, evidence);
    }
    if came_along >= 5 {
        let evidence = format!("{came_along} pictures that came along and {letters} letters");
        say.that(&PIECES, share, evidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;
    use crate::picture::made::{base64, cells, grey, half_blocks, png};

    /// A message with a text and a picture that its page shows.
    fn mail(from: &str, text: &str, picture: &[u8]) -> String {
        format!(
            "From: {from}\r\nTo: ann@example.com\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/related; boundary=x\r\n\r\n--x\r\n\
             Content-Type: text/html\r\n\r\n<p>{text}</p><img src=\"cid:p\">\r\n--x\r\n\
             Content-Type: image/png\r\nContent-ID: <p>\r\nContent-Disposition: inline\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--x--\r\n",
            base64(picture)
        )
    }

    fn said(from: &str, text: &str, code: &str, name: &str) -> f32 {
        let raw = mail(from, text, &png(&grey(code, 4, 4)));
        made::strength(&made::said_by(look, &raw), name)
    }

    const STRANGER: &str = "https://portal.qhzvd.example/a?u=ann@example.com";
    const OWN: &str = "https://www.example.org/ticket/12";
    const FROM: &str = "Tickets <info@example.org>";

    #[test]
    fn a_code_with_the_recipients_address_for_a_stranger_is_said() {
        assert!(said(FROM, "Scan", STRANGER, "code-for-recipient") > 0.9);
        let hidden = "https://portal.qhzvd.example/#YW5uQGV4YW1wbGUuY29t";
        assert!(said(FROM, "Scan", hidden, "code-for-recipient") > 0.9);
        let own = "https://www.example.org/t?u=ann@example.com";
        assert!(said(FROM, "Scan", own, "code-for-recipient") < 0.01);
        assert!(said(FROM, "Scan", "MATMSG:TO:ann@example.com;;", "code-for-recipient") < 0.01);
    }

    #[test]
    fn a_code_and_nothing_else_is_said_when_it_leads_to_a_stranger() {
        let text = "Your second factor expires today. Scan the QR code with your phone.";
        assert!(said(FROM, text, STRANGER, "code-alone") > 0.5);
        assert!(said(FROM, text, STRANGER, "code-called-for") > 0.5);
        assert!(said(FROM, text, OWN, "code-alone") < 0.01);
        assert!(said(FROM, text, OWN, "code-called-for") < 0.01);
        let long = "This is the programme of our meeting. ".repeat(80);
        assert!(said(FROM, &long, STRANGER, "code-alone") < 0.01);
        let other = "<a href=\"https://shop.example.org/\">shop</a> Scan the QR code";
        assert!(said(FROM, other, STRANGER, "code-alone") < 0.01);
    }

    #[test]
    fn a_code_that_hides_where_it_leads_is_said() {
        assert!(said(FROM, "x", "https://bit.ly/3abcde", "code-hides-place") > 0.9);
        assert!(said(FROM, "x", "https://pub-1.r2.dev/a.html", "code-hides-place") > 0.5);
        assert!(said(FROM, "x", OWN, "code-hides-place") < 0.01);
    }

    #[test]
    fn a_code_drawn_with_characters_is_said_when_it_leads_to_a_stranger() {
        let raw = |code: &str| {
            format!(
                "From: {FROM}\r\nTo: ann@example.com\r\nMIME-Version: 1.0\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\r\nScan:\r\n\r\n{}\r\n",
                half_blocks(code)
            )
        };
        let said = |code| made::strength(&made::said_by(look, &raw(code)), "code-drawn");
        assert!(said(STRANGER) > 0.5);
        assert!(said(OWN) < 0.01);
        assert!(said("otpauth://totp/x?secret=ABCDEFGH") < 0.01);
    }

    /// Codes that are read in a message with this one part.
    fn codes(kind: &str, octets: &[u8]) -> Vec<String> {
        let raw = format!(
            "From: {FROM}\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64(octets)
        );
        made::sighted(raw.as_bytes(), |sight| sight.codes.clone())
    }

    fn pdf(objects: &[String]) -> Vec<u8> {
        let numbered =
            objects.iter().zip(1..).map(|(one, at)| format!("{at} 0 obj\n{one}\nendobj\n"));
        format!("%PDF-1.4\n{}%%EOF\n", numbered.collect::<String>()).into_bytes()
    }

    fn stream(head: &str, content: &str) -> String {
        let length = content.len();
        format!("<< /Length {length} {head} >>\nstream\n{content}\nendstream")
    }

    #[test]
    fn a_code_that_is_a_table_of_cells_is_read() {
        let row = |row: &Vec<bool>| {
            let cell =
                |dark: &bool| format!("<td bgcolor={}>", if *dark { "#000" } else { "#fff" });
            format!("<tr>{}", row.iter().map(cell).collect::<String>())
        };
        let rows: String = cells(STRANGER).iter().map(row).collect();
        let page = format!("<p>Scan</p><table width=90 cellspacing=0>{rows}</table>");
        assert_eq!(codes("text/html", page.as_bytes()), [STRANGER]);
        let drawn = format!("<pre>\n{}</pre>", half_blocks(STRANGER));
        assert_eq!(codes("text/html; charset=utf-8", drawn.as_bytes()), [STRANGER]);
    }

    #[test]
    fn a_code_that_stands_in_a_page_as_data_is_read() {
        let data = base64(&png(&grey(STRANGER, 3, 4))).replace("\r\n", "");
        let page = format!("<p>Scan</p><img src=\"data:image/png;base64,{data}\">");
        assert_eq!(codes("text/html", page.as_bytes()), [STRANGER]);
    }

    #[test]
    fn a_code_that_a_pdf_draws_is_read() {
        let mut squares = String::from("0 g\n");
        for (y, row) in cells(STRANGER).iter().enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
                squares += &format!("{} {} 3 3 re f\n", 100 + x * 3, 700 - y * 3);
            }
        }
        let page = |head: &str| format!("<< /Type /Page {head} >>");
        let drawn = pdf(&[page("/Contents 2 0 R"), stream("", &squares)]);
        assert_eq!(codes("application/pdf", &drawn), [STRANGER]);
        let form = pdf(&[page("/Contents 3 0 R"), stream("/Subtype /Form", &squares)]);
        assert_eq!(codes("application/pdf", &form), [STRANGER]);
    }

    #[test]
    fn a_code_that_is_a_bare_picture_in_a_pdf_is_read() {
        let code = grey(STRANGER, 2, 4);
        let side = code.width();
        let digits: String = code.pixels().iter().map(|one| format!("{one:02x}")).collect();
        let head = format!(
            "/Subtype /Image /Width {side} /Height {side} /BitsPerComponent 8 \
             /ColorSpace /DeviceGray /Filter /ASCIIHexDecode"
        );
        let held = pdf(&["<< /Type /Page >>".to_owned(), stream(&head, &digits)]);
        assert_eq!(codes("application/pdf", &held), [STRANGER]);
    }

    #[test]
    fn payment_forms_and_visiting_cards_are_honest() {
        let transfer = "BCD\n002\n1\nSCT\nBFSWDE33BER\nExample e.V.\nDE33100205000001194700\nEUR10";
        assert!(said(FROM, "Your invoice", transfer, "code-form") > 0.9);
        let card = "BEGIN:VCARD\nVERSION:3.0\nN:Miller;Ann\nEND:VCARD";
        assert!(said(FROM, "Hello", card, "code-form") > 0.9);
        assert!(said(FROM, "Hello", STRANGER, "code-form") < 0.01);
        assert!(said(FROM, "Hello", "BCD", "code-form") < 0.01);
        assert!(said(FROM, "Hello", transfer, "code-alone") < 0.01);
    }

    #[test]
    fn a_page_that_is_a_picture_is_said_and_an_answer_with_one_is_not() {
        let picture = png(&crate::picture::made::from(400, 300, |x, y| (x * y % 200) as u8));
        let raw = mail(FROM, "", &picture);
        let said = |raw: &str| made::strength(&made::said_by(look, raw), "picture-for-text");
        assert!(said(&raw) > 0.9);
        assert!(said(&format!("In-Reply-To: <1@example.com>\r\n{raw}")) < 0.01);
        assert!(said(&mail(FROM, &"words of a letter ".repeat(20), &picture)) < 0.01);
        let dot = png(&crate::picture::made::from(1, 1, |_, _| 255));
        assert!(said(&mail(FROM, "", &dot)) < 0.01);
    }

    #[test]
    fn a_page_of_many_pieces_is_said() {
        let piece = png(&crate::picture::made::from(60, 40, |_, _| 99));
        let raw = mail(FROM, "", &piece);
        let many = raw.replace("<img src=\"cid:p\">", &"<img src=\"cid:p\">".repeat(6));
        let said = |raw: &str| made::strength(&made::said_by(look, raw), "picture-in-pieces");
        assert!(said(&many) > 0.9 && said(&raw) < 0.01);
    }
}
