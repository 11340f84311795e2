//! One connection's queues: waiting entries go out in batches as calls come free.
//!
//! Nothing is delayed for the sake of a batch while the connection is idle. While calls are under way, entries that arrive
//! gather; each call that comes free takes as many as one request may carry. Each lane has calls of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_provider::{Entry, EntryRef, Error, Provider};
use tokio::time::Instant;

use super::breaker::Pass;
use super::budget::PerLane;
use super::cache::{LineKey, Read};
use super::fetch::Shared;
use super::flight::{Answer, Flight};
use super::guarded::{defect, guarded};
use super::standing::{Standing, is_one_too_many};
use super::{Lane, lock};

/// How long a call that is not the only one waits for more entries to come with it.
const GATHER: Duration = Duration::from_millis(1);

/// How often a read that the store refuses for being one too many is put back into the queue.
const PUT_BACK: u32 = 3;

/// A flight in a queue, with the client to read it by.
#[derive(Debug)]
pub struct Ticket {
    /// What is read, for whom.
    pub flight: Arc<Flight>,
    /// By which client. All clients of one line see the same values.
    pub provider: Arc<dyn Provider>,
    /// How often the store has refused it, as there were too many calls.
    pub refused: u32,
}

impl Ticket {
    /// For a flight that nobody has tried yet.
    pub fn new(flight: Arc<Flight>, provider: &Arc<dyn Provider>) -> Self {
        Self { flight, provider: Arc::clone(provider), refused: 0 }
    }
}

/// A call that was made.
#[derive(Debug, Clone, Copy)]
struct Call {
    began: Instant,
    pass: Pass,
}

/// The queues of one connection.
#[derive(Debug)]
pub struct Line {
    /// Whose eyes it reads with.
    pub key: LineKey,
    /// What is known of the store.
    pub standing: Arc<Standing>,
    shared: Arc<Shared>,
    queues: Mutex<PerLane<Queue>>,
    forgotten: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Ticket>,
    /// Workers of this lane.
    busy: usize,
    /// Those of them that have not taken their first batch yet.
    gathering: usize,
}

impl Queue {
    /// Whether another worker would have something to do.
    fn wants_worker(&self, limit: usize) -> bool {
        let batch = self.waiting.front().map_or(1, max_batch);
        self.busy < limit && self.waiting.len() > self.gathering.saturating_mul(batch)
    }
}

impl Line {
    /// A line with empty queues.
    pub fn new(key: LineKey, standing: Arc<Standing>, shared: Arc<Shared>) -> Self {
        Self { key, standing, shared, queues: Mutex::default(), forgotten: Mutex::new(None) }
    }

    /// Puts entries that came together into the lane's queue.
    pub fn submit(self: &Arc<Self>, lane: Lane, tickets: Vec<Ticket>) {
        lock(&self.queues).of_mut(lane).waiting.extend(tickets);
        self.employ(lane);
    }

    /// Whether this caller is the one to have refused credentials forgotten: one does it for all who were refused at once.
    pub fn may_forget(&self, within: Duration) -> bool {
        let forgotten = &mut *lock(&self.forgotten);
        let now = Instant::now();
        let due = forgotten.is_none_or(|last| now.saturating_duration_since(last) >= within);
        if due {
            *forgotten = Some(now);
        }
        due
    }

    /// Starts as many workers as have something to do.
    fn employ(self: &Arc<Self>, lane: Lane) {
        let limit = (*self.shared.settings.calls.of(lane)).max(1);
        let queue = &mut *lock(&self.queues);
        let queue = queue.of_mut(lane);
        while queue.wants_worker(limit) {
            let alone = queue.busy == 0;
            queue.busy += 1;
            queue.gathering += 1;
            tokio::spawn(Worker { line: Arc::clone(self), lane, gathering: true, left: false }.work(alone));
        }
    }

    /// The next tickets for one call.
    fn take(&self, lane: Lane, gathering: bool) -> Vec<Ticket> {
        let now = Instant::now();
        let queue = &mut *lock(&self.queues);
        let queue = queue.of_mut(lane);
        queue.gathering -= usize::from(gathering);
        let mut batch = Vec::new();
        while batch.len() < batch.first().or(queue.waiting.front()).map_or(1, max_batch) {
            let Some(ticket) = queue.waiting.pop_front() else { break };
            if ticket.flight.take_off(now) {
                batch.push(ticket);
            }
        }
        batch
    }

    fn is_idle(&self, lane: Lane) -> bool {
        lock(&self.queues).of(lane).waiting.is_empty()
    }

