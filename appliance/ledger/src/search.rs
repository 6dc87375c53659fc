//! Finding messages and refused sessions again: by queue id, header Message-ID, address, domain, IP
//! address, subject words, rule, signature or attachment name, newest first.

use std::collections::{BTreeMap, HashSet};

use mail::{Deed, MailEvent, MessageId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use crate::batch;
use crate::limits;
use crate::state::State;
use crate::store::{StoreError, sql};
use crate::summary::path;
use crate::words;

/// A question.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// Anything that a message is known by; empty for all.
    pub what: String,
    /// Lines wanted; 0 for [`limits::DEFAULT_LINES`].
    pub limit: u32,
    /// Nothing whose last event is older, milliseconds since 1970.
    pub since: Option<u64>,
    /// Nothing whose first event is newer, milliseconds since 1970.
    pub until: Option<u64>,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// `message`, or `session` for one that ended without a message.
    pub kind: &'static str,
    /// Queue id, or session id.
    pub id: String,
    /// When it came, ISO 8601.
    pub time: String,
    /// What has become of it (see [`State::word`]).
    pub fate: String,
    /// Reverse-path.
    pub sender: Option<String>,
    /// The first recipients.
    pub recipients: Option<String>,
    /// How many recipients there are.
    pub recipient_count: Option<i64>,
    /// Subject.
    pub subject: Option<String>,
    /// Client address.
    pub client: Option<String>,
    /// The rule that decided; the reason of a refused session.
    pub rule: Option<String>,
    /// Octets.
    pub size: Option<i64>,
    #[serde(skip)]
    first: u64,
    #[serde(skip)]
    last: u64,
}

/// How many messages there are of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Messages of any kind that are on record.
    pub messages: i64,
    /// Messages that were sealed.
    pub received: i64,
    /// Messages with nothing left to do.
    pub finished: i64,
    /// Refused or empty sessions.
    pub sessions: i64,
    /// Messages by [`State::word`].
    pub fates: BTreeMap<String, i64>,
}

/// All hits of a question, at most its limit.
///
/// # Errors
/// SQLite's.
pub async fn all(reader: &mut SqliteConnection, asked: &Asked) -> Result<Vec<Hit>, StoreError> {
    let mut hits = Vec::new();
    each(reader, asked, |hit| {
        hits.push(hit);
        true
    })
    .await?;
    Ok(hits)
}

/// Gives each hit to `take`, newest first, until it says `false` or the limit is reached. Returns
/// how many there were. Words are looked for as they are; only when nothing is found, as the
/// beginning of words.
///
/// # Errors
/// SQLite's.
pub async fn each(
    reader: &mut SqliteConnection,
    asked: &Asked,
    mut take: impl FnMut(Hit) -> bool + Send,
) -> Result<u32, StoreError> {
    let mut found = Found::new(asked, &mut take);
    if let Ok(id) = asked.what.trim().parse::<MessageId>()
        && let Some(hit) = message(reader, id).await?
    {
        found.offer(id.0.cast_signed(), hit);
    }
    let words = words::asked(&asked.what);
    if words.is_empty() {
        if asked.what.trim().is_empty() {
            pages(reader, None, &mut found).await?;
        }
        return Ok(found.count);
    }
    pages(reader, Some(expression(&words, "")), &mut found).await?;
    if found.count == 0 {
        pages(reader, Some(expression(&words, "*")), &mut found).await?;
    }
    Ok(found.count)
}

/// An FTS5 expression: all of the words. Words hold no quote (see [`words::normal`]).
fn expression(words: &[String], ending: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"{ending}")).collect();
    quoted.join(" ")
}

/// Hits handed out so far.
struct Found<'a, T> {
    take: &'a mut T,
    seen: HashSet<i64>,
    count: u32,
    limit: u32,
    since: u64,
    until: u64,
    more: bool,
}

