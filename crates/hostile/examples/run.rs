//! Runs hostile objects: `run [SEED [COUNT]]`.

fn main() {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse().expect("a number"));
    let (seed, count) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(3_000));
    println!("{}", latchkey_hostile::run::run(seed, count as usize).json());
}
