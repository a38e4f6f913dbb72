//! The Simple Mail Transfer Protocol (RFC 5321).
