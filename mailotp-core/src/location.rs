//! Where a PostgreSQL store is, and how it is reached: what `[store]` of the configuration says.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio_postgres::config::{Config, Host};

/// PostgreSQL's own.
const PORT: u16 = 5432;

/// A database, and the servers that may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// As whom logins connect.
    pub user: String,
    /// To which database.
    pub database: String,
    /// Where it may be, in the order in which they are tried: one of them takes what is written.
    pub servers: Vec<Server>,
    /// Where the password of `user` is; a server may know its own machine's users without.
    pub password_file: Option<PathBuf>,
    /// As whom the command connects: the owner of the tables. Left out, `user` is.
    pub owner: Option<String>,
    /// The owner's password.
    pub owner_password_file: Option<PathBuf>,
    /// Who must have signed the certificate of a server that is not on this machine.
    pub ca_file: Option<PathBuf>,
    /// It was weighed that a server that is promoted may lack what was spent last.
    pub accept_loss: bool,
}

/// One of the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// A socket of this machine.
    Socket(PathBuf),
    /// An address, and the name that stands in its certificate.
    Address(SocketAddr, String),
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::Socket(path) => path.display().fmt(f),
            Server::Address(address, _) => address.fmt(f),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<String> = self.servers.iter().map(ToString::to_string).collect();
        write!(
            f,
            "the database \"{}\" at {}",
            self.database,
            servers.join(", ")
        )
    }
}

/// As whom somebody connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A login.
    Login,
    /// A command.
    Owner,
}

impl Location {
    /// The servers of a URL of libpq (PostgreSQL manual, 34.1.1.2). What else belongs to it stands in keys
    /// of its own. The error says what to write.
    pub fn parse(url: &str) -> Result<Location, String> {
        let config: Config = url
            .parse()
            .map_err(|why: tokio_postgres::Error| format!("it is no URL of PostgreSQL: {why}"))?;
        if config.get_password().is_some() {
            return Err(
                "a password stands in it, and everybody may read this file: put it into store.password_file"
                    .into(),
            );
        }
        if config.get_options().is_some() {
            return Err("options are mailotp's own to set".into());
        }
        let user = config.get_user().ok_or("it names no user")?.to_owned();
        let database = config
            .get_dbname()
            .ok_or("it names no database")?
            .to_owned();
        Ok(Location {
            user,
            database,
            servers: servers(&config)?,
            password_file: None,
            owner: None,
            owner_password_file: None,
            ca_file: None,
            accept_loss: false,
        })
    }

    /// The user of a role.
    pub fn user_of(&self, role: Role) -> &str {
        match (role, &self.owner) {
            (Role::Owner, Some(owner)) => owner,
            _ => &self.user,
        }
    }

    /// Where the password of a role is.
    pub fn password_file_of(&self, role: Role) -> Option<&Path> {
        match role {
            Role::Owner if self.owner.is_some() => self.owner_password_file.as_deref(),
            _ => self.password_file.as_deref(),
        }
    }

    /// A server that the line to is not safe without a certificate.
    pub fn exposed(&self) -> Option<&Server> {
        self.servers.iter().find(
            |server| matches!(server, Server::Address(address, _) if !address.ip().is_loopback()),
        )
    }
}

fn servers(config: &Config) -> Result<Vec<Server>, String> {
    let hosts: Vec<Host> = config.get_hosts().iter().flat_map(each).collect();
    let addresses = config.get_hostaddrs();
    let count = hosts.len().max(addresses.len());
    if count == 0 {
        return Err(
            "it names no server: say host=/var/run/postgresql, or hostaddr=192.0.2.1".into(),
        );
    }
    let ports = config.get_ports();
    (0..count)
        .map(|at| {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(PORT);
            server(hosts.get(at), addresses.get(at).copied(), port)
        })
        .collect()
}

