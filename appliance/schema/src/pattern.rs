//! A domain, or the subdomains of one.

use std::fmt;
use std::str::FromStr;

use mail::{AddressError, Domain};
use serde::{Deserialize, Serialize};

/// Why a text is no domain pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// What stands after `*.`, or the whole, is no domain.
    #[error("{0}")]
    Domain(#[from] AddressError),
    /// An address literal such as `[192.0.2.1]` has no subdomains.
    #[error("an address literal has no subdomains")]
    LiteralBelow,
    /// The star stands somewhere else than in `*.`.
    #[error("a star is allowed only at the start, as in *.example.test")]
    Star,
}

/// `example.test` for that domain alone, or `*.example.test` for its subdomains alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DomainPattern {
    /// This domain and none below it.
    Exact(Domain),
    /// Every domain below this one, and not itself.
    Below(Domain),
}

impl DomainPattern {
    /// Whether the domain is meant.
    #[must_use]
    pub fn matches(&self, domain: &Domain) -> bool {
        match self {
            DomainPattern::Exact(exact) => exact == domain,
            DomainPattern::Below(parent) => domain.is_below(parent),
        }
    }

    /// Patterns for a default. What does not parse is left out, and a test on
    /// [`Tree::faults`](crate::Tree::faults) cannot see it: write only what is plainly right.
    #[must_use]
    pub fn list(patterns: &[&str]) -> Vec<DomainPattern> {
        patterns.iter().filter_map(|pattern| pattern.parse().ok()).collect()
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DomainPattern::Exact(domain) => domain.fmt(formatter),
            DomainPattern::Below(domain) => write!(formatter, "*.{domain}"),
        }
    }
}

impl FromStr for DomainPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (below, name) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if name.contains('*') {
            return Err(PatternError::Star);
        }
        let domain: Domain = name.parse()?;
        match (below, domain.literal()) {
            (true, Some(_)) => Err(PatternError::LiteralBelow),
            (true, None) => Ok(DomainPattern::Below(domain)),
            (false, _) => Ok(DomainPattern::Exact(domain)),
        }
    }
}

impl TryFrom<String> for DomainPattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<DomainPattern> for String {
    fn from(pattern: DomainPattern) -> String {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, domain: &str) -> bool {
        pattern.parse::<DomainPattern>().unwrap().matches(&domain.parse().unwrap())
    }

    #[test]
    fn an_exact_pattern_means_that_domain_alone() {
        assert!(matches("Example.TEST", "example.test"));
        assert!(!matches("example.test", "a.example.test"));
    }

    #[test]
    fn a_star_means_subdomains_alone() {
        assert!(matches("*.example.test", "a.example.test"));
        assert!(matches("*.example.test", "b.a.example.test"));
        assert!(!matches("*.example.test", "example.test"));
        assert!(!matches("*.example.test", "badexample.test"));
    }

    #[test]
    fn what_could_open_a_relay_by_accident_is_refused() {
        for bad in ["*", "*.", "", "a.*.test", "**.test", "*example.test", "*.[192.0.2.1]"] {
            assert!(bad.parse::<DomainPattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn patterns_are_kept_in_one_form() {
        let pattern: DomainPattern = "*.BÜCHER.example".parse().unwrap();
        assert_eq!(pattern.to_string(), "*.xn--bcher-kva.example");
        let json = serde_json::to_string(&pattern).unwrap();
        assert_eq!(serde_json::from_str::<DomainPattern>(&json).unwrap(), pattern);
    }
}
