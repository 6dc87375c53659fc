//! The reference manual, made from the declarations.

use std::fmt::Write;

use serde_json::Value;

use crate::declare::{Field, SectionDescription};
use crate::kind::Kind;
use crate::text::shown;
use crate::tree::Tree;

/// The reference manual in Markdown: every section, every field, with kind, default and help.
#[must_use]
pub fn manual(tree: &Tree) -> String {
    let mut page = String::from(
        "# Settings reference\n\n\
         Made from the declarations in the code; do not edit. Values are read and changed with\n\
         `gatepost settings get`, `set` and `commit`; `gatepost settings describe PATH` shows the\n\
         same text. A duration takes `s`, `m`, `h` or `d`, a size `KiB`, `MiB` or `GiB`.\n",
    );
    for section in tree.sections() {
        write_section(&mut page, section);
    }
    page
}

// Writing to a String cannot fail, so the results are dropped.

fn write_section(page: &mut String, section: &SectionDescription) {
    let _ = write!(
        page,
        "\n## {}\n\n{}\n\nA change {}.\n",
        section.name, section.help, section.touches
    );
    for field in &section.fields {
        write_field(page, section.name, field, 3);
    }
}

fn write_field(page: &mut String, above: &str, field: &Field, level: usize) {
    let path = format!("{above}.{}", field.name);
    let marks = "#".repeat(level);
    let _ = write!(page, "\n{marks} `{path}`\n\n{}\n\n", field.help);
    let _ = writeln!(page, "* Value: {}.", field.kind.words());
    if field.secret {
        page.push_str("* Secret: shown to nobody.\n");
    } else {
        write_default(page, field);
    }
    if let Some(touches) = field.touches {
        let _ = writeln!(page, "* A change {touches}.");
    }
    write_inside(page, &path, &field.kind, level);
}

fn write_default(page: &mut String, field: &Field) {
    match &field.default {
        Value::Array(entries) if entries.iter().any(Value::is_object) => {
            page.push_str("* Default:\n");
            for entry in entries {
                let _ = writeln!(page, "  * `{entry}`");
            }
        }
        value => {
            let _ = writeln!(page, "* Default: `{}`.", shown(Some(&field.kind), value));
        }
    }
}

fn write_inside(page: &mut String, path: &str, kind: &Kind, level: usize) {
    match kind {
        Kind::Optional(inner) => write_inside(page, path, inner, level),
        Kind::List { of, .. } => write_inside(page, &format!("{path}.N"), of, level),
        Kind::Choice(values) => {
            for value in values {
                let _ = writeln!(page, "* `{}`: {}", value.name, value.help);
            }
        }
        Kind::Table(fields) => {
            for field in fields {
                write_field(page, path, field, (level + 1).min(6));
            }
        }
        _ => {}
    }
}
