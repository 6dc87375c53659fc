//! The index: what lists and expiry need, in SQLite. It is made from the shelf's JSON files and can
//! be made again from them; what it alone knows is which items were deleted or have expired, kept
//! for a while so that tracking can say so.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use mail::{Address, Timestamp};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{Connection as _, QueryBuilder, Row as _, Sqlite};

use crate::item::{Item, Number};
use crate::limits;

/// Why the index could not be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A damaged index cannot be moved aside.
    #[error("cannot move {path} aside: {source}")]
    Aside {
        /// The file.
        path: PathBuf,
        /// The kernel's word.
        #[source]
        source: io::Error,
    },
    /// SQLite refused.
    #[error("{deed} failed: {source}")]
    Sql {
        /// What was being done.
        deed: &'static str,
        /// SQLite's word.
        #[source]
        source: sqlx::Error,
    },
}

impl IndexError {
    /// True when the index itself is broken, so that trying again cannot help: a missing table (1),
    /// SQLITE_CORRUPT (11), SQLITE_NOTADB (26).
    #[must_use]
    pub fn is_damage(&self) -> bool {
        let IndexError::Sql { source: sqlx::Error::Database(error), .. } = self else {
            return false;
        };
        let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
        // The low octet is the primary code (sqlite.org/rescode.html).
        matches!(code & 0xff, 1 | 11 | 26)
    }
}

fn sql(deed: &'static str) -> impl FnOnce(sqlx::Error) -> IndexError {
    move |source| IndexError::Sql { deed, source }
}

const SCHEMA: &str = "
create table if not exists items (
  item text primary key, area text not null, word text not null, stored integer not null,
  ended integer, ended_by text, message text not null, sender text not null, recipients text not null,
  recipient_count integer not null, subject text not null, client text not null, rule text not null,
  because text not null, size integer not null, released text not null) without rowid;
create index if not exists items_area on items (area, stored, item);
create index if not exists items_stored on items (stored, item);
create index if not exists items_word on items (word) where word = 'releasing';
create index if not exists items_ended on items (ended) where ended is not null;
create table if not exists addresses (
  address text not null, item text not null, primary key (address, item)) without rowid;
create index if not exists addresses_item on addresses (item);
";

/// What the index says of one item.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// Number.
    pub item: String,
    /// Area.
    pub area: String,
    /// `held`, `releasing`, `partly released`, `released`, `deleted` or `expired`.
    pub state: String,
    /// When it was stored, ISO 8601.
    pub stored: String,
    /// Queue id of the message.
    pub message: String,
    /// Reverse-path; `<>` for the null path.
    pub sender: String,
    /// The first recipients.
    pub recipients: String,
    /// How many recipients there are.
    pub recipient_count: i64,
    /// Subject.
    pub subject: String,
    /// Client address.
    pub client: String,
    /// The rule that holds it.
    pub rule: String,
    /// The evidence.
    pub because: String,
    /// Octets.
    pub size: i64,
    /// Queue ids under which it went on, separated by spaces.
    pub released: String,
    /// Who deleted it.
    pub ended_by: Option<String>,
    #[serde(skip)]
    stored_at: i64,
}

/// What a list asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// Only this area.
    pub area: Option<String>,
    /// Only items with this sender, recipient or domain of one.
    pub address: Option<String>,
    /// Nothing stored earlier, milliseconds since 1970.
    pub since: Option<u64>,
    /// Lines wanted; 0 for [`limits::DEFAULT_LINES`].
    pub limit: u32,
    /// Deleted and expired items too.
    pub all: bool,
}

/// One area in numbers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Filling {
    /// Name.
    pub area: String,
    /// Items there.
    pub items: i64,
    /// Octets of their bodies.
    pub octets: i64,
}

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<'a> {
    /// Somebody deleted it.
    Deleted(&'a str),
    /// Its days were over.
    Expired,
}

/// The writing side.
pub struct Index {
    folder: PathBuf,
    connection: SqliteConnection,
}

