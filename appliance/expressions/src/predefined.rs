//! The lists that ship, one file each under `predefined/`.
//!
//! A line is a weight from 1 to 10 and a keyword. `matching any`, or `matching score 8`, says how
//! they go together; `note` says what the list is for. Lines of `#` are for who keeps the file.

use crate::settings::{Entry, List, Matching, Predefined};

/// Counts up with every change to the lists.
pub const PREDEFINED_VERSION: u32 = 1;

/// A list that ships, ready to be copied into the settings under another name.
#[must_use]
pub fn predefined(which: Predefined) -> List {
    let mut list = List { name: which.as_str().to_owned(), ..List::default() };
    for line in text(which).lines() {
        read_line(&mut list, line.trim());
    }
    list
}

fn text(which: Predefined) -> &'static str {
    match which {
        Predefined::ProfanityEn => include_str!("predefined/profanity_en.txt"),
        Predefined::ProfanityDe => include_str!("predefined/profanity_de.txt"),
        Predefined::ProfanityFr => include_str!("predefined/profanity_fr.txt"),
        Predefined::ProfanityEs => include_str!("predefined/profanity_es.txt"),
        Predefined::ProfanityIt => include_str!("predefined/profanity_it.txt"),
        Predefined::ProfanityPt => include_str!("predefined/profanity_pt.txt"),
        Predefined::ChainMail => include_str!("predefined/chain_mail.txt"),
        Predefined::JobSearch => include_str!("predefined/job_search.txt"),
        Predefined::FinancePressure => include_str!("predefined/finance_pressure.txt"),
        Predefined::CredentialRequest => include_str!("predefined/credential_request.txt"),
    }
}

fn read_line(list: &mut List, line: &str) {
    let Some((first, rest)) = line.split_once(' ') else { return };
    match first {
        "#" => {}
        "note" => rest.clone_into(&mut list.note),
        "matching" => match rest.split_once(' ') {
            Some((_, threshold)) => {
                list.matching = Matching::Score;
                list.threshold = threshold.parse().unwrap_or(list.threshold);
            }
            None => list.matching = Matching::Any,
        },
        _ => list.entries.extend(first.parse().ok().map(|weight| Entry {
            text: rest.to_owned(),
            weight,
            // Saying a thing twice does not make it twice as true.
            count_once: true,
            ..Entry::default()
        })),
    }
}

impl Predefined {
    /// All of them.
    pub const ALL: [Predefined; 10] = [
        Predefined::ProfanityEn,
        Predefined::ProfanityDe,
        Predefined::ProfanityFr,
        Predefined::ProfanityEs,
        Predefined::ProfanityIt,
        Predefined::ProfanityPt,
        Predefined::ChainMail,
        Predefined::JobSearch,
        Predefined::FinancePressure,
        Predefined::CredentialRequest,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::settings::Expressions;

    #[test]
    fn every_list_can_be_copied_into_the_settings() {
        for which in Predefined::ALL {
            let list = predefined(which);
            assert!(list.entries.len() >= 10 && !list.note.is_empty(), "{which}");
            let list = List { name: "copy".into(), ..list };
            let section = Expressions { lists: vec![list], ..Expressions::default() };
            assert_eq!(check(&section), [], "{which}");
            let tree = schema::Tree::new().with::<Expressions>();
            let value = serde_json::json!({ "expressions": section });
            assert_eq!(tree.read(&value).1, [], "{which}");
        }
    }

    #[test]
    fn every_line_of_a_file_is_understood() {
        for which in Predefined::ALL {
            let known = |line: &&str| {
                let first = line.split(' ').next().unwrap_or_default();
                ["#", "note", "matching"].contains(&first)
                    || first.parse::<u32>().is_ok_and(|weight| (1..=10).contains(&weight))
            };
            for line in text(which).lines().filter(|line| !line.is_empty()) {
                assert!(known(&line), "{which}: {line}");
            }
        }
    }

    #[test]
    fn no_list_says_a_thing_twice() {
        for which in Predefined::ALL {
            let mut texts: Vec<String> =
                predefined(which).entries.into_iter().map(|entry| entry.text).collect();
            let all = texts.len();
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), all, "{which}");
        }
    }
}
