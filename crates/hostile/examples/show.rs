//! Shows the review of a seed: `show SEED [FIRST SEED OF THE RUN]`.

use latchkey_hostile::{Kind, Random, objects};

fn main() {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse::<u64>().expect("a number"));
    let (seed, first) = (numbers.next().expect("a seed"), numbers.next().unwrap_or(1));
    let kind = Kind::ALL[(seed - first) as usize % Kind::ALL.len()];
    println!("{kind:?}\n{}", String::from_utf8_lossy(&objects::review(&mut Random::new(seed), kind)));
}