impl<'a, T: FnMut(Hit) -> bool> Found<'a, T> {
    fn new(asked: &Asked, take: &'a mut T) -> Self {
        let limit = if asked.limit == 0 { limits::DEFAULT_LINES } else { asked.limit };
        Found {
            take,
            seen: HashSet::new(),
            count: 0,
            limit: limit.min(limits::LINES),
            since: asked.since.unwrap_or(0),
            until: asked.until.unwrap_or(u64::MAX),
            more: true,
        }
    }

    fn offer(&mut self, key: i64, hit: Hit) {
        if !self.more || hit.last < self.since || hit.first > self.until || !self.seen.insert(key) {
            return;
        }
        self.count += 1;
        self.more = (self.take)(hit) && self.count < self.limit;
    }
}

/// Parts are written in the order of time but for events that had to wait for the ledger: a search
/// back in time goes on for a day beyond `since` before it ends.
const DISORDER_MILLISECONDS: u64 = 86_400_000;

const MESSAGE_COLUMNS: &str = "m.id, m.first, m.last, m.sender, m.recipients, m.recipient_count, \
    m.subject, m.client, m.rule, m.size, m.state";

async fn pages<T: FnMut(Hit) -> bool>(
    reader: &mut SqliteConnection,
    expression: Option<String>,
    found: &mut Found<'_, T>,
) -> Result<(), StoreError> {
    let source = match expression {
        Some(_) => {
            "words w join parts p on p.part = w.rowid left join messages m on m.id = p.message \
             where w.words match $1 and w.rowid < $2 order by w.rowid desc"
        }
        None => {
            "parts p left join messages m on m.id = p.message \
             where $1 is null and p.part < $2 order by p.part desc"
        }
    };
    let text = format!(
        "select {MESSAGE_COLUMNS}, p.part, p.at, \
         case when p.message is null then p.events end as session from {source} limit $3"
    );
    let mut before = i64::MAX;
    while found.more {
        let rows = sqlx::query(AssertSqlSafe(text.clone()))
            .bind(expression.clone())
            .bind(before)
            .bind(limits::PAGE)
            .fetch_all(&mut *reader)
            .await
            .map_err(sql("searching the ledger"))?;
        let last_page = (rows.len() as i64) < limits::PAGE;
        for row in &rows {
            let (part, at) = offer(row, found).map_err(sql("reading a hit"))?;
            before = part;
            found.more &= at.saturating_add(DISORDER_MILLISECONDS) >= found.since;
        }
        if last_page {
            return Ok(());
        }
    }
    Ok(())
}

/// Offers one row; returns its part and the part's time.
fn offer<T: FnMut(Hit) -> bool>(
    row: &SqliteRow,
    found: &mut Found<'_, T>,
) -> Result<(i64, u64), sqlx::Error> {
    let part: i64 = row.try_get("part")?;
    let at: i64 = row.try_get("at")?;
    if let Some(id) = row.try_get::<Option<i64>, _>("id")? {
        found.offer(id, message_hit(row)?);
    } else if let Some(hit) = row
        .try_get::<Option<&[u8]>, _>("session")?
        .and_then(batch::decode)
        .and_then(|events| events.first().and_then(session_hit))
    {
        // Message ids fill the positive numbers for a long time to come.
        found.offer(-part, hit);
    }
    Ok((part, at.cast_unsigned()))
}

fn message_hit(row: &SqliteRow) -> Result<Hit, sqlx::Error> {
    let first = row.try_get::<i64, _>("first")?.cast_unsigned();
    let state = u32::try_from(row.try_get::<i64, _>("state")?).unwrap_or_default();
    Ok(Hit {
        kind: "message",
        id: MessageId(row.try_get::<i64, _>("id")?.cast_unsigned()).to_string(),
        time: Timestamp(first).iso8601(),
        fate: State(state).word(),
        sender: row.try_get("sender")?,
        recipients: row.try_get("recipients")?,
        recipient_count: row.try_get("recipient_count")?,
        subject: row.try_get("subject")?,
        client: row.try_get("client")?,
        rule: row.try_get("rule")?,
        size: row.try_get("size")?,
        first,
        last: row.try_get::<i64, _>("last")?.cast_unsigned(),
    })
}

