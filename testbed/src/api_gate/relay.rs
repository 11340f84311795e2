//! One connection to a gate: its requests are read one after the other, and each is passed on over a connection of its
//! own, whose end is the end of the answer. What the API server sends is sent on as it comes, so that a watch streams.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustls::{ClientConnection, ServerConnection, StreamOwned};

use super::faults::{Fault, gone, refusal, watch};
use super::{Asked, Shared};

type ClientSide = BufReader<StreamOwned<ServerConnection, TcpStream>>;
type ServerSide = StreamOwned<ClientConnection, TcpStream>;

/// How often it is looked whether the client is still there while nothing comes from the API server.
const TICK: Duration = Duration::from_millis(50);

/// The largest head that is read.
const HEAD: u64 = 64 << 10;

/// A request as it is passed on.
struct Request {
    asked: Asked,
    bytes: Vec<u8>,
    /// The client wants no other on this connection.
    last: bool,
}

/// Whether the connection goes on.
#[derive(PartialEq)]
enum Next {
    Request,
    Close,
}

/// Serves the requests of one connection until either side closes it.
pub(super) fn serve(tcp: TcpStream, connection: u64, shared: &Arc<Shared>) -> Result<()> {
    tcp.set_nodelay(true)?;
    let tls = ServerConnection::new(shared.tls.clone())?;
    let mut client = BufReader::new(StreamOwned::new(tls, tcp));
    while let Some(request) = read(&mut client)? {
        let asked = shared.note(connection, request.asked.clone());
        let request = Request { asked, ..request };
        let next = answer(&mut client, &request, connection, shared)?;
        shared.idle(connection);
        if next == Next::Close || request.last {
            break;
        }
    }
    Ok(())
}

fn answer(client: &mut ClientSide, request: &Request, connection: u64, shared: &Shared) -> Result<Next> {
    let Some((rule, fault)) = shared.fault(&request.asked) else {
        return pass_on(client, request, connection, shared);
    };
    match fault {
        Fault::Delay(delay) => {
            std::thread::sleep(delay);
            pass_on(client, request, connection, shared)
        }
        Fault::Refuse(code, retry_after) => give(client, request, shared, code, &refusal(code, retry_after)),
        Fault::EndAtOnce => give(client, request, shared, 200, &watch(&[])),
        Fault::Gone => give(client, request, shared, 200, &watch(&[gone()])),
        Fault::Drop => Ok(Next::Close),
        Fault::LoseAnswer => {
            let mut upstream = send(request, shared)?;
            let _ = upstream.read_to_end(&mut Vec::new()); // only that it has been done matters
            Ok(Next::Close)
        }
        Fault::Hang => {
            while shared.stands(rule) && is_there(&client.get_ref().sock) {
                std::thread::sleep(TICK);
            }
            Ok(Next::Close)
        }
    }
}

fn give(
    client: &mut ClientSide,
    request: &Request,
    shared: &Shared,
    code: u16,
    answer: &[u8],
) -> Result<Next> {
    shared.answered(&request.asked, code);
    client.get_mut().write_all(answer)?;
    client.get_mut().flush()?;
    Ok(Next::Request)
}

fn send(request: &Request, shared: &Shared) -> Result<ServerSide> {
    let tcp = TcpStream::connect(shared.upstream)?;
    tcp.set_nodelay(true)?;
    let tls = ClientConnection::new(shared.upstream_tls.clone(), "127.0.0.1".try_into()?)?;
    let mut upstream = StreamOwned::new(tls, tcp);
    upstream.write_all(&request.bytes)?;
    upstream.flush()?;
    Ok(upstream)
}

fn pass_on(client: &mut ClientSide, request: &Request, connection: u64, shared: &Shared) -> Result<Next> {
    let upstream = send(request, shared)?;
    shared.relaying(connection, upstream.sock.try_clone()?);
    let mut upstream = BufReader::new(upstream);
    let mut head = Vec::new();
    while let Some(line) = read_line(&mut upstream, HEAD)? {
        // The connection to the API server ends with the answer; the client's does not.
        if !line.to_ascii_lowercase().starts_with(b"connection:") {
            head.extend_from_slice(&line);
        }
        if line == b"\r\n" {
            break;
        }
    }
    let status = std::str::from_utf8(&head).ok().and_then(|text| text.split(' ').nth(1)?.parse().ok());
    shared.answered(&request.asked, status.context("the API server's answer is not HTTP")?);
    client.get_mut().write_all(&head)?;
    client.get_mut().flush()?;
    upstream.get_ref().sock.set_read_timeout(Some(TICK))?;
    stream(client, &mut upstream, shared)
}

fn stream(client: &mut ClientSide, upstream: &mut BufReader<ServerSide>, shared: &Shared) -> Result<Next> {
    loop {
        let count = match upstream.fill_buf() {
            Ok([]) => return Ok(Next::Request),
            Ok(bytes) => {
                shared.wait_while_frozen();
                client.get_mut().write_all(bytes)?;
                client.get_mut().flush()?;
                bytes.len()
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if !is_there(&client.get_ref().sock) {
                    let _ = upstream.get_ref().sock.shutdown(Shutdown::Both); // nobody reads any more
                    return Ok(Next::Close);
                }
                0
            }
            Err(error) => return Err(error.into()), // also an end without TLS's goodbye: a crash
        };
        upstream.consume(count);
    }
}

/// Whether the client still waits: it sends nothing until it has its answer, TLS's goodbye excepted.
fn is_there(client: &TcpStream) -> bool {
    let _ = client.set_read_timeout(Some(Duration::from_millis(1)));
    let peeked = client.peek(&mut [0]);
    let _ = client.set_read_timeout(None);
    matches!(peeked, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// The next request; none if the client has closed the connection.
fn read(client: &mut ClientSide) -> Result<Option<Request>> {
    let Some(first) = read_line(client, HEAD)? else { return Ok(None) };
    let line = String::from_utf8(first.clone())?;
    let mut words = line.split_whitespace();
    let (method, target) =
        (words.next().unwrap_or_default(), words.next().context("the request has no target")?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut bytes = first;
    let mut length = 0;
    let mut last = line.trim_end().ends_with("HTTP/1.0");
    while let Some(header) = read_line(client, HEAD)? {
        if header == b"\r\n" {
            break;
        }
        let text = String::from_utf8_lossy(&header).to_ascii_lowercase();
        ensure!(!text.starts_with("transfer-encoding:"), "kube sends bodies with their length");
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        last |= text.starts_with("connection: close");
        bytes.extend_from_slice(&header);
    }
    bytes.extend_from_slice(b"connection: close\r\n\r\n");
    let asked = Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        at: std::time::Instant::now(),
        status: None,
        id: 0,
    };
    let head = bytes.len();
    bytes.resize(head + length, 0);
    client.read_exact(&mut bytes[head..])?;
    Ok(Some(Request { asked, bytes, last }))
}

/// A line with its end; none at the end of the stream.
fn read_line(reader: &mut impl BufRead, limit: u64) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.take(limit).read_until(b'\n', &mut line)?;
    Ok((!line.is_empty()).then_some(line))
}
