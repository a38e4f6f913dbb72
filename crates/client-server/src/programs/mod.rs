//! What `client-server` runs.

pub(crate) mod echo;
pub(crate) mod figures;
pub(crate) mod load;
pub(crate) mod serving;
pub(crate) mod tour;
