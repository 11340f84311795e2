//! The bodies of requests: whole, in time, and all together no more than fits into memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use http::{HeaderMap, Request, StatusCode, header};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::serve::Asked;

/// The largest body that is read. The API server takes requests of up to 3 MiB, and the review of an UPDATE carries the
/// object twice.
pub const MAX_BODY: usize = 8 << 20;

/// How long a body may take. The API server sends its own at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of all bodies together that are here and not read as JSON yet.
const TOGETHER: usize = 64 << 20;

/// What a body may be reserved before any of it has come.
const RESERVED: usize = 16 << 10;

/// Why a request is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its body is larger than any review.
    TooLarge,
    /// It takes more memory than any review's object.
    TooComplex,
    /// Its body did not come in time.
    TooSlow,
    /// There are too many at once.
    Crowded,
    /// The connection broke.
    Broken,
}

impl Refusal {
    fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is larger than 8 MiB, which no AdmissionReview is\n",
            ),
            Self::TooComplex => {
                (StatusCode::PAYLOAD_TOO_LARGE, "the body holds more values than any AdmissionReview does\n")
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body did not come within 10 s\n"),
            Self::Crowded => (StatusCode::TOO_MANY_REQUESTS, "too much is being sent at once; try again\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "the body broke off\n"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.answer().into_response();
        if self == Self::Crowded {
            // The API server's client tries again by itself when it is told so.
            response.headers_mut().insert(header::RETRY_AFTER, http::HeaderValue::from_static("1"));
        }
        response
    }
}

/// A body as it was sent.
#[derive(Debug)]
pub struct Whole {
    /// Its bytes.
    pub bytes: Vec<u8>,
    _held: Held,
}

/// All bodies that are here at the moment.
#[derive(Debug, Clone, Default)]
pub struct Bodies(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    next: u64,
    bytes: usize,
    arriving: BTreeMap<u64, Arriving>,
}

#[derive(Debug)]
struct Arriving {
    bytes: usize,
    since: Instant,
    evicted: CancellationToken,
}

impl Arriving {
    /// What it has cost the others so far: much for long.
    fn weight(&self) -> u128 {
        self.since.elapsed().as_micros().saturating_add(1) * self.bytes as u128
    }
}

impl Bodies {
    /// Reads a request's body.
    ///
    /// # Errors
    /// It does not come whole, in time or at all, or is too large.
    pub async fn read(&self, request: Request<Body>) -> Result<Whole, Refusal> {
        let (parts, body) = request.into_parts();
        let declared = declared(&parts.headers);
        if declared.is_some_and(|bytes| bytes > MAX_BODY) {
            return Err(Refusal::TooLarge);
        }
        let (mut held, evicted) = self.hold();
        let collected = collect(body, declared.unwrap_or_default(), &mut held);
        let bytes = tokio::select! {
            biased;
            () = evicted.cancelled() => return Err(Refusal::Crowded),
            collected = tokio::time::timeout(PATIENCE, collected) => collected.map_err(|_| Refusal::TooSlow)??,
        };
        held.is_whole();
        if let Some(asked) = parts.extensions.get::<Arc<Asked>>() {
            asked.is_whole();
        }
        Ok(Whole { bytes, _held: held })
    }

