//! The tables of PostfixAdmin (its `public/upgrade.php`, from version 1849 of the schema on):
//! `mailbox` with `username`, `active` and `totp_secret` in base32; `mailbox_app_password` with `username`,
//! `description` and `password_hash`; `totp_exception_address` with `ip`, `description` and `username`,
//! which is a mailbox, a domain, or NULL for everybody. Its TOTP has six digits, 30 seconds and SHA-1.

use std::net::IpAddr;

use super::sql::{self, Row};
use super::{Entry, Item, Obstacle, Token, Unreadable, What, totp};
use crate::credential::oath::{Algorithm, parse_seed};

const MAILBOX: &str = "mailbox";
const APP_PASSWORD: &str = "mailbox_app_password";
const EXCEPTION: &str = "totp_exception_address";
const ADMIN: &str = "admin";

pub(super) fn parse(text: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    let mut entries = Vec::new();
    let has_tables = sql::read(
        text,
        |table| ours(table).is_some(),
        |row| entries.extend(entry(&row)),
    )?;
    has_tables.then_some(entries).ok_or(Unreadable::OtherKind)
}

/// Which of the tables it is: PostfixAdmin can put a prefix before their names.
fn ours(table: &str) -> Option<&'static str> {
    let is_it = |name: &&str| {
        let prefix = table.strip_suffix(name);
        prefix.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('_'))
    };
    [APP_PASSWORD, EXCEPTION, MAILBOX, ADMIN]
        .into_iter()
        .find(is_it)
}

fn entry(row: &Row) -> Option<Entry> {
    let table = ours(&row.table)?;
    if row.columns.is_empty() {
        let why = Err(Obstacle::NoColumns);
        return Some(Entry::new(row.line, What::Line, why));
    }
    let username = row.get("username");
    let entry = |what, item| Some(Entry::new(row.line, what, item).of(&username));
    match table {
        MAILBOX if row.get("totp_secret").is_empty() => None,
        MAILBOX => entry(What::Token, token(row)),
        APP_PASSWORD => {
            let named = |entry: Entry| entry.named(&row.get("description"));
            entry(What::AppPassword, Err(Obstacle::OneWay)).map(named)
        }
        EXCEPTION => {
            let found = Entry::new(row.line, What::Exception, exception(row));
            let found = found.named(&row.get("description"));
            Some(match found.item {
                Ok(_) => found.of(&username),
                Err(_) => found,
            })
        }
        _ if row.get("totp_secret").is_empty() => None,
        _ => entry(What::Token, Err(Obstacle::NotAMailbox)),
    }
}

fn token(row: &Row) -> Result<Item, Obstacle> {
    // As MySQL and SQLite, and as PostgreSQL write what is false.
    if ["0", "f", "false"].contains(&row.get("active").as_str()) {
        return Err(Obstacle::SwitchedOff);
    }
    let seed = parse_seed(&row.get("totp_secret"));
    let seed = seed.ok_or(Obstacle::Malformed("its secret is no base32"))?;
    Token::new(totp(6, 30)?, Algorithm::Sha1, seed).map(Item::Token)
}

