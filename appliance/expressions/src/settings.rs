//! The settings section `expressions`: lists of keywords and expressions, and what exempts from the
//! spam condition.

use crate::check::check;

schema::choice! {
    /// How the entries of a list go together.
    pub enum Matching {
        /// One of them is enough.
        Any = "any",
        /// Every one of them must be in the same text.
        All = "all",
        /// As `all`, and within `characters` of one another.
        Within = "within",
        /// The weights of those found add up to `threshold`.
        Score = "score",
    }
}

schema::choice! {
    /// How an entry is written.
    pub enum Kind {
        /// Words. They match whole words, whatever their case and whatever letters they are
        /// disguised with. AND, OR, NOT, NEAR and brackets put words together; a star at the start
        /// or end of a word stands for any letters.
        Keyword = "keyword",
        /// A Perl-compatible regular expression.
        Expression = "expression",
    }
}

schema::choice! {
    /// A list that ships.
    pub enum Predefined {
        /// Swear words, English.
        ProfanityEn = "profanity_en",
        /// Swear words, German.
        ProfanityDe = "profanity_de",
        /// Swear words, French.
        ProfanityFr = "profanity_fr",
        /// Swear words, Spanish.
        ProfanityEs = "profanity_es",
        /// Swear words, Italian.
        ProfanityIt = "profanity_it",
        /// Swear words, Portuguese.
        ProfanityPt = "profanity_pt",
        /// Letters that ask to be sent on.
        ChainMail = "chain_mail",
        /// Looking for another job.
        JobSearch = "job_search",
        /// Pressure to move money.
        FinancePressure = "finance_pressure",
        /// Asking for passwords and codes.
        CredentialRequest = "credential_request",
    }
}

schema::choice! {
    /// Where the text of an exemption is looked for.
    pub enum Where {
        /// In the header field `field`.
        Header = "header",
        /// In the subject.
        Subject = "subject",
        /// In the text of the message.
        Body = "body",
    }
}

schema::table! {
    /// One entry of a list.
    pub struct Entry {
        /// The words, or the expression.
        pub text: String = String::new(), in 1..=4096,
        /// How it is written.
        pub kind: Kind = Kind::Keyword,
        /// What each match adds, where the list adds up.
        pub weight: u32 = 1, in 1..=10,
        /// Whether capital and small letters differ.
        pub case_sensitive: bool = false,
        /// Add the weight once, however often it matches.
        pub count_once: bool = false,
    }
}

schema::table! {
    /// A list of keywords and expressions. Rules ask for it by its name.
    pub struct List {
        /// Name. Unique.
        pub name: String = String::new(), in 1..=100,
        /// Whether it is looked for.
        pub enabled: bool = true,
        /// How the entries go together. Each text is looked at by itself: the subject, the text of
        /// the message, each header field, each attachment, each file name.
        pub matching: Matching = Matching::Any,
        /// For `within`: characters from the start of the first match to the end of the last.
        pub characters: u32 = 200, in 1..=100_000,
        /// For `score`: the least sum of weights.
        pub threshold: u32 = 10, in 1..=10_000,
        /// The entries.
        pub entries: Vec<Entry> = Vec::new(), in 0..=2000,
        /// Free text for the owner.
        pub note: String = String::new(), in 0..=4000,
    }
}

schema::table! {
    /// A text that exempts a message from the spam condition, and from nothing else.
    pub struct Exemption {
        /// Name, shown in tracking. Unique.
        pub name: String = String::new(), in 1..=80,
        /// Whether it acts.
        pub enabled: bool = true,
        /// Where the text is looked for.
        pub place: Where = Where::Subject,
        /// For `header`: the name of the field.
        pub field: String = String::new(), in 0..=100,
        /// The words, or the expression.
        pub text: String = String::new(), in 1..=4096,
        /// How it is written.
        pub kind: Kind = Kind::Keyword,
        /// Whether capital and small letters differ.
        pub case_sensitive: bool = false,
        /// The last day of the exemption, YYYY-MM-DD. Empty: no end.
        pub until: String = String::new(), in 0..=10,
        /// Free text for the owner.
        pub note: String = String::new(), in 0..=4000,
    }
}

schema::settings! {
    /// Words and expressions that rules can ask for with the condition `expression`.
    pub struct Expressions = "expressions", touches Live, checked by check {
        /// Lists that ship and are looked for. Rules ask for them by these names; `gatepost
        /// expressions list` shows what is in them.
        pub predefined: Vec<Predefined> = Vec::new(), in 0..=20,
        /// Your own lists.
        pub lists: Vec<List> = Vec::new(), in 0..=500,
        /// Texts that exempt a message from the spam condition. Malware and phishing stay what they
        /// are.
        pub exemptions: Vec<Exemption> = Vec::new(), in 0..=2000,
    }
}
