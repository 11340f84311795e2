//! What stands in front of the replicas as a Service does in a cluster: a new connection goes to a replica that is ready,
//! and those there are stay until one of their ends closes them.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_testbed::http;

use super::Latchkey;

/// How often replicas are asked whether they are ready.
const PERIOD: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy)]
struct Member {
    webhook: u16,
    admin: u16,
    ready: bool,
}

/// A listener that passes each connection on to the next replica that is ready.
#[derive(Debug)]
pub struct Balancer {
    /// Where it listens.
    pub port: u16,
    members: Arc<Mutex<Vec<Member>>>,
}

impl Balancer {
    /// One without replicas. It listens as long as the process lives.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let members = Arc::<Mutex<Vec<Member>>>::default();
        let (asked, shared) = (Arc::downgrade(&members), Arc::clone(&members));
        std::thread::spawn(move || {
            while let Some(members) = asked.upgrade() {
                ask(&members);
                drop(members);
                std::thread::sleep(PERIOD);
            }
        });
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                pass_on(connection, &shared);
            }
        });
        Self { port, members }
    }

    /// Sends connections there too, as soon as it is ready.
    pub fn add(&self, replica: &Latchkey) {
        let (webhook, admin) = (replica.webhook_port, replica.admin_port);
        lock(&self.members).push(Member { webhook, admin, ready: false });
    }

    /// Forgets a replica.
    pub fn remove(&self, replica: &Latchkey) {
        lock(&self.members).retain(|member| member.webhook != replica.webhook_port);
    }

    /// How many replicas get connections.
    pub fn ready(&self) -> usize {
        lock(&self.members).iter().filter(|member| member.ready).count()
    }
}

fn ask(members: &Mutex<Vec<Member>>) {
    let asked = lock(members).clone();
    for member in asked {
        let answer = http::Client::plain(member.admin).request("GET", "/readyz", &[]);
        let ready = answer.is_ok_and(|answer| answer.is_success());
        let mut members = lock(members);
        if let Some(there) = members.iter_mut().find(|there| there.webhook == member.webhook) {
            there.ready = ready;
        }
    }
}

/// To the first ready one that takes it, which then is the last in turn; to nobody, and the connection is closed.
fn pass_on(connection: TcpStream, members: &Mutex<Vec<Member>>) {
    let mut members = lock(members);
    for _ in 0..members.len() {
        members.rotate_left(1);
        let next = members.last().filter(|member| member.ready);
        let Some(upstream) = next.and_then(|it| TcpStream::connect(("127.0.0.1", it.webhook)).ok()) else {
            continue;
        };
        let both = (connection.try_clone(), upstream.try_clone());
        let (Ok(back), Ok(up)) = both else { return };
        std::thread::spawn(move || copy(connection, up));
        std::thread::spawn(move || copy(upstream, back));
        return;
    }
}

/// One direction; its end is passed on, and the other direction goes on.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = from.set_nodelay(true); // it may be gone already
    let how = match io::copy(&mut from, &mut to) {
        Ok(_) => Shutdown::Write,
        Err(_) => Shutdown::Both,
    };
    let _ = to.shutdown(how); // likewise
}

fn lock(members: &Mutex<Vec<Member>>) -> MutexGuard<'_, Vec<Member>> {
    members.lock().unwrap_or_else(PoisonError::into_inner)
}