fn exception(row: &Row) -> Result<Item, Obstacle> {
    let address: IpAddr = row
        .get("ip")
        .trim()
        .parse()
        .map_err(|_| Obstacle::NoAddress)?;
    let username = row.get("username");
    if username.contains('@') {
        return Ok(Item::Exemption(address));
    }
    let domain = (!username.is_empty()).then(|| username.to_string());
    Err(Obstacle::ForMany { address, domain })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    /// As mysqldump writes it: all rows on one line, and columns in the order of the table.
    pub(crate) const MYSQL: &str = r"-- MySQL dump 10.13  Distrib 8.0.31, for Linux (x86_64)
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
DROP TABLE IF EXISTS `mailbox`;
CREATE TABLE `mailbox` (
  `username` varchar(255) COLLATE latin1_general_ci NOT NULL,
  `password` varchar(255) NOT NULL,
  `name` varchar(255) NOT NULL DEFAULT 'it''s (a, default)',
  `active` tinyint(1) NOT NULL DEFAULT '1',
  `totp_secret` varchar(255) CHARACTER SET utf8 DEFAULT NULL,
  PRIMARY KEY (`username`),
  KEY `domain` (`name`,`active`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `mailbox` WRITE;
INSERT INTO `mailbox` VALUES ('alice@example.com','$1$x','O\'Hara); INSERT INTO mailbox','1','GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'),('bob@example.com','$1$y','Bob \\','1',NULL),
('carol@example.com','$1$z','Carol','0','GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
UNLOCK TABLES;
INSERT INTO `mailbox_app_password` (`id`, `username`, `description`, `password_hash`) VALUES (1,'alice@example.com','phone','$2y$10$x'),(2,'bob@example.com',NULL,'{SHA512-CRYPT}$6$x');
INSERT INTO `totp_exception_address` (`id`,`ip`,`username`,`description`) VALUES (1,'192.0.2.7','alice@example.com','office'),(2,'2001:db8::1','example.com','branch'),(3,'192.0.2.8',NULL,NULL),(4,'office','bob@example.com','x');
";

    /// As pg_dump writes it.
    pub(crate) const POSTGRES: &str = "--
-- PostgreSQL database dump
--
\\restrict abc'def
SET standard_conforming_strings = on;
CREATE FUNCTION public.merge() RETURNS trigger AS $$ BEGIN RAISE 'it''s'; INSERT INTO mailbox VALUES (1); END $$;
CREATE TABLE public.mailbox (
    username character varying(255) NOT NULL,
    active boolean DEFAULT true NOT NULL,
    name character varying(255) DEFAULT 'a\\'::character varying,
    totp_secret character varying(255) DEFAULT NULL::character varying
);
COPY public.mailbox (username, active, name, totp_secret) FROM stdin;
alice@example.com\tt\tO'Hara\tGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
bob@example.com\tt\tBob\\tTab\t\\N
\\.
COPY public.other (username) FROM stdin;
it's
\\.
INSERT INTO public.totp_exception_address VALUES (1, '192.0.2.7', 'alice@example.com', E'it\\'s');
CREATE TABLE public.totp_exception_address (id integer, ip character varying(46), username text, description text);
INSERT INTO public.totp_exception_address VALUES (1, '192.0.2.7', 'alice@example.com', E'it\\'s');
";

    /// As `sqlite3 .dump` writes it.
    pub(crate) const SQLITE: &str = "PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE mailbox (`username` varchar(255) NOT NULL, `name` varchar(255), `active` tinyint(1), `totp_secret` VARCHAR(255) DEFAULT NULL, PRIMARY KEY (`username`));
INSERT INTO mailbox VALUES('alice@example.com','back\\',1,'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
INSERT INTO mailbox VALUES('bob@example.com',replace('two\\nlines','\\n',char(10)),1,'');
COMMIT;
";

    /// As PostfixAdmin's own `backup.php` writes it: no semicolons behind the tables, and no NULL.
    pub(crate) const BACKUP: &str = "#
# Postfix Admin 3.4
#
CREATE TABLE `mailbox` (
  `username` varchar(255) NOT NULL
) ENGINE=InnoDB COMMENT='Postfix Admin - Virtual Mailboxes'CREATE TABLE `totp_exception_address` (
  `id` int(11) NOT NULL
) COMMENT='x'INSERT INTO mailbox (username,name,active,totp_secret) VALUES ('alice@example.com','O\\'Hara','1','GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
INSERT INTO totp_exception_address (id,ip,username,description) VALUES ('1','192.0.2.8','','all');
";

    /// Line, account, what it is, and what comes of it.
    type Found = (usize, Option<String>, What, Result<String, Obstacle>);

    fn found(text: &str) -> Vec<Found> {
        let entries = parse(text.as_bytes()).unwrap().into_iter();
        let words = |item| match item {
            Item::Token(token) => {
                assert_eq!(&**token.seed.0, b"12345678901234567890");
                "token".to_owned()
            }
            Item::Exemption(address) => address.to_string(),
            other => panic!("{other:?}"),
        };
        entries
            .map(|entry| (entry.line, entry.account, entry.what, entry.item.map(words)))
            .collect()
    }

    fn of(name: &str) -> Option<String> {
        Some(format!("{name}@example.com"))
    }

    fn many(address: &str, domain: Option<&str>) -> Result<String, Obstacle> {
        let (address, domain) = (address.parse().unwrap(), domain.map(str::to_owned));
        Err(Obstacle::ForMany { address, domain })
    }

    #[test]
    fn a_dump_of_mysql_is_read() {
        let token = || Ok("token".to_owned());
        assert_eq!(
            found(MYSQL),
            [
                (14, of("alice"), What::Token, token()),
                (15, of("carol"), What::Token, Err(Obstacle::SwitchedOff)),
                (17, of("alice"), What::AppPassword, Err(Obstacle::OneWay)),
                (17, of("bob"), What::AppPassword, Err(Obstacle::OneWay)),
                (18, of("alice"), What::Exception, Ok("192.0.2.7".into())),
                (
                    18,
                    None,
                    What::Exception,
                    many("2001:db8::1", Some("example.com"))
                ),
                (18, None, What::Exception, many("192.0.2.8", None)),
                (18, None, What::Exception, Err(Obstacle::NoAddress)),
            ]
        );
    }

    #[test]
    fn a_dump_of_postgresql_is_read() {
        let office = || Ok("192.0.2.7".to_owned());
        assert_eq!(
            found(POSTGRES),
            [
                (14, of("alice"), What::Token, Ok("token".into())),
                (20, None, What::Line, Err(Obstacle::NoColumns)),
                (22, of("alice"), What::Exception, office()),
            ]
        );
    }

    #[test]
    fn a_dump_of_sqlite_and_a_backup_of_postfixadmin_are_read() {
        let alice = |line| (line, of("alice"), What::Token, Ok("token".to_owned()));
        assert_eq!(found(SQLITE), [alice(4)]);
        let everybody = (9, None, What::Exception, many("192.0.2.8", None));
        assert_eq!(found(BACKUP), [alice(8), everybody]);
    }

    #[test]
    fn tables_with_a_prefix_are_found_and_admins_are_no_mailboxes() {
        let text = format!(
            "INSERT INTO pf_mailbox (username, totp_secret) VALUES ('a@b.c', '{SECRET}');
             REPLACE INTO `db`.`pf_admin` (`username`, totp_secret) VALUES ('a@b.c', '{SECRET}');
             insert ignore into mymailbox (username, totp_secret) values ('a@b.c', '{SECRET}');"
        );
        let items: Vec<_> = found(&text).into_iter().map(|found| found.3).collect();
        assert_eq!(items, [Ok("token".to_owned()), Err(Obstacle::NotAMailbox)]);
    }

    #[test]
    fn what_breaks_off_is_refused() {
        for text in [
            &MYSQL[..MYSQL.len() - 4],
            "INSERT INTO mailbox VALUES ('a",
            "INSERT INTO mailbox VALUES ('a'",
            "CREATE TABLE mailbox (username",
            "COPY mailbox (username) FROM stdin;\na\n",
            "/* mailbox",
            "CREATE TABLE \"mailbox",
        ] {
            let broken = parse(text.as_bytes());
            assert!(matches!(broken, Err(Unreadable::BreaksOff(_))), "{text}");
        }
        assert_eq!(parse(b"SELECT 1;").unwrap_err(), Unreadable::OtherKind);
    }
}