/// Several folders in one `host=` are one to the parser of a URL, and several to libpq.
fn each(host: &Host) -> Vec<Host> {
    match host {
        Host::Unix(folders) => match folders.to_str() {
            Some(folders) => folders
                .split(',')
                .map(|one| Host::Unix(one.into()))
                .collect(),
            None => vec![host.clone()],
        },
        Host::Tcp(_) => vec![host.clone()],
    }
}

/// No name is looked up: a name service may hang, and starts threads.
fn server(host: Option<&Host>, address: Option<IpAddr>, port: u16) -> Result<Server, String> {
    let name = match host {
        Some(Host::Unix(folder)) => {
            return Ok(Server::Socket(folder.join(format!(".s.PGSQL.{port}"))));
        }
        Some(Host::Tcp(name)) => Some(name),
        None => None,
    };
    let address = address.or_else(|| name?.parse().ok()).ok_or_else(|| {
        format!(
            "\"{}\" is a name, and no login waits for a name service: add its address with hostaddr=",
            name.map_or("", |name| name)
        )
    })?;
    let name = name.map_or_else(|| address.to_string(), Clone::clone);
    Ok(Server::Address(SocketAddr::new(address, port), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers_of(url: &str) -> Vec<String> {
        let location = Location::parse(url).unwrap();
        location.servers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sockets_addresses_and_names_with_an_address_are_servers() {
        for (url, servers) in [
            (
                "postgresql://mailotp@/mailotp?host=/var/run/postgresql",
                &["/var/run/postgresql/.s.PGSQL.5432"][..],
            ),
            (
                "postgresql://mailotp@/mailotp?host=/run/pg&port=5433",
                &["/run/pg/.s.PGSQL.5433"],
            ),
            (
                "postgresql://m@/db?host=/run/a,/run/b&target_session_attrs=read-write",
                &["/run/a/.s.PGSQL.5432", "/run/b/.s.PGSQL.5432"],
            ),
            (
                "postgresql://m@%2Frun%2Fa,192.0.2.1/db",
                &["/run/a/.s.PGSQL.5432", "192.0.2.1:5432"],
            ),
            (
                "postgresql://m@192.0.2.1:5433,[2001:db8::1]:5434/db",
                &["192.0.2.1:5433", "[2001:db8::1]:5434"],
            ),
            (
                "postgresql://m@a.example,b.example/db?hostaddr=192.0.2.1,192.0.2.2&target_session_attrs=read-write",
                &["192.0.2.1:5432", "192.0.2.2:5432"],
            ),
        ] {
            assert_eq!(servers_of(url), servers, "{url}");
        }
        let named = Location::parse("postgresql://m@a.example/db?hostaddr=192.0.2.1").unwrap();
        assert!(
            matches!(&named.servers[0], Server::Address(_, name) if name == "a.example"),
            "the name of the certificate"
        );
    }

    #[test]
    fn what_a_login_must_not_do_is_refused_with_what_to_write() {
        for (url, says) in [
            ("postgresql://m@db.example/db", "hostaddr="),
            ("postgresql://m:secret@/db?host=/run/pg", "password_file"),
            ("postgresql://m@/db", "names no server"),
            ("postgresql:///db?host=/run/pg", "names no user"),
            ("postgresql://m@/?host=/run/pg", "names no database"),
            (
                "postgresql://m@/db?host=/run/pg&options=-csearch_path%3Dx",
                "mailotp's own",
            ),
            ("postgresql://m@/db?nonsense=1", "no URL"),
        ] {
            let why = Location::parse(url).unwrap_err();
            assert!(why.contains(says), "{url}: {why}");
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn a_line_that_leaves_the_machine_is_exposed() {
        let exposed = |url| Location::parse(url).unwrap().exposed().is_some();
        assert!(exposed("postgresql://m@127.0.0.1,192.0.2.1/db"));
        assert!(!exposed("postgresql://m@127.0.0.1,[::1]/db"));
        assert!(!exposed("postgresql://m@/db?host=/run/pg"));
    }
}
