//! Random choices that can be made again: the same seed, or the same bytes, the same choices.

use std::collections::VecDeque;

/// SplitMix64, after what a fuzzer has chosen. Not for secrets.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
    chosen: VecDeque<u8>,
}

impl Random {
    /// The choices of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, chosen: VecDeque::new() }
    }

    /// The choices of a fuzzer: one for every two bytes; after the last always the same.
    pub fn of(bytes: &[u8]) -> Self {
        Self { state: 0, chosen: bytes.iter().copied().collect() }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        if let Some(first) = self.chosen.pop_front() {
            return u64::from(u16::from_le_bytes([first, self.chosen.pop_front().unwrap_or_default()]));
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; zero if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % (end.max(1) as u64)) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_choices() {
        let of = |seed| (0..8).map(|_| Random::new(seed).bits()).collect::<Vec<_>>();
        assert!(of(1) == of(1) && of(1) != of(2));
        let (mut random, mut seen) = (Random::new(3), [0; 4]);
        (0..400).for_each(|_| seen[random.below(4)] += 1);
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    }
}
