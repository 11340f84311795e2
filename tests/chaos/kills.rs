//! A replica stopped dead at each step of the write protocol.
