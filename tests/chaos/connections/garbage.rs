//! What is no TLS, no HTTP, or too much of it.

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::client::{LONG, Webhook, answers, replica, run};
use crate::chaos::{Row, scale};
use crate::support::{Latchkey, world};

/// A flood that a client sends, by name; over TLS, its protocol HTTP/2 or HTTP/1.1.
type Flood = (&'static str, bool, Vec<u8>);

/// A hello of this version, without extensions, as old clients send it.
fn hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]); // its random bytes
    body.extend([0, 0, 2, 0x00, 0x2f, 1, 0]); // no session, one cipher suite, no compression
    let mut record = vec![0x16, 3, 1];
    let length = |bytes: usize| u16::try_from(bytes).expect("short").to_be_bytes();
    record.extend(length(body.len() + 4));
    record.extend([1, 0]);
    record.extend(length(body.len()));
    [record, body].concat()
}

/// What is sent to the port in the clear.
fn in_the_clear() -> Vec<Vec<u8>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    };
    let noise = |bytes: usize, random: &mut dyn FnMut() -> [u8; 8]| {
        (0..bytes / 8).flat_map(|_| random()).collect::<Vec<u8>>()
    };
    vec![
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        hello([3, 1]),
        hello([3, 2]),
        hello([3, 0]),
        b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10".to_vec(), // SSLv2
        b"\x16\x03\x01\xff\xff\x01\x00\xff\xfb".repeat(2000),     // a record longer than any may be
        b"\x15\x03\x01\x00\x02\x02\x30".to_vec(),                 // an alert: unknown CA
        noise(64, &mut random),
        noise(100_000, &mut random),
        vec![0; 100_000],
        vec![0x16; 100_000],
    ]
}

/// What is sent after the handshake.
fn floods() -> Vec<Flood> {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let after = |frames: Vec<u8>| [preface.clone(), frames].concat();
    let many = |frame: &dyn Fn(u32) -> Vec<u8>, count: u32| after((0..count).flat_map(frame).collect());
    let stream = |n: u32| (n * 2 + 1).to_be_bytes();
    let open = move |n: u32, flags: u8| {
        [b"\0\0\x10\x01".as_slice(), &[flags], &stream(n), b"\x83\x87\x44\x0c/review/pods"].concat()
    };
    let reset = move |n: u32| [open(n, 4).as_slice(), b"\0\0\x04\x03\0", &stream(n), b"\0\0\0\x08"].concat();
    let continued = [b"\0\0\x10\x01\0\0\0\0\x01\x83\x87\x44\x0c/review/pods".to_vec(), {
        let value = [b"\0\x01a\x7f\x81\x7e".as_slice(), &[b'b'; 255]].concat();
        let length = u8::try_from(value.len() % 256).expect("a byte");
        [vec![0, 1, length, 9, 0, 0, 0, 0, 1], value].concat().repeat(5000)
    }]
    .concat();
    vec![
        ("rapid resets", true, many(&reset, 20_000)),
        ("streams without an end", true, many(&|n| open(n, 4), 5_000)),
        ("CONTINUATION without an end", true, after(continued)),
        ("PINGs", true, after(b"\0\0\x08\x06\0\0\0\0\0aaaaaaaa".repeat(50_000))),
        ("SETTINGS", true, after(b"\0\0\0\x04\0\0\0\0\0".repeat(50_000))),
        ("empty DATA", true, after([open(0, 4), b"\0\0\0\0\0\0\0\0\x01".repeat(50_000)].concat())),
        ("frames longer than any may be", true, after(b"\xff\xff\xff\0\0\0\0\0\x01aaaa".repeat(1000))),
        ("frames of no kind", true, after(b"\0\0\x04\xee\0\0\0\0\0aaaa".repeat(50_000))),
        ("a header without an end", false, [b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'a'; 1 << 20]].concat()),
        (
            "headers without an end",
            false,
            [b"GET / HTTP/1.1\r\n".to_vec(), b"X: a\r\n".repeat(50_000)].concat(),
        ),
        (
            "chunks of a byte",
            false,
            [
                b"POST /review/pods HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
                b"1\r\na\r\n".repeat(50_000),
            ]
            .concat(),
        ),
        (
            "two lengths",
            false,
            b"POST /review/pods HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec(),
        ),
        ("noise", false, vec![0xa5; 100_000]),
        ("noise as HTTP/2", true, vec![0xa5; 100_000]),
    ]
}

/// Sends it, reads nothing for a moment, and then to the end; whether the end comes.
async fn ends(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> bool {
    let sent = async {
        let _ = stream.write_all(bytes).await; // it may be sent away before that
        let _ = stream.flush().await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    timeout(LONG, sent).await.is_ok()
}

fn warnings(replica: &Latchkey) -> usize {
    replica.log().lines().filter(|line| !line.contains("\"level\":\"INFO\"")).count()
}

#[test]
fn what_is_no_tls_ends_and_is_not_shouted_about() {
    let (world, rounds) = (world(), scale(10, 200));
    let replica = replica(world, &[]);
    let webhook = Webhook::of(world, &replica);
    let (before, start, mut tried) = (warnings(&replica), Instant::now(), 0);
    run(async {
        for round in 0..rounds {
            for (number, bytes) in in_the_clear().iter().enumerate() {
                assert!(ends(webhook.tcp().await, bytes).await, "case {number} in round {round}");
                tried += 1;
            }
        }
        assert!(answers(&webhook).await);
    });
    let said = warnings(&replica) - before;
    let most = usize::try_from(start.elapsed().as_secs() / 10).expect("few") + 2;
    assert!(said <= most && !replica.log().contains("panic"), "{}", replica.log());
    Row {
        area: "connections",
        fault: "noise, plain HTTP, hellos of SSL 2 to TLS 1.1, oversized records, alerts",
        test: "connections::garbage::what_is_no_tls_ends_and_is_not_shouted_about",
        tried: format!("{tried} connections"),
        seen: format!(
            "each was ended; {said} lines above INFO in {:.0} s of it",
            start.elapsed().as_secs_f64()
        ),
        well_after: None,
    }
    .write();
}

#[test]
fn what_is_no_http_or_too_much_of_it_costs_neither_life_nor_memory() {
    let (world, rounds) = (world(), scale(1, 10));
    let replica = replica(world, &[]);
    let webhook = Webhook::of(world, &replica);
    let memory = || replica.metric("process_resident_memory_bytes ") / 1e6;
    let (before, mut most, mut tried) = (memory(), 0.0_f64, 0);
    run(async {
        for _ in 0..rounds {
            for (name, h2, bytes) in floods() {
                let stream = webhook.tls(h2).await.expect("a handshake");
                assert!(ends(stream, &bytes).await, "{name}");
                most = most.max(tokio::task::block_in_place(memory));
                assert!(answers(&webhook).await, "after {name}");
                tried += 1;
            }
        }
    });
    world.wait("the end of it all", Duration::from_secs(60), || {
        (replica.metric("latchkey_connections{server=\"webhook\"}") == 0.0).then_some(())
    });
    assert!(most - before < 128.0, "{before:.0} MB, {most:.0} MB");
    assert!(!replica.log().contains("panic"), "{}", replica.log());
    Row {
        area: "connections",
        fault: "floods of resets, streams, CONTINUATION, PING, SETTINGS, headers and chunks over TLS",
        test: "connections::garbage::what_is_no_http_or_too_much_of_it_costs_neither_life_nor_memory",
        tried: format!("{tried} floods"),
        seen: format!("answers at once after each; memory grew by {:.0} MB at most", most - before),
        well_after: None,
    }
    .write();
}
