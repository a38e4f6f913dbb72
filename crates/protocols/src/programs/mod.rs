//! The programs of this chapter.

pub(crate) mod dns;
mod ends;
pub(crate) mod fetch;
pub(crate) mod figures;
pub(crate) mod ftp;
pub(crate) mod ftp_get;
pub(crate) mod http;
pub(crate) mod http_echo;
mod http_settings;
pub(crate) mod lookup;
pub(crate) mod send_mail;
pub(crate) mod smtp;
pub(crate) mod tour;
