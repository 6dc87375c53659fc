//! The settings section `unwanted`: what judges of unwanted mail know of the owner.

use mail::{Address, Domain};

schema::table! {
    /// A person whose name is worth imitating.
    pub struct Person {
        /// The name as people write it, such as `Maria Keller`.
        pub name: String = String::new(), in 1..=100,
        /// Other ways to write it.
        pub variants: Vec<String> = Vec::new(), in 0..=20,
        /// The addresses that are truly theirs, private ones included.
        pub addresses: Vec<Address> = Vec::new(), in 0..=20,
    }
}

schema::settings! {
    /// Spam, phishing, bulk mail and impostors.
    pub struct Unwanted = "unwanted", touches Live {
        /// People whose names are worth imitating: directors, accountants, administrators. Mail in
        /// their names from other addresses counts as an impostor's.
        pub persons: Vec<Person> = Vec::new(), in 0..=5000,
        /// Domains of yours beside those that mail is received for: mail from domains that look like
        /// them counts as an impostor's.
        pub own_domains: Vec<Domain> = Vec::new(), in 0..=10_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_in_order() {
        assert!(schema::Tree::new().with::<Unwanted>().faults().is_empty());
    }
}
