//! The File Transfer Protocol (RFC 959).
