//! Clients that take a place and say nothing, or very slowly: who has something to say gets in.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::{Webhook, head, run};
use crate::chaos::{Row, scale};
use crate::replicas::stage::stage;
use crate::support::{Latchkey, Namespace, Options, manifests};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// SETTINGS with an INITIAL_WINDOW_SIZE of zero: nothing may be sent back.
const NO_WINDOW: &[u8] = b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";

/// HEADERS of a GET of `/nothing` that is whole, and of a POST to `/review/pods` whose body is to come.
const GET: &[u8] = b"\0\0\x0c\x01\x05\0\0\0\x01\x82\x87\x44\x08/nothing";
const POST: &[u8] = b"\0\0\x10\x01\x04\0\0\0\x01\x83\x87\x44\x0c/review/pods";

/// What a client does that never comes to an end.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Silent,
    HalfHello,
    AfterHandshake,
    Headers,
    Body,
    NoWindow,
    OpenStream,
}

const KINDS: [Kind; 7] = [
    Kind::Silent,
    Kind::HalfHello,
    Kind::AfterHandshake,
    Kind::Headers,
    Kind::Body,
    Kind::NoWindow,
    Kind::OpenStream,
];

/// Holds a connection as long as it can.
async fn hold(webhook: Webhook, kind: Kind) -> std::io::Result<()> {
    match kind {
        Kind::Silent => {
            let mut stream = webhook.tcp().await;
            stream.read_to_end(&mut Vec::new()).await?;
        }
        Kind::HalfHello => {
            let mut stream = webhook.tcp().await;
            stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await?;
            stream.read_to_end(&mut Vec::new()).await?;
        }
        Kind::AfterHandshake => {
            let mut stream = webhook.tls(false).await?;
            stream.read_to_end(&mut Vec::new()).await?;
        }
        Kind::Headers => trickle(webhook, b"POST /review/pods HTTP/1.1\r\nHost: l\r\nX: ".to_vec()).await?,
        Kind::Body => trickle(webhook, head("/review/pods", 100_000, "keep-alive").into_bytes()).await?,
        Kind::NoWindow | Kind::OpenStream => {
            let mut stream = webhook.tls(true).await?;
            let frame = if matches!(kind, Kind::NoWindow) { GET } else { POST };
            stream.write_all(&[PREFACE, NO_WINDOW, frame].concat()).await?;
            stream.flush().await?;
            sleep(Duration::from_secs(3600)).await; // and nothing is read
        }
    }
    Ok(())
}

/// The beginning, and then a byte a second.
async fn trickle(webhook: Webhook, beginning: Vec<u8>) -> std::io::Result<()> {
    let mut stream = webhook.tls(false).await?;
    stream.write_all(&beginning).await?;
    loop {
        stream.write_all(b"a").await?;
        stream.flush().await?;
        sleep(Duration::from_secs(1)).await;
    }
}

/// So many clients, who come again when they are sent away.
fn crowd(webhook: &Webhook, kinds: &[Kind], count: usize, clients: &mut JoinSet<()>) {
    for kind in kinds.iter().cycle().take(count).copied() {
        let webhook = webhook.clone();
        clients.spawn(async move {
            loop {
                let _ = hold(webhook.clone(), kind).await; // sent away
                sleep(Duration::from_secs(2)).await;
            }
        });
    }
}

/// Applies `times` objects, whose Secrets have to be there each time; the longest that one took.
fn applies(ns: &Namespace<'_>, prefix: &str, times: usize) -> Duration {
    let mut longest = Duration::ZERO;
    for n in 0..times {
        let (name, start) = (format!("{prefix}-{n}"), Instant::now());
        ns.external(&name, manifests::one("key", "value")).silent();
        longest = longest.max(start.elapsed());
        assert!(ns.secret(&name).is_some(), "{name} is answered by latchkey, not by failurePolicy Ignore");
    }
    longest
}

fn evicted(replica: &Latchkey) -> f64 {
    replica.metric("latchkey_connections_ended_total{server=\"webhook\",why=\"evicted\"}")
}

/// All crowds to be tried: what each consists of.
fn crowds() -> Vec<Vec<Kind>> {
    let each = KINDS.iter().map(|kind| vec![*kind]);
    scale(vec![KINDS.to_vec()], each.chain([KINDS.to_vec()]).collect())
}

#[test]
fn clients_that_hold_connections_keep_nobody_out() {
    const CLIENTS: usize = 600;
    let stage = stage();
    let options = Options { flags: vec!["--log=info".to_owned()], ..Options::default() };
    let replica = Latchkey::start(&stage.world.cluster, &stage.world.moto, options);
    replica.wait_ready();
    let ns = Namespace::new(&stage.world, "slow");
    ns.wait_registered();
    let webhook = Webhook::of(&stage.world, &replica);
    let (mut longest, mut tried) = (Duration::ZERO, 0);
    for (number, kinds) in crowds().into_iter().enumerate() {
        let before = evicted(&replica);
        longest = longest.max(run(async {
            let mut clients = JoinSet::new();
            crowd(&webhook, &kinds, CLIENTS, &mut clients);
            tokio::task::block_in_place(|| {
                stage.world.wait("a full house", Duration::from_secs(120), || {
                    (evicted(&replica) > before + 20.0).then_some(())
                });
                applies(&ns, &format!("db-{number}"), scale(5, 10))
            })
        }));
        tried += CLIENTS;
    }
    let gone = Instant::now();
    stage.world.wait("the end of those connections", Duration::from_secs(120), || {
        (replica.metric("latchkey_connections{server=\"webhook\"}") < 30.0).then_some(())
    });
    let log = replica.log();
    assert!(!log.contains("panic") && log.lines().count() < 400, "{} lines", log.lines().count());
    Row {
        area: "connections",
        fault: "clients that stop in the handshake, send headers or bodies a byte a second, or read no answer",
        test: "connections::slow::clients_that_hold_connections_keep_nobody_out",
        tried: format!("{tried} clients, {CLIENTS} at a time, who come again when they are sent away"),
        seen: format!(
            "each apply had its Secret; the slowest took {:.1} s; {} connections made room",
            longest.as_secs_f64(),
            evicted(&replica)
        ),
        well_after: Some(gone.elapsed()),
    }
    .write();
}
