//! What `tcp-ip` runs.

pub(crate) mod tour;
