//! What the command line may ask of the vault.
//!
//! | verb | argument | lines |
//! |---|---|---|
//! | `quarantine.list` | `{area, address, since, limit, all}` | one [`index::Entry`] each, newest first |
//! | `quarantine.show` | `{item}` | one: the entry, when it expires, envelope, findings, releases |
//! | `quarantine.message` | `{item}` | `{base64}` each: the raw message in pieces |
//! | `quarantine.release` | `{item, recipients}` | one [`Released`] |
//! | `quarantine.delete` | `{item}` | one: `{item, state}` |
//! | `quarantine.areas` | `{}` | one each: `{area, items, octets, days_kept}` |

use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use ipc::contracts::{Request, Response};
use ipc::{Incoming, Outlet};
use mail::Address;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::Connection as _;
use tokio::sync::{mpsc, oneshot, watch};

use crate::index::{self, Filling, Wanted};
use crate::item::{Item, Number};
use crate::keeper::{Order, Refusal, Released};
use crate::limits;
use crate::settings::Quarantine;
use crate::shelf::{Shelf, ShelfError};

/// What an answer needs.
#[derive(Clone)]
pub(crate) struct Faces {
    pub(crate) folder: PathBuf,
    pub(crate) shelf: Shelf,
    pub(crate) keeper: mpsc::Sender<Order>,
    pub(crate) settings: watch::Receiver<Arc<Quarantine>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    item: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    item: String,
    #[serde(default)]
    recipients: Vec<String>,
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    serde_json::from_str(&request.argument).map_err(|error| {
        Refusal::new(2, format!("this is no question for {}: {error}", request.verb))
    })
}

fn number(text: &str) -> Result<Number, Refusal> {
    let error = |error| Refusal::new(2, format!("{text:?} is no item: {error}."));
    text.parse().map_err(error)
}

fn line(outlet: &Outlet<Response>, value: &Value) -> bool {
    outlet.send(&Response::Line(value.to_string()), Vec::new()).is_ok()
}

fn busy() -> Refusal {
    Refusal::new(3, "the vault is stopping. Nothing was done; ask again when it runs.")
}

impl Faces {
    /// Answers the questions of one caller until it goes.
    pub(crate) async fn serve(self, incoming: Incoming) {
        let (outlet, mut inlet) = incoming.link::<Response, Request>();
        while let Ok(Some((request, _))) = inlet.receive().await {
            let last = match self.answer(&request, &outlet).await {
                Ok(()) => Response::Done,
                Err(Refusal { exit, message }) => Response::Failed { exit, message },
            };
            if outlet.send(&last, Vec::new()).is_err() {
                return;
            }
        }
    }

    async fn answer(&self, request: &Request, outlet: &Outlet<Response>) -> Result<(), Refusal> {
        match request.verb.as_str() {
            "quarantine.list" => self.list(&read(request)?, outlet).await,
            "quarantine.show" => self.show(&number(&read::<One>(request)?.item)?, outlet).await,
            "quarantine.message" => {
                self.message(number(&read::<One>(request)?.item)?, outlet).await
            }
            "quarantine.release" => self.release(request, outlet).await,
            "quarantine.delete" => self.delete(request, outlet).await,
            "quarantine.areas" => self.areas(outlet).await,
            verb => Err(Refusal::new(2, format!("the vault knows no verb {verb:?}."))),
        }
    }

    async fn list(&self, wanted: &Wanted, outlet: &Outlet<Response>) -> Result<(), Refusal> {
        let mut reader = index::reader(&self.folder).await?;
        let take = |entry| line(outlet, &serde_json::to_value(&entry).unwrap_or_default());
        let listed = index::list(&mut reader, wanted, take).await;
        let _ = reader.close().await;
        listed?;
        Ok(())
    }

    async fn show(&self, number: &Number, outlet: &Outlet<Response>) -> Result<(), Refusal> {
        let mut reader = index::reader(&self.folder).await?;
        let found = index::find(&mut reader, number).await;
        let _ = reader.close().await;
        let Some(entry) = found? else {
            return Err(Refusal::new(1, format!("no item {number} is in quarantine.")));
        };
        let mut page = serde_json::to_value(&entry).unwrap_or_default();
        let (shelf, wanted) = (self.shelf.clone(), number.clone());
        let item = on_thread(move || shelf.item(&wanted)).await?;
        if let (Some(item), Value::Object(page)) = (item, &mut page) {
            page.extend(self.details(&item));
        }
        line(outlet, &page);
        Ok(())
    }

