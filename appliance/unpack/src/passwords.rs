//! Passwords to try: those that a message itself tells its reader, those of the owner, and those
//! that everyone uses for samples (features E-8).
//!
//! The text is read once, by words; nothing is kept but the list. Start with
//! [`Passwords::from_message`].

use std::collections::HashSet;

use crate::limits;

/// Words for "password" in the languages that mail is written in, lower case.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passcode",
    "pass",
    "pwd",
    "pw",
    "pin",
    "passwort",
    "kennwort",
    "losung",
    "mot de passe",
    "mdp",
    "contraseña",
    "contrasena",
    "clave",
    "senha",
    "palavra-passe",
    "hasło",
    "haslo",
    "пароль",
    "пароля",
    "паролем",
    "парола",
    "parola",
    "parolă",
    "wachtwoord",
    "lösenord",
    "losenord",
    "adgangskode",
    "kodeord",
    "passord",
    "salasana",
    "heslo",
    "jelszó",
    "jelszo",
    "şifre",
    "sifre",
    "κωδικός",
    "סיסמה",
    "كلمة المرور",
    "كلمة السر",
    "密码",
    "密碼",
    "解压密码",
    "パスワード",
    "暗証番号",
    "비밀번호",
    "암호",
    "mật khẩu",
    "รหัสผ่าน",
    "kata sandi",
];

/// What samples of malware are closed with by custom, and what people take.
const COMMON: &[&str] = &[
    "infected", "virus", "malware", "password", "123456", "1234", "12345", "12345678", "0000",
    "1111", "admin", "secret", "archive",
];

/// Passwords to try on encrypted members, the likeliest first.
#[derive(Debug, Clone, Default)]
pub struct Passwords {
    pub(crate) list: Vec<String>,
}

impl Passwords {
    /// These, in this order, then the common ones.
    #[must_use]
    pub fn of_owner(owners: &[String]) -> Self {
        Passwords::from_message(&[], "", &[], owners)
    }

    /// What a message says: `texts` as a reader sees them, the subject, the names of its files and
    /// the owner's list. At most [`limits::PASSWORDS`].
    #[must_use]
    pub fn from_message(
        texts: &[&str],
        subject: &str,
        file_names: &[&str],
        owners: &[String],
    ) -> Self {
        let mut found = Found::default();
        for text in texts.iter().copied().chain([subject]) {
            let text = text.get(..text.floor_char_boundary(limits::PASSWORD_TEXT_OCTETS));
            found.near_words(text.unwrap_or_default());
        }
        for owner in owners {
            found.add(owner);
        }
        for word in COMMON {
            found.add(word);
        }
        for text in texts.iter().copied().chain([subject]) {
            let text = text.get(..text.floor_char_boundary(limits::PASSWORD_TEXT_OCTETS));
            found.quoted(text.unwrap_or_default());
        }
        for name in file_names {
            let stem = name.rsplit_once('.').map_or(*name, |(stem, _)| stem);
            found.add(stem);
        }
        Passwords { list: found.list }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[derive(Default)]
struct Found {
    list: Vec<String>,
    known: HashSet<String>,
}

impl Found {
    fn add(&mut self, word: &str) {
        let word = word.trim();
        let fits = (1..=limits::PASSWORD_OCTETS).contains(&word.len());
        if fits && self.list.len() < limits::PASSWORDS && self.known.insert(word.to_owned()) {
            self.list.push(word.to_owned());
        }
    }

    /// A word as it stands, and without the marks around it.
    fn add_with_and_without_marks(&mut self, word: &str) {
        let bare = word.trim_matches(is_mark);
        self.add(bare);
        // A full stop may end the sentence or the password.
        self.add(word.trim_matches(is_quote));
        self.add(word.trim_start_matches(is_mark));
    }

    /// What follows a word for "password", on its line or on the next.
    fn near_words(&mut self, text: &str) {
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let lower = line.to_lowercase();
            let Some(at) = after_word(&lower) else { continue };
            // Lower case may have another length: the tail is found by characters.
            let tail_characters = lower.get(at..).map_or(0, |tail| tail.chars().count());
            let skip = line.chars().count().saturating_sub(tail_characters);
            let tail: String = line.chars().skip(skip).collect();
            let before = self.list.len();
            self.tail(&tail);
            if self.list.len() == before
                && let Some(next) = lines.peek()
            {
                self.tail(next);
            }
            // Words of the same line, for "use X as the password".
            for word in line.split_whitespace().filter(|word| looks_chosen(word)) {
                self.add_with_and_without_marks(word);
            }
        }
    }

    fn tail(&mut self, tail: &str) {
        self.quoted(tail);
        let tail = tail.trim_start_matches(|c: char| c.is_whitespace() || is_mark(c));
        let words = tail.split_whitespace().filter(|word| !is_filler(word));
        for word in words.take(limits::PASSWORD_WORDS_AFTER) {
            self.add_with_and_without_marks(word);
        }
        // A password of several words.
        self.add(tail);
    }

    fn quoted(&mut self, text: &str) {
        for (open, close) in
            [('"', '"'), ('\'', '\''), ('“', '”'), ('„', '“'), ('«', '»'), ('「', '」'), ('`', '`')]
        {
            let mut rest = text;
            while let Some((_, after)) = rest.split_once(open) {
                let Some((inside, next)) = after.split_once(close) else { break };
                if inside.lines().count() <= 1 {
                    self.add(inside);
                }
                // The closing mark may be the next opening one.
                rest = if inside.len() > limits::PASSWORD_OCTETS { after } else { next };
            }
        }
    }
}

/// Where the text after the first word for "password" begins.
fn after_word(lower: &str) -> Option<usize> {
    let places = WORDS.iter().filter_map(|word| {
        let at = lower.find(word)?;
        let is_ascii = word.is_ascii();
        let before = lower.get(..at)?.chars().next_back();
        let end = at.checked_add(word.len())?;
        let after = lower.get(end..)?.chars().next();
        let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        (!is_ascii || !is_part(before) && !is_part(after)).then_some((at, std::cmp::Reverse(end)))
    });
    places.min().map(|(_, end)| end.0)
}

fn is_mark(c: char) -> bool {
    is_quote(c)
        || matches!(
            c,
            ':' | '='
                | '.'
                | ','
                | ';'
                | '!'
                | '?'
                | '：'
                | '。'
                | '，'
                | '-'
                | '>'
                | '<'
                | '*'
                | '_'
        )
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '`'
            | '“'
            | '”'
            | '„'
            | '«'
            | '»'
            | '「'
            | '」'
            | '('
            | ')'
            | '['
            | ']'
            | '‘'
            | '’'
    )
}

