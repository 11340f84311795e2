//! The secret store slow, hanging, wrong, sealed.
