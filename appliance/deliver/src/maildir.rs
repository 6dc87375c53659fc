//! Delivery into a Maildir (the demo domain): one file per message, written under `tmp`, synced,
//! then moved to `new`, so that a reader sees whole messages only.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ipc::contracts::Consignment;
use mail::{Outcome, Reply, Timestamp};

use crate::limits;

/// A Maildir and the source of its unique file names.
#[derive(Debug)]
pub(crate) struct Maildir {
    folder: PathBuf,
    /// New for each start of the role, so that names never meet again.
    incarnation: u64,
    count: AtomicU64,
}

impl Maildir {
    pub(crate) fn new(folder: PathBuf, incarnation: u64) -> Self {
        Maildir { folder, incarnation, count: AtomicU64::new(0) }
    }

    /// Delivers one message. Blocking.
    pub(crate) fn deliver(
        &self,
        consignment: &Consignment,
        body: &File,
        now: Timestamp,
    ) -> Outcome {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let incarnation = self.incarnation;
        let name = format!("{}.R{incarnation:x}Q{count}_{}.gatepost", now.0 / 1000, consignment.id);
        match write(&self.folder, &name, consignment, body) {
            Ok(()) => {
                let text = format!("kept in the Maildir as {name}");
                Outcome::Delivered(Reply::coded(250, 2, 0, 0, &text))
            }
            Err(error) => {
                let detail = if error.kind() == io::ErrorKind::StorageFull { 1 } else { 0 };
                let text = format!("the Maildir could not be written: {error}");
                Outcome::Deferred(Reply::coded(451, 4, 3, detail, &text))
            }
        }
    }
}

fn write(folder: &Path, name: &str, consignment: &Consignment, body: &File) -> io::Result<()> {
    for part in ["tmp", "new", "cur"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let draft = folder.join("tmp").join(name);
    let written = write_draft(&draft, consignment, body)
        .and_then(|()| fs::rename(&draft, folder.join("new").join(name)));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
        return written;
    }
    // The spool lets go of the message after this: its name must be on the disk too.
    File::open(folder.join("new"))?.sync_all()
}

fn write_draft(draft: &Path, consignment: &Consignment, body: &File) -> io::Result<()> {
    let mut file = File::create_new(draft)?;
    let mut head = format!("Return-Path: <{}>\r\n", consignment.sender);
    for recipient in &consignment.recipients {
        head.push_str(&format!("Delivered-To: {}\r\n", recipient.address));
    }
    file.write_all(head.as_bytes())?;
    copy(body, consignment.size, &mut file)?;
    file.sync_all()
}

/// The offset of the descriptor is shared with queue, so it is left alone.
fn copy(body: &File, size: u64, to: &mut File) -> io::Result<()> {
    let mut chunk = Vec::new();
    let mut at = 0;
    while at < size {
        chunk.resize((size - at).min(limits::CHUNK_OCTETS as u64) as usize, 0);
        body.read_exact_at(&mut chunk, at)?;
        to.write_all(&chunk)?;
        at += chunk.len() as u64;
    }
    Ok(())
}
