//! The database: SQLite in write-ahead mode, one writing connection, a few readers.
//!
//! | table | one row for | holds |
//! |---|---|---|
//! | `messages` | a message | its summary, joined from its parts |
//! | `parts` | a message (or refused session) in one batch | the events themselves |
//! | `words` | a part | its search words (FTS5, words only, no positions) |
//! | `senders` | one life of one role | the number of its next event |
//!
//! A batch is one transaction with `synchronous=FULL`: what is said to be kept is on the disk. A
//! database that is damaged is moved aside, loudly, and a new one begun: mail goes on.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use mail::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, QueryBuilder, Sqlite};

use crate::batch::{Batch, Part, Source};
use crate::limits;

/// Why the database could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made, or a damaged database cannot be moved aside.
    #[error("cannot prepare {path}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// The kernel's word.
        #[source]
        source: io::Error,
    },
    /// SQLite refused.
    #[error("{deed} failed")]
    Sql {
        /// What was being done.
        deed: &'static str,
        /// SQLite's word.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// True when the database itself is broken, so that trying again cannot help: SQLITE_CORRUPT
    /// (11), SQLITE_NOTADB (26), SQLITE_SCHEMA trouble such as a missing table (1).
    #[must_use]
    pub fn is_damage(&self) -> bool {
        let StoreError::Sql { source: sqlx::Error::Database(error), .. } = self else {
            return false;
        };
        let code = error.code().and_then(|code| i32::from_str(&code).ok()).unwrap_or_default();
        // The low octet is the primary code (sqlite.org/rescode.html).
        matches!(code & 0xff, 1 | 11 | 26)
    }
}

pub(crate) fn sql(deed: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Sql { deed, source }
}

const SCHEMA: &str = "
create table if not exists messages (
  id integer primary key, first integer not null, last integer not null, sender text,
  recipients text, recipient_count integer, subject text, client text, rule text, size integer,
  state integer not null);
create table if not exists parts (
  part integer primary key, message integer, at integer not null, events blob not null);
