//! Messages changed: clues to their origin and age taken out, and what senders change to get past
//! filters. For training and for measuring how well the product stands it.

use message::Mail;

/// A message as its fields and its body.
#[derive(Debug, Clone)]
struct Split {
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What may be done to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Fields that a corpus leaks its labels by are left out.
    Stripped,
    /// From, To, Cc, Subject, Date and what MIME needs are left.
    Bare,
    /// It was sent in another year.
    Dates,
    /// Another address writes.
    From,
    /// The HTML alone of a message that has plain text beside it, or the other way round.
    OnlyHtml,
    /// See [`Change::OnlyHtml`].
    OnlyPlain,
    /// White space in the page stands elsewhere.
    Reflowed,
    /// Some letters are those of another script that look the same.
    Homoglyphs,
    /// Words of no meaning stand at the end.
    Salad,
}

impl Change {
    /// The changes that the table of robustness shows.
    pub const SHOWN: [Change; 6] = [
        Change::Stripped,
        Change::Dates,
        Change::From,
        Change::Reflowed,
        Change::Homoglyphs,
        Change::Salad,
    ];

    /// Its name in the table.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Change::Stripped => "headers stripped",
            Change::Bare => "headers reduced",
            Change::Dates => "dates moved",
            Change::From => "From rewritten",
            Change::OnlyHtml => "HTML alone",
            Change::OnlyPlain => "plain text alone",
            Change::Reflowed => "HTML re-flowed",
            Change::Homoglyphs => "homoglyphs inserted",
            Change::Salad => "word salad appended",
        }
    }

    /// The message changed; `None` when this change does nothing to it.
    #[must_use]
    pub fn apply(self, raw: &[u8]) -> Option<Vec<u8>> {
        let mut split = Split::read(raw);
        match self {
            Change::Stripped => split.fields.retain(|(name, _)| !is_leak(name)),
            Change::Bare => split.fields.retain(|(name, _)| is_bare(name)),
            Change::Dates => dates(&mut split),
            Change::From => from(&mut split),
            Change::OnlyHtml => return alone(raw, &split, "text/html"),
            Change::OnlyPlain => return alone(raw, &split, "text/plain"),
            Change::Reflowed => return rebuilt(raw, &split, reflowed),
            Change::Homoglyphs => return rebuilt(raw, &split, homoglyphs),
            Change::Salad => return rebuilt(raw, &split, salad),
        }
        Some(split.joined())
    }
}

