//! STARTTLS towards next hops.

use super::*;

const OFFER: &str = "250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n";

fn encrypted() -> Vec<Act> {
    vec![
        say("220 mx\r\n"),
        Hear("EHLO"),
        say(OFFER),
        HearAlone("STARTTLS"),
        say("220 go\r\n"),
        Handshake,
        Hear("EHLO"),
        say("250-mx\r\n250 PIPELINING\r\n"),
    ]
}

fn with(tls: TlsUse, address: SocketAddr) -> Consignment {
    Consignment { tls, ..bob(1, address) }
}

#[tokio::test]
async fn any_certificate_is_good_enough_to_hide_from_listeners() {
    for tls in [TlsUse::Opportunistic, TlsUse::Required] {
        let signed = self_signed();
        let acts = script(&[encrypted(), carried()]);
        let next_hop = NextHopScript::start_with(vec![acts], Some(signed.acceptor)).await;
        let mut bench = Bench::new(plan());
        let ended = bench.deliver(with(tls, next_hop.address), BODY).await;
        assert_eq!(ended.words(), ["delivered"]);
        let facts = ended.tls.unwrap();
        assert_eq!(facts.version, "TLSv1.3");
        assert!(facts.cipher.starts_with("TLS_AES_"), "{}", facts.cipher);
    }
}

#[tokio::test]
async fn verified_means_a_trusted_certificate_of_that_name() {
    let signed = self_signed();
    let mut roots = RootCertStore::empty();
    roots.add(signed.certificate.clone()).unwrap();
    let trusting = Plan { tls: Tls::new(roots).unwrap(), ..plan() };
    let acts = script(&[encrypted(), carried()]);
    let next_hop = NextHopScript::start_with(vec![acts], Some(signed.acceptor.clone())).await;
    let mut bench = Bench::new(trusting);
    let ended = bench.deliver(with(TlsUse::Verified, next_hop.address), BODY).await;
    assert_eq!(ended.words(), ["delivered"]);

    let next_hop = NextHopScript::start_with(vec![encrypted()], Some(signed.acceptor)).await;
    let mut bench = Bench::new(plan());
    let ended = bench.deliver(with(TlsUse::Verified, next_hop.address), BODY).await;
    assert_eq!((ended.words(), ended.code()), (vec!["deferred"], Some(Enhanced(4, 7, 5))));
    assert!(next_hop.heard().await[0].messages.is_empty());
}

#[tokio::test]
async fn a_stripped_offer_never_sends_required_mail_in_clear() {
    for tls in [TlsUse::Required, TlsUse::Verified] {
        let acts = vec![say("220 mx\r\n"), Hear("EHLO"), say("250 mx\r\n"), Hear("QUIT")];
        let next_hop = NextHopScript::start(vec![acts]).await;
        let mut bench = Bench::new(plan());
        let ended = bench.deliver(with(tls, next_hop.address), BODY).await;
        assert_eq!((ended.words(), ended.code()), (vec!["deferred"], Some(Enhanced(4, 7, 4))));
        assert!(ended.destination_down);
    }
}

fn broken_tls() -> Vec<Act> {
    let head = encrypted();
    script(&[head[..5].to_vec(), vec![say("this is no TLS\r\n"), Silence]])
}

#[tokio::test]
async fn broken_tls_falls_back_to_clear_text_and_is_remembered() {
    let clear = script(&[vec![say("220 mx\r\n"), Hear("EHLO"), say(OFFER)], carried()]);
    let next_hop = NextHopScript::start(vec![broken_tls(), clear.clone(), clear]).await;
    let mut bench = Bench::new(Plan { messages_per_connection: 1, ..plan() });
    for attempt in 1..=2 {
        let ended = bench.deliver(bob(attempt, next_hop.address), BODY).await;
        assert_eq!(ended.words(), ["delivered"]);
        assert!(ended.tls.is_none());
    }
}

#[tokio::test]
async fn broken_tls_never_falls_back_where_tls_is_required() {
    let next_hop = NextHopScript::start(vec![broken_tls()]).await;
    let mut bench = Bench::new(plan());
    let ended = bench.deliver(with(TlsUse::Required, next_hop.address), BODY).await;
    assert_eq!((ended.words(), ended.code()), (vec!["deferred"], Some(Enhanced(4, 7, 5))));
}

#[tokio::test]
async fn words_slipped_in_behind_starttls_are_an_attack() {
    let mut acts = encrypted()[..4].to_vec();
    acts.push(say("220 go\r\n250-mx\r\n250 PIPELINING\r\n"));
    acts.push(Silence);
    let next_hop = NextHopScript::start(vec![acts]).await;
    let mut bench = Bench::new(plan());
    let ended = bench.deliver(with(TlsUse::Required, next_hop.address), BODY).await;
    assert_eq!(ended.words(), ["deferred"]);
    assert!(ended.outcomes[0].reply().text().contains("clear text"));
}

#[tokio::test]
async fn connections_of_different_tls_are_never_shared() {
    let acts = script(&[opening(), carried()]);
    let next_hop = NextHopScript::start(vec![acts.clone(), acts]).await;
    let mut bench = Bench::new(plan());
    let first = bench.deliver(with(TlsUse::Never, next_hop.address), BODY).await;
    assert_eq!(first.words(), ["delivered"]);
    let second = bench.deliver(bob(2, next_hop.address), BODY).await;
    assert_eq!(second.words(), ["delivered"]);
    assert_eq!(next_hop.heard().await.len(), 2);
}