create index if not exists parts_message on parts (message) where message is not null;
create index if not exists parts_session on parts (at) where message is null;
create virtual table if not exists words using fts5 (
  list, content='', contentless_delete=1, detail=none,
  tokenize = \"ascii tokenchars '.@-_+:/='\");
create table if not exists senders (
  role text not null, incarnation integer not null, next integer not null, at integer not null,
  primary key (role, incarnation)) without rowid;
";

/// The writing side.
pub struct Store {
    folder: PathBuf,
    connection: SqliteConnection,
    next_part: i64,
}

impl Store {
    /// Opens the database in `folder`, or begins it. A damaged one is moved aside.
    ///
    /// # Errors
    /// The folder or a new database cannot be made.
    pub async fn open(folder: &Path, now: Timestamp) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        match Store::open_as_it_is(folder).await {
            Err(error) if error.is_damage() => {
                move_aside(folder, now, &error)?;
                Store::open_as_it_is(folder).await
            }
            other => other,
        }
    }

    async fn open_as_it_is(folder: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file(folder))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Deleted rows leave pages that later rows fill again; the file does not shrink.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("cache_size", "-16000")
            // The role may write in its own folder only: no temporary files elsewhere.
            .pragma("temp_store", "MEMORY")
            .thread_name(|_| "ledger-write".to_owned());
        let mut connection = SqliteConnection::connect_with(&options)
            .await
            .map_err(sql("opening the ledger's database"))?;
        match prepare(&mut connection).await {
            Ok(next_part) => Ok(Store { folder: folder.to_owned(), connection, next_part }),
            Err(error) => {
                let _ = connection.close_hard().await;
                Err(error)
            }
        }
    }

    /// Moves a damaged database aside and begins a new one in its place.
    ///
    /// # Errors
    /// As [`Store::open`]; writing then fails until a later call succeeds.
    pub async fn replace(&mut self, now: Timestamp, why: &StoreError) -> Result<(), StoreError> {
        let nothing = SqliteConnectOptions::new().in_memory(true);
        let nothing = SqliteConnection::connect_with(&nothing).await.map_err(sql("standing by"))?;
        // Closed before anything is moved: SQLite removes the write-ahead file by its name, which
        // would else be the new one's.
        let _ = std::mem::replace(&mut self.connection, nothing).close_hard().await;
        move_aside(&self.folder, now, why)?;
        *self = Store::open_as_it_is(&self.folder).await?;
        Ok(())
    }

    /// The number of the next event of each sender that is remembered.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn counters(&mut self) -> Result<HashMap<Source, u64>, StoreError> {
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as("select role, incarnation, next from senders")
                .fetch_all(&mut self.connection)
                .await
                .map_err(sql("reading the senders' counters"))?;
        let known = rows.into_iter().filter_map(|(role, incarnation, next)| {
            let role = ipc::Role::from_word(&role)?;
            Some((Source { role, incarnation: incarnation.cast_unsigned() }, next.cast_unsigned()))
        });
        Ok(known.collect())
    }

    /// Writes a batch in one transaction. When it returns, the batch is on stable storage.
    ///
    /// # Errors
    /// SQLite's; then nothing of the batch is written.
    pub async fn write(&mut self, batch: &Batch, now: Timestamp) -> Result<(), StoreError> {
        let parts = batch.parts();
        let first_part = self.next_part;
        let mut transaction = self.connection.begin().await.map_err(sql("beginning a batch"))?;
        let mut part = first_part;
        for rows in parts.chunks(limits::STATEMENT_ROWS) {
            insert_messages(&mut transaction, rows).await?;
            insert_parts(&mut transaction, rows, part).await?;
            insert_words(&mut transaction, rows, part).await?;
            part += rows.len() as i64;
        }
        insert_counters(&mut transaction, batch, now).await?;
        transaction.commit().await.map_err(sql("committing a batch"))?;
        self.next_part = part;
        Ok(())
    }

    /// Deletes messages and sessions whose last event lies before `before`, at most
    /// [`limits::DELETE_ROWS`] of each, and counters of senders long gone. True when there is more.
    ///
    /// # Errors
    /// SQLite's; then nothing is deleted.
    pub async fn expire(
        &mut self,
        before: Timestamp,
        senders_before: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.connection.begin().await.map_err(sql("beginning to expire"))?;
        let messages: Vec<i64> =
            sqlx::query_scalar("select id from messages where last < ? order by id limit ?")
                .bind(before.0.cast_signed())
                .bind(limits::DELETE_ROWS)
                .fetch_all(&mut *transaction)
                .await
                .map_err(sql("finding old messages"))?;
        let sessions: Vec<i64> = sqlx::query_scalar(
            "select part from parts where message is null and at < ? order by at limit ?",
        )
        .bind(before.0.cast_signed())
        .bind(limits::DELETE_ROWS)
        .fetch_all(&mut *transaction)
        .await
        .map_err(sql("finding old sessions"))?;
        let of_messages = [
            "delete from words where rowid in (select part from parts where message in (",
            "delete from parts where message in (",
            "delete from messages where id in (",
        ];
        delete(&mut transaction, of_messages, &messages).await?;
        let of_sessions = [
            "delete from words where rowid in (select part from parts where part in (",
            "delete from parts where part in (",
            "",
        ];
        delete(&mut transaction, of_sessions, &sessions).await?;
        sqlx::query("delete from senders where at < ?")
            .bind(senders_before.0.cast_signed())
            .execute(&mut *transaction)
            .await
            .map_err(sql("forgetting senders"))?;
        transaction.commit().await.map_err(sql("committing an expiry"))?;
        let full = limits::DELETE_ROWS as usize;
        Ok(messages.len() >= full || sessions.len() >= full)
    }
}

/// Makes what tables are missing; returns the number of the next part.
async fn prepare(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::raw_sql(SCHEMA)
        .execute(&mut *connection)
        .await
        .map_err(sql("making the ledger's tables"))?;
    let newest: Option<i64> = sqlx::query_scalar("select max(part) from parts")
        .fetch_one(connection)
        .await
        .map_err(sql("reading the ledger's newest part"))?;
    Ok(newest.unwrap_or_default() + 1)
}

/// A reading connection to the same database, for one question: it never waits for the writer, and
/// after the database was replaced the next question reads the new one.
///
/// # Errors
/// SQLite's; also when there is no database yet.
pub async fn reader(folder: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new().filename(file(folder)).read_only(true);
    SqliteConnection::connect_with(&options).await.map_err(sql("opening the ledger to read"))
}

/// The database file.
fn file(folder: &Path) -> PathBuf {
    folder.join("ledger.sqlite3")
}

