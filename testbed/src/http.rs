//! The few HTTP requests that setting up a component takes: one connection each, HTTP/1.0, so that the end of the answer
//! is the end of the connection and nothing has to be parsed but its head.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// Longer than any answer of a loaded component takes; a hanging one must not hang the tests.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client of one server on loopback.
#[derive(Debug, Clone)]
pub struct Client {
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    headers: Vec<(String, String)>,
}

/// A server's answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Client {
    /// Plain HTTP.
    #[must_use]
    pub fn plain(port: u16) -> Self {
        Self { port, tls: None, headers: Vec::new() }
    }

    /// HTTPS with a server of one of these authorities; `identity` is a client certificate and key, as PEM.
    ///
    /// # Errors
    /// When a PEM does not parse.
    pub fn tls(port: u16, ca_pem: &str, identity: Option<(&str, &str)>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for ca in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
            roots.add(ca.context("the CA is not a PEM certificate")?)?;
        }
        ensure!(!roots.is_empty(), "there is no CA in the PEM");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => config.with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes())?],
                PrivateKeyDer::from_pem_slice(key.as_bytes())?,
            )?,
        };
        Ok(Self { port, tls: Some(Arc::new(config)), headers: Vec::new() })
    }

    /// Sent with every request from now on.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One request. An HTTP error status is an answer, not an error.
    ///
    /// # Errors
    /// When no answer comes: nobody listens, TLS fails, or what comes is not HTTP.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\n", self.port);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let raw = self.exchange(&[head.as_bytes(), body].concat());
        parse(&raw.with_context(|| format!("{method} {path} on port {} got no answer", self.port))?)
    }

    /// A request with a JSON body (none if it is null), whose answer must be a success; its JSON, or null if it is empty.
    ///
    /// # Errors
    /// As [`Self::request`], and for any status but 2xx, with the body.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.request(method, path, &body)?;
        let text = answer.text();
        ensure!(answer.is_success(), "{method} {path} was answered {}: {text}", answer.status);
        if text.trim().is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// The server's certificate in DER, if TLS is spoken and it is of one of the authorities.
    #[must_use]
    pub fn certificate(&self) -> Option<Vec<u8>> {
        let mut tcp = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        tcp.set_read_timeout(Some(TIMEOUT)).ok()?;
        let name = "127.0.0.1".try_into().ok()?;
        let mut connection = ClientConnection::new(self.tls.clone()?, name).ok()?;
        while connection.is_handshaking() {
            connection.complete_io(&mut tcp).ok()?;
        }
        Some(connection.peer_certificates()?.first()?.to_vec())
    }

    fn exchange(&self, request: &[u8]) -> Result<Vec<u8>> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port))?;
        tcp.set_read_timeout(Some(TIMEOUT))?;
        tcp.set_write_timeout(Some(TIMEOUT))?;
        match &self.tls {
            None => converse(tcp, request),
            Some(config) => {
                let connection = ClientConnection::new(config.clone(), "127.0.0.1".try_into()?)?;
                converse(StreamOwned::new(connection, tcp), request)
            }
        }
    }
}

impl Answer {
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

fn converse(mut stream: impl Read + Write, request: &[u8]) -> Result<Vec<u8>> {
    stream.write_all(request)?;
    stream.flush()?;
    let mut raw = Vec::new();
    match stream.read_to_end(&mut raw) {
        // Some servers close without TLS's own goodbye; the answer is whole all the same.
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof || raw.is_empty() => bail!(error),
        _ => Ok(raw),
    }
}

fn parse(raw: &[u8]) -> Result<Answer> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").context("the answer is not HTTP")?;
    let head = std::str::from_utf8(&raw[..end])?;
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).context("the answer has no status line")?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Ok(Answer { status: status.parse()?, headers, body: raw[end + 4..].to_vec() })
}
