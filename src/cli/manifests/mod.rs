//! Manifests in files: which there are, and the objects in them with the lines that they stand on.

mod yaml;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub(super) use yaml::{Lines, Unreadable, documents, value};

/// What is read as a manifest where a directory is given.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The largest file that is read, in bytes: no manifest that an API server takes is as long.
const LARGEST: u64 = 32 << 20;

/// An object of a file.
#[derive(Debug)]
pub(super) struct Object {
    /// The file, as it was named; `-` for standard input.
    pub(super) file: String,
    /// The object itself, without fields that are null.
    pub(super) value: Value,
    /// Where its fields stand.
    pub(super) lines: Lines,
}

impl Object {
    /// A text at this place of the object; empty if there is none.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Its namespace, if the manifest names one.
    pub(super) fn namespace(&self) -> Option<&str> {
        Some(self.text("/metadata/namespace")).filter(|namespace| !namespace.is_empty())
    }

    /// How messages name it: `ExternalSecret team-a/db`.
    pub(super) fn title(&self) -> String {
        match self.namespace() {
            Some(namespace) => format!("{} {namespace}/{}", self.kind(), self.name()),
            None => format!("{} {}", self.kind(), self.name()),
        }
    }
}

/// A document that is no YAML.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) file: String,
    pub(super) why: Unreadable,
}

/// All objects of some files, in the order of the files.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    pub(super) objects: Vec<Object>,
    pub(super) broken: Vec<Broken>,
    /// How many files they are of.
    pub(super) files: usize,
}

/// A file or directory that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path:?} cannot be read")]
pub(super) struct ReadError {
    path: PathBuf,
    source: std::io::Error,
}

impl Manifests {
    /// Reads files, and of directories every file below that looks like a manifest; `-` is standard input.
    ///
    /// # Errors
    /// A file that is not there, is no text, is too large or may not be read.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Self, ReadError> {
        let mut manifests = Self::default();
        for path in paths {
            for file in files(path)? {
                manifests.add(&file.to_string_lossy(), &text(&file)?);
                manifests.files += 1;
            }
        }
        Ok(manifests)
    }

    fn add(&mut self, file: &str, text: &str) {
        for document in documents(text) {
            match document {
                Ok((value, lines)) => self.unfold(file, value, lines),
                Err(why) => self.broken.push(Broken { file: file.to_owned(), why }),
            }
        }
    }

    /// A List is what it holds.
    fn unfold(&mut self, file: &str, mut value: Value, lines: Lines) {
        let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
        let Some(Value::Array(items)) = value.get_mut("items").filter(|_| is_list).map(Value::take) else {
            if value.is_object() {
                self.objects.push(Object { file: file.to_owned(), value, lines });
            }
            return;
        };
        for (index, item) in items.into_iter().enumerate() {
            self.unfold(file, item, lines.below(&format!("items[{index}]")));
        }
    }
}

/// The text of a file.
pub(super) fn text(file: &Path) -> Result<String, ReadError> {
    let failed = |source| ReadError { path: file.to_owned(), source };
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().take(LARGEST + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
    };
    match read.map_err(failed)? as u64 {
        length if length > LARGEST => Err(failed(std::io::ErrorKind::FileTooLarge.into())),
        _ => Ok(text),
    }
}

/// The files that a path stands for, in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |source| ReadError { path: path.to_owned(), source };
    if path.as_os_str() == "-" || !std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries: Result<Vec<_>, _> = std::fs::read_dir(path).map_err(failed)?.collect();
    let mut entries = entries.map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if kind.is_dir() {
            found.extend(files(&path)?); // a link to a directory is none: it may lead back here
        } else if EXTENSIONS.contains(&extension) && path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}
