//! `http`: a folder over HTTP/1.1.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use client_server::serve::Serve;
use protocols::http::files::Files;
use sockets::wire::Wire;

use super::http_settings::{HttpSettings, close};

/// Serves a folder over HTTP/1.1.
#[derive(Debug, Args)]
pub(crate) struct Http {
    /// The folder. Nothing that is not beneath it is served, whatever links say.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Let clients PUT and DELETE files.
    #[arg(long)]
    writable: bool,
    /// Answer 403 for a directory without an index.html, in place of a page that lists it.
    #[arg(long)]
    no_listing: bool,
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    http: HttpSettings,
}

pub(crate) fn run(arguments: &Http, wire: &Wire) -> Result<()> {
    let settings = arguments.http.settings()?;
    let log = settings.log.clone();
    let root = &arguments.root;
    let files =
        Files::new(root, settings).with_context(|| format!("opening {}", root.display()))?;
    let files = files.with(arguments.writable, !arguments.no_listing);
    let served = arguments.serve.offer("http", wire, files);
    close(log.as_ref());
    served
}