impl Index {
    /// Opens the index in the vault's folder, or begins it. A damaged one is moved aside; the caller
    /// fills the new one from the shelf.
    ///
    /// # Errors
    /// No index can be begun.
    pub async fn open(folder: &Path, now: Timestamp) -> Result<Self, IndexError> {
        match Index::open_as_it_is(folder).await {
            Err(error) if error.is_damage() => {
                move_aside(folder, now, &error)?;
                Index::open_as_it_is(folder).await
            }
            other => other,
        }
    }

    async fn open_as_it_is(folder: &Path) -> Result<Self, IndexError> {
        let options = SqliteConnectOptions::new()
            .filename(file(folder))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // The role may write in its own folder only: no temporary files elsewhere.
            .pragma("temp_store", "MEMORY")
            .thread_name(|_| "vault-index".to_owned());
        let mut connection = SqliteConnection::connect_with(&options)
            .await
            .map_err(sql("opening the index of the quarantine"))?;
        if let Err(error) = sqlx::raw_sql(SCHEMA).execute(&mut connection).await {
            let _ = connection.close_hard().await;
            return Err(sql("making the tables of the index")(error));
        }
        Ok(Index { folder: folder.to_owned(), connection })
    }

    /// Moves a damaged index aside and begins a new, empty one.
    ///
    /// # Errors
    /// As [`Index::open`]; using the index then fails until a later call succeeds.
    pub async fn replace(&mut self, now: Timestamp, why: &IndexError) -> Result<(), IndexError> {
        let nothing = SqliteConnectOptions::new().in_memory(true);
        let nothing = SqliteConnection::connect_with(&nothing).await.map_err(sql("standing by"))?;
        // Closed before anything is moved: SQLite removes the write-ahead file by its name.
        let _ = std::mem::replace(&mut self.connection, nothing).close_hard().await;
        move_aside(&self.folder, now, why)?;
        *self = Index::open_as_it_is(&self.folder).await?;
        Ok(())
    }

    /// Adds items; one that is there already stays as it is. On stable storage when it returns.
    ///
    /// # Errors
    /// SQLite's; then none was added.
    pub async fn add(&mut self, items: &[Item]) -> Result<(), IndexError> {
        let mut transaction = self.connection.begin().await.map_err(sql("beginning to add"))?;
        for some in items.chunks(limits::STATEMENT_ROWS) {
            insert_items(&mut transaction, some).await?;
        }
        let addresses: Vec<(String, &Number)> = items.iter().flat_map(searched).collect();
        for some in addresses.chunks(limits::STATEMENT_ROWS) {
            insert_addresses(&mut transaction, some).await?;
        }
        transaction.commit().await.map_err(sql("committing items"))
    }

