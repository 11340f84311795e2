//! The day itself: each ExternalSecret has its turns when the schedule says so; a turn reads what nobody has read since it came
//! due, together with what comes due at the same time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::time::Duration;

use latchkey::engine::budget::{Bucket, Rate};
use latchkey::engine::plan::StoreKey;
use latchkey::engine::recurrence::Recurrence;
use latchkey::refresh::schedule::{self, Spread};
use latchkey_api::external_secret::StoreKind;
use latchkey_provider::EntryRef;
use tokio::time::Instant;

/// A day and an hour, in seconds. The first hour is not told of: it begins with everything created in it.
const BEGIN: i64 = 1_800_000_000;
const HOUR: i64 = 3_600;
const END: i64 = BEGIN + 25 * HOUR;

/// What there is.
pub(crate) struct World {
    pub(crate) objects: usize,
    pub(crate) keys: usize,
    pub(crate) stores: usize,
    pub(crate) batch: usize,
    pub(crate) interval: u64,
    pub(crate) rate: Rate,
}

/// A day under way.
pub(crate) struct Day<'a> {
    world: &'a World,
    entries: Vec<Entry>,
    by_position: Vec<BTreeMap<u64, usize>>,
    spreads: Vec<Spread>,
    objects: Vec<Object>,
    turns: BinaryHeap<Reverse<(i64, usize)>>,
    outage: std::ops::Range<i64>,
    chance: u64,
    /// What each store may still be called, and how often it was within a second of late.
    buckets: Vec<Bucket>,
    called: HashMap<(usize, i64), usize>,
    /// When the day began, on the clock that buckets go by.
    midnight: Instant,
    told: Told,
}

struct Entry {
    store: usize,
    position: u64,
    /// The second in which it was read last.
    read: i64,
}

struct Object {
    entry: usize,
    /// The second in which it was refreshed last, of what it was due for, and how often it has failed since.
    refreshed: i64,
    due: i64,
    failures: u32,
}

/// What was seen of it.
#[derive(Default)]
pub(crate) struct Told {
    /// Calls and reads by minute of the day.
    pub(crate) calls: BTreeMap<i64, usize>,
    pub(crate) reads: BTreeMap<i64, usize>,
    /// The most calls that one store got within one second, and the longest that a call had to wait for its token.
    pub(crate) most_at_once: usize,
    pub(crate) longest_wait: Duration,
    /// Turns that found what they needed read already.
    pub(crate) shared: usize,
    pub(crate) refreshed: usize,
    /// Of all values at all times: the mean age and the greatest, in seconds.
    pub(crate) mean_age: f64,
    pub(crate) oldest: i64,
    /// How long after the outage the last one was well again.
    pub(crate) well_after: i64,
    squares: f64,
    times: f64,
}

impl<'a> Day<'a> {
    /// A day on which no store answers for so many seconds from noon on.
    pub(crate) fn of(world: &'a World, outage: i64) -> Self {
        let entries: Vec<Entry> = (0..world.keys).map(|key| entry(world, key)).collect();
        let mut by_position = vec![BTreeMap::new(); world.stores];
        for (index, entry) in entries.iter().enumerate() {
            by_position[entry.store].insert(entry.position, index);
        }
        let spread = |(store, entries): (usize, &BTreeMap<u64, usize>)| {
            Spread::new(&format!("uid of {store}"), entries.len(), world.batch)
        };
        let spreads = by_position.iter().enumerate().map(spread).collect();
        let noon = BEGIN + 13 * HOUR;
        let mut day = Self {
            world,
            entries,
            by_position,
            spreads,
            objects: Vec::new(),
            turns: BinaryHeap::new(),
            outage: noon..noon + outage,
            chance: 1,
            buckets: (0..world.stores).map(|_| Bucket::new(world.rate)).collect(),
            called: HashMap::new(),
            midnight: Instant::now(),
            told: Told::default(),
        };
        for number in 0..world.objects {
            let created = BEGIN + (day.roll() * HOUR as f64) as i64;
            let entry = number % world.keys;
            day.objects.push(Object { entry, refreshed: created, due: created, failures: 0 });
            day.turns.push(Reverse((created, number)));
        }
        day
    }

