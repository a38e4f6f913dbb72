//! The Domain Name System (RFC 1034, 1035).
