//! The settings section `patterns`: which classes of unwanted programs count, and exceptions.

use schema::{DomainPattern, Problem};

use crate::exceptions::{day_of, digest_of};
use crate::limits;

schema::table! {
    /// One exception: a signature that is wrong about some file or some correspondents. All that is
    /// given must hold; what is left empty holds for all.
    pub struct Exception {
        /// Names of signatures, `*` and `?` as wildcards.
        pub signatures: Vec<String> = Vec::new(), in 1..=1000,
        /// Domains of envelope senders. Empty: all.
        pub sender_domains: Vec<DomainPattern> = Vec::new(), in 0..=10_000,
        /// Domains of recipients. Empty: all.
        pub recipient_domains: Vec<DomainPattern> = Vec::new(), in 0..=10_000,
        /// SHA-256 of the file, hexadecimal. Empty: any file.
        pub file_sha256: String = String::new(), in 0..=64,
        /// Why. Shown in reports, so that somebody may take it back one day.
        pub reason: String = String::new(), in 1..=400,
        /// The last day of the exception, YYYY-MM-DD. Empty: no end.
        pub until: String = String::new(), in 0..=10,
    }
}

schema::settings! {
    /// What the signatures of pattern packs mean.
    pub struct Signatures = "patterns", touches Live, checked by check {
        /// Programs that collect data about their user.
        pub spyware: bool = true,
        /// Programs that show advertising.
        pub adware: bool = true,
        /// Programs that make or change calls.
        pub dialers: bool = true,
        /// Programs that pretend harm.
        pub jokes: bool = true,
        /// Programs that help to break in.
        pub hacking_tools: bool = true,
        /// Programs that give access from outside.
        pub remote_access: bool = true,
        /// Programs that find passwords.
        pub password_crackers: bool = true,
        /// Any other potentially unwanted program.
        pub other_unwanted: bool = true,
        /// Exceptions. A hit that one of them covers is recorded and has no effect.
        pub exceptions: Vec<Exception> = Vec::new(), in 0..=10_000,
    }
}

impl Signatures {
    /// Whether hits of this class count. Malware and phishing always do.
    #[must_use]
    pub fn counts(&self, class: crate::Class) -> bool {
        use mail::Grayware::{
            Adware, Dialer, HackingTool, Joke, Other, PasswordCracker, RemoteAccess, Spyware,
        };
        let crate::Class::Grayware(grayware) = class else { return true };
        match grayware {
            Spyware => self.spyware,
            Adware => self.adware,
            Dialer => self.dialers,
            Joke => self.jokes,
            HackingTool => self.hacking_tools,
            RemoteAccess => self.remote_access,
            PasswordCracker => self.password_crackers,
            Other => self.other_unwanted,
        }
    }
}

/// What the kinds of the fields cannot say.
fn check(section: &Signatures) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, exception) in section.exceptions.iter().enumerate() {
        let path = format!("exceptions.{number}");
        let (until, hash) = (&exception.until, &exception.file_sha256);
        if !until.is_empty() && day_of(until).is_none() {
            problems.push(Problem::new(
                format!("{path}.until"),
                format!("{until:?} is no date"),
                "write it as 2027-12-31, or leave it empty",
            ));
        }
        if !hash.is_empty() && digest_of(hash).is_none() {
            problems.push(Problem::new(
                format!("{path}.file_sha256"),
                format!("{hash:?} is no SHA-256"),
                "write its 64 hexadecimal digits, or leave it empty",
            ));
        }
        for (place, name) in exception.signatures.iter().enumerate() {
            if name.len() > limits::NAME_OCTETS || name.chars().all(|c| c == '*' || c == '?') {
                problems.push(Problem::new(
                    format!("{path}.signatures.{place}"),
                    "an exception for every signature would switch the scanner off",
                    "name the signatures that are wrong",
                ));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;
    use mail::Grayware;

    #[test]
    fn everything_counts_until_it_is_switched_off() {
        let mut section = Signatures::default();
        assert!(section.counts(Class::Grayware(Grayware::Adware)));
        section.adware = false;
        assert!(!section.counts(Class::Grayware(Grayware::Adware)));
        assert!(section.counts(Class::Grayware(Grayware::Joke)) && section.counts(Class::Malware));
        assert!(schema::Tree::new().with::<Signatures>().faults().is_empty());
    }

    #[test]
    fn an_exception_for_everything_and_a_bad_date_are_problems() {
        let exception = Exception {
            signatures: vec!["**".into()],
            until: "soon".into(),
            file_sha256: "12".into(),
            ..Exception::default()
        };
        let section = Signatures { exceptions: vec![exception], ..Signatures::default() };
        let paths: Vec<String> = check(&section).into_iter().map(|problem| problem.path).collect();
        let expected =
            ["exceptions.0.until", "exceptions.0.file_sha256", "exceptions.0.signatures.0"];
        assert_eq!(paths, expected);
    }
}
