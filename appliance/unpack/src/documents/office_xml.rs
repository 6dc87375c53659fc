//! Office documents in XML: OOXML (Word, Excel, PowerPoint, relations), flat OPC, Word 2003 XML and
//! OpenDocument, told apart by their elements and never by their path in the file.
//!
//! One pass without a tree. Start with [`is_office`] and [`read`].

use std::borrow::Cow;

use super::cursor::{holds, shown};
use super::gathered::Gathered;
use super::macros::Words;
use super::markup::{Markup, Piece, Tag, local, resolved};
use super::{base64, fields};
use crate::fact::FactKind;
use crate::limits;

/// Name spaces of the documents that are read here.
const SPACES: [&[u8]; 9] = [
    b"schemas.openxmlformats.org",
    b"purl.oclc.org/ooxml",
    b"schemas.microsoft.com/office",
    b"urn:oasis:names:tc:opendocument",
    b"openoffice.org/2000",
    b"openoffice.org/2001",
    b"mso-application",
    b"schemas.microsoft.com/project",
    b"schemas.microsoft.com/visio",
];

/// Whether text that begins like XML is an office document or a part of one.
pub(crate) fn is_office(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(limits::SNIFF_OCTETS)).unwrap_or_default();
    SPACES.iter().any(|space| holds(head, space))
}

/// Reads one XML part.
pub(crate) fn read<'a>(text: &str) -> Gathered<'a> {
    let mut reader = Reader::default();
    for piece in Markup::new(text) {
        match piece {
            Piece::Open(tag) => reader.open(&tag),
            Piece::Close(name) => reader.close(local(name)),
            Piece::Text(text) => reader.text(&resolved(text)),
            Piece::CData(text) => reader.text(text),
            Piece::Declaration(text) => reader.declaration(text),
            Piece::Comment(_) => {}
        }
    }
    reader.end()
}

/// Where text goes that comes next.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Into {
    #[default]
    Nothing,
    Visible,
    Value,
    Instruction,
    Formula,
    Base64,
    Script,
    DefinedName,
}

#[derive(Default)]
struct Reader<'a> {
    gathered: Gathered<'a>,
    into: Into,
    is_open_document: bool,
    is_macro_sheet: bool,
    is_hidden: bool,
    is_shared: bool,
    is_styles: bool,
    instruction: String,
    fields: usize,
    script: String,
    base64: Vec<u8>,
    formula: String,
    module: String,
}

impl<'a> Reader<'a> {
    fn fact(&mut self, kind: FactKind, evidence: impl std::convert::Into<String>) {
        let evidence: String = evidence.into();
        self.gathered.fact(kind, shown(&evidence, limits::EVIDENCE_OCTETS / 2));
    }

    fn open(&mut self, tag: &Tag<'_>) {
        let name = tag.local();
        match name {
            "t" => self.into = Into::Visible,
            "tab" => self.gathered.visible.space(),
            "br" | "cr" | "line-break" => self.gathered.visible.end_line(),
            "r" => self.is_hidden = false,
            "vanish" | "webHidden" => self.is_hidden = !is_off(tag),
            "sz" => self.is_hidden |= is_tiny(tag),
            "instrText" | "delInstrText" => self.into = Into::Instruction,
            "fldSimple" => self.field_simple(tag),
            "fldChar" => self.field_mark(tag),
            "Relationship" => self.relation(tag),
            "binData" | "binaryData" => self.into = Into::Base64,
            _ => self.open_sheet(tag, name),
        }
        if self.into == Into::Visible && tag.is_empty {
            self.into = Into::Nothing;
        }
        if self.is_open_document {
            self.open_document(tag, name);
        }
    }

