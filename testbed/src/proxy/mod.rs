//! A reverse proxy in front of any plain HTTP server, itself plain or with TLS: it records what passes and can be told to
//! misbehave.

mod breakage;
mod message;
mod rules;

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::Pair;
use crate::http::Client;
pub use breakage::Breakage;
use message::{Request, forward, read_request, write_answer};
use rules::{Action, Rules};
pub use rules::{Received, Reply, Rule};

/// The proxy. It is gone when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    upstream: Client,
    /// Cleared to end the acceptor and every connection.
    up: AtomicBool,
    received: Mutex<Vec<Received>>,
    rules: Mutex<Rules>,
    connections: Mutex<Vec<TcpStream>>,
    /// How many connections have come.
    accepted: AtomicUsize,
    /// What is shown in TLS; none is plain HTTP.
    tls: Mutex<Option<Arc<ServerConfig>>>,
}

impl Proxy {
    /// A proxy on a free loopback port, in front of a plain server on loopback.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start(upstream: SocketAddr) -> Result<Self> {
        Self::before(Client::plain(upstream.port()))
    }

    /// The same in front of whatever server this client reaches.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn before(upstream: Client) -> Result<Self> {
        let addr = SocketAddr::from(([127, 0, 0, 1], crate::free_port()));
        let shared = Shared {
            upstream,
            up: AtomicBool::new(false),
            received: Mutex::default(),
            rules: Mutex::default(),
            connections: Mutex::default(),
            accepted: AtomicUsize::new(0),
            tls: Mutex::default(),
        };
        let proxy = Self { addr, shared: Arc::new(shared), acceptor: Mutex::new(None) };
        proxy.come_up()?;
        Ok(proxy)
    }

    /// The same behind TLS, with this certificate.
    ///
    /// # Errors
    /// When no port can be bound, or the pair cannot be used.
    pub fn start_tls(upstream: SocketAddr, pair: &Pair) -> Result<Self> {
        let proxy = Self::start(upstream)?;
        proxy.present(pair)?;
        Ok(proxy)
    }

    /// Shows this certificate to connections from now on; those there are end.
    ///
    /// # Errors
    /// When the pair cannot be used.
    pub fn present(&self, pair: &Pair) -> Result<()> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(
            vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes())?],
            PrivateKeyDer::from_pem_slice(pair.key.as_bytes())?,
        )?;
        *lock(&self.shared.tls) = Some(Arc::new(config));
        self.break_connections();
        Ok(())
    }

    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`, or `https://…`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if lock(&self.shared.tls).is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// How many connections have come so far, whatever became of them.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Everything received since the start or the last [`Self::forget`], in order, refused requests included.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// How many requests `matches` holds for.
    #[must_use]
    pub fn count(&self, matches: impl Fn(&Received) -> bool) -> usize {
        lock(&self.shared.received).iter().filter(|request| matches(request)).count()
    }

    /// Starts counting anew.
    pub fn forget(&self) {
        lock(&self.shared.received).clear();
    }

    /// Adds a rule; of several that match, the newest answers.
    pub fn add_rule(&self, rule: Rule) {
        lock(&self.shared.rules).add(rule);
    }

    /// Answers the next `times` requests itself.
    pub fn fail_next(&self, status: u16, body: &str, times: usize) {
        self.add_rule(Rule::new(|_| true, Reply::new(status, body)).times(times));
    }

    /// Waits so long before each request is passed on or answered; zero ends it.
    pub fn delay(&self, delay: Duration) {
        lock(&self.shared.rules).delay = delay;
    }

    /// Drops all rules and the delay.
    pub fn behave(&self) {
        *lock(&self.shared.rules) = Rules::default();
    }

    /// Refuses connections, and breaks those there are: the server is down.
    pub fn go_down(&self) {
        let Some(acceptor) = lock(&self.acceptor).take() else { return };
        self.shared.up.store(false, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr); // Wakes the acceptor, which then sees that it shall end.
        let _ = acceptor.join();
        self.break_connections();
    }

    fn break_connections(&self) {
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    /// When somebody else has taken the port meanwhile.
    pub fn come_up(&self) -> Result<()> {
        let mut acceptor = lock(&self.acceptor);
        if acceptor.is_none() {
            let listener =
                TcpListener::bind(self.addr).with_context(|| format!("cannot listen on {}", self.addr))?;
            self.shared.up.store(true, Ordering::SeqCst);
            let shared = self.shared.clone();
            *acceptor = Some(std::thread::spawn(move || accept(&listener, &shared)));
        }
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.go_down();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if !shared.up.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        if let Ok(clone) = connection.try_clone() {
            let mut open = lock(&shared.connections);
            open.retain(|other| other.peer_addr().is_ok()); // Those that have ended need no breaking.
            open.push(clone);
        }
        let shared = shared.clone();
        std::thread::spawn(move || {
            // A client that goes away, or is sent away by `go_down`, is no failure of the proxy.
            let _ = converse(&connection, &shared);
            let _ = connection.shutdown(Shutdown::Both);
        });
    }
}

fn converse(connection: &TcpStream, shared: &Shared) -> Result<()> {
    connection.set_nodelay(true)?;
    let tls = lock(&shared.tls).clone();
    match tls {
        None => serve(connection, connection, shared),
        Some(config) => {
            let mut stream = StreamOwned::new(ServerConnection::new(config)?, connection.try_clone()?);
            let served = serve(&mut stream, connection, shared);
            stream.conn.send_close_notify();
            let _ = stream.flush();
            served
        }
    }
}

/// Serves the requests of one connection until the client closes it or a fault ends it.
fn serve(stream: impl Read + Write, raw: &TcpStream, shared: &Shared) -> Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        match action(&request, shared) {
            Some(Action::Breakage(fault)) => {
                let answer = match fault.needs_answer() {
                    true => passed_on(&request, shared),
                    false => Reply::new(200, ""),
                };
                let goes_on = || shared.up.load(Ordering::SeqCst);
                return fault.serve(reader.get_mut(), raw, answer, goes_on);
            }
            Some(Action::Reply(reply)) => write_answer(reader.get_mut(), &request, &reply)?,
            None => write_answer(reader.get_mut(), &request, &passed_on(&request, shared))?,
        }
        if request.closes() {
            break;
        }
    }
    Ok(())
}

fn action(request: &Request, shared: &Shared) -> Option<Action> {
    let received = request.received();
    lock(&shared.received).push(received.clone());
    let (delay, action) = {
        let mut rules = lock(&shared.rules);
        (rules.delay, rules.action(&received))
    };
    std::thread::sleep(delay);
    action
}

fn passed_on(request: &Request, shared: &Shared) -> Reply {
    match forward(request, &shared.upstream) {
        Ok(answer) => Reply::of(answer),
        Err(error) => Reply::new(502, &format!("the upstream of the proxy failed: {error:#}")),
    }
}

/// A panic of another thread leaves these lists whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
