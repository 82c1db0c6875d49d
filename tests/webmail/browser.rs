//! A real browser, told what to do by WebDriver (W3C), whose messages are JSON over HTTP.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::server::Server;
use harness::wire::Wire;
use serde_json::{Value, json};

/// Where the driver takes commands.
const DRIVER: u16 = 9515;
/// The key of an element in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Longer than any page takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the driver, which starts browsers.
pub fn driver() -> Server {
    let mut driver = Server::start(
        "env",
        &[
            "HOME=/run/browser",
            "chromedriver",
            &format!("--port={DRIVER}"),
        ],
    );
    driver.wait_until(
        || Wire::connect(Ipv4Addr::LOCALHOST, DRIVER).is_ok(),
        String::new,
    );
    driver
}

/// A browser with a profile of its own, which ends with the value.
pub struct Browser {
    session: String,
}

impl Browser {
    /// Starts one.
    pub fn start() -> Browser {
        Browser::speaking("en-US")
    }

    /// Starts one whose user speaks this language.
    pub fn speaking(language: &str) -> Browser {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let profile = format!("/run/browser/{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1200,900",
            &format!("--accept-lang={language}"),
            &format!("--user-data-dir={profile}"),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": "/usr/lib/chromium/chromium", "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let session = call("POST", "/session", &wanted).unwrap_or_else(|error| {
            panic!(
                "no browser: {error}. It is needed here: apt-get install chromium chromium-driver"
            )
        });
        let session = session["sessionId"].as_str().expect("a session").to_owned();
        Browser { session }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        call(method, &format!("/session/{}{path}", self.session), body)
    }

    fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.describe()))
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.must("POST", "/url", &json!({ "url": url }));
    }

    /// The button of every browser.
    pub fn back(&self) {
        self.must("POST", "/back", &json!({}));
    }

    /// What this script returns in the page.
    pub fn script(&self, script: &str) -> Value {
        self.must(
            "POST",
            "/execute/sync",
            &json!({"script": script, "args": []}),
        )
    }

    /// Waits until this is true in the page.
    ///
    /// # Panics
    /// Where it never is, with what is on the page.
    #[track_caller]
    pub fn wait(&self, condition: &str) {
        let start = Instant::now();
        let script = format!("return !!({condition})");
        while self.ask(
            "POST",
            "/execute/sync",
            &json!({"script": script, "args": []}),
        ) != Ok(Value::Bool(true))
        {
            assert!(
                start.elapsed() < PATIENCE,
                "never came true: {condition}\n{}",
                self.describe()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the element is there and shows this text.
    #[track_caller]
    pub fn wait_text(&self, selector: &str, text: &str) {
        self.wait(&format!(
            "[...document.querySelectorAll({})].some(e => e.checkVisibility() && e.textContent.includes({}))",
            json!(selector),
            json!(text)
        ));
    }

    /// Waits until an element can be seen.
    #[track_caller]
    pub fn wait_for(&self, selector: &str) {
        self.wait_text(selector, "");
    }

    /// Clicks at it, as a user does.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.wait_for(selector);
        self.must(
            "POST",
            &format!("/element/{}/click", self.element(selector)),
            &json!({}),
        );
    }

    /// Types into it, in the place of what is there.
    #[track_caller]
    pub fn fill(&self, selector: &str, text: &str) {
        self.wait_for(selector);
        let element = self.element(selector);
        self.must("POST", &format!("/element/{element}/clear"), &json!({}));
        self.must(
            "POST",
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// Gives a field a file to send, as its dialog does.
    pub fn attach(&self, selector: &str, path: &str) {
        let element = self.element(selector);
        self.must(
            "POST",
            &format!("/element/{element}/value"),
            &json!({ "text": path }),
        );
    }

    /// Types where the focus is.
    pub fn keys(&self, text: &str) {
        let keys: Vec<Value> = text
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|what| json!({"type": what, "value": key.to_string()}))
            })
            .collect();
        let actions = json!({"actions": [{"type": "key", "id": "keyboard", "actions": keys}]});
        self.must("POST", "/actions", &actions);
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let query = json!({"using": "css selector", "value": selector});
        // The first that can be seen: a hidden template may come before it.
        let all = self.must("POST", "/elements", &query);
        let ids = all.as_array().into_iter().flatten();
        let mut ids = ids
            .filter_map(|one| one[ELEMENT].as_str())
            .map(str::to_owned);
        let first = ids
            .next()
            .unwrap_or_else(|| panic!("no {selector}\n{}", self.describe()));
        let shown = |id: &String| {
            self.ask("GET", &format!("/element/{id}/displayed"), &Value::Null) == Ok(true.into())
        };
        if shown(&first) {
            return first;
        }
        ids.find(shown).unwrap_or(first)
    }

    /// All text that can be seen.
    pub fn text(&self) -> String {
        let text = self.script("return document.body.innerText");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Its cookies, and what they can be set from.
    pub fn cookies(&self) -> Value {
        self.must("GET", "/cookie", &Value::Null)
    }

    /// Sets cookies that another browser has.
    pub fn set_cookies(&self, cookies: &Value) {
        for cookie in cookies.as_array().into_iter().flatten() {
            self.must("POST", "/cookie", &json!({ "cookie": cookie }));
        }
    }

    /// Opens another tab, and stays in this one: its handle.
    pub fn new_tab(&self) -> String {
        let tab = self.must("POST", "/window/new", &json!({"type": "tab"}));
        tab["handle"].as_str().expect("a handle").to_owned()
    }

    /// The handle of the tab that it is in.
    pub fn tab(&self) -> String {
        let tab = self.must("GET", "/window", &Value::Null);
        tab.as_str().expect("a handle").to_owned()
    }

    /// Goes to a tab.
    pub fn go_to_tab(&self, tab: &str) {
        self.must("POST", "/window", &json!({ "handle": tab }));
    }

    /// A picture of the page, for somebody to look at: in the folder `webmail` beside the products.
    pub fn picture(&self, name: &str) {
        let folder = pictures();
        fs::create_dir_all(&folder).expect("make the folder of the pictures");
        let picture = self.must("GET", "/screenshot", &Value::Null);
        let bytes = base64(picture.as_str().expect("a picture"));
        fs::write(folder.join(format!("{name}.png")), bytes).expect("write a picture");
    }

    /// The errors of scripts, and what the page was not allowed to do.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.must("POST", "/se/log", &json!({"type": "browser"}));
        let lines = log.as_array().into_iter().flatten();
        lines
            .filter(|line| line["level"] == "SEVERE")
            .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
            // A refused login is answered with 401, which the browser complains of.
            .filter(|message| !message.contains("status of 401"))
            .collect()
    }

    fn describe(&self) -> String {
        let url = self.ask("GET", "/url", &Value::Null);
        let text = json!({"script": "return document.body.innerText", "args": []});
        let text = self.ask("POST", "/execute/sync", &text);
        if !thread::panicking() {
            self.picture("failed");
        }
        format!(
            "at {url:?}:\n{}",
            text.map_or_else(|e| e, |t| t.as_str().unwrap_or_default().into())
        )
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.ask("DELETE", "", &Value::Null);
    }
}

fn pictures() -> PathBuf {
    let test = std::env::current_exe().expect("the running test has a path");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("it lies in target/debug/deps");
    profile.join("webmail")
}

fn call(method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, DRIVER)).map_err(|e| e.to_string())?;
    let patience = stream.set_read_timeout(Some(2 * PATIENCE));
    patience.map_err(|e| e.to_string())?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost:{DRIVER}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .map_err(|e| e.to_string())?;
    let mut stream = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line).map_err(|e| e.to_string())? == 0 {
            return Err("the driver has hung up".into());
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(|_| "no length")?;
        }
    }
    // It keeps the connection open, whatever it is told.
    let mut body = vec![0; length];
    stream.read_exact(&mut body).map_err(|e| e.to_string())?;
    let body = String::from_utf8_lossy(&body);
    let mut said: Value = serde_json::from_str(&body).map_err(|e| format!("{e}: {body}"))?;
    let value = said["value"].take();
    match value.get("error") {
        Some(Value::String(error)) => Err(format!("{error}: {}", value["message"])),
        _ => Ok(value),
    }
}

/// RFC 4648, 4.
fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}
