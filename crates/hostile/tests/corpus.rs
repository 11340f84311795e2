//! What fuzzers have found, and the seeds that they begin with, through the functions that they call.

use std::path::{Path, PathBuf};

use latchkey_hostile::targets;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn the_corpus_breaks_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, target) in targets::ALL {
        let inputs = files(&corpus.join(name));
        assert!(inputs.len() > 2, "{name} has no corpus");
        for input in inputs {
            let bytes = std::fs::read(&input).expect("an input");
            eprintln!("{}", input.display()); // seen if the next line panics
            target(&bytes);
        }
    }
}

/// Whatever has a corpus is a target, and the other way round; so has `fuzz/` a program for each.
#[test]
fn each_target_has_its_program_and_its_corpus() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let names = |folder: &str| {
        let mut names: Vec<String> = files(&fuzz.join(folder))
            .iter()
            .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
            .collect();
        names.sort();
        names
    };
    let mut targets: Vec<_> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    targets.sort();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
}

/// A little of what a fuzzer does, without one: choices of chance in the place of coverage.
#[test]
fn random_bytes_break_no_target() {
    for (name, target) in targets::ALL {
        for seed in 0..60 {
            let mut random = latchkey_hostile::Random::new(seed);
            let mut bytes: Vec<u8> = (0..random.below(120)).map(|_| random.bits() as u8).collect();
            if random.once_in(2) {
                bytes = latchkey_hostile::words::text(&mut random, name).into_bytes();
                latchkey_hostile::mutate::mutate_bytes(&mut random, &mut bytes);
            }
            eprintln!("{name}: seed {seed}");
            target(&bytes);
        }
    }
}
