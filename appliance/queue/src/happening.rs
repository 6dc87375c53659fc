//! What can happen to queue: everything that its peers say, in one enum, and the tasks that turn
//! connections into it.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use ipc::contracts::{
    Answer, DeliverToQueue, IntakeToQueue, KeeperToQueue, LearnedTable, QueueToDeliver,
    QueueToIntake, QueueToKeeper, QueueToVault, Request, Response, VaultToQueue,
};
use ipc::{Incoming, Inlet, Listener, Outlet, Role};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits;
use crate::pool::CellId;

/// One happening.
pub(crate) enum Happening {
    IntakeCame {
        connection: u64,
        outlet: Outlet<QueueToIntake>,
    },
    IntakeSaid {
        connection: u64,
        message: IntakeToQueue,
        descriptors: Vec<OwnedFd>,
    },
    IntakeLeft {
        connection: u64,
    },
    KeeperCame {
        connection: u64,
        outlet: Outlet<QueueToKeeper>,
    },
    KeeperSaid {
        connection: u64,
        message: KeeperToQueue,
        descriptors: Vec<OwnedFd>,
    },
    KeeperLeft {
        connection: u64,
    },
    /// The permit keeps a cell from saying more than is heard.
    CellSaid {
        cell: CellId,
        answer: Answer,
        permit: OwnedSemaphorePermit,
    },
    CellLeft {
        cell: CellId,
        because: String,
    },
    DeliverCame {
        connection: u64,
        outlet: Outlet<QueueToDeliver>,
    },
    DeliverSaid {
        message: DeliverToQueue,
    },
    DeliverLeft {
        connection: u64,
    },
    VaultCame {
        connection: u64,
        outlet: Outlet<QueueToVault>,
    },
    VaultSaid {
        message: VaultToQueue,
        descriptors: Vec<OwnedFd>,
    },
    VaultLeft {
        connection: u64,
    },
    Asked {
        request: Request,
        outlet: Outlet<Response>,
    },
    /// The reader of a listing has room for a page.
    PageWanted {
        listing: u64,
    },
    Synced(Result<(), spool::SpoolError>),
    /// A new table of what was taught, or why there is none.
    Learned(Result<LearnedTable, String>),
}

/// Accepts peers for ever.
pub(crate) async fn accept(listener: Listener, happen: UnboundedSender<Happening>) {
    let mut connection = 0;
    loop {
        match listener.accept().await {
            Ok(incoming) => {
                connection += 1;
                welcome(incoming, connection, &happen);
            }
            Err(error) => {
                tracing::error!(%error, "no peer can be accepted just now");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

fn welcome(incoming: Incoming, connection: u64, happen: &UnboundedSender<Happening>) {
    let happen = happen.clone();
    match incoming.hello.role {
        Role::Intake => {
            let (outlet, inlet) = incoming.link();
            let _ = happen.send(Happening::IntakeCame { connection, outlet });
            let said = move |message, descriptors| Happening::IntakeSaid {
                connection,
                message,
                descriptors,
            };
            listen(inlet, happen, said, Happening::IntakeLeft { connection });
        }
        Role::Inspect => {
            let (outlet, inlet) = incoming.link();
            let _ = happen.send(Happening::KeeperCame { connection, outlet });
            let said = move |message, descriptors| Happening::KeeperSaid {
                connection,
                message,
                descriptors,
            };
            listen(inlet, happen, said, Happening::KeeperLeft { connection });
        }
        Role::Deliver => {
            let (outlet, inlet) = incoming.link();
            let _ = happen.send(Happening::DeliverCame { connection, outlet });
            let said = |message, _| Happening::DeliverSaid { message };
            listen(inlet, happen, said, Happening::DeliverLeft { connection });
        }
        Role::Vault => {
            let (outlet, inlet) = incoming.link();
            let _ = happen.send(Happening::VaultCame { connection, outlet });
            let said = |message, descriptors| Happening::VaultSaid { message, descriptors };
            listen(inlet, happen, said, Happening::VaultLeft { connection });
        }
        Role::CommandLine => hear_request(incoming, happen),
        stranger => tracing::warn!(role = stranger.word(), "this role has no business with queue"),
    }
}

/// Turns what a peer says into happenings until it leaves.
fn listen<R: DeserializeOwned + Send + 'static>(
    mut inlet: Inlet<R>,
    happen: UnboundedSender<Happening>,
    said: impl Fn(R, Vec<OwnedFd>) -> Happening + Send + 'static,
    left: Happening,
) {
    tokio::spawn(async move {
        loop {
            match inlet.receive().await {
                Ok(Some((message, descriptors))) => {
                    if happen.send(said(message, descriptors)).is_err() {
                        return;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "a peer broke off");
                    break;
                }
            }
        }
        let _ = happen.send(left);
    });
}

/// Turns a cell's answers into happenings. An answer that is none ends the cell. What it says is
/// read only as fast as it is heard: a cell that was taken over must not fill our memory.
pub(crate) fn listen_to_cell(
    cell: CellId,
    mut inlet: Inlet<Answer>,
    happen: UnboundedSender<Happening>,
) {
    let unheard = Arc::new(Semaphore::new(limits::UNHEARD_ANSWERS));
    tokio::spawn(async move {
        let because = loop {
            let Ok(permit) = unheard.clone().acquire_owned().await else { return };
            match inlet.receive().await {
                Ok(Some((answer, _))) => {
                    if happen.send(Happening::CellSaid { cell, answer, permit }).is_err() {
                        return;
                    }
                }
                Ok(None) => break "it ended".to_owned(),
                Err(error) => break format!("its answer was no answer: {error}"),
            }
        };
        let _ = happen.send(Happening::CellLeft { cell, because });
    });
}

fn hear_request(incoming: Incoming, happen: UnboundedSender<Happening>) {
    let (outlet, mut inlet) = incoming.link::<Response, Request>();
    tokio::spawn(async move {
        if let Ok(Some((request, _))) = inlet.receive().await {
            let _ = happen.send(Happening::Asked { request, outlet });
            // The inlet stays until the asker leaves: dropping it would end the answer.
            while let Ok(Some(_)) = inlet.receive().await {}
        }
    });
}