    fn details(&self, item: &Item) -> serde_json::Map<String, Value> {
        let days = u64::from(self.settings.borrow().days_kept(&item.area));
        let expires = item.stored.plus_seconds(days * 86_400).iso8601();
        let envelope = serde_json::to_value(&item.envelope).unwrap_or_default();
        let findings = serde_json::to_value(&item.findings).unwrap_or_default();
        let releases = serde_json::to_value(&item.releases).unwrap_or_default();
        let times = [("expires", expires.into()), ("sha256", item.sha256.clone().into())];
        let parts = [("envelope", envelope), ("findings", findings), ("releases", releases)];
        times.into_iter().chain(parts).map(|(key, value)| (key.to_owned(), value)).collect()
    }

    async fn message(&self, number: Number, outlet: &Outlet<Response>) -> Result<(), Refusal> {
        let (shelf, outlet) = (self.shelf.clone(), outlet.clone());
        on_thread(move || {
            let Some(item) = shelf.item(&number)? else { return Ok(None) };
            let body = shelf.sound_body(&item)?;
            Ok(Some(send_pieces(&body, &outlet)))
        })
        .await?
        .ok_or_else(|| Refusal::new(1, "no such item is in quarantine."))?
        .map_err(|error| Refusal::new(4, format!("the message could not be read: {error}.")))
    }

    async fn release(&self, request: &Request, outlet: &Outlet<Response>) -> Result<(), Refusal> {
        let asked: Release = read(request)?;
        let number = number(&asked.item)?;
        let wrong = |it: &String| Refusal::new(2, format!("{it:?} is no address."));
        let recipients = asked
            .recipients
            .iter()
            .map(|it| it.parse::<Address>().map_err(|_| wrong(it)))
            .collect::<Result<_, _>>()?;
        let (answer, outcome) = oneshot::channel();
        let actor = request.actor.clone();
        let item = number.to_string();
        let order = Order::Release { number, recipients, actor, answer };
        self.keeper.send(order).await.map_err(|_| busy())?;
        let released = match tokio::time::timeout(limits::RELEASE_WAIT, outcome).await {
            Ok(outcome) => outcome.map_err(|_| busy())??,
            // On the disk, and told to the queue as soon as it is there.
            Err(_) => Released { item, state: "releasing", ids: vec![], recipients: vec![] },
        };
        line(outlet, &serde_json::to_value(&released).unwrap_or_default());
        Ok(())
    }

    async fn delete(&self, request: &Request, outlet: &Outlet<Response>) -> Result<(), Refusal> {
        let number = number(&read::<One>(request)?.item)?;
        let (answer, outcome) = oneshot::channel();
        let item = number.to_string();
        let order = Order::Delete { number, actor: request.actor.clone(), answer };
        self.keeper.send(order).await.map_err(|_| busy())?;
        outcome.await.map_err(|_| busy())??;
        line(outlet, &json!({ "item": item, "state": "deleted" }));
        Ok(())
    }

    async fn areas(&self, outlet: &Outlet<Response>) -> Result<(), Refusal> {
        let mut reader = index::reader(&self.folder).await?;
        let fillings = index::fillings(&mut reader).await;
        let _ = reader.close().await;
        let mut fillings = fillings?;
        let settings = self.settings.borrow().clone();
        for area in &settings.areas {
            if !fillings.iter().any(|filling| filling.area == area.name) {
                fillings.push(Filling { area: area.name.clone(), items: 0, octets: 0 });
            }
        }
        for Filling { area, items, octets } in fillings {
            let days_kept = settings.days_kept(&area);
            let filling =
                json!({ "area": area, "items": items, "octets": octets, "days_kept": days_kept });
            line(outlet, &filling);
        }
        Ok(())
    }
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ShelfError> + Send + 'static,
) -> Result<T, ShelfError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(ShelfError::CutOff))
}

fn send_pieces(body: &std::fs::File, outlet: &Outlet<Response>) -> std::io::Result<()> {
    let mut piece = vec![0; limits::MESSAGE_LINE_OCTETS];
    let mut at = 0;
    loop {
        let read = body.read_at(&mut piece, at)?;
        let octets = piece.get(..read).unwrap_or_default();
        if octets.is_empty() {
            return Ok(());
        }
        let text = base64::engine::general_purpose::STANDARD.encode(octets);
        if !line(outlet, &json!({ "base64": text })) {
            return Ok(());
        }
        at += read as u64;
    }
}
