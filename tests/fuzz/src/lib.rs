//! One fuzz target per parser: a plain function from octets to nothing that panics when a promise
//! of the parser is broken.
//!
//! `cargo test` replays the corpora and mutates them with a fixed seed; `cargo fuzz` (the folder
//! `cargo-fuzz`, nightly Rust) searches on for as long as it is let. Start with [`TARGETS`].

// A broken promise is a panic: that is how a fuzzer is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod mutation;
pub mod targets;

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also of its corpus folder and of its program under `cargo-fuzz`.
    pub name: &'static str,
    /// Feeds the parser.
    pub run: fn(&[u8]),
    /// Inputs that only an encoder can make.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "address", run: targets::address::target, seeds: Vec::new },
    Target { name: "body_out", run: targets::body_out::target, seeds: Vec::new },
    Target { name: "chunk", run: targets::chunk::target, seeds: Vec::new },
    Target { name: "command", run: targets::command::target, seeds: Vec::new },
    Target { name: "data", run: targets::data::target, seeds: Vec::new },
    Target { name: "filetype", run: targets::filetype::target, seeds: targets::filetype::seeds },
    Target {
        name: "document_html",
        run: targets::documents::document_html::target,
        seeds: targets::documents::document_html::seeds,
    },
    Target {
        name: "document_notebook",
        run: targets::documents::document_notebook::target,
        seeds: targets::documents::document_notebook::seeds,
    },
    Target {
        name: "document_ole",
        run: targets::documents::document_ole::target,
        seeds: targets::documents::document_ole::seeds,
    },
    Target {
        name: "document_pdf",
        run: targets::documents::document_pdf::target,
        seeds: targets::documents::document_pdf::seeds,
    },
    Target {
        name: "document_rtf",
        run: targets::documents::document_rtf::target,
        seeds: targets::documents::document_rtf::seeds,
    },
    Target {
        name: "document_shortcut",
        run: targets::documents::document_shortcut::target,
        seeds: targets::documents::document_shortcut::seeds,
    },
    Target {
        name: "document_tnef",
        run: targets::documents::document_tnef::target,
        seeds: targets::documents::document_tnef::seeds,
    },
    Target {
        name: "document_xml",
        run: targets::documents::document_xml::target,
        seeds: targets::documents::document_xml::seeds,
    },
    Target { name: "frame", run: targets::frame::target, seeds: targets::frame::seeds },
    Target { name: "lessons", run: targets::lessons::target, seeds: targets::lessons::seeds },
    Target { name: "message", run: targets::message::target, seeds: targets::message::seeds },
    Target { name: "mime", run: targets::mime::target, seeds: Vec::new },
    Target { name: "pack", run: targets::pack::target, seeds: targets::pack::seeds },
    Target { name: "pictures", run: targets::pictures::target, seeds: Vec::new },
    Target { name: "record", run: targets::record::target, seeds: targets::record::seeds },
    Target { name: "remote_reply", run: targets::remote_reply::target, seeds: Vec::new },
    Target { name: "settings", run: targets::settings::target, seeds: targets::settings::seeds },
    Target {
        name: "executable",
        run: targets::executable::target,
        seeds: targets::executable::seeds,
    },
    Target {
        name: "expressions",
        run: targets::expressions::target,
        seeds: targets::expressions::seeds,
    },
    Target {
        name: "list_lines",
        run: targets::list_lines::target,
        seeds: targets::list_lines::seeds,
    },
    Target { name: "bundle", run: targets::bundle::target, seeds: targets::bundle::seeds },
    Target {
        name: "signature_lines",
        run: targets::signature_lines::target,
        seeds: targets::signature_lines::seeds,
    },
    Target {
        name: "unpack_ar",
        run: targets::archives::unpack_ar::target,
        seeds: targets::archives::unpack_ar::seeds,
    },
    Target {
        name: "unpack_arj",
        run: targets::archives::unpack_arj::target,
        seeds: targets::archives::unpack_arj::seeds,
    },
    Target {
        name: "unpack_binhex",
        run: targets::archives::unpack_binhex::target,
        seeds: targets::archives::unpack_binhex::seeds,
    },
    Target {
        name: "unpack_bzip2",
        run: targets::archives::unpack_bzip2::target,
        seeds: targets::archives::unpack_bzip2::seeds,
    },
    Target {
        name: "unpack_cab",
        run: targets::archives::unpack_cab::target,
        seeds: targets::archives::unpack_cab::seeds,
    },
    Target {
        name: "unpack_compress",
        run: targets::archives::unpack_compress::target,
        seeds: targets::archives::unpack_compress::seeds,
    },
    Target {
        name: "unpack_cpio",
        run: targets::archives::unpack_cpio::target,
        seeds: targets::archives::unpack_cpio::seeds,
    },
    Target {
        name: "unpack_gzip",
        run: targets::archives::unpack_gzip::target,
        seeds: targets::archives::unpack_gzip::seeds,
    },
    Target {
        name: "unpack_iso9660",
        run: targets::archives::unpack_iso9660::target,
        seeds: targets::archives::unpack_iso9660::seeds,
    },
    Target {
        name: "unpack_lha",
        run: targets::archives::unpack_lha::target,
        seeds: targets::archives::unpack_lha::seeds,
    },
    Target {
        name: "unpack_lzma",
        run: targets::archives::unpack_lzma::target,
        seeds: targets::archives::unpack_lzma::seeds,
    },
    Target {
        name: "unpack_mail",
        run: targets::archives::unpack_mail::target,
        seeds: targets::archives::unpack_mail::seeds,
    },
    Target {
        name: "unpack_rar",
        run: targets::archives::unpack_rar::target,
        seeds: targets::archives::unpack_rar::seeds,
    },
    Target {
        name: "unpack_rpm",
        run: targets::archives::unpack_rpm::target,
        seeds: targets::archives::unpack_rpm::seeds,
    },
    Target {
        name: "unpack_seven_zip",
        run: targets::archives::unpack_seven_zip::target,
        seeds: targets::archives::unpack_seven_zip::seeds,
    },
    Target {
        name: "unpack_szdd",
        run: targets::archives::unpack_szdd::target,
        seeds: targets::archives::unpack_szdd::seeds,
    },
    Target {
        name: "unpack_tar",
        run: targets::archives::unpack_tar::target,
        seeds: targets::archives::unpack_tar::seeds,
    },
    Target {
        name: "unpack_xz",
        run: targets::archives::unpack_xz::target,
        seeds: targets::archives::unpack_xz::seeds,
    },
    Target {
        name: "unpack_zip",
        run: targets::archives::unpack_zip::target,
        seeds: targets::archives::unpack_zip::seeds,
    },
    Target {
        name: "unpack_zstd",
        run: targets::archives::unpack_zstd::target,
        seeds: targets::archives::unpack_zstd::seeds,
    },
];
