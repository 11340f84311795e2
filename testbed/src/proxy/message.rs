//! As much of HTTP/1.1 as stands between a client library and a server on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::{Received, Reply};
use crate::http::{Answer, Client};

/// Between the two sides of a proxy these concern one side only.
const HOP_BY_HOP: [&str; 7] = [
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "upgrade",
    "expect",
    "proxy-connection",
];

/// Larger than anything that is sent to a secret store.
const BODY_LIMIT: usize = 64 << 20;

pub(super) struct Request {
    method: String,
    target: String,
    /// HTTP/1.0 ends an answer by closing; 1.1 keeps the connection.
    keeps_alive: bool,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(super) fn closes(&self) -> bool {
        !self.keeps_alive
            || self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    pub(super) fn received(&self) -> Received {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        Received {
            method: self.method.clone(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: self.headers.clone(),
            action: self.action(),
            body: self.body.clone(),
            at: Instant::now(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn action(&self) -> Option<String> {
        if let Some(target) = self.header("x-amz-target") {
            return target.rsplit('.').next().map(str::to_owned);
        }
        let form = std::str::from_utf8(&self.body).ok()?;
        form.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned)
    }
}

/// The connection's next request; `None` when the client has closed it.
pub(super) fn read_request<S: Read + Write>(reader: &mut BufReader<S>) -> Result<Option<Request>> {
    let Some(line) = read_line(reader)? else { return Ok(None) };
    let mut parts = line.split(' ').map(str::to_owned);
    let (method, target, version) = (parts.next(), parts.next(), parts.next());
    let mut headers = Vec::new();
    while let Some(line) = read_line(reader)?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').context("a header has no colon")?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let target = target.context("the request line has no target")?;
    let keeps_alive = version.as_deref() == Some("HTTP/1.1");
    let method = method.unwrap_or_default();
    let mut request = Request { method, target, keeps_alive, headers, body: Vec::new() };
    if request.header("expect").is_some() {
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = read_body(&request, reader)?;
    Ok(Some(request))
}

fn read_body(request: &Request, reader: &mut impl BufRead) -> Result<Vec<u8>> {
    if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return read_chunks(reader);
    }
    let length = request.header("content-length").map_or(Ok(0), str::parse)?;
    read_exactly(reader, length)
}

fn read_chunks(reader: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?.context("the body ends within a chunk")?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)?;
        if size == 0 {
            while read_line(reader)?.is_some_and(|trailer| !trailer.is_empty()) {}
            return Ok(body);
        }
        body.extend(read_exactly(reader, size)?);
        ensure!(body.len() <= BODY_LIMIT, "the body is too large");
        read_line(reader)?;
    }
}

fn read_exactly(reader: &mut impl BufRead, length: usize) -> Result<Vec<u8>> {
    ensure!(length <= BODY_LIMIT, "the body is too large");
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A line without its end; `None` at the end of the stream.
fn read_line(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut line = String::new();
    let read = reader.take(64 << 10).read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Sends the request to the server as it came, on a connection of its own.
pub(super) fn forward(request: &Request, upstream: &Client) -> Result<Answer> {
    let passed =
        request.headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()) && name != "host");
    let client = passed.fold(upstream.clone(), |client, (name, value)| client.header(name, value));
    client.request(&request.method, &request.target, &request.body)
}

/// How the end of an answer's body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    Bodiless,
}

/// The head of an answer.
pub(super) fn head(reply: &Reply, framing: Framing) -> String {
    let mut head = format!("HTTP/1.1 {} Proxied\r\n", reply.status);
    for (name, value) in reply.headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str())) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match framing {
        Framing::Length(length) => head.push_str(&format!("content-length: {length}\r\n")),
        Framing::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
        Framing::Bodiless => {}
    }
    head + "\r\n"
}

/// Answers the client; the connection stays open for its next request.
pub(super) fn write_answer(connection: &mut impl Write, request: &Request, reply: &Reply) -> Result<()> {
    let bodiless = reply.status == 204 || reply.status == 304;
    let framing = if bodiless { Framing::Bodiless } else { Framing::Length(reply.body.len()) };
    let body: &[u8] = if bodiless || request.method == "HEAD" { &[] } else { &reply.body };
    if body.len() < 64 << 10 {
        connection.write_all(&[head(reply, framing).as_bytes(), body].concat())?;
    } else {
        connection.write_all(head(reply, framing).as_bytes())?;
        connection.write_all(body)?;
    }
    Ok(connection.flush()?)
}
