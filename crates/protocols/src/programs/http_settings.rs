//! What both HTTP servers take on their command lines.

use std::fs::OpenOptions;
use std::io;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use protocols::http::access_log::AccessLog;
use protocols::http::server::Settings;
use sockets::serving;

/// Limits of a connection, and its log.
#[derive(Debug, Args)]
pub(crate) struct HttpSettings {
    /// Close a connection on which no request begins for so long.
    #[arg(long, value_name = "TIME", default_value = "75s", value_parser = serving::duration)]
    idle: Duration,
    /// Answer 408 to a request whose head takes longer, from its first octet to its last.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = serving::duration)]
    head: Duration,
    /// Answer 408 to a body that does not come for so long, or more slowly than 1 KiB a second.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = serving::duration)]
    body: Duration,
    /// Octets of the largest body.
    #[arg(long, value_name = "OCTETS", default_value = "1073741824")]
    largest: u64,
    /// Requests that one connection may make.
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// Where each request is written down: `-` (standard error), `off`, or a file to append to.
    #[arg(long, value_name = "WHERE", default_value = "-")]
    log: String,
}

impl HttpSettings {
    /// The settings, with the log opened.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let log = match self.log.as_str() {
            "off" => None,
            "-" => Some(AccessLog::to(io::stderr())),
            path => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                Some(AccessLog::to(file.with_context(|| format!("opening {path}"))?))
            }
        };
        Ok(Settings {
            idle: self.idle,
            head: self.head,
            body: self.body,
            content: self.largest,
            requests: self.requests,
            log,
            ..Settings::default()
        })
    }
}

/// Waits until the log is written, at most for a second.
pub(crate) fn close(log: Option<&AccessLog>) {
    if let Some(log) = log {
        log.close(Duration::from_secs(1));
    }
}