impl Split {
    fn read(raw: &[u8]) -> Self {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        let mut rest = raw;
        while let Some(at) = rest.iter().position(|octet| *octet == b'\n') {
            let (line, more) = rest.split_at(at + 1);
            rest = more;
            if line == b"\n" || line == b"\r\n" {
                break;
            }
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if let Some((_, octets)) = fields.last_mut() {
                    octets.extend_from_slice(line);
                }
                continue;
            }
            // The separator of mailboxes, `From `, is no field.
            let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
            let is_field = name.len() < line.len() && !name.contains(&b' ');
            if is_field {
                let name = String::from_utf8_lossy(name).to_lowercase();
                fields.push((name, line.to_vec()));
            }
        }
        Split { fields, body: rest.to_vec() }
    }

    fn joined(&self) -> Vec<u8> {
        let mut raw: Vec<u8> =
            self.fields.iter().flat_map(|(_, octets)| octets.iter().copied()).collect();
        raw.push(b'\n');
        raw.extend_from_slice(&self.body);
        raw
    }

    fn set(&mut self, name: &str, value: &str) {
        for (_, octets) in self.fields.iter_mut().filter(|(one, _)| one == name) {
            *octets = format!("{}: {value}\n", capital(name)).into_bytes();
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        let (_, octets) = self.fields.iter().find(|(one, _)| one == name)?;
        let text = String::from_utf8_lossy(octets).into_owned();
        text.split_once(':').map(|(_, value)| value.trim().to_owned())
    }

    /// A number that is the same for the same message, whatever its header.
    fn seed(&self) -> u32 {
        number(&self.body)
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn number(octets: &[u8]) -> u32 {
    let one = |sum: u32, octet: &u8| (sum ^ u32::from(*octet)).wrapping_mul(0x0100_0193);
    let sum = octets.iter().fold(0x811c_9dc5, one);
    sum ^ (sum >> 15)
}

/// Fields by which a corpus leaks which mail is which: those that filters, mailboxes and mailing
/// lists add.
const LEAKS: [&str; 31] = [
    "authentication-results",
    "received-spf",
    "x-bogosity",
    "x-keywords",
    "x-status",
    "status",
    "content-length",
    "lines",
    "delivered-to",
    "delivery-date",
    "x-original-to",
    "return-path",
    "precedence",
    "x-beenthere",
    "errors-to",
    "sender",
    "x-loop",
    "mailing-list",
    "x-original-date",
    "received",
    "x-mailing-list",
    "x-egroups-return",
    "x-apparently-to",
    "x-sender",
    "x-yahoo-profile",
    "x-list",
    "x-listname",
    "old-return-path",
    "x-pyzor",
    "x-fork",
    "replied",
];

const LEAK_BEGINNINGS: [&str; 16] = [
    "arc-",
    "x-ms-",
    "x-microsoft-",
    "x-forefront-",
    "x-spam",
    "x-barracuda-",
    "x-asg-",
    "x-virus-",
    "x-amavis-",
    "x-dspam-",
    "x-uid",
    "x-mozilla-",
    "list-",
    "x-mailman-",
    "resent-",
    "x-egroups-",
];

fn is_leak(name: &str) -> bool {
    LEAKS.contains(&name) || LEAK_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

fn is_bare(name: &str) -> bool {
    matches!(name, "from" | "to" | "cc" | "subject" | "date" | "reply-to" | "mime-version")
        || name.starts_with("content-")
}

/// A date of 2025, the same for the same message.
fn dates(split: &mut Split) {
    let seed = split.seed();
    let day = 1 + seed % 28;
    let month = (seed >> 8) % 12;
    let (hour, minute) = (7 + (seed >> 16) % 12, (seed >> 20) % 60);
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    // The first of January 2025 was a Wednesday.
    let weekdays = ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"];
    let at = |list: &[&'static str], at: u32| {
        list.get(usize::try_from(at).unwrap_or_default()).copied().unwrap_or_default()
    };
    let passed = before.get(usize::try_from(month).unwrap_or_default()).copied().unwrap_or(0);
    let weekday = at(&weekdays, (passed + day - 1) % 7);
    let date =
        format!("{weekday}, {day} {} 2025 {hour:02}:{minute:02}:00 +0100", at(&months, month));
    split.set("date", &date);
    for (_, octets) in split.fields.iter_mut().filter(|(name, _)| name == "received") {
        let text = String::from_utf8_lossy(octets).into_owned();
        if let Some((from, _)) = text.rsplit_once(';') {
            *octets = format!("{from}; {date}\n").into_bytes();
        }
    }
}

/// Another address with the same name.
fn from(split: &mut Split) {
    const DOMAINS: [&str; 6] = [
        "northfield-partners.com",
        "example-werke.de",
        "lindqvist-consult.net",
        "oakbridge-mail.org",
        "atelier-moreau.fr",
        "riverside-office.co.uk",
    ];
    const LOCALS: [&str; 6] = ["info", "j.martin", "contact", "office", "anna", "mail"];
    let seed = split.seed();
    let pick = |list: [&'static str; 6], at: u32| {
        list.get(usize::try_from(at % 6).unwrap_or_default()).copied().unwrap_or_default()
    };
    let address = format!("{}@{}", pick(LOCALS, seed >> 3), pick(DOMAINS, seed >> 7));
    let old = split.value("from").unwrap_or_default();
    let name = old.split('<').next().unwrap_or_default().trim().to_owned();
    let has_name = old.contains('<') && !name.is_empty();
    let new = if has_name { format!("{name} <{address}>") } else { address };
    split.set("from", &new);
    split.fields.retain(|(name, _)| name != "dkim-signature");
}

/// One reading of a message that offers two.
fn alone(raw: &[u8], split: &Split, mime: &str) -> Option<Vec<u8>> {
    let mail = message::read(raw);
    if !mail.parts.iter().any(|part| part.mime == "multipart/alternative") {
        return None;
    }
    build(&mail, split, |part, text| (part == mime).then(|| text.to_owned()))
}

/// The message with its texts changed; `None` when it carries something else than text.
fn rebuilt(raw: &[u8], split: &Split, change: fn(&str, bool) -> String) -> Option<Vec<u8>> {
    let mail = message::read(raw);
    build(&mail, split, |mime, text| Some(change(text, mime == "text/html")))
}

fn build(
    mail: &Mail<'_>,
    split: &Split,
    change: impl Fn(&str, &str) -> Option<String>,
) -> Option<Vec<u8>> {
    let mut texts = Vec::new();
    for (part, octets) in mail.leaves() {
        let is_text = matches!(part.mime.as_str(), "text/plain" | "text/html");
        if !is_text || part.is_attachment() {
            return None;
        }
        let octets = part.text.as_ref().map_or(octets, |text| text.as_bytes());
        let text = String::from_utf8_lossy(octets);
        texts.extend(change(&part.mime, &text).map(|text| (part.mime.to_string(), text)));
    }
    let mut new = split.clone();
    new.fields.retain(|(name, _)| !name.starts_with("content-") && name != "mime-version");
    let field = |text: String| (String::new(), text.into_bytes());
    new.fields.push(field("MIME-Version: 1.0\n".to_owned()));
    match texts.as_slice() {
        [] => return None,
        [(mime, text)] => {
            new.fields.push(field(part_head(mime)));
            new.body = text.clone().into_bytes();
        }
        many => {
            let head = "Content-Type: multipart/alternative; boundary=\"=_b1\"\n";
            new.fields.push(field(head.to_owned()));
            new.body = many
                .iter()
                .map(|(mime, text)| format!("--=_b1\n{}\n{text}\n", part_head(mime)))
                .collect::<String>()
                .into_bytes();
            new.body.extend_from_slice(b"--=_b1--\n");
        }
    }
    Some(new.joined())
}

fn part_head(mime: &str) -> String {
    format!("Content-Type: {mime}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n")
}

fn reflowed(text: &str, is_html: bool) -> String {
    if !is_html {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut column = 0;
    let mut is_space = false;
    for one in text.chars() {
        if one.is_ascii_whitespace() {
            is_space = true;
            continue;
        }
        if std::mem::take(&mut is_space) {
            out.push(if column > 50 { '\n' } else { ' ' });
            column = if column > 50 { 0 } else { column + 1 };
        }
        out.push(one);
        column += 1;
    }
    out
}

/// Puts look-alike letters into every seventh word or so that is no address and no markup.
fn homoglyphs(text: &str, is_html: bool) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut is_markup = false;
    for piece in text.split_inclusive([' ', '\n', '<', '>']) {
        let is_plain = !piece.contains(['/', '@', '&', '=', ':', ';', '{']) && piece.len() > 4;
        if is_plain && !is_markup && number(piece.as_bytes()).is_multiple_of(7) {
            out.extend(piece.chars().map(alike));
        } else {
            out.push_str(piece);
        }
        match piece.chars().last() {
            Some('<') if is_html => is_markup = true,
            Some('>') => is_markup = false,
            _ => {}
        }
    }
    out
}

fn alike(letter: char) -> char {
    match letter {
        'a' => '\u{430}',
        'e' => '\u{435}',
        'o' => '\u{43e}',
        'p' => '\u{440}',
        'c' => '\u{441}',
        other => other,
    }
}

fn salad(text: &str, is_html: bool) -> String {
    const WORDS: [&str; 40] = [
        "harbour", "meadow", "quarter", "lantern", "minister", "gravel", "notion", "willow",
        "ledger", "canvas", "tunnel", "orchard", "pencil", "senate", "copper", "whistle", "candle",
        "thesis", "river", "basket", "engine", "summer", "marble", "voyage", "kitchen", "timber",
        "garden", "novel", "bridge", "winter", "farmer", "library", "statue", "pepper", "signal",
        "velvet", "island", "carpet", "mirror", "forest",
    ];
    let seed = number(text.as_bytes());
    let word = |at: u32| {
        let at = number(&(seed ^ at).to_le_bytes()) % 40;
        WORDS.get(usize::try_from(at).unwrap_or_default()).copied().unwrap_or_default()
    };
    let words: Vec<&str> = (0..60).map(word).collect();
    let tail = words.join(" ");
    if !is_html {
        return format!("{text}\n\n{tail}\n");
    }
    let end = text.to_ascii_lowercase().rfind("</body").unwrap_or(text.len());
    let (page, rest) = text.split_at(end);
    format!("{page}<p>{tail}</p>{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "From x\nReceived: a;\n b; old\nList-Id: <x>\nFrom: \"A B\" <a@b.example>\nDate: old\nSubject: s\nContent-Type: multipart/alternative; boundary=q\n\n--q\nContent-Type: text/plain\n\nplain because\n--q\nContent-Type: text/html\n\n<p>page because\nof words</p>\n--q--\n";

    fn changed(change: Change) -> String {
        String::from_utf8(change.apply(RAW.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn leaking_fields_go_with_their_folds() {
        let text = changed(Change::Stripped);
        assert!(text.starts_with("From: \"A B\"") && !text.contains("; old"));
        assert!(changed(Change::Bare).contains("Subject: s\n"));
    }

    #[test]
    fn dates_and_senders_become_others() {
        assert!(changed(Change::Dates).contains(" 2025 "));
        let text = changed(Change::From);
        assert!(text.contains("From: \"A B\" <") && !text.contains("b.example"));
    }

    #[test]
    fn one_reading_is_left() {
        let text = changed(Change::OnlyHtml);
        assert!(text.contains("page because") && !text.contains("plain because"));
        let text = changed(Change::OnlyPlain);
        assert!(text.contains("plain because") && !text.contains("page"));
    }

    #[test]
    fn texts_are_changed_inside_their_parts() {
        assert!(changed(Change::Salad).matches("</p>").count() > 1);
        assert!(changed(Change::Reflowed).contains("page because of"));
        let many = "Subject: s\n\n".to_owned() + &"because people wonder whether place ".repeat(9);
        let text = Change::Homoglyphs.apply(many.as_bytes()).unwrap();
        assert!(String::from_utf8(text).unwrap().chars().any(|one| one > '\u{400}'));
    }
}
