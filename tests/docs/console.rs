//! The commands of the guide: whether kubectl and Helm understand them. What would change something is tried dry.

use std::process::Command;

use super::markdown::Block;
use super::template;
use crate::support::{Namespace, Said};

/// One line that somebody would type.
#[derive(Debug, Clone)]
pub struct Line {
    /// Page and line of its block.
    place: String,
    /// The whole of it.
    pub line: String,
    /// The first command of it, as words.
    pub words: Vec<String>,
}

/// The lines that begin with a prompt.
pub fn commands(block: &Block) -> Vec<Line> {
    let lines = block.text.lines().filter_map(|line| line.strip_prefix("$ "));
    lines.map(|line| Line { place: block.place.clone(), line: line.to_owned(), words: words(line) }).collect()
}

/// Verbs that only read.
const READ: [&str; 4] = ["get", "describe", "explain", "wait"];
/// Verbs that can be tried dry.
const DRY: [&str; 5] = ["annotate", "label", "create", "delete", "patch"];

impl Line {
    /// What kubectl or Helm says if it does not understand the command.
    pub fn misunderstood(&self, ns: &Namespace<'_>) -> Option<String> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let said = match words.as_slice() {
            ["kubectl", rest @ ..] => kubectl(ns, rest)?,
            ["helm", "install" | "upgrade", "latchkey", "manifests/chart", rest @ ..] => {
                let known = |word: &&str| !matches!(*word, "--create-namespace" | "--reuse-values");
                let rest: Vec<&str> = rest.iter().copied().filter(known).collect();
                template(ns.world, &rest, "")
            }
            _ => return None,
        };
        let missing = said.err.contains("NotFound") || said.err.contains("not found in namespace");
        let nothing = said.err.starts_with("No resources found");
        (!said.ok && !missing && !nothing).then(|| format!("{}: {}\n{said}", self.place, self.line))
    }
}

/// None where the command cannot be tried.
fn kubectl(ns: &Namespace<'_>, words: &[&str]) -> Option<Said> {
    let verb = words.iter().find(|word| READ.contains(word) || DRY.contains(word))?;
    let dry = DRY.contains(verb) && !words.iter().any(|word| word.starts_with("--dry-run"));
    let dry: &[&str] = if dry { &["--dry-run=server"] } else { &[] };
    let own: &[&str] = if words.iter().any(|word| ["-n", "-A", "--namespace"].contains(word)) {
        &[]
    } else {
        &["--namespace", &ns.name]
    };
    let command = ns.world.cluster.kubectl([own, words, dry].concat()).expect("kubectl");
    Some(Said::run(command, ""))
}

/// The words of the first command of a line, with quotes taken off.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for char in line.chars() {
        match (char, quote) {
            ('|' | '>' | '#' | ';', None) => break,
            (' ', None) => words.push(std::mem::take(&mut word)),
            ('\'' | '"', None) => quote = Some(char),
            (char, Some(open)) if char == open => quote = None,
            (char, _) => word.push(char),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Runs a script as a reader would, with kubectl at hand and in the test's namespace.
pub fn bash(ns: &Namespace<'_>, script: &str) -> Said {
    let kubectl = ns.world.cluster.kubectl([""; 0]).expect("kubectl");
    let folder = std::path::Path::new(kubectl.get_program()).parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    for (variable, value) in kubectl.get_envs() {
        command.env(variable, value.unwrap_or_default());
    }
    let function = format!("kubectl() {{ command kubectl --namespace {} \"$@\"; }}", ns.name);
    command.env("PATH", path).args(["-c", &format!("{function}\n{script}")]);
    Said::run(command, "")
}
