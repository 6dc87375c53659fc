//! The whole role over real links to a queue and a control made here.

use ipc::contracts::{FromControl, ToControl};
use ipc::{Inlet, Listener, Outlet, Paths, Ready, Role, RoleContext, Sockets};
use tokio::sync::watch;

use super::*;

fn context(role: Role, state: &std::path::Path, stop: watch::Receiver<bool>) -> RoleContext {
    RoleContext {
        role,
        paths: Paths::new(state),
        incarnation: 1,
        stop,
        clock: Arc::new(world::RealClock),
        ready: Ready::new(|| {}),
        sockets: Sockets::default(),
    }
}

/// Answers the subscription with an otherwise empty snapshot, and stays.
async fn control(listener: Listener) {
    let incoming = listener.accept().await.unwrap();
    let (outlet, mut inlet) = incoming.link::<FromControl, ToControl>();
    inlet.receive().await.unwrap().unwrap();
    let sections = r#"{"receiving": {"host_name": "GW.example.test"}}"#.to_owned();
    outlet.send(&FromControl::Snapshot { revision: 1, sections }, Vec::new()).unwrap();
    std::future::pending::<()>().await;
}

async fn accept(listener: &Listener) -> (Outlet<QueueToDeliver>, Inlet<DeliverToQueue>) {
    let incoming = listener.accept().await.unwrap();
    assert_eq!(incoming.hello.role, Role::Deliver);
    incoming.link()
}

async fn consign_over(outlet: &Outlet<QueueToDeliver>, attempt: u64, address: SocketAddr) {
    let consignment = Consignment {
        size: BODY.len() as u64,
        next_hop: NextHop::Servers(vec![Server {
            host: "127.0.0.1".into(),
            port: address.port(),
            preference: 1,
        }]),
        ..bob(attempt, address)
    };
    outlet.send(&QueueToDeliver::Consign(Box::new(consignment)), vec![descriptor(BODY)]).unwrap();
}

#[tokio::test]
async fn the_role_survives_the_loss_of_queue_and_stops_when_told() {
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(state.path().join("run")).unwrap();
    let (stop, stopped) = watch::channel(false);
    let listen = |role| Listener::open(&context(role, state.path(), stopped.clone())).unwrap();
    let controlling = tokio::spawn(control(listen(Role::Control)));
    let queue = listen(Role::Queue);
    let role = tokio::spawn(crate::run(context(Role::Deliver, state.path(), stopped.clone())));

    let acts = script(&[opening(), carried(), vec![Hear("QUIT")]]);
    let next_hop = NextHopScript::start(vec![acts.clone(), acts]).await;
    let (outlet, mut inlet) = accept(&queue).await;
    consign_over(&outlet, 1, next_hop.address).await;
    let (message, _) = inlet.receive().await.unwrap().unwrap();
    assert_eq!(read(message).words(), ["delivered"]);
    drop((outlet, inlet));

    let (outlet, mut inlet) = accept(&queue).await;
    consign_over(&outlet, 1, next_hop.address).await;
    let (message, _) = inlet.receive().await.unwrap().unwrap();
    assert_eq!(read(message).words(), ["delivered"], "attempt numbers start anew with queue");

    stop.send(true).unwrap();
    assert!(inlet.receive().await.unwrap().is_none(), "the link is closed from the other side");
    drop((outlet, inlet));
    role.await.unwrap().unwrap();
    assert_eq!(next_hop.heard().await.len(), 2);
    controlling.abort();
}