    /// The words of those of these items that are known.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn known(&mut self, numbers: &[Number]) -> Result<Vec<(String, String)>, IndexError> {
        let mut known = Vec::new();
        for some in numbers.chunks(limits::STATEMENT_ROWS) {
            let mut query =
                QueryBuilder::<Sqlite>::new("select item, word from items where item in (");
            let mut list = query.separated(", ");
            for number in some {
                list.push_bind(number.as_str());
            }
            query.push(")");
            let rows: Vec<(String, String)> = query
                .build_query_as()
                .persistent(false)
                .fetch_all(&mut self.connection)
                .await
                .map_err(sql("looking for items"))?;
            known.extend(rows);
        }
        Ok(known)
    }

    /// Notes what an item's releases make of it.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn note(&mut self, item: &Item, word: &str) -> Result<(), IndexError> {
        sqlx::query("update items set word = $1, released = $2 where item = $3 and ended is null")
            .bind(word)
            .bind(released(item))
            .bind(item.number.as_str())
            .execute(&mut self.connection)
            .await
            .map_err(sql("noting a release"))?;
        Ok(())
    }

    /// Notes that items ended; they are gone from now on, whatever becomes of their files.
    ///
    /// # Errors
    /// SQLite's; then none ended.
    pub async fn end(
        &mut self,
        numbers: &[Number],
        end: End<'_>,
        now: Timestamp,
    ) -> Result<(), IndexError> {
        let (word, by) = match end {
            End::Deleted(by) => ("deleted", Some(by)),
            End::Expired => ("expired", None),
        };
        for some in numbers.chunks(limits::STATEMENT_ROWS) {
            let mut query = QueryBuilder::<Sqlite>::new("update items set word = ");
            query.push_bind(word).push(", ended = ").push_bind(now.0.cast_signed());
            query.push(", ended_by = ").push_bind(by).push(" where item in (");
            let mut list = query.separated(", ");
            for number in some {
                list.push_bind(number.as_str());
            }
            query.push(")");
            query
                .build()
                .persistent(false)
                .execute(&mut self.connection)
                .await
                .map_err(sql("ending items"))?;
        }
        Ok(())
    }

    /// Items with a release that the queue has not taken yet.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn releasing(&mut self) -> Result<Vec<Number>, IndexError> {
        let rows: Vec<String> =
            sqlx::query_scalar("select item from items where word = 'releasing'")
                .fetch_all(&mut self.connection)
                .await
                .map_err(sql("looking for releases"))?;
        Ok(rows.iter().filter_map(|row| row.parse().ok()).collect())
    }

    /// The areas that hold something.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn areas(&mut self) -> Result<Vec<String>, IndexError> {
        sqlx::query_scalar("select distinct area from items where ended is null")
            .fetch_all(&mut self.connection)
            .await
            .map_err(sql("listing the areas in use"))
    }

    /// Some items of an area, with their words, that were stored before a time and are not being
    /// released.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn over(
        &mut self,
        area: &str,
        before: Timestamp,
    ) -> Result<Vec<(Number, String)>, IndexError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select item, word from items where area = $1 and stored < $2 and ended is null \
             and word <> 'releasing' order by stored limit $3",
        )
        .bind(area)
        .bind(before.0.cast_signed())
        .bind(limits::EXPIRY_ITEMS)
        .fetch_all(&mut self.connection)
        .await
        .map_err(sql("looking for what is over its days"))?;
        Ok(rows.into_iter().filter_map(|(item, word)| Some((item.parse().ok()?, word))).collect())
    }

    /// Forgets some items that ended before a time.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn forget(&mut self, before: Timestamp) -> Result<(), IndexError> {
        let mut transaction = self.connection.begin().await.map_err(sql("beginning to forget"))?;
        for statement in [
            "delete from addresses where item in \
             (select item from items where ended < $1 order by ended limit $2)",
            "delete from items where item in \
             (select item from items where ended < $1 order by ended limit $2)",
        ] {
            sqlx::query(statement)
                .bind(before.0.cast_signed())
                .bind(limits::EXPIRY_ITEMS)
                .execute(&mut *transaction)
                .await
                .map_err(sql("forgetting what is gone"))?;
        }
        transaction.commit().await.map_err(sql("committing what is gone"))
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("index.sqlite3")
}

