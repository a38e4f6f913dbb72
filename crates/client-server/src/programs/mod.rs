//! What `client-server` runs.

pub(crate) mod echo;
pub(crate) mod figures;
pub(crate) mod load;
pub(crate) mod stalling;
pub(crate) mod tour;
