//! HTTP servers under each of the shells, over sockets.

mod hostile;
mod promises;
mod rules;
mod shell;
