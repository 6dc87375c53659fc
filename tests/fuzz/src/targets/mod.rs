//! The targets, one file each.

pub mod address;
pub mod archives;
pub mod body_out;
pub mod bundle;
pub mod chunk;
pub mod command;
pub mod data;
pub mod documents;
pub mod executable;
pub mod expressions;
pub mod filetype;
pub mod frame;
pub mod lessons;
pub mod list_lines;
pub mod message;
pub mod mime;
pub mod pack;
pub mod pictures;
pub mod record;
pub mod remote_reply;
pub mod settings;
pub mod signature_lines;
