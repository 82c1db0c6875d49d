//! One connection, for one call of the host: no thread, no name service, no environment, and one deadline
//! over all that happens on it.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::config::{ChannelBinding, Config, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::stream::Stream;
use super::{Location, Role, Server, failed};
use crate::files::{self, Secrecy};
use crate::store::StoreError;

/// A goodbye takes no longer.
const GOODBYE: Duration = Duration::from_millis(50);

/// What kind of server there is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// PostgreSQL: what it has committed may be behind on another server.
    Postgres,
    /// One that commits nothing without a majority of its nodes: CockroachDB, YugabyteDB.
    Consensus,
}

/// Why there is no answer.
pub(super) enum Silence {
    /// None came in time.
    Late,
    /// The server, or the line to it, failed.
    Failed(tokio_postgres::Error),
}

/// A connection.
pub(super) struct Line {
    runtime: Runtime,
    client: Option<Client>,
    driver: Option<JoinHandle<()>>,
    warned: Arc<AtomicBool>,
    pub(super) kind: Kind,
}

/// What is needed to get one.
struct Way<'a> {
    location: &'a Location,
    config: Config,
    roots: Option<RootCertStore>,
}

impl Line {
    /// Connects to the first of the servers that takes what is written. One that accepts and stays silent
    /// leaves the others their share of the time.
    pub(super) fn open(
        location: &Location,
        role: Role,
        deadline: Instant,
    ) -> Result<Line, StoreError> {
        let way = Way::new(location, role)?;
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|why| StoreError::Database(why.to_string()))?;
        let warned = Arc::new(AtomicBool::new(false));
        let mut line = Line {
            runtime,
            client: None,
            driver: None,
            warned,
            kind: Kind::Postgres,
        };
        let mut why = StoreError::TooSlow;
        for (at, server) in location.servers.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / (location.servers.len() - at) as u32;
            match line.reach(&way, server, Instant::now() + share) {
                Ok(()) => return Ok(line),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    fn reach(&mut self, way: &Way<'_>, server: &Server, by: Instant) -> Result<(), StoreError> {
        let warned = self.warned.clone();
        let reach = async {
            let reached = way.connect(server, warned).await?;
            let writable = match reached.standby {
                Some(standby) => !standby,
                None => is_writable(&reached.client).await?,
            };
            Ok((reached, writable))
        };
        let reached = self.within(by, reach).unwrap_or(Err(StoreError::TooSlow));
        let (reached, writable) = reached.map_err(|why| named(why, server))?;
        if !writable {
            return Err(StoreError::Database(format!(
                "{server} takes nothing that is written: it is a standby"
            )));
        }
        self.client = Some(reached.client);
        self.driver = Some(reached.driver);
        self.kind = reached.kind;
        Ok(())
    }

    /// Asks the server.
    pub(super) fn ask<'a, T, W>(
        &'a self,
        by: Instant,
        question: impl FnOnce(&'a Client) -> W,
    ) -> Result<T, Silence>
    where
        W: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let client = self.client.as_ref().ok_or(Silence::Late)?;
        let answer = self.within(by, question(client));
        answer.ok_or(Silence::Late)?.map_err(Silence::Failed)
    }

    /// What comes of `work` by then.
    fn within<T>(&self, by: Instant, work: impl Future<Output = T>) -> Option<T> {
        let limited = async { tokio::time::timeout_at(by.into(), work).await };
        self.runtime.block_on(limited).ok()
    }

    /// Whether the server has warned of something since it was asked last.
    pub(super) fn was_warned(&self) -> bool {
        self.warned.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Line {
    /// Says goodbye, so that the server ends its part now.
    fn drop(&mut self) {
        self.client = None;
        if let Some(driver) = self.driver.take() {
            let _ = self.within(Instant::now() + GOODBYE, driver);
        }
    }
}

fn named(why: StoreError, server: &Server) -> StoreError {
    match why {
        StoreError::Database(why) => StoreError::Database(format!("{server}: {why}")),
        why => why,
    }
}

/// A server that lets us in.
struct Reached {
    client: Client,
    driver: JoinHandle<()>,
    kind: Kind,
    /// Whether it is a standby; one before PostgreSQL 14 does not say so by itself.
    standby: Option<bool>,
}

async fn is_writable(client: &Client) -> Result<bool, StoreError> {
    let row = client.query_typed_one("SHOW transaction_read_only", &[]);
    let row = row.await.map_err(|why| failed(&why))?;
    let read_only: &str = row.try_get(0).map_err(|why| failed(&why))?;
    Ok(read_only == "off")
}

impl Way<'_> {
    fn new(location: &Location, role: Role) -> Result<Way<'_>, StoreError> {
        let mut config = Config::new();
        config
            .user(location.user_of(role))
            .dbname(&location.database)
            .application_name("mailotp");
        if let Some(file) = location.password_file_of(role) {
            let text = read(file, Secrecy::Private)?;
            let password = text.strip_suffix(b"\n").unwrap_or(&text);
            config.password(password);
        }
        let roots = match &location.ca_file {
            Some(file) => Some(roots(file)?),
            None => None,
        };
        Ok(Way {
            location,
            config,
            roots,
        })
    }

