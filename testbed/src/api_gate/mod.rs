//! A gate in front of the API server, for one client of it: it records what is asked, and can be told to be slow, to
//! refuse, to lose connections and watches, and to be away, while the API server itself is well.

mod asked;
mod faults;
mod relay;

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::control_plane::ControlPlane;
use crate::pki::CertificateAuthority;
pub use asked::Asked;
pub use faults::Fault;
use faults::Rules;

/// The gate. It is gone when this is dropped.
#[derive(Debug)]
pub struct ApiGate {
    addr: SocketAddr,
    ca_file: PathBuf,
    shared: Arc<Shared>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    tls: Arc<ServerConfig>,
    upstream_tls: Arc<ClientConfig>,
    /// Cleared to end the acceptor and every connection.
    up: AtomicBool,
    frozen: AtomicBool,
    next: AtomicU64,
    asked: Mutex<Vec<Asked>>,
    rules: Mutex<Rules>,
    connections: Mutex<HashMap<u64, Connection>>,
}

/// A connection, what is asked on it just now, and the way to the API server while an answer comes.
#[derive(Debug)]
struct Connection {
    client: TcpStream,
    asked: Option<Asked>,
    upstream: Option<TcpStream>,
}

impl Connection {
    fn cut(&self) {
        for side in [Some(&self.client), self.upstream.as_ref()].into_iter().flatten() {
            let _ = side.shutdown(Shutdown::Both); // it may have ended by itself
        }
    }
}

impl ApiGate {
    /// A gate on a free loopback port, which passes everything on; its CA's file lies in the control plane's folder.
    ///
    /// # Errors
    /// When no port can be bound or the file cannot be written.
    pub fn start(cluster: &ControlPlane) -> Result<Self> {
        let addr = SocketAddr::from(([127, 0, 0, 1], crate::free_port()));
        let authority = CertificateAuthority::new("latchkey-testbed gate")?;
        let ca_file = cluster.dir().join(format!("gate-{}.pem", addr.port()));
        std::fs::write(&ca_file, authority.pem())?;
        let shared = Shared {
            upstream: cluster.api_server_addr(),
            tls: Arc::new(server_config(&authority)?),
            upstream_tls: Arc::new(client_config(cluster.ca_pem())?),
            up: AtomicBool::new(false),
            frozen: AtomicBool::new(false),
            next: AtomicU64::new(1),
            asked: Mutex::default(),
            rules: Mutex::default(),
            connections: Mutex::default(),
        };
        let gate = Self { addr, ca_file, shared: Arc::new(shared), acceptor: Mutex::new(None) };
        gate.come_up()?;
        Ok(gate)
    }

    /// `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    /// The authority of the gate's certificate.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Everything asked since the start or the last [`Self::forget`], in order, refused requests included.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    /// How many requests `matches` holds for.
    #[must_use]
    pub fn count(&self, matches: impl Fn(&Asked) -> bool) -> usize {
        lock(&self.shared.asked).iter().filter(|asked| matches(asked)).count()
    }

    /// Starts counting anew.
    pub fn forget(&self) {
        lock(&self.shared.asked).clear();
    }

    /// From now on such requests meet this fault; of several that match, the newest rule counts.
    pub fn on(&self, matches: impl Fn(&Asked) -> bool + Send + 'static, fault: Fault) {
        lock(&self.shared.rules).add(matches, fault, None);
    }

    /// The next `times` such requests meet this fault.
    pub fn next(&self, times: usize, matches: impl Fn(&Asked) -> bool + Send + 'static, fault: Fault) {
        lock(&self.shared.rules).add(matches, fault, Some(times));
    }

    /// Drops all rules; whoever hangs is let go.
    pub fn behave(&self) {
        lock(&self.shared.rules).clear();
        self.shared.frozen.store(false, Ordering::SeqCst);
    }

    /// Breaks the connections on which such a request is being answered; how many.
    pub fn cut(&self, matches: impl Fn(&Asked) -> bool) -> usize {
        let connections = lock(&self.shared.connections);
        let is_cut = |connection: &&Connection| connection.asked.as_ref().is_some_and(&matches);
        connections.values().filter(is_cut).map(Connection::cut).count()
    }

    /// How many such requests are being answered by the API server just now: watches above all.
    #[must_use]
    pub fn answering(&self, matches: impl Fn(&Asked) -> bool) -> usize {
        let connections = lock(&self.shared.connections);
        let open = |connection: &&Connection| {
            connection.upstream.is_some() && connection.asked.as_ref().is_some_and(&matches)
        };
        connections.values().filter(open).count()
    }

    /// From now on nothing of what the API server sends is sent on, and no new request is answered, until
    /// [`Self::behave`]: the connections stay open.
    pub fn freeze(&self) {
        self.shared.frozen.store(true, Ordering::SeqCst);
        self.on(|_| true, Fault::Hang);
    }

    /// Refuses connections, and breaks those there are: the way to the API server is gone.
    pub fn go_down(&self) {
        let Some(acceptor) = lock(&self.acceptor).take() else { return };
        self.shared.up.store(false, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr); // wakes the acceptor, which then sees that it shall end
        let _ = acceptor.join();
        for (_, connection) in lock(&self.shared.connections).drain() {
            connection.cut();
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
            let shared = Arc::clone(&self.shared);
            *acceptor = Some(std::thread::spawn(move || accept(&listener, &shared)));
        }
        Ok(())
    }
}

impl Drop for ApiGate {
    fn drop(&mut self) {
        self.behave();
        self.go_down();
    }
}

impl Shared {
    fn note(&self, connection: u64, mut asked: Asked) -> Asked {
        asked.id = self.next.fetch_add(1, Ordering::SeqCst);
        lock(&self.asked).push(asked.clone());
        if let Some(open) = lock(&self.connections).get_mut(&connection) {
            open.asked = Some(asked.clone());
        }
        asked
    }

    fn fault(&self, asked: &Asked) -> Option<(u64, Fault)> {
        lock(&self.rules).fault(asked)
    }

    fn stands(&self, rule: u64) -> bool {
        self.up.load(Ordering::SeqCst) && lock(&self.rules).has(rule)
    }

    fn answered(&self, asked: &Asked, status: u16) {
        if let Some(noted) = lock(&self.asked).iter_mut().rev().find(|noted| noted.id == asked.id) {
            noted.status = Some(status);
        }
    }

    fn relaying(&self, connection: u64, upstream: TcpStream) {
        if let Some(open) = lock(&self.connections).get_mut(&connection) {
            open.upstream = Some(upstream);
        }
    }

    fn idle(&self, connection: u64) {
        if let Some(open) = lock(&self.connections).get_mut(&connection) {
            (open.asked, open.upstream) = (None, None);
        }
    }

    fn wait_while_frozen(&self) {
        while self.frozen.load(Ordering::SeqCst) && self.up.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if !shared.up.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = connection else { continue };
        let Ok(clone) = client.try_clone() else { continue };
        let id = shared.next.fetch_add(1, Ordering::SeqCst);
        lock(&shared.connections).insert(id, Connection { client: clone, asked: None, upstream: None });
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // Either side may end it at any time; that is no failure of the gate.
            let _ = relay::serve(client, id, &shared);
            if let Some(connection) = lock(&shared.connections).remove(&id) {
                connection.cut();
            }
        });
    }
}

fn server_config(authority: &CertificateAuthority) -> Result<ServerConfig> {
    let pair = authority.server(&["127.0.0.1", "localhost"])?;
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes())?];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_no_client_auth().with_single_cert(chain, key)?)
}

fn client_config(ca_pem: &str) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A panic of another thread leaves these lists whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
