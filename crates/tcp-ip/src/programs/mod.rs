//! What `tcp-ip` runs.

pub(crate) mod inspect;
pub(crate) mod quantity;
pub(crate) mod simulate;
pub(crate) mod tour;
