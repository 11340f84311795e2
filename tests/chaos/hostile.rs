//! Reviews and objects made to break latchkey.
