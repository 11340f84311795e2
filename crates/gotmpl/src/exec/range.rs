//! `range`

use super::{Exec, Flow, Operand, Result};
use crate::Value;
use crate::ast::Loop;
use crate::value::{List, Map};

impl<'t> Exec<'t> {
    /// One round for each element, or the `else` if there is none.
    pub(super) fn range(&mut self, dot: &Operand, range: &'t Loop) -> Result<Flow> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, &range.pipe)?;
        let mut flow = Flow::Next;
        let ran = match &value {
            Value::Nil => false,
            Value::List(list) => self.range_list(range, list)?,
            Value::Map(map) => self.range_map(range, map)?,
            Value::Int(_) | Value::Int64(_) | Value::Byte(_) => self.range_number(range, &value)?,
            Value::Bool(_) | Value::Float(_) | Value::Str(_) | Value::Object(_) => {
                return Err(self.fail(format!("range can't iterate over {}", value.type_name())));
            }
        };
        if !ran && let Some(otherwise) = &range.otherwise {
            flow = self.walk_all(dot, otherwise)?;
            // A break in the else of this loop leaves this loop, though no round of it ran.
            flow = if flow == Flow::Break { Flow::Next } else { flow };
        }
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range_list(&mut self, range: &'t Loop, list: &List) -> Result<bool> {
        // One after the other: a round may sort the list.
        for (number, index) in (0..list.len()).zip(0..) {
            let Some(value) = list.values().get(number).cloned() else { break };
            if !self.round(range, Value::Int(index), Operand::element(value, list.elem()))? {
                break;
            }
        }
        Ok(!list.is_empty())
    }

    /// The entries as they are when the loop begins.
    fn range_map(&mut self, range: &'t Loop, map: &Map) -> Result<bool> {
        self.within(self.budget.steps(map.len() as u64))?;
        let entries = map.entries();
        let ran = !entries.is_empty();
        for (key, value) in entries {
            let element = Operand::element(value, map.elem());
            if !self.round(range, Value::Str(key), element)? {
                break;
            }
        }
        Ok(ran)
    }

    /// From nought up to the number.
    fn range_number(&mut self, range: &'t Loop, number: &Value) -> Result<bool> {
        if range.pipe.variables.len() > 1 {
            let kind = number.type_name();
            return Err(self.fail(format!("can't use {kind} to iterate over more than one variable")));
        }
        let end = number.as_integer().unwrap_or_default();
        for index in 0..end {
            let element = if matches!(number, Value::Int64(_)) {
                Value::Int64(index)
            } else if matches!(number, Value::Byte(_)) {
                Value::Byte(u8::try_from(index).unwrap_or(u8::MAX))
            } else {
                Value::Int(index)
            };
            if !self.round(range, Value::Nil, Operand::bare(element))? {
                break;
            }
        }
        Ok(end > 0)
    }

    /// One round; false if it is the last one.
    fn round(&mut self, range: &'t Loop, index: Value, element: Operand) -> Result<bool> {
        self.within(self.budget.steps(1))?;
        self.bind(range, Operand::bare(index), element.clone())?;
        let mark = self.variables.len();
        let flow = self.walk_all(&element, &range.body)?;
        self.variables.truncate(mark);
        Ok(flow != Flow::Break)
    }

    /// Gives the loop's variables their values: the element, or the index and the element.
    fn bind(&mut self, range: &'t Loop, index: Operand, element: Operand) -> Result<()> {
        let names = &range.pipe.variables;
        let values = [index, element].into_iter().skip(if names.len() > 1 { 0 } else { 1 });
        let first = self.variables.len().saturating_sub(names.len());
        for (offset, (name, value)) in names.iter().zip(values).enumerate() {
            if range.pipe.assign {
                self.assign(name, value)?;
            } else if let Some((_, slot)) = self.variables.get_mut(first + offset) {
                *slot = value;
            }
        }
        Ok(())
    }
}
