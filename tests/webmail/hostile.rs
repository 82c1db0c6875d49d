//! Servers and pages that mean no good.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use crate::browser::Browser;
use crate::journey::{at_the_cafe, log_in, submit};
use crate::stage::{Stage, USUAL, Wish};

/// What a server says to any login.
const PROMPT: &str = "<img src=x onerror=document.title='owned'>\u{202e}\u{1}\"&amp;$challenge';--";

/// An IMAP server that refuses everybody, with a text of its own.
fn refuse_everybody() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 10144)).expect("listen");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut to = client.try_clone().expect("it is open");
                let _ = to.write_all(b"* OK [CAPABILITY IMAP4rev1 ID] ready\r\n");
                for line in BufReader::new(client).lines().map_while(Result::ok) {
                    let mut words = line.split(' ');
                    let tag = words.next().unwrap_or_default();
                    let answer = match words.next() {
                        Some("LOGIN") => format!("{tag} NO [ALERT] {PROMPT}{}", "x".repeat(500)),
                        Some("CAPABILITY") => format!("* CAPABILITY IMAP4rev1 ID\r\n{tag} OK done"),
                        _ => format!("{tag} OK done"),
                    };
                    let _ = to.write_all(format!("{answer}\r\n").as_bytes());
                }
            });
        }
    });
}

#[test]
fn what_a_server_says_is_text_and_short() {
    let wish = Wish {
        roundcube: "$config['imap_host'] = 'localhost:10144';\n",
        ..USUAL
    };
    Stage::run(wish, |stage| {
        refuse_everybody();
        let (_driver, browser, _) = at_the_cafe(stage);
        browser.fill("#rcmloginuser", "alice");
        browser.click("#mailotp-ask");
        browser.wait_text("#mailotp-challenge", "<img src=x");
        let seen = |browser: &Browser| {
            let text =
                browser.script("return document.querySelector('#mailotp-challenge').textContent");
            let text = text.as_str().expect("a text").to_owned();
            assert!(text.is_ascii() && text.len() < 220, "{text}");
            assert!(text.contains("$challenge'"), "{text}");
            assert_eq!(
                browser.script("return document.querySelectorAll('[src=x]').length"),
                0
            );
        };
        seen(&browser);
        for typed in ["?", "whatever"] {
            submit(&browser, "alice", typed);
            browser.wait_text("#mailotp-challenge", "<img src=x");
            seen(&browser);
        }
        browser.picture("hostile");
        assert_ne!(browser.script("return document.title"), "owned");
    });
}

#[test]
fn asking_never_locks_an_account_and_is_limited() {
    let wish = Wish {
        roundcube: "$config['login_rate_limit'] = 2;\n$config['mailotp_questions'] = 6;\n",
        ..USUAL
    };
    Stage::run(wish, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, _) = at_the_cafe(stage);
        log_in(&browser, "alice", &sheet.codes[0]);
        browser.click("#taskmenu a.logout");
        for _ in 0..6 {
            submit(&browser, "alice", "?");
            browser.wait_text("#messagestack", &format!("Code {} 2", sheet.name));
        }
        browser.fill("#rcmloginuser", "alice");
        browser.click("#mailotp-ask");
        browser.wait_text("#mailotp-challenge", "too often");
        log_in(&browser, "alice", &sheet.codes[1]);
    });
}

#[test]
fn an_action_without_the_token_of_its_page_does_nothing() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, url) = at_the_cafe(stage);
        log_in(&browser, "alice", &sheet.codes[0]);
        let cookies = browser.cookies();
        let cookies = cookies.as_array().into_iter().flatten();
        let cookies: Vec<String> = cookies
            .map(|one| {
                format!(
                    "{}={}",
                    one["name"].as_str().unwrap(),
                    one["value"].as_str().unwrap()
                )
            })
            .collect();
        let port: u16 = url
            .trim_matches(|c: char| !c.is_ascii_digit())
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        for (task, action) in [
            ("settings", "list"),
            ("settings", "password"),
            ("settings", "sheet"),
            ("settings", "revoke"),
            ("mail", "renew"),
            ("login", "challenge"),
        ] {
            // With no token, with a wrong one, and with nothing to be checked.
            for (token, body) in [
                ("", "_user=alice&_code=x&_remote=1"),
                ("X-Roundcube-Request: x\r\n", "_user=alice&_remote=1"),
                ("", ""),
            ] {
                let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                let cookie = if task == "login" {
                    String::new()
                } else {
                    cookies.join("; ")
                };
                write!(
                    stream,
                    "POST /?_task={task}&_action=plugin.mailotp.{action}&_remote=1 HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\
                     Cookie: {cookie}\r\n{token}X-Requested-With: XMLHttpRequest\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
                let mut answer = String::new();
                let _ = stream.read_to_string(&mut answer);
                assert!(
                    answer.starts_with("HTTP/1.0 403") || answer.starts_with("HTTP/1.1 403"),
                    "{action}: {answer}"
                );
            }
        }
        assert_eq!(stage.credentials("alice"), 1);
    });
}
