//! Chapter 4: the servers beside those that people run.

mod dns;
mod ftp;
mod http;
mod smtp;

use anyhow::Result;
use clap::Args;

use crate::table::Report;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seconds of each load.
    #[arg(long, default_value = "3")]
    seconds: u64,
    /// Only these protocols, of dns, ftp, http and smtp.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

pub(crate) fn run(options: &Options, rounds: usize) -> Result<Report> {
    let mut report = Report { name: "protocols", ..Report::default() };
    if options.wants("ftp") {
        ftp::ftp(&mut report, options, rounds)?;
    }
    if options.wants("http") {
        http::http(&mut report, options, rounds)?;
    }
    if options.wants("dns") {
        dns::dns(&mut report, options, rounds)?;
    }
    if options.wants("smtp") {
        smtp::smtp(&mut report, options, rounds)?;
    }
    Ok(report)
}
