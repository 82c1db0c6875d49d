//! The command on the store of several machines, at a real PostgreSQL.

mod backup;
mod commands;
mod people;
