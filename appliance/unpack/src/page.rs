//! What a page of HTML is made of and where it leads, for whoever judges it as its reader sees it.

/// Something to click.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anchor {
    /// Where it leads, resolved against the page's base, cut.
    pub target: String,
    /// What its reader sees of it, cut.
    pub words: String,
    /// Whether a picture is in it.
    pub has_picture: bool,
    /// Whether its reader cannot see it.
    pub is_hidden: bool,
}

/// A picture that the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    /// Where it is fetched from; starts with `cid:` for a part of the message, `data:` when it stands in
    /// the page itself.
    pub target: String,
    /// Declared width in pixels, when one is.
    pub width: Option<u32>,
    /// Declared height in pixels, when one is.
    pub height: Option<u32>,
    /// The text in its place.
    pub alternative: String,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// What can be clicked, at most [`crate::limits::ANCHORS`].
    pub anchors: Vec<Anchor>,
    /// Pictures, at most [`crate::limits::PAGE_PICTURES`].
    pub pictures: Vec<Picture>,
    /// Where its forms are sent; an empty one is sent to nowhere or by a script.
    pub forms: Vec<String>,
    /// Fields for passwords.
    pub password_fields: u32,
    /// Other fields that a person fills in.
    pub fields: u32,
    /// Scripts.
    pub scripts: u32,
    /// Elements of any kind.
    pub elements: u32,
    /// Elements that HTML does not know.
    pub unknown_elements: u32,
    /// Tables.
    pub tables: u32,
    /// Octets in comments.
    pub comment_octets: u32,
    /// Letters and digits that are seen.
    pub visible_letters: u32,
    /// Letters and digits that are not seen.
    pub hidden_letters: u32,
    /// Letters and digits of ASCII that are written as character references.
    pub disguised_letters: u32,
    /// Whether it goes elsewhere by itself.
    pub goes_elsewhere: bool,
}
