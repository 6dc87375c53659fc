//! The forms of Message-IDs and boundaries that known programs write.

/// A program that writes mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// Outlook Express, Windows Mail, Windows Live Mail.
    Express,
    /// Outlook.
    Outlook,
    /// Netscape, Mozilla, Thunderbird, SeaMonkey.
    Mozilla,
    /// Mail of macOS and iOS.
    Apple,
    /// The Bat!
    Bat,
    /// Eudora.
    Eudora,
    /// Programs of people who write by hand, whose marks are rarely forged.
    Handwork,
    /// Libraries and scripts.
    Script,
    /// Programs that send to lists of addresses that were not asked.
    Bulk,
    /// Any other.
    Other,
}

/// Words in X-Mailer and User-Agent, lower case, the first that fits.
const PROGRAMS: &[(&str, Program)] = &[
    ("outlook express macintosh", Program::Other),
    ("outlook-express-macintosh", Program::Other),
    ("outlook for mac", Program::Other),
    ("microsoft-macoutlook", Program::Other),
    ("outlook mobile", Program::Other),
    ("outlook-ios", Program::Other),
    ("microsoft outlook express", Program::Express),
    ("microsoft windows mail", Program::Express),
    ("microsoft windows live mail", Program::Express),
    ("microsoft outlook", Program::Outlook),
    ("thunderbird", Program::Mozilla),
    ("seamonkey", Program::Mozilla),
    ("mozilla", Program::Mozilla),
    ("netscape6", Program::Mozilla),
    ("apple mail", Program::Apple),
    ("iphone mail", Program::Apple),
    ("ipad mail", Program::Apple),
    ("the bat!", Program::Bat),
    ("eudora", Program::Eudora),
    ("mutt", Program::Handwork),
    ("alpine", Program::Handwork),
    ("pine", Program::Handwork),
    ("gnus", Program::Handwork),
    ("kmail", Program::Handwork),
    ("evolution", Program::Handwork),
    ("exmh", Program::Handwork),
    ("[nmh", Program::Handwork),
    ("sylpheed", Program::Handwork),
    ("claws mail", Program::Handwork),
    ("under emacs", Program::Handwork),
    ("mew version", Program::Handwork),
    ("wanderlust", Program::Handwork),
    ("mulberry", Program::Handwork),
    ("pegasus mail", Program::Handwork),
    ("git-send-email", Program::Handwork),
    ("trojita", Program::Handwork),
    ("geary", Program::Handwork),
    ("k-9 mail", Program::Handwork),
    ("phpmailer", Program::Script),
    ("php/", Program::Script),
    ("mime::lite", Program::Script),
    ("mime-tools", Program::Script),
    ("swiftmailer", Program::Script),
    ("nodemailer", Program::Script),
    ("microsoft cdo", Program::Script),
    ("aspmail", Program::Script),
    ("python", Program::Script),
    ("leaf php", Program::Bulk),
    ("leafmailer", Program::Bulk),
    ("alexus mailer", Program::Bulk),
    ("dark mailer", Program::Bulk),
    ("darkmailer", Program::Bulk),
    ("advanced mass sender", Program::Bulk),
    ("ams desktop", Program::Bulk),
    ("atomic mail sender", Program::Bulk),
    ("gammadyne", Program::Bulk),
    ("group mail", Program::Bulk),
    ("groupmail", Program::Bulk),
    ("easy dm", Program::Bulk),
    ("easydm", Program::Bulk),
    ("quicksender", Program::Bulk),
    ("direct mail expert", Program::Bulk),
    ("mass mail", Program::Bulk),
    ("massmail", Program::Bulk),
    ("bulk mail", Program::Bulk),
    ("bulkmail", Program::Bulk),
    ("stealth mail", Program::Bulk),
    ("send-safe", Program::Bulk),
    ("mailking", Program::Bulk),
    ("ebmailer", Program::Bulk),
    ("super mailer", Program::Bulk),
    ("supermailer", Program::Bulk),
    ("king mailer", Program::Bulk),
    ("inboxsender", Program::Bulk),
    ("turbo-mailer", Program::Bulk),
    ("turbo mailer", Program::Bulk),
    ("gx mailer", Program::Bulk),
    ("xxl mailer", Program::Bulk),
];

/// The program that a field names.
pub(super) fn program(claim: &str) -> Program {
    let claim = claim.to_ascii_lowercase();
    let found = PROGRAMS.iter().find(|(word, _)| claim.contains(word));
    found.map_or(Program::Other, |(_, program)| *program)
}

/// Whether the part of a Message-ID in front of its `@` can be of a program; `None` where it writes
/// no form of its own.
pub(super) fn fits(program: Program, local: &str) -> Option<bool> {
    match program {
        Program::Express => Some(is_dollar(local) || is_hex(local, 32) || is_uuid(local)),
        Program::Outlook => Some(
            is_dollar(local)
                || is_capitals(local)
                || is_hex(local, 32)
                || is_exchange(local)
                || is_uuid(local),
        ),
        Program::Mozilla => Some(is_mozilla(local) || is_uuid(local) || is_hex(local, 32)),
        Program::Apple => Some(is_uuid(local)),
        Program::Bat => Some(is_bat(local)),
        Program::Eudora => Some(is_eudora(local)),
        Program::Handwork | Program::Script | Program::Bulk | Program::Other => None,
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|one| one.is_ascii_hexdigit())
}

