//! What `client-server` runs.

pub(crate) mod echo;
pub(crate) mod figures;
pub(crate) mod load;
pub(crate) mod tour;