    /// Elements of Excel and PowerPoint, and roots.
    fn open_sheet(&mut self, tag: &Tag<'_>, name: &str) {
        match name {
            "c" => self.is_shared = tag.get("t").as_deref() == Some("s"),
            "v" if !self.is_shared => self.into = Into::Value,
            "f" => self.into = Into::Formula,
            "row" => self.gathered.visible.end_line(),
            "macrosheet" => {
                self.is_macro_sheet = true;
                self.fact(FactKind::XlmMacro, "a macro sheet");
            }
            "sheet" => self.sheet(tag),
            "definedName" => self.defined_name(tag),
            "ddeLink" => {
                let part = |name| tag.get(name).unwrap_or_default().into_owned();
                self.fact(FactKind::Dde, format!("{}|{}", part("ddeService"), part("ddeTopic")));
            }
            "webPr" => {
                if let Some(url) = tag.get("url") {
                    self.gathered.link(&url);
                    self.fact(FactKind::ExternalLink, format!("a web query of {url}"));
                }
            }
            "hlinkClick" | "hlinkHover" => {
                if let Some(action) = tag.get("action").filter(|one| is_program_action(one)) {
                    self.fact(FactKind::ExternalLink, format!("a slide starts {action}"));
                }
            }
            "customUI" => {
                if let Some(call) = tag.get("onLoad") {
                    self.fact(
                        FactKind::AutoMacro,
                        format!("the ribbon calls {call} when it loads"),
                    );
                }
            }
            "ocx" => self.fact(FactKind::ActiveX, "a control inside the document"),
            "oleObject" | "OLEObject" | "objectEmbed" | "embed" => self.object(tag),
            "document-content" | "document-styles" | "document" | "document-meta" | "module"
            | "manifest" | "library" | "document-settings" => self.root(tag, name),
            _ => {}
        }
    }

    fn root(&mut self, tag: &Tag<'_>, name: &str) {
        let is_word = tag.attributes().any(|(_, value)| value.contains("wordprocessingml"));
        self.is_open_document |= !is_word;
        self.is_styles = name == "document-styles" || name == "document-settings";
        if name == "module" {
            self.module = tag.get("name").unwrap_or_default().into_owned();
            self.into = Into::Script;
        }
    }

    fn object(&mut self, tag: &Tag<'_>) {
        let class =
            tag.get("ProgID").or_else(|| tag.get("progId")).unwrap_or_default().into_owned();
        let is_linked = tag.get("Type").as_deref() == Some("Link") || tag.has("link");
        let words = format!("an object of class {class}");
        if class.to_ascii_lowercase().starts_with("equation") {
            self.fact(FactKind::RtfExploit, words.clone());
        }
        if is_linked {
            self.fact(FactKind::ExternalLink, format!("a linked object of class {class}"));
        }
        self.fact(FactKind::EmbeddedObject, words);
    }

    fn sheet(&mut self, tag: &Tag<'_>) {
        let state = tag.get("state").unwrap_or_default();
        if state.eq_ignore_ascii_case("hidden") || state.eq_ignore_ascii_case("veryHidden") {
            let name = tag.get("name").unwrap_or_default();
            self.fact(FactKind::HiddenText, format!("sheet {name} is {state}"));
        }
    }

    fn defined_name(&mut self, tag: &Tag<'_>) {
        let name = tag.get("name").unwrap_or_default();
        let plain = name.trim_start_matches("_xlnm.").to_ascii_lowercase();
        if ["auto_open", "auto_close", "auto_activate", "auto_deactivate"]
            .iter()
            .any(|known| plain.starts_with(known))
        {
            self.fact(FactKind::AutoMacro, format!("the name {name} starts an Excel 4.0 macro"));
        }
        self.into = Into::DefinedName;
    }

    fn field_simple(&mut self, tag: &Tag<'_>) {
        if let Some(instruction) = tag.get("instr") {
            fields::judge(&instruction, &mut self.gathered);
        }
    }

    /// A field's instruction is split over runs as its writer likes; nested fields belong to it.
    fn field_mark(&mut self, tag: &Tag<'_>) {
        match tag.get("fldCharType").as_deref() {
            Some("begin") => self.fields = self.fields.saturating_add(1),
            Some("end") => {
                self.fields = self.fields.saturating_sub(1);
                if self.fields == 0 {
                    self.judge_field();
                }
            }
            _ => {}
        }
    }

    fn judge_field(&mut self) {
        let instruction = std::mem::take(&mut self.instruction);
        fields::judge(&quoted_numbers(&instruction), &mut self.gathered);
    }

