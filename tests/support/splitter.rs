//! What stands in front of the replicas of a webhook, as a Service does: connections go to one or another.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    to: Vec<u16>,
    open: Vec<TcpStream>,
}

/// A listener that passes each connection on to the next replica that takes it.
#[derive(Debug)]
pub struct Splitter {
    /// Where it listens.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Splitter {
    /// One that sends connections to nobody yet. It listens as long as the process lives.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                pass_on(connection, &shared);
            }
        });
        Self { port, state }
    }

    /// Sends connections to these ports from now on; those there are end.
    pub fn send_to(&self, ports: &[u16]) {
        let mut state = lock(&self.state);
        state.to = ports.to_vec();
        for connection in state.open.drain(..) {
            let _ = connection.shutdown(Shutdown::Both); // it may have ended by itself
        }
    }
}

/// To the first that takes it, which then is the last in turn; to nobody, and the connection is closed.
fn pass_on(connection: TcpStream, state: &Mutex<State>) {
    let mut state = lock(state);
    for _ in 0..state.to.len() {
        state.to.rotate_left(1);
        let Some(upstream) = state.to.last().and_then(|port| TcpStream::connect(("127.0.0.1", *port)).ok())
        else {
            continue;
        };
        let both = (connection.try_clone(), upstream.try_clone());
        let (Ok(back), Ok(up)) = both else { return };
        state.open.extend(connection.try_clone());
        state.open.extend(upstream.try_clone());
        std::thread::spawn(move || copy(connection, up));
        std::thread::spawn(move || copy(upstream, back));
        return;
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to); // either end may go at any time
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
