//! Where the entries of one store come due within their interval.
//!
//! Entries that are read one by one are spread over all seconds. Where one call reads many, they come due in groups that
//! fill a call: there are as many places as calls are needed, rounded up to a power of two, so that a place that is added
//! halves others and leaves the rest where they are. The whole is turned by the store's uid: two clusters that read the same
//! keys of one account do not come at the same moments.

use std::ops::RangeInclusive;

use sha3::{Digest, Sha3_224};

/// How one store's entries are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// How many places there are, if an interval has as many seconds.
    places: u64,
    /// By how much all are turned, as a share of 2^64.
    turn: u64,
}

impl Spread {
    /// Of so many different entries, when one call reads so many.
    pub fn new(store_uid: &str, entries: usize, batch: usize) -> Self {
        let digest = Sha3_224::digest(store_uid);
        let turn = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        let calls = entries.div_ceil(batch.max(1)).max(1);
        let places = if batch > 1 { calls.next_power_of_two() as u64 } else { u64::MAX };
        Self { places, turn }
    }

    /// Which part of an interval of so many seconds an entry at this position comes due at, in seconds after its begin.
    pub(super) fn phase(&self, position: u64, seconds: u64) -> u64 {
        let places = self.places_in(seconds);
        let place = share(position, places);
        let begin = (u128::from(place) * u128::from(seconds) / u128::from(places)) as u64;
        (begin + share(self.turn, seconds)) % seconds.max(1)
    }

    /// The positions of all that come due together with this one.
    pub fn together(&self, position: u64, seconds: u64) -> RangeInclusive<u64> {
        let places = u128::from(self.places_in(seconds));
        let place = u128::from(share(position, self.places_in(seconds)));
        let begin = |place: u128| (place << 64).div_ceil(places);
        begin(place) as u64..=(begin(place + 1) - 1) as u64
    }

    fn places_in(&self, seconds: u64) -> u64 {
        self.places.min(seconds).max(1)
    }
}

/// This share (of 2^64) of a number.
fn share(of_all: u64, number: u64) -> u64 {
    ((u128::from(of_all) * u128::from(number)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn positions(count: u64) -> impl Iterator<Item = u64> {
        // The golden ratio: evenly spread, and not regular.
        (0..count).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    #[test]
    fn entries_that_are_read_one_by_one_have_a_second_each() {
        let spread = Spread::new("uid", 100, 1);
        let seconds: BTreeMap<u64, usize> = positions(100).fold(BTreeMap::new(), |mut seconds, position| {
            *seconds.entry(spread.phase(position, 3_600)).or_default() += 1;
            seconds
        });
        assert!(seconds.len() > 95 && seconds.keys().all(|second| *second < 3_600), "{seconds:?}");
    }

    #[test]
    fn entries_that_are_read_together_come_due_together() {
        let spread = Spread::new("uid", 100, 20);
        let groups: BTreeMap<u64, usize> = positions(100).fold(BTreeMap::new(), |mut groups, position| {
            *groups.entry(spread.phase(position, 3_600)).or_default() += 1;
            groups
        });
        assert_eq!(groups.len(), 8);
        assert!(groups.values().all(|entries| *entries <= 20), "{groups:?}");
    }

    #[test]
    fn one_entry_more_moves_few() {
        let (few, more) = (Spread::new("uid", 80, 20), Spread::new("uid", 81, 20));
        let stay = positions(1_000).filter(|at| few.phase(*at, 3_600) == more.phase(*at, 3_600)).count();
        assert!((490..=510).contains(&stay), "{stay} of 1000 stay where they are");
    }

    #[test]
    fn two_clusters_do_not_come_at_the_same_moments() {
        let phase = |uid| Spread::new(uid, 1, 20).phase(7, 3_600);
        assert_ne!(phase("one"), phase("other"));
    }

    proptest! {
        #[test]
        fn those_of_a_place_are_those_that_come_due_together(
            position: u64, other: u64, entries in 0usize..100_000, batch in 1usize..30, seconds in 1u64..100_000,
        ) {
            let spread = Spread::new("uid", entries, batch);
            let together = spread.together(position, seconds);
            prop_assert!(together.contains(&position));
            prop_assert!(spread.phase(position, seconds) < seconds);
            let same = spread.phase(position, seconds) == spread.phase(other, seconds);
            prop_assert_eq!(together.contains(&other), same);
        }
    }
}