    /// Reads a batch and gives everybody the answer.
    async fn call(&self, lane: Lane, batch: Vec<Ticket>) {
        let now = Instant::now();
        let batch = self.turn_away(batch, now);
        let Some(first) = batch.first() else { return };
        let provider = Arc::clone(&first.provider);
        let entries: Vec<_> = batch.iter().map(|ticket| ticket.flight.key.entry.clone()).collect();
        self.shared.observer.call(&self.standing.key, entries.len());
        let pass = if batch.iter().any(|ticket| ticket.flight.pass() == Pass::Probe) {
            Pass::Probe
        } else {
            Pass::Free
        };
        let answers = self.ask(&*provider, &entries, pass).await;
        self.settle_all(lane, batch.into_iter().zip(answers), Call { began: now, pass }).await;
    }

    /// Gives everybody the answer; but those that the store refused for being too many have another turn, while it answers at all.
    async fn settle_all(
        &self,
        lane: Lane,
        answers: impl Iterator<Item = (Ticket, Result<Entry, Error>)>,
        Call { began, pass }: Call,
    ) {
        let (mut refused, mut too_often, again) = (Vec::new(), None, self.standing.answers());
        for (ticket, answer) in answers {
            match answer.as_ref().err().filter(|error| is_one_too_many(error)) {
                Some(_) if again && ticket.refused < PUT_BACK && ticket.flight.put_back(lane) => {
                    refused.push(Ticket { refused: ticket.refused + 1, ..ticket });
                    continue;
                }
                Some(error) => too_often = Some(error.clone()),
                None => (),
            }
            self.settle(&ticket, answer, began).await;
        }
        if let Some(error) = too_often {
            self.standing.failed(&error, pass);
        }
        if !refused.is_empty() {
            self.put_back(lane, refused, began);
        }
    }

    /// Has these read once more, before all others, when the store may take more calls again.
    fn put_back(&self, lane: Lane, refused: Vec<Ticket>, began: Instant) {
        self.standing.slow_down(began);
        let queue = &mut *lock(&self.queues);
        refused.into_iter().rev().for_each(|ticket| queue.of_mut(lane).waiting.push_front(ticket));
    }

    /// Answers those at once that must not be called, as the store has gone down while they waited.
    fn turn_away(&self, batch: Vec<Ticket>, now: Instant) -> Vec<Ticket> {
        let Some(down) = self.standing.breaker.down(now) else { return batch };
        let (called, refused): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|ticket| ticket.flight.pass() == Pass::Probe);
        for ticket in refused {
            self.shared.flights.land(&ticket.flight, Err(down.error.clone()));
        }
        called
    }

    /// Asks the provider, in one call unless it panics; then one by one, so that one entry does not spoil the others.
    async fn ask(
        &self,
        provider: &dyn Provider,
        entries: &[EntryRef],
        pass: Pass,
    ) -> Vec<Result<Entry, Error>> {
        let limit = self.shared.settings.call_limit;
        match guarded(provider, entries, limit).await {
            Ok(answers) => {
                self.standing.record(&answers, pass);
                answers
            }
            Err(error) if entries.len() == 1 => vec![Err(error)],
            Err(_) => {
                let mut answers = Vec::with_capacity(entries.len());
                for entry in entries {
                    let one = guarded(provider, std::slice::from_ref(entry), limit).await;
                    answers.push(
                        one.and_then(|one| one.into_iter().next().unwrap_or_else(|| Err(defect(provider)))),
                    );
                }
                answers
            }
        }
    }

    async fn settle(&self, ticket: &Ticket, answer: Result<Entry, Error>, started: Instant) {
        let Ticket { flight, provider, .. } = ticket;
        let answer: Answer = answer.map(|entry| Read { entry: Arc::new(entry), started });
        self.shared.keep(&flight.key, &answer, started, &**provider).await; // before it lands, or a caller finds neither
        self.shared.flights.land(flight, answer);
    }
}

fn max_batch(ticket: &Ticket) -> usize {
    ticket.provider.max_batch().max(1)
}

/// One of a lane's calls.
struct Worker {
    line: Arc<Line>,
    lane: Lane,
    gathering: bool,
    /// Whether it has come to its end; else it panicked or the runtime is shutting down.
    left: bool,
}

impl Worker {
    async fn work(mut self, alone: bool) {
        if alone {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(GATHER).await;
        }
        while !self.line.is_idle(self.lane) {
            tokio::time::sleep(self.line.standing.budget.of(self.lane).take(Instant::now())).await;
            let batch = self.line.take(self.lane, std::mem::take(&mut self.gathering));
            self.line.call(self.lane, batch).await;
        }
        self.left = true;
    }
}

impl Drop for Worker {
    /// Leaves the lane, even by a panic, and looks whether something has come since.
    fn drop(&mut self) {
        {
            let queue = &mut *lock(&self.line.queues);
            let queue = queue.of_mut(self.lane);
            queue.busy -= 1;
            queue.gathering -= usize::from(self.gathering);
        }
        if self.left || std::thread::panicking() {
            self.line.employ(self.lane); // not while the runtime shuts down: it would drop that worker at once, and so on
        }
    }
}