    /// A relation: what kind, to where, and whether outside.
    fn relation(&mut self, tag: &Tag<'_>) {
        let kind = tag.get("Type").unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default();
        let target = tag.get("Target").unwrap_or_default();
        let is_external =
            tag.get("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("External"));
        if is_external {
            return self.external(kind, &target);
        }
        match kind {
            "vbaProject" | "wordVbaData" => {
                self.fact(FactKind::Macro, format!("macros in {target}"))
            }
            "vbaProjectSignature" | "vbaProjectSignatureAgile" | "vbaProjectSignatureV3" => {
                self.fact(FactKind::MacroSigned, format!("a signature in {target}"));
            }
            "xlMacrosheet" | "xlIntlMacrosheet" => {
                self.fact(FactKind::XlmMacro, format!("a macro sheet in {target}"));
            }
            "control" | "activeXControlBinary" => {
                self.fact(FactKind::ActiveX, format!("a control in {target}"));
            }
            "oleObject" | "package" => {
                self.fact(FactKind::EmbeddedObject, format!("an object in {target}"));
            }
            "origin" | "signature" => {
                self.fact(FactKind::Signed, format!("a signature in {target}"))
            }
            _ => {}
        }
    }

    fn external(&mut self, kind: &str, target: &str) {
        self.gathered.link(target);
        let is_remote = fields::is_remote(target);
        match kind {
            "attachedTemplate" if is_remote => {
                self.fact(FactKind::ExternalTemplate, format!("the template {target}"));
            }
            "hyperlink" if !is_odd_scheme(target) => {}
            _ if is_remote => {
                self.fact(FactKind::ExternalLink, format!("{kind} leads to {target}"));
            }
            _ => {}
        }
    }

    fn open_document(&mut self, tag: &Tag<'_>, name: &str) {
        let target = tag.get("href").unwrap_or_default();
        match name {
            "p" | "h" if !self.is_styles => self.into = Into::Visible,
            "s" => self.gathered.visible.space(),
            "table-cell" => self.gathered.visible.space(),
            "encryption-data" => self.fact(FactKind::Encrypted, "the manifest names an encryption"),
            "event-listener" => self.listener(tag, &target),
            "hidden-text" | "hidden-paragraph" => {
                self.fact(FactKind::HiddenText, "a hidden passage")
            }
            "dde-source" | "dde-connection-decl" | "dde-connection" => {
                let part = |name| tag.get(name).unwrap_or_default().into_owned();
                let (what, topic) = (part("dde-application"), part("dde-topic"));
                self.fact(FactKind::Dde, format!("{what}|{topic}"));
            }
            "a" => self.gathered.link(&target),
            "template" if fields::is_remote(&target) => {
                self.fact(FactKind::ExternalTemplate, format!("the template {target}"));
            }
            _ if !target.is_empty() && fields::is_remote(&target) => {
                self.gathered.link(&target);
                self.fact(FactKind::ExternalLink, format!("{name} leads to {target}"));
            }
            "object-ole" | "object" | "plugin" | "applet" => {
                self.fact(FactKind::EmbeddedObject, format!("{name} {target}"));
            }
            _ => {}
        }
    }

    fn listener(&mut self, tag: &Tag<'_>, target: &str) {
        let event = tag.get("event-name").unwrap_or_default();
        if target.is_empty() && !tag.has("script:macro-name") {
            return;
        }
        self.fact(FactKind::Macro, format!("the event {event} calls {target}"));
        let lower = event.to_ascii_lowercase();
        if ["load", "open", "new", "close", "focus", "start", "view"]
            .iter()
            .any(|one| lower.contains(one))
        {
            self.fact(FactKind::AutoMacro, format!("the event {event} calls {target}"));
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" | "si" | "sp" | "row" | "table-row" => self.gathered.visible.end_line(),
            "binData" | "binaryData" => self.payload(),
            "f" => self.formula(),
            "module" => self.script(),
            _ => {}
        }
        let is_inline = matches!(name, "span" | "a" | "s" | "tab" | "bookmark-ref");
        if !(self.is_open_document && is_inline) {
            self.into = Into::Nothing;
        }
    }

    fn text(&mut self, text: &str) {
        match self.into {
            Into::Visible if self.is_hidden => self.gathered.hidden.push(text),
            Into::Visible => self.gathered.visible.push(text),
            Into::Value => {
                self.gathered.visible.space();
                self.gathered.visible.push(text);
            }
            Into::Instruction => {
                let room = limits::FIELD_OCTETS.saturating_sub(self.instruction.len());
                self.instruction.push_str(&shown(text, room));
                if self.fields == 0 {
                    self.judge_field();
                }
            }
            Into::Formula | Into::DefinedName => {
                let room = limits::FIELD_OCTETS.saturating_sub(self.formula.len());
                self.formula.push_str(&shown(text, room));
            }
            Into::Base64 => self.base64.extend_from_slice(text.as_bytes()),
            Into::Script => self.script.push_str(text),
            Into::Nothing => {}
        }
    }

    /// A formula: in a macro sheet it is code, and anywhere it can call DDE.
    fn formula(&mut self) {
        let formula = std::mem::take(&mut self.formula);
        if formula.contains("|'") || (formula.contains('|') && formula.contains("'!")) {
            self.fact(FactKind::Dde, formula.clone());
        }
        if !self.is_macro_sheet {
            return;
        }
        for call in ["EXEC(", "CALL(", "REGISTER(", "FORMULA(", "RUN(", "FOPEN(", "FWRITE"] {
            if formula.to_ascii_uppercase().contains(call) {
                let call = call.trim_end_matches('(');
                self.fact(FactKind::MacroCall, format!("an Excel 4.0 macro calls {call}"));
            }
        }
        self.gathered.script.push(&formula);
        self.gathered.script.end_line();
    }

    fn payload(&mut self) {
        let text = std::mem::take(&mut self.base64);
        let octets = base64::decode(&text);
        if octets.len() >= limits::PAYLOAD_OCTETS {
            self.gathered.payload("data.bin", Cow::Owned(octets));
        }
    }

    /// Source of a module of OpenDocument's Basic.
    fn script(&mut self) {
        let script = std::mem::take(&mut self.script);
        let words = Words::of(&script);
        if script.trim().is_empty() {
            return;
        }
        self.fact(FactKind::Macro, format!("module {}", self.module));
        let calls = words.calls.join(", ");
        if !calls.is_empty() {
            self.fact(FactKind::MacroCall, format!("module {} calls {calls}", self.module));
        }
        for name in &words.auto_run {
            self.fact(FactKind::AutoMacro, format!("macro {name} in module {}", self.module));
        }
        self.gathered.script.push(&script);
        self.gathered.script.end_line();
    }

    /// A document type declaration has no place in an office document; an entity from outside is
    /// told, none is ever expanded.
    fn declaration(&mut self, text: &str) {
        if holds(text.as_bytes(), b"!entity") || holds(text.as_bytes(), b"!doctype") {
            let is_outside = holds(text.as_bytes(), b"system") && fields::is_remote(text);
            if is_outside {
                self.fact(FactKind::ExternalLink, text);
            }
        }
    }

    fn end(mut self) -> Gathered<'a> {
        self.judge_field();
        self.payload();
        self.script();
        if !self.gathered.hidden.is_blank() {
            let words = format!("hidden: {}", shown(self.gathered.hidden.as_str().trim(), 80));
            self.fact(FactKind::HiddenText, words);
        }
        self.gathered
    }
}