fn is_digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_digit())
}

/// Groups of hexadecimal digits of these lengths.
fn is_groups(text: &str, between: char, lengths: &[usize]) -> bool {
    let groups = text.split(between);
    groups.clone().count() == lengths.len()
        && groups.zip(lengths).all(|(group, length)| is_hex(group, *length))
}

/// `000001c2$d6a1b2c0$0200a8c0`.
fn is_dollar(local: &str) -> bool {
    is_groups(local, '$', &[12, 8, 8])
        || local.split('$').count() == 4
            && local.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'$')
}

fn is_uuid(local: &str) -> bool {
    is_groups(local, '-', &[8, 4, 4, 4, 12])
}

/// `3D5A1B2C.7060900`.
fn is_mozilla(local: &str) -> bool {
    let Some((time, rest)) = local.split_once('.') else { return false };
    is_hex(time, 8)
        && (1..=10).contains(&rest.len())
        && rest.bytes().all(|one| one.is_ascii_hexdigit())
}

/// `LNBBLJKPBEHFEDALKOLCGEBBBAAB.tim.one`.
fn is_capitals(local: &str) -> bool {
    let first = local.split('.').next().unwrap_or_default();
    first.len() >= 20 && first.bytes().all(|one| one.is_ascii_uppercase())
}

/// What servers of Exchange write: long, of capitals and digits.
fn is_exchange(local: &str) -> bool {
    let plain =
        |one: u8| one.is_ascii_uppercase() || one.is_ascii_digit() || b"+=_.-/".contains(&one);
    local.len() >= 25 && local.bytes().all(plain)
}

/// `1234567.20020808144010`.
fn is_bat(local: &str) -> bool {
    let Some((number, time)) = local.split_once('.') else { return false };
    is_digits(number, 1, 12) && is_digits(time, 14, 14)
}

/// `5.1.0.14.2.20020808144010.02a1b2c0`, and the forms of the other makes of it.
fn is_eudora(local: &str) -> bool {
    let has_time = local.split('.').any(|group| is_digits(group, 14, 14));
    let is_mac = local.starts_with(['a', 'b', 'p', 'v', 'f'])
        && local.split_once('.').is_some_and(|_| local.bytes().any(|one| one.is_ascii_digit()));
    has_time || is_mac || local.starts_with("p0")
}

/// Whether a boundary can be of a program; `None` where it is not known.
pub(super) fn boundary_fits(program: Program, boundary: &str) -> Option<bool> {
    match program {
        Program::Express => Some(boundary.starts_with("----=_NextPart_")),
        Program::Outlook => Some(
            ["----=_NextPart_", "_0", "----_=_NextPart_", "--=_NextPart_", "=_"]
                .iter()
                .any(|start| boundary.starts_with(start)),
        ),
        Program::Mozilla => Some(boundary.starts_with("----") || boundary.starts_with("=_")),
        Program::Apple => Some(boundary.starts_with("Apple-Mail") || boundary.starts_with("=_")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_by_what_they_call_themselves() {
        for (claim, expected) in [
            ("Microsoft Outlook Express 6.00.2800.1106", Program::Express),
            ("Microsoft Outlook Express Macintosh Edition - 5.02.2022", Program::Other),
            ("Microsoft Outlook 16.0", Program::Outlook),
            ("Mozilla/5.0 (X11; Linux) Thunderbird/115.0", Program::Mozilla),
            ("Mutt/1.5.20i", Program::Handwork),
            ("PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)", Program::Script),
            ("Leaf PHPMailer 2.8", Program::Script),
            ("Advanced Mass Sender v4.3", Program::Bulk),
            ("something", Program::Other),
        ] {
            assert_eq!(program(claim), expected, "{claim}");
        }
    }

    #[test]
    fn message_ids_fit_their_programs_only() {
        for (program, right) in [
            (Program::Express, "000001c2d6a1$d6a1b2c0$0200a8c0"),
            (Program::Express, "1A2B3C4D5E6F1A2B3C4D5E6F1A2B3C4D"),
            (Program::Outlook, "LNBBLJKPBEHFEDALKOLCGEBBBAAB.tim.one"),
            (Program::Outlook, "00ab01da1f2c$1a2b3c4d$5e6f7a8b$@example.org"),
            (Program::Mozilla, "3D5A1B2C.7060900"),
            (Program::Mozilla, "1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"),
            (Program::Apple, "1A2B3C4D-5E6F-1A2B-3C4D-5E6F1A2B3C4D"),
            (Program::Bat, "1234567.20020808144010"),
            (Program::Eudora, "5.1.0.14.2.20020808144010.02a1b2c0"),
        ] {
            let local = right.split('@').next().unwrap();
            assert_eq!(fits(program, local), Some(true), "{right}");
            assert_eq!(fits(program, "c8b9.44203xyz-q"), Some(false), "{program:?}");
        }
        assert_eq!(fits(Program::Handwork, "anything"), None);
    }

    #[test]
    fn boundaries_fit_their_programs_only() {
        assert_eq!(boundary_fits(Program::Express, "----=_NextPart_000_0001"), Some(true));
        assert_eq!(boundary_fits(Program::Express, "abcdef"), Some(false));
        assert_eq!(boundary_fits(Program::Apple, "Apple-Mail=_1A2B"), Some(true));
        assert_eq!(boundary_fits(Program::Handwork, "abcdef"), None);
    }
}
