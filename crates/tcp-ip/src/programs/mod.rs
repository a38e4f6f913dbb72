//! What `tcp-ip` runs.

pub(crate) mod inspect;
pub(crate) mod tour;
