//! The webhook's certificate rotates, expires, is wrong; its registration is edited.
