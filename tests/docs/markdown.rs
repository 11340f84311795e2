//! As much of Markdown as the guide uses.

use std::path::{Path, PathBuf};

use crate::support::repository;

/// A page.
pub struct Page {
    /// Where it is.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
    /// Its fenced blocks.
    pub blocks: Vec<Block>,
    /// Where its links lead.
    pub links: Vec<String>,
    /// Its headings.
    pub headings: Vec<String>,
}

/// A fenced block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Page and line.
    pub place: String,
    /// The first word of its info string.
    pub language: String,
    /// The other words.
    pub mark: String,
    /// What is in it, less the indentation of the fence.
    pub text: String,
}

impl Page {
    /// Reads a page.
    pub fn read(path: &Path) -> Self {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(repository()).unwrap_or(path).display().to_string();
        let (mut blocks, mut links, mut headings) = (Vec::new(), Vec::new(), Vec::new());
        let mut open: Option<(usize, Block)> = None;
        for (number, line) in text.lines().enumerate() {
            let indentation = line.len() - line.trim_start().len();
            match (open.take(), line.trim_start().strip_prefix("```")) {
                (Some((_, block)), Some("")) => blocks.push(block),
                (Some((depth, mut block)), _) => {
                    block.text.push_str(&line[depth.min(indentation)..]);
                    block.text.push('\n');
                    open = Some((depth, block));
                }
                (None, Some(info)) => {
                    let (language, mark) = info.split_once(' ').unwrap_or((info, ""));
                    let place = format!("{name}:{}", number + 1);
                    let (language, mark) = (language.to_owned(), mark.to_owned());
                    open = Some((indentation, Block { place, language, mark, text: String::new() }));
                }
                (None, None) => {
                    headings.extend(
                        line.starts_with('#').then(|| line.trim_start_matches('#').trim().to_owned()),
                    );
                    links.extend(links_of(line));
                }
            }
        }
        assert!(open.is_none(), "{name}: a block does not end");
        Self { path: path.to_owned(), text, blocks, links, headings }
    }
}

fn links_of(line: &str) -> Vec<String> {
    line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// The words between backticks.
pub fn code(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The anchor of a heading, as GitHub makes it.
pub fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
