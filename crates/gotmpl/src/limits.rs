//! How much a template may take: bytes, steps, nesting, time.

use std::cell::Cell;

use zeroize::{Zeroize, Zeroizing};

/// The limit that a template passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// The template's own text is too long.
    #[error("the template is larger than {0} bytes")]
    Size(usize),
    /// Too much output.
    #[error("the output is larger than {0} bytes")]
    Output(usize),
    /// The functions made too many bytes.
    #[error("functions made more than {0} bytes")]
    Memory(usize),
    /// Too many steps.
    #[error("it takes more than {0} steps")]
    Steps(u64),
    /// Parentheses, blocks, template calls or values are nested too deep.
    #[error("it is nested deeper than {0}")]
    Depth(usize),
    /// The caller said that time is over.
    #[error("its time is over")]
    Deadline,
}

/// How much one execution may take.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// The bytes of output.
    pub output: usize,
    /// The bytes that functions make, all together, whether or not they are kept.
    pub memory: usize,
    /// The steps: an action, a call, a round of a loop, a value that is printed.
    pub steps: u64,
    /// How deep blocks, parentheses, template calls and printed values may nest. Each level takes stack: without
    /// optimisation about five KiB.
    pub depth: usize,
    /// Asked now and then; `true` ends the execution.
    pub deadline: Option<&'a dyn Fn() -> bool>,
}

/// A Secret holds at most one MiB; the rest is generous to what people write and cheap to those who wait.
impl Default for Limits<'_> {
    fn default() -> Self {
        Self { output: 1 << 20, memory: 16 << 20, steps: 1_000_000, depth: 100, deadline: None }
    }
}

/// What is left of the limits while a template runs. Functions take from it for what they make.
pub struct Budget<'a> {
    limits: Limits<'a>,
    steps: Cell<u64>,
    memory: Cell<usize>,
    depth: Cell<usize>,
    ask: Cell<u64>,
    /// Where functions write what they make before its length is known.
    scratch: Cell<Zeroizing<Vec<u8>>>,
}

/// So many steps pass between two looks at the clock.
const STEPS_PER_LOOK: u64 = 256;

impl<'a> Budget<'a> {
    /// A budget of which nothing is spent.
    pub fn new(limits: Limits<'a>) -> Self {
        let Limits { output: _, memory, steps, depth: _, deadline: _ } = limits;
        let (steps, memory) = (Cell::new(steps), Cell::new(memory));
        Self { limits, steps, memory, depth: Cell::new(0), ask: Cell::new(0), scratch: Cell::default() }
    }

    /// The limits that it began with.
    pub fn limits(&self) -> &Limits<'a> {
        &self.limits
    }

    /// Takes so many steps.
    pub fn steps(&self, count: u64) -> Result<(), Limit> {
        let left = self.steps.get().checked_sub(count).ok_or(Limit::Steps(self.limits.steps))?;
        self.steps.set(left);
        let asked = self.ask.get();
        if count < asked {
            self.ask.set(asked - count);
            return Ok(());
        }
        self.ask.set(STEPS_PER_LOOK);
        if self.limits.deadline.is_some_and(|over| over()) { Err(Limit::Deadline) } else { Ok(()) }
    }

    /// Takes so many bytes. To be called before they are made.
    pub fn memory(&self, bytes: usize) -> Result<(), Limit> {
        let left = self.memory.get().checked_sub(bytes).ok_or(Limit::Memory(self.limits.memory))?;
        self.memory.set(left);
        Ok(())
    }

    /// The bytes that are left.
    pub fn memory_left(&self) -> usize {
        self.memory.get()
    }

    /// An empty vector to write into, which was written into before unless another function has it.
    pub(crate) fn scratch(&self) -> Zeroizing<Vec<u8>> {
        self.scratch.take()
    }

    /// Gives the vector back. What it holds is wiped.
    pub(crate) fn put_back(&self, mut scratch: Zeroizing<Vec<u8>>) {
        scratch.as_mut_slice().zeroize();
        scratch.clear();
        self.scratch.set(scratch);
    }

    /// One level deeper.
    pub(crate) fn enter(&self) -> Result<(), Limit> {
        if self.depth.get() >= self.limits.depth {
            return Err(Limit::Depth(self.limits.depth));
        }
        self.depth.set(self.depth.get() + 1);
        Ok(())
    }

    /// One level back.
    pub(crate) fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_when_the_steps_are_spent() {
        let budget = Budget::new(Limits { steps: 2, ..Limits::default() });
        assert_eq!(budget.steps(2), Ok(()));
        assert_eq!(budget.steps(1), Err(Limit::Steps(2)));
    }

    #[test]
    fn asks_for_the_time_at_the_first_step_and_every_so_often() {
        let asked = Cell::new(0);
        let deadline = || {
            asked.set(asked.get() + 1);
            asked.get() > 2
        };
        let budget = Budget::new(Limits { deadline: Some(&deadline), ..Limits::default() });
        let steps = (0..10_000).take_while(|_| budget.steps(1).is_ok()).count();
        assert_eq!(steps, 2 * STEPS_PER_LOOK as usize);
    }
}
