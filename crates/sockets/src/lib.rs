//! Chapter 1: sockets.
