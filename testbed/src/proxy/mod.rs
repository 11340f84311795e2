//! A reverse proxy in front of any plain HTTP server: it records what passes and can be told to misbehave.

mod message;
mod rules;

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::http::Answer;
use message::{Request, forward, read_request, write_answer};
use rules::Rules;
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
    upstream: SocketAddr,
    /// Cleared to end the acceptor and every connection.
    up: AtomicBool,
    received: Mutex<Vec<Received>>,
    rules: Mutex<Rules>,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A proxy on a free loopback port.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start(upstream: SocketAddr) -> Result<Self> {
        let addr = SocketAddr::from(([127, 0, 0, 1], crate::free_port()));
        let shared = Shared {
            upstream,
            up: AtomicBool::new(false),
            received: Mutex::default(),
            rules: Mutex::default(),
            connections: Mutex::default(),
        };
        let proxy = Self { addr, shared: Arc::new(shared), acceptor: Mutex::new(None) };
        proxy.come_up()?;
        Ok(proxy)
    }

    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
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
        if let Ok(clone) = connection.try_clone() {
            let mut open = lock(&shared.connections);
            open.retain(|other| other.peer_addr().is_ok()); // Those that have ended need no breaking.
            open.push(clone);
        }
        let shared = shared.clone();
        std::thread::spawn(move || {
            // A client that goes away, or is sent away by `go_down`, is no failure of the proxy.
            let _ = serve(&connection, &shared);
            let _ = connection.shutdown(Shutdown::Both);
        });
    }
}

/// Serves the requests of one connection until the client closes it.
fn serve(connection: &TcpStream, shared: &Shared) -> Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = std::io::BufReader::new(connection);
    while let Some(request) = read_request(&mut reader, connection)? {
        let answer = answer(&request, shared);
        write_answer(connection, &request, &answer)?;
        if request.closes() {
            break;
        }
    }
    Ok(())
}

fn answer(request: &Request, shared: &Shared) -> Answer {
    let received = request.received();
    lock(&shared.received).push(received.clone());
    let (delay, reply) = {
        let mut rules = lock(&shared.rules);
        (rules.delay, rules.reply(&received))
    };
    std::thread::sleep(delay);
    if let Some(reply) = reply {
        return reply.into_answer();
    }
    forward(request, shared.upstream).unwrap_or_else(|error| {
        Reply::new(502, &format!("the upstream of the proxy failed: {error:#}")).into_answer()
    })
}

/// A panic of another thread leaves these lists whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
