//! What was met on the way, with evidence and no opinion.

/// What kind of fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactKind {
    /// Encrypted, and no password opened it: its members were not seen.
    Encrypted,
    /// Encrypted, and opened.
    Opened,
    /// Damaged: not all of its members were seen whole.
    Broken,
    /// Recognised, but of a kind or a variant that cannot be opened here.
    Unsupported,
    /// A limit ended the look at it.
    Limit,
    /// Two descriptions inside one container disagree (central and local zip directory, two members
    /// of one name, octets outside of all members): two unpackers could see different files.
    Disagreement,
    /// Macros.
    Macro,
    /// Macros that run by themselves.
    AutoMacro,
    /// Macro source that starts programs, writes files or downloads.
    MacroCall,
    /// Excel 4.0 macros.
    XlmMacro,
    /// Macro source that the compiled macro does not match, or that is missing (stomping).
    MacroStomped,
    /// Macros are signed.
    MacroSigned,
    /// A DDE or DDEAUTO field or link.
    Dde,
    /// A template that is fetched from outside.
    ExternalTemplate,
    /// Another relation to outside that is followed by itself (frame, OLE link, subdocument).
    ExternalLink,
    /// An embedded object.
    EmbeddedObject,
    /// An embedded program or script.
    EmbeddedExecutable,
    /// An `ActiveX` control.
    ActiveX,
    /// An RTF object that is updated when the file opens, or whose class is one of the exploited.
    RtfExploit,
    /// JavaScript in a PDF.
    PdfScript,
    /// A PDF action that starts a program.
    PdfLaunch,
    /// A PDF action that runs when the file opens.
    PdfOpenAction,
    /// A file embedded in a PDF.
    PdfEmbeddedFile,
    /// A PDF that sends a form or goes to an address.
    PdfUri,
    /// Script in HTML.
    HtmlScript,
    /// HTML that builds a file for download out of its own text.
    HtmlSmuggling,
    /// A form that asks for a password or is sent elsewhere.
    HtmlForm,
    /// Text that its reader does not see.
    HiddenText,
    /// The file is signed.
    Signed,
    /// A shortcut, with what it runs as evidence.
    Shortcut,
}

/// One fact about one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What.
    pub kind: FactKind,
    /// Where: the path of the specimen.
    pub place: String,
    /// What was seen, in words a person can check.
    pub evidence: String,
}