fn is_off(tag: &Tag<'_>) -> bool {
    tag.get("val").is_some_and(|value| matches!(value.as_ref(), "0" | "false" | "off" | "none"))
}

/// Half points: below two points nobody reads.
fn is_tiny(tag: &Tag<'_>) -> bool {
    tag.get("val").and_then(|value| value.parse::<u32>().ok()).is_some_and(|half| half <= 3)
}

fn is_program_action(action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    lower.starts_with("ppaction://program")
        || lower.starts_with("ppaction://macro")
        || lower.starts_with("ppaction://ole")
}

/// Schemes that start something on this machine.
fn is_odd_scheme(target: &str) -> bool {
    let lower = target.trim_start().to_ascii_lowercase();
    ["ms-", "mhtml:", "javascript:", "vbscript:", "search-ms:", "file:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
        && fields::is_remote(target)
}

/// `QUOTE 100 100 101` is how a field's words are hidden: numbers behind QUOTE are characters.
fn quoted_numbers(instruction: &str) -> Cow<'_, str> {
    if !holds(instruction.as_bytes(), b"quote") {
        return Cow::Borrowed(instruction);
    }
    let mut out = String::with_capacity(instruction.len());
    for word in instruction.split_whitespace() {
        match word.parse::<u32>().ok().and_then(char::from_u32).filter(|one| !one.is_control()) {
            Some(one) => out.push(one),
            None if word.eq_ignore_ascii_case("quote") => {}
            None => {
                out.push(' ');
                out.push_str(word);
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(xml: &str) -> Vec<(FactKind, String)> {
        read(xml).facts
    }

    #[test]
    fn a_remote_template_is_told_and_a_local_one_is_not() {
        let relation = |target: &str| {
            format!(
                "<Relationships><Relationship Type=\"http://x/attachedTemplate\" Target=\"{target}\" TargetMode=\"External\"/></Relationships>"
            )
        };
        assert_eq!(
            facts(&relation("https://evil.example/a.dotm"))[0].0,
            FactKind::ExternalTemplate
        );
        assert_eq!(facts(&relation("\\\\10.1.1.1\\a.dotm"))[0].0, FactKind::ExternalTemplate);
        assert!(facts(&relation("file:///C:\\Users\\a\\Normal.dotm")).is_empty());
    }

    #[test]
    fn a_dde_field_split_over_runs_is_put_together() {
        let xml = "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>DDE</w:instrText></w:r>\
                   <w:r><w:instrText>AUTO c:\\cmd \"/k x\"</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r>";
        assert_eq!(facts(xml)[0].0, FactKind::Dde);
        let numbers = "<w:instrText> QUOTE 68 68 69 65 85 84 79  99 109 100 </w:instrText>";
        assert_eq!(facts(numbers)[0].0, FactKind::Dde);
    }

    #[test]
    fn hidden_runs_are_told_apart_from_visible_ones() {
        let gathered = read(
            "<w:p><w:r><w:t>seen</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>unseen</w:t></w:r></w:p>",
        );
        assert_eq!(gathered.visible.as_str(), "seen\n");
        assert_eq!(gathered.hidden.as_str(), "unseen");
        assert_eq!(gathered.facts[0].0, FactKind::HiddenText);
    }

    #[test]
    fn cells_give_their_values_and_not_the_numbers_of_shared_strings() {
        let gathered = read(
            "<row><c t='s'><v>7</v></c><c><v>4111111111111111</v></c><c t='inlineStr'><is><t>in</t></is></c></row>",
        );
        assert_eq!(gathered.visible.as_str(), "4111111111111111in\n");
    }

    #[test]
    fn a_macro_sheet_in_xml_is_read_as_code() {
        let gathered =
            read("<xm:macrosheet><row><c><f>EXEC(\"calc\")</f></c></row></xm:macrosheet>");
        let kinds: Vec<FactKind> = gathered.facts.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [FactKind::XlmMacro, FactKind::MacroCall]);
        assert_eq!(gathered.script.as_str(), "EXEC(\"calc\")\n");
    }

    #[test]
    fn open_document_gives_text_scripts_and_what_it_fetches() {
        let xml = "<office:document-content xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'>\
            <text:p>one <text:span>two</text:span> three</text:p>\
            <script:event-listener script:event-name='dom:load' xlink:href='vnd.sun.star.script:a.b'/>\
            <text:section-source xlink:href='https://evil.example/x'/></office:document-content>";
        let gathered = read(xml);
        assert_eq!(gathered.visible.as_str(), "one two three\n");
        let kinds: Vec<FactKind> = gathered.facts.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [FactKind::Macro, FactKind::AutoMacro, FactKind::ExternalLink]);
    }

    #[test]
    fn an_entity_bomb_stays_as_small_as_it_is() {
        let mut xml = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">".to_owned();
        for n in 0..20 {
            xml.push_str(&format!("<!ENTITY b{n} \"&a;&a;&a;&a;&a;&a;&a;&a;\">"));
        }
        xml.push_str("]><w:t>&b19;</w:t>");
        assert_eq!(read(&xml).visible.as_str(), "&b19;");
    }
}