    fn hold(&self) -> (Held, CancellationToken) {
        let evicted = CancellationToken::new();
        let mut memory = self.memory();
        let id = memory.next;
        memory.next += 1;
        let arriving = Arriving { bytes: 0, since: Instant::now(), evicted: evicted.clone() };
        memory.arriving.insert(id, arriving);
        (Held { bodies: self.clone(), id, bytes: 0 }, evicted)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the client says its body's size will be, if it does.
fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(body: Body, declared: usize, held: &mut Held) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::with_capacity(declared.min(RESERVED));
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::Broken)?;
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(Refusal::TooLarge);
        }
        held.grow(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

impl Memory {
    /// Takes the room of whoever costs most; whether it was this one.
    fn evict(&mut self, id: u64) -> bool {
        let Some(most) = self.arriving.iter().max_by_key(|(_, it)| it.weight()).map(|(id, _)| *id) else {
            return false;
        };
        if let Some(gone) = self.arriving.remove(&most) {
            self.bytes -= gone.bytes;
            gone.evicted.cancel();
        }
        most == id
    }
}

/// What one body takes, until it is dropped.
#[derive(Debug)]
struct Held {
    bodies: Bodies,
    id: u64,
    /// Counted here once it is whole; before, with those that are arriving.
    bytes: usize,
}

impl Held {
    fn grow(&mut self, more: usize) -> Result<(), Refusal> {
        let mut memory = self.bodies.memory();
        let Some(arriving) = memory.arriving.get_mut(&self.id) else { return Err(Refusal::Crowded) };
        arriving.bytes += more;
        memory.bytes += more;
        while memory.bytes > TOGETHER {
            if memory.evict(self.id) || memory.arriving.is_empty() {
                return Err(Refusal::Crowded);
            }
        }
        Ok(())
    }

    /// From now on it is not taken away.
    fn is_whole(&mut self) {
        let arriving = self.bodies.memory().arriving.remove(&self.id);
        self.bytes = arriving.map_or(0, |arriving| arriving.bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut memory = self.bodies.memory();
        let arriving = memory.arriving.remove(&self.id).map_or(0, |arriving| arriving.bytes);
        memory.bytes -= arriving + self.bytes;
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use futures::stream;

    use super::*;

    type Chunk = Result<Bytes, std::io::Error>;

    fn request(chunks: Vec<Chunk>, then_silent: bool) -> Request<Body> {
        let silence = stream::pending().take(usize::from(then_silent));
        Request::new(Body::from_stream(stream::iter(chunks).chain(silence)))
    }

    fn chunks(total: usize) -> Vec<Chunk> {
        let chunk = Bytes::from(vec![b' '; 64 << 10]);
        let mut chunks: Vec<Chunk> = (0..total / chunk.len()).map(|_| Ok(chunk.clone())).collect();
        chunks.push(Ok(chunk.slice(..total % chunk.len())));
        chunks
    }

    #[tokio::test]
    async fn the_largest_review_is_read_and_nothing_larger() {
        let bodies = Bodies::default();
        let whole = bodies.read(request(chunks(MAX_BODY), false)).await.expect("a body");
        assert_eq!(whole.bytes.len(), MAX_BODY);
        drop(whole);
        let larger = bodies.read(request(chunks(MAX_BODY + 1), false)).await;
        assert_eq!(larger.expect_err("refused"), Refusal::TooLarge);
        let mut said = Request::new(Body::empty());
        said.headers_mut().insert(header::CONTENT_LENGTH, (MAX_BODY + 1).into());
        assert_eq!(bodies.read(said).await.expect_err("refused unread"), Refusal::TooLarge);
        assert_eq!(bodies.memory().bytes, 0, "what is answered takes no room");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let (bodies, start) = (Bodies::default(), Instant::now());
        let slow = bodies.read(request(chunks(10), true)).await;
        assert_eq!((slow.expect_err("refused"), start.elapsed()), (Refusal::TooSlow, PATIENCE));
        let broken = bodies.read(request(vec![Err(std::io::ErrorKind::BrokenPipe.into())], false)).await;
        assert_eq!(broken.expect_err("refused"), Refusal::Broken);
        let memory = bodies.memory();
        assert_eq!((memory.bytes, memory.arriving.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_send_much_slowly_make_room_for_the_others() {
        let bodies = Bodies::default();
        let slow: Vec<_> = (0..TOGETHER / MAX_BODY)
            .map(|_| {
                let (bodies, body) = (bodies.clone(), chunks(MAX_BODY));
                tokio::spawn(async move { bodies.read(request(body, true)).await.err() })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(bodies.memory().bytes, TOGETHER);
        let quick = bodies.read(request(chunks(100_000), false)).await.expect("there is room");
        assert_eq!(bodies.memory().bytes, TOGETHER - MAX_BODY + 100_000);
        drop(quick);
        let ends: Vec<_> = futures::future::join_all(slow).await;
        let count = |why| ends.iter().filter(|end| end.as_ref().expect("no panic") == &Some(why)).count();
        assert_eq!((count(Refusal::Crowded), count(Refusal::TooSlow)), (1, ends.len() - 1));
        assert_eq!(bodies.memory().bytes, 0);
    }

    #[tokio::test]
    async fn what_is_whole_is_not_taken_away() {
        let bodies = Bodies::default();
        let mut kept = Vec::new();
        for _ in 0..TOGETHER / MAX_BODY {
            kept.push(bodies.read(request(chunks(MAX_BODY), false)).await.expect("a body"));
        }
        let more = bodies.read(request(chunks(1), false)).await;
        assert_eq!(more.expect_err("no room"), Refusal::Crowded);
        kept.pop();
        bodies.read(request(chunks(1), false)).await.expect("room again");
    }

    #[test]
    fn whoever_finds_no_room_is_told_to_try_again() {
        let response = Refusal::Crowded.into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
        assert!(!Refusal::TooLarge.into_response().headers().contains_key(header::RETRY_AFTER));
    }
}
