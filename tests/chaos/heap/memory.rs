//! The memory of another process.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Bytes to look for, under the name of the form that they are in.
pub struct Form {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// Where something was found.
#[derive(Debug)]
pub struct Find {
    /// In which form.
    pub form: &'static str,
    /// In which mapping: `[heap]`, `[stack]`, or its addresses.
    pub mapping: String,
    /// What stands around it, with dots for what is not printable.
    pub around: String,
}

/// How much is read at a time.
const CHUNK: usize = 1 << 20;

/// How much of what stands around a find is shown.
const AROUND: usize = 120;

/// All of these forms in everything that the process can write to and that has memory behind it: heap, stacks, statics.
///
/// # Panics
/// If it may not be read.
pub fn search(pid: u32, forms: &[Form]) -> Vec<Find> {
    let memory = File::open(format!("/proc/{pid}/mem")).expect("the memory of one's own child");
    let mut finds = Vec::new();
    let mappings = mappings(pid);
    assert!(mappings.len() > 5, "a process has more mappings");
    for (name, start, end) in mappings {
        // A mapping may be given back while it is read: then there is nothing in it.
        let bytes = read(&memory, start, end);
        for form in forms {
            let places = places(&bytes, &form.bytes);
            finds.extend(places.into_iter().map(|place| {
                let (from, to) =
                    (place.saturating_sub(AROUND), bytes.len().min(place + form.bytes.len() + AROUND));
                Find { form: form.name, mapping: name.clone(), around: printable(&bytes[from..to]) }
            }));
        }
    }
    finds
}

/// Name, start and end of what is writable and resident.
fn mappings(pid: u32) -> Vec<(String, u64, u64)> {
    let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).expect("its mappings");
    let mut mappings = Vec::new();
    let mut current = None;
    for line in smaps.lines() {
        if let Some((range, rest)) = line.split_once(' ').filter(|(range, _)| range.contains('-')) {
            let (start, end) = range.split_once('-').expect("a range");
            let address = |text| u64::from_str_radix(text, 16).expect("an address");
            let name = rest.split_whitespace().nth(4).unwrap_or(range).to_owned();
            current = rest.starts_with("rw").then(|| (name, address(start), address(end)));
        } else if line.starts_with("Rss:") && !line.contains(" 0 kB") {
            mappings.extend(current.take());
        }
    }
    mappings
}

fn read(memory: &File, start: u64, end: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = start;
    while at < end {
        let mut chunk = vec![0; CHUNK.min(usize::try_from(end - at).unwrap_or(CHUNK))];
        match memory.read_at(&mut chunk, at) {
            Ok(read) if read > 0 => {
                bytes.extend_from_slice(&chunk[..read]);
                at += read as u64;
            }
            Ok(_) | Err(_) => break,
        }
    }
    bytes
}

/// Where the needle begins, after Horspool: in a long needle most bytes need not be looked at.
fn places(hay: &[u8], needle: &[u8]) -> Vec<usize> {
    let (Some(last), length) = (needle.len().checked_sub(1), needle.len()) else { return Vec::new() };
    let mut skip = [length; 256];
    needle[..last].iter().enumerate().for_each(|(at, byte)| skip[usize::from(*byte)] = last - at);
    let (mut places, mut at) = (Vec::new(), 0);
    while at + length <= hay.len() {
        if hay[at + last] == needle[last] && hay[at..at + length] == *needle {
            places.push(at);
        }
        at += skip[usize::from(hay[at + last])];
    }
    places
}

fn printable(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' })
        .collect()
}

#[test]
fn a_needle_is_found_wherever_it_is() {
    let needle = b"needle-in-the-hay";
    for before in 0..40 {
        for after in 0..3 {
            let hay = [vec![b'h'; before], needle.to_vec(), vec![b'n'; after], needle.to_vec()].concat();
            assert_eq!(places(&hay, needle), [before, before + needle.len() + after]);
        }
    }
    assert!(places(b"needle-in-the-ha", needle).is_empty() && places(b"", needle).is_empty());
}