fn move_aside(folder: &Path, now: Timestamp, why: &IndexError) -> Result<(), IndexError> {
    let stamp = now.iso8601().replace(':', "");
    tracing::error!(
        %why, folder = %folder.display(),
        "the index of the quarantine is damaged: it is moved aside as damaged-{stamp} and made again \
         from the messages themselves"
    );
    for suffix in ["", "-wal", "-shm"] {
        let mut from = file(folder).into_os_string();
        from.push(suffix);
        let mut to = OsString::from(folder.join(format!("damaged-{stamp}.sqlite3")));
        to.push(suffix);
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(IndexError::Aside { path: from.into(), source }),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// The words by which an item is found: sender, recipients and their domains, in lower case.
fn searched(item: &Item) -> Vec<(String, &Number)> {
    let recipients = item.envelope.recipients.iter().map(|recipient| &recipient.address);
    let all: Vec<&Address> = item.envelope.sender.mailbox().into_iter().chain(recipients).collect();
    let mut words: Vec<String> = all.iter().map(|it| it.to_string().to_lowercase()).collect();
    words.extend(all.iter().map(|it| it.domain().as_str().to_owned()));
    words.sort_unstable();
    words.dedup();
    words.into_iter().map(|word| (word, &item.number)).collect()
}

fn released(item: &Item) -> String {
    let ids: Vec<String> = item.releases.iter().map(|release| release.id.to_string()).collect();
    ids.join(" ")
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(limits::TEXT_OCTETS);
    text.get(..end).unwrap_or_default().to_owned()
}

fn sender(item: &Item) -> String {
    item.envelope.sender.mailbox().map_or_else(|| "<>".to_owned(), ToString::to_string)
}

async fn insert_items(connection: &mut SqliteConnection, items: &[Item]) -> Result<(), IndexError> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "insert into items (item, area, word, stored, message, sender, recipients, \
         recipient_count, subject, client, rule, because, size, released) ",
    );
    query.push_values(items, |mut row, item| {
        let recipients = item.envelope.recipients.iter().take(limits::LISTED_RECIPIENTS);
        let recipients: Vec<String> = recipients.map(|it| it.address.to_string()).collect();
        row.push_bind(item.number.as_str())
            .push_bind(item.area.as_str())
            .push_bind(item.word())
            .push_bind(item.stored.0.cast_signed())
            .push_bind(item.envelope.id.to_string())
            .push_bind(sender(item))
            .push_bind(recipients.join(", "))
            .push_bind(item.envelope.recipients.len() as i64)
            .push_bind(cut(&item.findings.subject))
            .push_bind(item.envelope.client.address.ip().to_string())
            .push_bind(cut(&item.rule))
            .push_bind(cut(&item.because))
            .push_bind(item.size.cast_signed())
            .push_bind(released(item));
    });
    query.push(" on conflict (item) do nothing");
    query.build().persistent(false).execute(connection).await.map_err(sql("adding items"))?;
    Ok(())
}

async fn insert_addresses(
    connection: &mut SqliteConnection,
    addresses: &[(String, &Number)],
) -> Result<(), IndexError> {
    let mut query = QueryBuilder::<Sqlite>::new("insert into addresses (address, item) ");
    query.push_values(addresses, |mut row, (address, number)| {
        row.push_bind(address.as_str()).push_bind(number.as_str());
    });
    query.push(" on conflict do nothing");
    query.build().persistent(false).execute(connection).await.map_err(sql("adding addresses"))?;
    Ok(())
}

/// A reading connection, for one question.
///
/// # Errors
/// SQLite's.
pub async fn reader(folder: &Path) -> Result<SqliteConnection, IndexError> {
    let options = SqliteConnectOptions::new().filename(file(folder)).read_only(true);
    SqliteConnection::connect_with(&options).await.map_err(sql("opening the index to read"))
}

/// Gives each wanted entry to `take`, newest first, until it says `false` or the limit is reached.
/// Reads a page at a time. Returns how many there were.
///
/// # Errors
/// SQLite's.
pub async fn list(
    reader: &mut SqliteConnection,
    wanted: &Wanted,
    mut take: impl FnMut(Entry) -> bool,
) -> Result<u32, IndexError> {
    let limit = if wanted.limit == 0 { limits::DEFAULT_LINES } else { wanted.limit };
    let limit = limit.min(limits::LINES);
    let mut count = 0;
    let mut before = (i64::MAX, String::new());
    loop {
        let page = page(reader, wanted, &before).await?;
        let last_page = (page.len() as i64) < limits::PAGE;
        for entry in page {
            before = (entry.stored_at, entry.item.clone());
            count += 1;
            if !take(entry) || count >= limit {
                return Ok(count);
            }
        }
        if last_page {
            return Ok(count);
        }
    }
}

