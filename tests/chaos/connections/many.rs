//! A hundred thousand connections leave nothing behind.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::client::{Webhook, answers, head, replica, review_of_pod, run};
use crate::chaos::{Row, scale};
use crate::support::{Latchkey, world};

/// At once: fewer than there are places, so that none is turned away.
const AT_ONCE: usize = 64;

/// What a replica has open and in memory.
#[derive(Debug, Clone, Copy)]
struct Open {
    files: usize,
    tasks: f64,
    connections: f64,
    megabytes: f64,
}

fn open(replica: &Latchkey) -> Open {
    let files = std::fs::read_dir(format!("/proc/{}/fd", replica.pid())).expect("its files").count();
    Open {
        files,
        tasks: replica.metric("latchkey_tasks "),
        connections: replica.metric("latchkey_connections{server=\"webhook\"}"),
        megabytes: replica.metric("process_resident_memory_bytes ") / 1e6,
    }
}

/// One client of each kind in turn; most of them cost little.
async fn client(webhook: Webhook, number: usize) {
    match number % 10 {
        0..5 => drop(webhook.tcp().await),
        5 | 6 => {
            let mut stream = webhook.tcp().await;
            let _ = stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03half a hello").await;
        }
        7 => drop(webhook.tls(number.is_multiple_of(20)).await),
        8 => {
            let Ok(mut stream) = webhook.tls(false).await else { return };
            let body = review_of_pod("many").to_string();
            let _ = stream.write_all(head("/review/pods", body.len(), "keep-alive").as_bytes()).await;
            let _ = stream.write_all(body.as_bytes()).await;
            let _ = stream.read(&mut [0; 64]).await; // the answer has begun, and nobody reads it to its end
        }
        _ => {
            let Ok(mut stream) = webhook.tls(true).await else { return };
            let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
            let _ = stream.read(&mut [0; 64]).await;
        }
    }
}

async fn clients(webhook: &Webhook, count: usize) {
    let all = futures::stream::iter(0..count).map(|number| tokio::spawn(client(webhook.clone(), number)));
    all.buffer_unordered(AT_ONCE).for_each(async |ended| ended.expect("no panic")).await;
}

#[test]
fn connections_leave_no_task_no_file_and_no_memory_behind() {
    let count = scale(4_000, 100_000);
    let (world, start) = (world(), Instant::now());
    let replica = replica(world, &[]);
    let webhook = Webhook::of(world, &replica);
    run(clients(&webhook, 500)); // what is allocated once is there before it is counted
    let calm = |what: &str, limit: Option<Open>| {
        world.wait(what, Duration::from_secs(60), || {
            let open = open(&replica);
            let back = limit.is_none_or(|it| open.files <= it.files + 8 && open.tasks <= it.tasks + 8.0);
            (open.connections == 0.0 && back).then_some(open)
        })
    };
    let before = calm("the end of the first connections", None);
    let (begun, work) = (Instant::now(), run(clients(&webhook, count)));
    let (took, ()) = (begun.elapsed(), work);
    let ended = Instant::now();
    let after = calm("what was there before", Some(before));
    let well_after = ended.elapsed();
    let grown = after.megabytes - before.megabytes;
    assert!(grown < 64.0, "{before:?} {after:?}");
    assert!(run(answers(&webhook)), "it answers as before");
    assert!(!replica.log().contains("panic"), "{}", replica.log());
    Row {
        area: "connections",
        fault: "connections opened and dropped at every stage: TCP, half a hello, TLS, HTTP/2, an answer not read",
        test: "connections::many::connections_leave_no_task_no_file_and_no_memory_behind",
        tried: format!("{count} connections in {:.0} s", took.as_secs_f64()),
        seen: format!(
            "files {} → {}, tasks {} → {}, memory {:+.1} MB, open connections 0",
            before.files, after.files, before.tasks, after.tasks, grown
        ),
        well_after: Some(well_after),
    }
    .write();
    eprintln!("{count} in {took:?}, {before:?} {after:?}, all in {:?}", start.elapsed());
}
