//! From resolved stores to values: from memory where the caller allows it, together with others who want the same, and
//! once more where that may help.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use latchkey_provider::{EntryRef, Error, ErrorKind, Provider};
use tokio::time::Instant;

use super::batch::{Line, Ticket};
use super::cache::{CacheKey, EntryCache};
use super::changed::Changes;
use super::flight::{Answer, Boarding, Flight, Flights, Seat};
use super::plan::StoreKey;
use super::{Deadline, Lane, Settings};

/// What a second try at admission waits for: long enough for a connection to be made anew, short enough for a prompt.
const PAUSE: Duration = Duration::from_millis(100);
/// What must be left of the deadline for a second try.
const ENOUGH: Duration = Duration::from_millis(300);

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Served {
    /// It was in memory and young enough.
    Cached,
    /// Another caller was about to read it.
    Joined,
    /// It was asked of the store.
    Read,
    /// The store is known to be down.
    TurnedAway,
}

/// Is told of every entry and of every call, for the metrics.
pub trait Observer: Send + Sync + fmt::Debug {
    /// One entry was wanted.
    fn served(&self, store: &StoreKey, how: Served);

    /// One call is made for this many entries.
    fn call(&self, store: &StoreKey, entries: usize);

    /// A store is left alone from now on as it does not answer, or is so no longer.
    fn down(&self, store: &StoreKey, down: bool);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn served(&self, _store: &StoreKey, _how: Served) {}
    fn call(&self, _store: &StoreKey, _entries: usize) {}
    fn down(&self, _store: &StoreKey, _down: bool) {}
}

/// What all stores share.
#[derive(Debug)]
pub struct Shared {
    /// What the installation decides.
    pub settings: Settings,
    /// Entries in memory.
    pub cache: EntryCache,
    /// Reads that are wanted or under way.
    pub flights: Flights,
    /// What was written to stores from here.
    pub changes: Changes,
    /// Who counts.
    pub observer: Arc<dyn Observer>,
}

/// What a caller asks of a read.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Whose share of the calls it uses.
    pub lane: Lane,
    /// How old the value may be.
    pub max_age: Duration,
    /// When it has to be there.
    pub deadline: Deadline,
}

impl Terms {
    /// Whether a person asked for the value of now.
    fn is_forced(&self) -> bool {
        self.lane == Lane::Admission && self.max_age.is_zero()
    }
}

/// One connected store, as far as reading needs it.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The queues.
    pub line: Arc<Line>,
    /// The client.
    pub provider: Arc<dyn Provider>,
}

impl Reader {
    /// What an entry is remembered under when it is read by this.
    fn key_of(&self, entry: &EntryRef) -> CacheKey {
        CacheKey { line: self.line.key.clone(), entry: entry.clone() }
    }
}

/// How an entry will be had.
enum Wanted {
    Known(Answer),
    Coming(Seat),
}

impl Shared {
    /// Reads the entries; answers come in their order.
    pub async fn read(&self, reader: &Reader, entries: &[EntryRef], terms: Terms) -> Vec<Answer> {
        // No await up to the submission: a caller that gives up in between would lose flights that others have joined.
        let mut wanted = Vec::with_capacity(entries.len());
        let mut tickets = Vec::new();
        for entry in entries {
            let key = reader.key_of(entry);
            let (want, how) = self.want(&key, reader, terms, &mut tickets);
            self.observer.served(&reader.line.standing.key, how);
            wanted.push(want);
        }
        reader.line.submit(terms.lane, tickets);
        join_all(wanted.into_iter().map(Wanted::had)).await
    }

    /// The same, and by the same calls those beside them that nobody waits for, if the store has to be called at all.
    pub async fn read_with(
        &self,
        reader: &Reader,
        entries: &[EntryRef],
        beside: &[EntryRef],
        terms: Terms,
    ) -> Vec<Answer> {
        let is_known = |entry: &EntryRef| {
            let key = reader.key_of(entry);
            self.cache.get(&key, self.max_age(&key, reader, terms)).is_some()
        };
        if beside.is_empty() || entries.iter().all(is_known) {
            return self.read(reader, entries, terms).await;
        }
        let others = beside.iter().filter(|entry| !entries.contains(entry));
        let all: Vec<EntryRef> = entries.iter().chain(others).cloned().collect();
        let mut answers = self.read(reader, &all, terms).await;
        answers.truncate(entries.len());
        answers
    }

