//! Speaks to a real server.