/// Words between "password" and the password.
fn is_filler(word: &str) -> bool {
    const FILLERS: &[&str] = &[
        "is", "the", "for", "to", "ist", "lautet", "est", "es", "é", "to:", "this", "of",
        "archive", "file", "zip", "der", "die", "das", "le", "la", "el", "для", "是", "は", "and",
        "your",
    ];
    let bare = word.trim_matches(is_mark).to_lowercase();
    bare.is_empty() || FILLERS.contains(&bare.as_str())
}

/// Digits with letters, or marks within: what no dictionary has.
fn looks_chosen(word: &str) -> bool {
    let bare = word.trim_matches(is_mark);
    let has_digit = bare.chars().any(|c| c.is_ascii_digit());
    (3..=limits::PASSWORD_OCTETS).contains(&bare.len()) && has_digit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str, password: &str) {
        let passwords = Passwords::from_message(&[text], "", &[], &[]);
        let place = passwords.list.iter().position(|one| one == password);
        assert!(place.is_some_and(|at| at < 20), "{password} in {text:?}: {:?}", passwords.list);
    }

    #[test]
    fn passwords_are_found_behind_the_word_in_many_languages() {
        finds("The password is Tr0ub4dor.", "Tr0ub4dor");
        finds("Password: hunter2", "hunter2");
        finds("Das Passwort lautet: Geheim99!", "Geheim99!");
        finds("Mot de passe : abc-123", "abc-123");
        finds("La contraseña es secreto", "secreto");
        finds("A senha é 4455", "4455");
        finds("Hasło: tajne", "tajne");
        finds("Пароль: привет", "привет");
        finds("Parola: ciao", "ciao");
        finds("解压密码：8888", "8888");
        finds("パスワードは「himitsu」です", "himitsu");
        finds("비밀번호: abcd", "abcd");
        finds("Wachtwoord: fiets", "fiets");
        finds("Please use 7zQ!x as the password", "7zQ!x");
    }

    #[test]
    fn a_password_on_the_next_line_is_found() {
        finds("Archive password:\r\nnext-line-1\r\n", "next-line-1");
    }

    #[test]
    fn quoted_words_the_stem_of_the_name_and_the_owners_list_are_tried() {
        let owners = ["ours".to_owned()];
        let list = Passwords::from_message(&["see \"q1\""], "", &["inv77.zip"], &owners).list;
        for word in ["q1", "inv77", "ours", "infected"] {
            assert!(list.iter().any(|one| one == word), "{word}");
        }
    }

    #[test]
    fn no_text_makes_more_than_the_limit() {
        let text: String = (0..100_000).map(|number| format!("password \"a{number}\"\n")).collect();
        assert_eq!(Passwords::from_message(&[&text], "", &[], &[]).len(), limits::PASSWORDS);
    }

    #[test]
    fn hostile_text_is_read_once() {
        let quotes = "\"".repeat(1 << 16);
        let passwords = Passwords::from_message(&[&quotes], &quotes, &[&quotes], &[]);
        assert!(passwords.len() <= limits::PASSWORDS);
        assert!(!passwords.is_empty());
    }
}
