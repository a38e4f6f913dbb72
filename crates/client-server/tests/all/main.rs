//! Servers under each of the shells, and what their clients meet: one test program, so that what the
//! tests share is compiled once.

mod beside;
mod endings;
mod obedient;
mod pressure;
mod programs;
mod shell;
mod shells;