async fn page(
    reader: &mut SqliteConnection,
    wanted: &Wanted,
    before: &(i64, String),
) -> Result<Vec<Entry>, IndexError> {
    let mut query = QueryBuilder::<Sqlite>::new("select i.* from items i where (stored, item) < (");
    query.push_bind(before.0).push(", ").push_bind(before.1.as_str()).push(")");
    if let Some(area) = &wanted.area {
        query.push(" and area = ").push_bind(area.as_str());
    }
    if let Some(address) = &wanted.address {
        query.push(" and item in (select item from addresses where address = ");
        query.push_bind(address.trim().trim_start_matches('@').to_lowercase()).push(")");
    }
    if let Some(since) = wanted.since {
        query.push(" and stored >= ").push_bind(since.cast_signed());
    }
    if !wanted.all {
        query.push(" and ended is null");
    }
    query.push(" order by stored desc, item desc limit ").push_bind(limits::PAGE);
    let rows = query
        .build()
        .persistent(false)
        .fetch_all(reader)
        .await
        .map_err(sql("listing the quarantine"))?;
    rows.iter().map(entry).collect::<Result<_, _>>().map_err(sql("reading an entry"))
}

fn entry(row: &SqliteRow) -> Result<Entry, sqlx::Error> {
    let stored_at: i64 = row.try_get("stored")?;
    Ok(Entry {
        item: row.try_get("item")?,
        area: row.try_get("area")?,
        state: row.try_get("word")?,
        stored: Timestamp(stored_at.cast_unsigned()).iso8601(),
        message: row.try_get("message")?,
        sender: row.try_get("sender")?,
        recipients: row.try_get("recipients")?,
        recipient_count: row.try_get("recipient_count")?,
        subject: row.try_get("subject")?,
        client: row.try_get("client")?,
        rule: row.try_get("rule")?,
        because: row.try_get("because")?,
        size: row.try_get("size")?,
        released: row.try_get("released")?,
        ended_by: row.try_get("ended_by")?,
        stored_at,
    })
}

/// The entry of one item, also when it ended.
///
/// # Errors
/// SQLite's.
pub async fn find(
    reader: &mut SqliteConnection,
    number: &Number,
) -> Result<Option<Entry>, IndexError> {
    let row = sqlx::query("select * from items where item = $1")
        .bind(number.as_str())
        .fetch_optional(reader)
        .await
        .map_err(sql("looking for an item"))?;
    row.as_ref().map(entry).transpose().map_err(sql("reading an entry"))
}

