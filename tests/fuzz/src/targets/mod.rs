//! The targets, one file each.

pub mod address;
pub mod body_out;
pub mod chunk;
pub mod command;
pub mod data;
pub mod frame;
pub mod mime;
pub mod record;
pub mod remote_reply;
pub mod settings;