fn session_hit(event: &MailEvent) -> Option<Hit> {
    let Deed::SessionEnded { client, refused, sender, recipient, because, .. } = &event.deed else {
        return None;
    };
    Some(Hit {
        kind: "session",
        id: event.session.map(|session| session.to_string()).unwrap_or_default(),
        time: event.at.iso8601(),
        fate: if refused.is_some() { "refused" } else { "no message" }.to_owned(),
        sender: sender.as_ref().map(path),
        recipients: recipient.clone(),
        recipient_count: None,
        subject: None,
        client: Some(client.ip().to_string()),
        rule: Some(because.clone()),
        size: None,
        first: event.at.0,
        last: event.at.0,
    })
}

async fn message(reader: &mut SqliteConnection, id: MessageId) -> Result<Option<Hit>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "select {MESSAGE_COLUMNS} from messages m where m.id = $1"
    )))
    .bind(id.0.cast_signed())
    .fetch_optional(reader)
    .await
    .map_err(sql("looking for a queue id"))?;
    row.as_ref().map(message_hit).transpose().map_err(sql("reading a message"))
}

/// The events of one message in the order of time; empty when it is not on record.
///
/// # Errors
/// SQLite's.
pub async fn events(
    reader: &mut SqliteConnection,
    id: MessageId,
) -> Result<Vec<MailEvent>, StoreError> {
    let blobs: Vec<Vec<u8>> =
        sqlx::query_scalar("select events from parts where message = $1 order by part limit $2")
            .bind(id.0.cast_signed())
            .bind(limits::TIMELINE_PARTS)
            .fetch_all(reader)
            .await
            .map_err(sql("reading a message's events"))?;
    Ok(joined(&blobs))
}

/// The events of one session that ended without a message; empty when it is not on record.
///
/// # Errors
/// SQLite's.
pub async fn session(
    reader: &mut SqliteConnection,
    id: SessionId,
) -> Result<Vec<MailEvent>, StoreError> {
    let word = words::normal(&id.to_string()).unwrap_or_default();
    let blobs: Vec<Vec<u8>> = sqlx::query_scalar(
        "select p.events from words w join parts p on p.part = w.rowid \
         where w.words match $1 and p.message is null order by w.rowid limit $2",
    )
    .bind(expression(&[word], ""))
    .bind(limits::TIMELINE_PARTS)
    .fetch_all(reader)
    .await
    .map_err(sql("reading a session's events"))?;
    Ok(joined(&blobs))
}

fn joined(blobs: &[Vec<u8>]) -> Vec<MailEvent> {
    let mut events: Vec<MailEvent> =
        blobs.iter().filter_map(|blob| batch::decode(blob)).flatten().collect();
    events.sort_by_key(|event| (event.at, rank(&event.deed)));
    events.truncate(limits::TIMELINE_EVENTS);
    events
}

/// Order of events that several roles told within one millisecond.
fn rank(deed: &Deed) -> u8 {
    match deed {
        Deed::Received { .. } => 0,
        Deed::Inspected(_) => 1,
        Deed::Judged(_) => 2,
        Deed::Finished => 4,
        _ => 3,
    }
}