/// How full the areas are.
///
/// # Errors
/// SQLite's.
pub async fn fillings(reader: &mut SqliteConnection) -> Result<Vec<Filling>, IndexError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select area, count(*), sum(size) from items where ended is null group by area order by area",
    )
    .fetch_all(reader)
    .await
    .map_err(sql("counting the areas"))?;
    let filling = |(area, items, octets)| Filling { area, items, octets };
    Ok(rows.into_iter().map(filling).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made::{self, NOON};

    async fn filled(folder: &Path) -> Index {
        let mut index = Index::open(folder, NOON).await.unwrap();
        let mut items = vec![
            made::item(1, "Spam", &["ann@example.test"]),
            made::item(2, "Malware", &["Ann@example.test", "bob@other.test"]),
            made::item(3, "Spam", &["bob@other.test"]),
        ];
        for (step, item) in items.iter_mut().enumerate() {
            item.stored = Timestamp(NOON.0 + step as u64);
        }
        index.add(&items).await.unwrap();
        // A repeat changes nothing.
        index.add(&items).await.unwrap();
        index
    }

    async fn listed(folder: &Path, wanted: &Wanted) -> Vec<String> {
        let mut reader = reader(folder).await.unwrap();
        let mut seen = Vec::new();
        list(&mut reader, wanted, |entry| {
            seen.push(entry.message.trim_start_matches('0').to_owned());
            true
        })
        .await
        .unwrap();
        seen
    }

    #[tokio::test]
    async fn lists_are_filtered_and_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = filled(folder.path()).await;
        let all = Wanted::default();
        assert_eq!(listed(folder.path(), &all).await, ["3", "2", "1"]);
        let spam = Wanted { area: Some("Spam".to_owned()), ..all.clone() };
        assert_eq!(listed(folder.path(), &spam).await, ["3", "1"]);
        for (address, ids) in [
            ("ANN@example.test", vec!["2", "1"]),
            ("other.test", vec!["3", "2"]),
            ("@other.test", vec!["3", "2"]),
            ("bob@sender.test", vec!["3", "2", "1"]),
            ("nobody@example.test", vec![]),
        ] {
            let wanted = Wanted { address: Some(address.to_owned()), ..all.clone() };
            assert_eq!(listed(folder.path(), &wanted).await, ids, "{address}");
        }
        let since = Wanted { since: Some(NOON.0 + 2), ..all.clone() };
        assert_eq!(listed(folder.path(), &since).await, ["3"]);
        let one = Wanted { limit: 1, ..all.clone() };
        assert_eq!(listed(folder.path(), &one).await, ["3"]);
        let number = made::item(3, "Spam", &["bob@other.test"]).number;
        index.end(&[number], End::Deleted("root"), NOON).await.unwrap();
        assert_eq!(listed(folder.path(), &all).await, ["2", "1"]);
        assert_eq!(listed(folder.path(), &Wanted { all: true, ..all }).await, ["3", "2", "1"]);
    }

    #[tokio::test]
    async fn lists_longer_than_a_page_have_no_gaps_and_no_repeats() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::open(folder.path(), NOON).await.unwrap();
        // All stored in the same millisecond: the number decides.
        let items: Vec<Item> =
            (1..=1203).map(|id| made::item(id, "Spam", &["ann@example.test"])).collect();
        index.add(&items).await.unwrap();
        let mut seen = listed(folder.path(), &Wanted { limit: 5000, ..Wanted::default() }).await;
        assert_eq!(seen.len(), 1203);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1203);
    }

    #[tokio::test]
    async fn what_is_over_its_days_is_found_but_not_what_is_being_released() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = filled(folder.path()).await;
        let item = made::item(1, "Spam", &["ann@example.test"]);
        let over = index.over("Spam", Timestamp(NOON.0 + 1)).await.unwrap();
        assert_eq!(over, [(item.number.clone(), "held".to_owned())]);
        index.note(&item, "releasing").await.unwrap();
        assert_eq!(index.over("Spam", Timestamp(NOON.0 + 1)).await.unwrap(), []);
        assert_eq!(index.releasing().await.unwrap(), std::slice::from_ref(&item.number));
        index.note(&item, "released").await.unwrap();
        index.end(&[item.number], End::Expired, NOON).await.unwrap();
        assert_eq!(index.over("Spam", Timestamp(NOON.0 + 1)).await.unwrap(), []);
        index.forget(Timestamp(NOON.0 + 1)).await.unwrap();
        let everything = Wanted { all: true, ..Wanted::default() };
        assert_eq!(listed(folder.path(), &everything).await, ["3", "2"]);
    }

    #[tokio::test]
    async fn a_damaged_index_is_moved_aside() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(file(folder.path()), vec![b'x'; 9000]).unwrap();
        let mut index = Index::open(folder.path(), NOON).await.unwrap();
        assert_eq!(index.areas().await.unwrap(), Vec::<String>::new());
        sqlx::raw_sql("drop table items").execute(&mut index.connection).await.unwrap();
        let error = index.areas().await.unwrap_err();
        assert!(error.is_damage());
        index.replace(Timestamp(NOON.0 + 1), &error).await.unwrap();
        assert_eq!(index.areas().await.unwrap(), Vec::<String>::new());
    }
}