fn move_aside(folder: &Path, now: Timestamp, why: &StoreError) -> Result<(), StoreError> {
    let detail = std::error::Error::source(why).map(ToString::to_string).unwrap_or_default();
    let stamp = now.iso8601().replace(':', "");
    tracing::error!(
        %why, detail, folder = %folder.display(),
        "the ledger's database is damaged: it is moved aside as damaged-{stamp} and a new one is \
         begun. Mail goes on; tracking does not show what lies in the old one"
    );
    for suffix in ["", "-wal", "-shm"] {
        let mut from = file(folder).into_os_string();
        from.push(suffix);
        let mut to = OsString::from(folder.join(format!("damaged-{stamp}.sqlite3")));
        to.push(suffix);
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(StoreError::Folder { path: from.into(), source }),
            Ok(()) => {}
        }
    }
    Ok(())
}

async fn run(
    connection: &mut SqliteConnection,
    mut query: QueryBuilder<Sqlite>,
    rows: usize,
    deed: &'static str,
) -> Result<(), StoreError> {
    // Full statements come again and again and stay prepared; the odd last one does not.
    let whole = rows == limits::STATEMENT_ROWS;
    query.build().persistent(whole).execute(connection).await.map_err(sql(deed))?;
    Ok(())
}

async fn insert_messages(
    connection: &mut SqliteConnection,
    parts: &[Part],
) -> Result<(), StoreError> {
    let rows: Vec<_> = parts.iter().filter_map(|part| part.message.as_ref()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let count = rows.len();
    let mut query = QueryBuilder::new(
        "insert into messages (id, first, last, sender, recipients, recipient_count, subject, \
         client, rule, size, state) ",
    );
    query.push_values(rows, |mut row, (id, summary)| {
        row.push_bind(id.0.cast_signed())
            .push_bind(summary.first.0.cast_signed())
            .push_bind(summary.last.0.cast_signed())
            .push_bind(summary.sender.as_deref())
            .push_bind(summary.recipients.as_deref())
            .push_bind(summary.recipient_count)
            .push_bind(summary.subject.as_deref())
            .push_bind(summary.client.as_deref())
            .push_bind(summary.rule.as_deref())
            .push_bind(summary.size)
            .push_bind(i64::from(summary.state.0));
    });
    query.push(
        " on conflict (id) do update set first = min(first, excluded.first), \
         last = max(last, excluded.last), sender = coalesce(sender, excluded.sender), \
         recipients = coalesce(recipients, excluded.recipients), \
         recipient_count = coalesce(recipient_count, excluded.recipient_count), \
         subject = coalesce(subject, excluded.subject), client = coalesce(client, excluded.client), \
         rule = coalesce(excluded.rule, rule), size = coalesce(size, excluded.size), \
         state = state | excluded.state",
    );
    run(connection, query, count, "writing messages").await
}

async fn insert_parts(
    connection: &mut SqliteConnection,
    parts: &[Part],
    first: i64,
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::new("insert into parts (part, message, at, events) ");
    query.push_values(parts.iter().zip(first..), |mut row, (part, number)| {
        row.push_bind(number)
            .push_bind(part.message.as_ref().map(|(id, _)| id.0.cast_signed()))
            .push_bind(part.at.0.cast_signed())
            .push_bind(part.events.as_slice());
    });
    run(connection, query, parts.len(), "writing events").await
}

async fn insert_words(
    connection: &mut SqliteConnection,
    parts: &[Part],
    first: i64,
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::new("insert into words (rowid, list) ");
    query.push_values(parts.iter().zip(first..), |mut row, (part, number)| {
        row.push_bind(number).push_bind(part.words.as_str());
    });
    run(connection, query, parts.len(), "writing search words").await
}

async fn insert_counters(
    connection: &mut SqliteConnection,
    batch: &Batch,
    now: Timestamp,
) -> Result<(), StoreError> {
    if batch.counters().is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("insert into senders (role, incarnation, next, at) ");
    query.push_values(batch.counters(), |mut row, (source, next)| {
        row.push_bind(source.role.word())
            .push_bind(source.incarnation.cast_signed())
            .push_bind(next.cast_signed())
            .push_bind(now.0.cast_signed());
    });
    query.push(
        " on conflict (role, incarnation) do update set next = excluded.next, at = excluded.at",
    );
    run(connection, query, 0, "writing the senders' counters").await
}

async fn delete(
    connection: &mut SqliteConnection,
    statements: [&'static str; 3],
    numbers: &[i64],
) -> Result<(), StoreError> {
    for statement in statements {
        if numbers.is_empty() || statement.is_empty() {
            continue;
        }
        let mut query = QueryBuilder::<Sqlite>::new(statement);
        let mut list = query.separated(", ");
        for number in numbers {
            list.push_bind(*number);
        }
        query.push(if statement.contains("(select") { "))" } else { ")" });
        run(connection, query, 0, "deleting what is over its days").await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