    fn want(
        &self,
        key: &CacheKey,
        reader: &Reader,
        terms: Terms,
        tickets: &mut Vec<Ticket>,
    ) -> (Wanted, Served) {
        let max_age = self.max_age(key, reader, terms);
        if let Some(answer) = self.remembered(key, terms.lane, max_age) {
            return (Wanted::Known(answer), Served::Cached);
        }
        let ticket = |flight| Ticket::new(flight, &reader.provider);
        match self.flights.board(key, terms.lane, max_age, Instant::now()) {
            Boarding::Joined(seat) => (Wanted::Coming(seat), Served::Joined),
            Boarding::Promoted(flight, seat) => {
                tickets.push(ticket(flight));
                (Wanted::Coming(seat), Served::Joined)
            }
            Boarding::New(flight, seat) => {
                let how = self.clear(&flight, reader, (max_age, terms));
                if how == Served::Read {
                    tickets.push(ticket(flight));
                }
                (Wanted::Coming(seat), how)
            }
        }
    }

    /// How old the value may be: whatever was read before it was written to from here is too old for everybody.
    fn max_age(&self, key: &CacheKey, reader: &Reader, terms: Terms) -> Duration {
        let written = self.written(key, &*reader.provider);
        written.map_or(terms.max_age, |at| terms.max_age.min(Instant::now().saturating_duration_since(at)))
    }

    fn written(&self, key: &CacheKey, provider: &dyn Provider) -> Option<Instant> {
        self.changes.last(&key.line.uid, || provider.written_as(&key.entry))
    }

    /// Keeps what came of a read that began then, unless the entry was written to from here since.
    pub async fn keep(&self, key: &CacheKey, answer: &Answer, started: Instant, provider: &dyn Provider) {
        if self.written(key, provider).is_none_or(|at| at < started) {
            self.cache.keep(key.clone(), answer, started).await;
        }
    }

    /// Drops what is remembered of an entry that was written to from here, or may have been: values, failures and lists.
    pub async fn forget(&self, uid: &str, remote: &EntryRef, provider: &dyn Provider) {
        let key = provider.resolved_key(remote);
        self.changes.note(uid, &key);
        let is_it = |of: &CacheKey| {
            *of.line.uid == *uid && provider.written_as(&of.entry).is_none_or(|written| written == key)
        };
        self.cache.forget(is_it).await;
    }

    fn remembered(&self, key: &CacheKey, lane: Lane, max_age: Duration) -> Option<Answer> {
        if let Some(read) = self.cache.get(key, max_age) {
            return Some(Ok(read));
        }
        match lane {
            Lane::DryRun => self.cache.failure(key, max_age).map(Err),
            Lane::Admission | Lane::Refresh => None,
        }
    }

    /// Sees whether a new flight has to be flown: another may have landed just before it was made, or the store is down.
    fn clear(&self, flight: &Arc<Flight>, reader: &Reader, (max_age, terms): (Duration, Terms)) -> Served {
        if let Some(read) = self.cache.get(&flight.key, max_age) {
            self.flights.land(flight, Ok(read));
            return Served::Cached;
        }
        match reader.line.standing.breaker.pass(terms.is_forced(), Instant::now()) {
            Ok(pass) => {
                flight.set_pass(pass);
                Served::Read
            }
            Err(error) => {
                self.flights.land(flight, Err(error));
                Served::TurnedAway
            }
        }
    }

    /// Reads those entries again that failed in a way of which this is said, in place.
    pub async fn read_again(
        &self,
        reader: &Reader,
        entries: &[EntryRef],
        terms: Terms,
        answers: &mut [Answer],
        which: impl Fn(&Error) -> bool,
    ) {
        let failed: Vec<_> = (0..answers.len()).filter(|&i| answers[i].as_ref().is_err_and(&which)).collect();
        let wanted: Vec<_> = failed.iter().map(|&i| entries[i].clone()).collect();
        for (index, answer) in failed.into_iter().zip(self.read(reader, &wanted, terms).await) {
            answers[index] = answer;
        }
    }

    /// One quick second try for somebody at a prompt, where the store stumbled and is not known to be down.
    pub async fn second_try(
        &self,
        reader: &Reader,
        entries: &[EntryRef],
        terms: Terms,
        answers: &mut [Answer],
    ) {
        let worth_it = |error: &Error| error.kind == ErrorKind::Unavailable;
        let wanted = answers.iter().any(|answer| answer.as_ref().is_err_and(worth_it));
        let down = || reader.line.standing.breaker.down(Instant::now()).is_some();
        let pause = PAUSE.mul_f64(rand::random_range(1.0..=2.0));
        if !wanted || terms.lane != Lane::Admission || terms.deadline.left() < pause + ENOUGH || down() {
            return;
        }
        tokio::time::sleep(pause).await;
        self.read_again(reader, entries, terms, answers, worth_it).await;
    }
}

impl Wanted {
    async fn had(self) -> Answer {
        match self {
            Self::Known(answer) => answer,
            Self::Coming(seat) => seat.answer().await,
        }
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