    /// Plays it to its end.
    pub(crate) fn played(mut self) -> Told {
        while let Some(Reverse((now, number))) = self.turns.pop() {
            if now >= END {
                break;
            }
            let next =
                if self.outage.contains(&now) { self.fails(now, number) } else { self.works(now, number) };
            self.turns.push(Reverse((next, number)));
        }
        self.told.mean_age = self.told.squares / 2.0 / self.told.times.max(1.0);
        self.told
    }

    fn fails(&mut self, now: i64, number: usize) -> i64 {
        let chance = self.roll();
        let object = &mut self.objects[number];
        object.failures += 1;
        now + schedule::backoff(object.failures, chance).as_secs_f64().ceil() as i64
    }

    fn works(&mut self, now: i64, number: usize) -> i64 {
        let Object { entry, refreshed, due, failures } = self.objects[number];
        if self.entries[entry].read >= due {
            self.told.shared += usize::from(is_told(now));
        } else {
            self.read(now, entry);
        }
        let now = now.max(self.entries[entry].read); // a call that waits for its token is waited for
        self.age(now, now - refreshed);
        if failures > 0 {
            self.told.well_after = self.told.well_after.max(now - self.outage.end);
        }
        let Entry { store, position, .. } = self.entries[entry];
        let next = schedule::after(now, position, self.world.interval, &self.spreads[store]).unwrap_or(END);
        self.objects[number] = Object { entry, refreshed: now, due: next, failures: 0 };
        next
    }

    /// Reads an entry, and by the same calls those that come due with it.
    fn read(&mut self, now: i64, entry: usize) {
        let Entry { store, position, .. } = self.entries[entry];
        let mut wanted = vec![entry];
        if self.world.batch > 1 {
            let together = self.spreads[store].together(position, self.world.interval);
            wanted.extend(self.by_position[store].range(together).map(|(_, other)| *other));
            wanted.retain(|other| *other == entry || self.entries[*other].read < now - 5);
            wanted.sort_unstable();
            wanted.dedup();
        }
        for call in wanted.chunks(self.world.batch.max(1)) {
            let answered = self.call(now, store, call.len());
            call.iter().for_each(|index| self.entries[*index].read = answered);
        }
    }

    /// A call that reads so many: when it is made.
    fn call(&mut self, now: i64, store: usize, reads: usize) -> i64 {
        let since = Duration::from_secs(now.abs_diff(BEGIN));
        let wait = self.buckets[store].take(self.midnight + since);
        let made = now + wait.as_secs_f64() as i64;
        if is_told(made) {
            let minute = (made - BEGIN) / 60;
            *self.told.reads.entry(minute).or_default() += reads;
            *self.told.calls.entry(minute).or_default() += 1;
            let count = self.called.entry((store, made)).or_default();
            *count += 1;
            self.told.most_at_once = self.told.most_at_once.max(*count);
            self.told.longest_wait = self.told.longest_wait.max(wait);
        }
        made
    }

    fn age(&mut self, now: i64, age: i64) {
        if !is_told(now) {
            return;
        }
        let Told { squares, times, oldest, refreshed, .. } = &mut self.told;
        *squares += (age * age) as f64;
        *times += age as f64;
        *oldest = (*oldest).max(age);
        *refreshed += 1;
    }

    /// Uniform in 0..1, the same each time (xorshift).
    fn roll(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn is_told(now: i64) -> bool {
    (BEGIN + HOUR..END).contains(&now)
}

fn entry(world: &World, key: usize) -> Entry {
    let store = key % world.stores;
    let name =
        StoreKey { kind: StoreKind::ClusterSecretStore, namespace: None, name: format!("store-{store}") };
    let reference = EntryRef::new(format!("team/app-{key}"));
    let recurrence = Recurrence { store: Some(name), entry: Some(reference), seconds: world.interval.max(1) };
    Entry { store, position: recurrence.position(), read: i64::MIN }
}