/// How many messages of each kind are on record.
///
/// # Errors
/// SQLite's.
pub async fn counts(reader: &mut SqliteConnection) -> Result<Counts, StoreError> {
    let states: Vec<(i64, i64)> =
        sqlx::query_as("select state, count(*) from messages group by state")
            .fetch_all(&mut *reader)
            .await
            .map_err(sql("counting messages"))?;
    let sessions = sqlx::query_scalar("select count(*) from parts where message is null")
        .fetch_one(reader)
        .await
        .map_err(sql("counting sessions"))?;
    let mut counts = Counts { sessions, ..Counts::default() };
    for (state, number) in states {
        let state = State(u32::try_from(state).unwrap_or_default());
        counts.messages += number;
        counts.received += if state.has(State::RECEIVED) { number } else { 0 };
        counts.finished += if state.has(State::FINISHED) { number } else { 0 };
        *counts.fates.entry(state.word()).or_default() += number;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Batch, Source};
    use crate::made::{self, NOON};
    use crate::store::{Store, reader};

    async fn filled(folder: &std::path::Path) -> SqliteConnection {
        let mut store = Store::open(folder, NOON).await.unwrap();
        let mut batch = Batch::default();
        let source = Source { role: ipc::Role::Queue, incarnation: 1 };
        let mut events: Vec<MailEvent> = made::delivered(5);
        events.extend(made::quarantined(6));
        events.push(made::refused_session(77));
        batch.take(source, 0, events, 0);
        store.write(&batch, NOON).await.unwrap();
        reader(folder).await.unwrap()
    }

    async fn ids(reader: &mut SqliteConnection, what: &str) -> Vec<String> {
        let asked = Asked { what: what.to_owned(), ..Asked::default() };
        all(reader, &asked).await.unwrap().into_iter().map(|hit| hit.id).collect()
    }

    #[tokio::test]
    async fn anything_finds_the_message_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = filled(folder.path()).await;
        let five = MessageId(5).to_string();
        let six = MessageId(6).to_string();
        let both = vec![six.clone(), five.clone()];
        for what in [
            "ann@example.test",
            "EXAMPLE.TEST",
            "bob@sender.test",
            "192.0.2.7",
            "invoice overdue",
            "Invoice",
            "invo",
            "<Bob@Sender.test>",
            "mail.sender.test",
        ] {
            assert_eq!(ids(&mut reader, what).await, both, "{what}");
        }
        for what in ["<m6@sender.test>", "Global antivirus", "EICAR-Test-File", "malware", &six] {
            assert_eq!(ids(&mut reader, what).await, vec![six.clone()], "{what}");
        }
        assert_eq!(ids(&mut reader, "192.0.2.1").await, vec![five], "the next hop");
    }

    #[tokio::test]
    async fn a_session_refused_before_data_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = filled(folder.path()).await;
        let session = SessionId(77).to_string();
        for what in ["198.51.100.9", "spam@bulk.test", "victim@elsewhere.test", "elsewhere.test"] {
            assert_eq!(ids(&mut reader, what).await, vec![session.clone()], "{what}");
        }
        let events = super::session(&mut reader, SessionId(77)).await.unwrap();
        assert_eq!(events, vec![made::refused_session(77)]);
        assert_eq!(ids(&mut reader, "").await.len(), 3, "an empty question lists all");
    }

    #[tokio::test]
    async fn no_question_breaks_the_query_language() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = filled(folder.path()).await;
        for what in [
            "\"",
            "a\"b",
            "*",
            "ann AND",
            "NEAR(a b)",
            "words:x",
            "^x",
            "a'b",
            "-x",
            "(",
            "\0",
            "ä b",
            "OR",
            "NOT x",
            "{a}:b",
            "…",
            "a\u{301}b",
            "١٢٣",
        ] {
            assert_eq!(ids(&mut reader, what).await, Vec::<String>::new(), "{what:?}");
        }
    }

    #[tokio::test]
    async fn limit_and_time_bounds_hold() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = filled(folder.path()).await;
        let mut asked = Asked { what: "invoice".to_owned(), limit: 1, ..Asked::default() };
        assert_eq!(all(&mut reader, &asked).await.unwrap().len(), 1);
        asked = Asked { since: Some(NOON.0 + 35), limit: 10, ..asked };
        let hits = all(&mut reader, &asked).await.unwrap();
        assert_eq!(hits.len(), 1, "message 6 ended at 31 ms");
        asked = Asked { since: None, until: Some(NOON.0 - 1), ..asked };
        assert_eq!(all(&mut reader, &asked).await.unwrap(), Vec::new());
    }
}
