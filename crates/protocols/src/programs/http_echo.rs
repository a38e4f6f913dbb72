//! `http-echo`: answers with what it got.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use client_server::Service;
use client_server::serve::Serve;
use protocols::http::echo::Echo;
use protocols::http::server::{Http, REFUSAL, Settings};
use sockets::wire::Wire;

use super::http_settings::{HttpSettings, close};

/// Answers any request with the body that it got, while it comes.
#[derive(Debug, Args)]
pub(crate) struct HttpEcho {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    http: HttpSettings,
}

/// Makes a session for each connection.
#[derive(Debug, Clone)]
pub(super) struct Echoes(Arc<Settings>);

impl Echoes {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self(settings)
    }
}

impl Service for Echoes {
    type Session = Http<Echo>;

    fn session(&self, peer: Option<IpAddr>) -> Self::Session {
        Http::new(Echo::default(), self.0.clone(), peer)
    }

    fn refusal(&self) -> &[u8] {
        REFUSAL
    }
}

pub(crate) fn run(arguments: &HttpEcho, wire: &Wire) -> Result<()> {
    let settings = arguments.http.settings()?;
    let log = settings.log.clone();
    let served = arguments.serve.offer("http-echo", wire, Echoes::new(Arc::new(settings)));
    close(log.as_ref());
    served
}