    async fn connect(
        &self,
        server: &Server,
        warned: Arc<AtomicBool>,
    ) -> Result<Reached, StoreError> {
        let io = |why: std::io::Error| StoreError::Database(why.to_string());
        let mut config = self.config.clone();
        let stream = match (server, &self.roots) {
            (Server::Socket(path), _) => Stream::unix(path).await.map_err(io)?,
            (Server::Address(address, name), Some(roots)) => {
                let stream = Stream::tcp(*address).await.map_err(io)?;
                config.ssl_mode(SslMode::Require);
                if self.config.get_password().is_some() {
                    // The password goes to nobody but by SCRAM, bound to this very TLS (RFC 5802, section 6).
                    config.channel_binding(ChannelBinding::Require);
                }
                let Ok(tls) = MakeTlsConnect::<Stream>::make_tls_connect(&mut tls(roots)?, name);
                return log_in(&config, stream, tls, warned).await;
            }
            (Server::Address(address, _), None) if address.ip().is_loopback() => {
                Stream::tcp(*address).await.map_err(io)?
            }
            // The configuration does not let it come to this.
            (Server::Address(..), None) => {
                return Err(StoreError::Database(format!(
                    "{} is not on this machine, and no ca_file says whose certificate it has",
                    self.location
                )));
            }
        };
        config.ssl_mode(SslMode::Disable);
        log_in(&config, stream, NoTls, warned).await
    }
}

async fn log_in<T>(
    config: &Config,
    stream: Stream,
    tls: T,
    warned: Arc<AtomicBool>,
) -> Result<Reached, StoreError>
where
    T: TlsConnect<Stream>,
    T::Stream: Send + 'static,
{
    let line = config.connect_raw(stream, tls).await;
    let (client, connection) = line.map_err(|why| failed(&why))?;
    Ok(driven(client, connection, warned))
}

/// The connection is driven whenever somebody waits for an answer, on the thread that waits.
fn driven<T>(
    client: Client,
    mut connection: Connection<Stream, T>,
    warned: Arc<AtomicBool>,
) -> Reached
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let is_yugabyte = connection
        .parameter("server_version")
        .is_some_and(|version| version.contains("-YB-"));
    let kind = if is_yugabyte || connection.parameter("crdb_version").is_some() {
        Kind::Consensus
    } else {
        Kind::Postgres
    };
    let standby = connection
        .parameter("in_hot_standby")
        .map(|says| says == "on");
    let drive: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            if matches!(&message, AsyncMessage::Notice(notice) if notice.severity() == "WARNING") {
                warned.store(true, Ordering::Relaxed);
            }
        }
    });
    Reached {
        client,
        driver: tokio::spawn(drive),
        kind,
        standby,
    }
}

fn read(file: &Path, secrecy: Secrecy) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
    files::read(file, secrecy)
        .map_err(|problem| StoreError::Database(format!("{problem} ({})", problem.remedy)))
}

fn roots(file: &Path) -> Result<RootCertStore, StoreError> {
    let broken =
        |why: &dyn std::fmt::Display| StoreError::Database(format!("{}: {why}", file.display()));
    let text = read(file, Secrecy::Public)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|why| broken(&why))?;
        roots.add(certificate).map_err(|why| broken(&why))?;
    }
    if roots.is_empty() {
        return Err(broken(&"there is no certificate in it"));
    }
    Ok(roots)
}

fn tls(roots: &RootCertStore) -> Result<MakeRustlsConnect, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| StoreError::Database(why.to_string()))?
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
