//! What can be wrong with a message, and how much that matters.

/// How much a defect matters (features E-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Every reader makes the same of it.
    Harmless,
    /// Two readers may see two different messages; every plausible one was read.
    Ambiguous,
    /// Part of the message cannot be read as it was meant.
    Broken,
}

macro_rules! defects {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal $grade:ident,)+) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DefectKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl DefectKind {
            /// Every kind.
            pub const ALL: &[DefectKind] = &[$(DefectKind::$kind),+];

            /// Its name in findings.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(DefectKind::$kind => $name,)+
                }
            }

            /// How much it matters.
            #[must_use]
            pub fn grade(self) -> Grade {
                match self {
                    $(DefectKind::$kind => Grade::$grade,)+
                }
            }
        }
    };
}

defects! {
    /// There is no header.
    NoHeader "no-header" Harmless,
    /// A field that may stand once and decides what is read stands twice (RFC 5322 section 3.6,
    /// RFC 2045 section 3).
    RepeatedField "repeated-field" Ambiguous,
    /// A field that may stand once stands twice, with the same words or where no reader would see
    /// another message for it.
    RepeatedAlike "repeated-alike" Harmless,
    /// A parameter stands twice with two values, or in two forms that disagree (RFC 2231).
    RepeatedParameter "repeated-parameter" Ambiguous,
    /// The content type is none that every reader would parse alike.
    OddType "odd-type" Ambiguous,
    /// The transfer encoding is none of RFC 2045's.
    UnknownEncoding "unknown-encoding" Ambiguous,
    /// A multipart has a transfer encoding, which RFC 2045 section 6.4 forbids, and has parts both
    /// with it and without.
    EncodedContainer "encoded-container" Ambiguous,
    /// The body breaks its transfer encoding.
    BrokenEncoding "broken-encoding" Broken,
    /// The body takes liberties with its transfer encoding that every reader forgives.
    LooseEncoding "loose-encoding" Harmless,
    /// More base64 follows after the end of base64.
    EncodingGoesOn "encoding-goes-on" Ambiguous,
    /// A multipart without its parts.
    BrokenMultipart "broken-multipart" Broken,
    /// The boundary can be read in more than one way.
    AmbiguousBoundary "ambiguous-boundary" Ambiguous,
    /// The boundary is empty or longer than RFC 2046 section 5.1.1 allows.
    OddBoundary "odd-boundary" Ambiguous,
    /// A line is a delimiter for some readers only: indented, inside a line, or with octets after
    /// the boundary.
    OddDelimiter "odd-delimiter" Ambiguous,
    /// Delimiters follow after the closing one.
    PartsAfterEnd "parts-after-end" Ambiguous,
    /// A multipart ends with the message instead of with its closing delimiter.
    UnclosedMultipart "unclosed-multipart" Harmless,
    /// A multipart is cut off by the boundary of another one around it.
    CutMultipart "cut-multipart" Ambiguous,
    /// Before the first or after the last part stands what looks like a part or a file.
    HiddenContent "hidden-content" Ambiguous,
    /// Carriage returns or line feeds stand alone.
    BareLineEnd "bare-line-end" Ambiguous,
    /// All lines end in a line feed alone.
    LineFeedsOnly "line-feeds-only" Harmless,
    /// There are NUL octets where text should be.
    NulOctet "nul-octet" Ambiguous,
    /// A header line is no field, or its name has octets that no name has.
    OddHeaderLine "odd-header-line" Ambiguous,
    /// A header line is out of order, and no reader would see another message for it.
    LooseHeaderLine "loose-header-line" Harmless,
    /// A line is longer than 998 octets (RFC 5322 section 2.1.1).
    OverlongLine "overlong-line" Harmless,
    /// The file names of a part differ in their extension.
    ConflictingNames "conflicting-names" Ambiguous,
    /// The file names of a part differ, but not in their extension.
    VariantNames "variant-names" Harmless,
    /// A part of a message that is put together from several mails (RFC 2046 section 5.2.2).
    PartialMessage "partial-message" Ambiguous,
    /// The content is elsewhere (RFC 2046 section 5.2.3).
    ExternalBody "external-body" Harmless,
    /// A file is encoded in the text.
    EncodedText "encoded-text" Harmless,
}

impl DefectKind {
    /// True when two mail readers may see two different messages.
    #[must_use]
    pub fn is_ambiguous(self) -> bool {
        self.grade() == Grade::Ambiguous
    }
}

/// One defect with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// What.
    pub kind: DefectKind,
    /// Path of the part; empty for the message itself.
    pub place: String,
    /// What was seen, cut.
    pub evidence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let mut names: Vec<&str> = DefectKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DefectKind::ALL.len());
    }

    #[test]
    fn ambiguous_is_a_grade() {
        assert!(DefectKind::RepeatedField.is_ambiguous());
        assert!(!DefectKind::BrokenEncoding.is_ambiguous());
        assert!(Grade::Harmless < Grade::Ambiguous && Grade::Ambiguous < Grade::Broken);
    }
}
