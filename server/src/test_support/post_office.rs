//! A mail server of a test: it speaks enough SMTP to take mails, to refuse them, and to be away.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::config::Mail;
use crate::mail::Mailer;

/// What it does with who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// Takes every mail.
    Open,
    /// Hangs up at once.
    Away,
    /// Knows no addressee.
    Refusing,
}

/// A mail as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// To whom, as the envelope says.
    pub to: Vec<String>,
    /// Headers and text.
    pub text: String,
}

/// See the module. It closes when it is dropped.
pub struct PostOffice {
    port: u16,
    shared: Arc<Mutex<(Counter, Vec<Letter>)>>,
    task: AbortHandle,
}

impl PostOffice {
    /// Opens one on loopback.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Mutex::new((Counter::Open, Vec::new())));
        let inside = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever hangs up in the middle has sent nothing.
                tokio::spawn(serve(stream, inside.clone()));
            }
        });
        Self { port, shared, task: task.abort_handle() }
    }

    /// What sends to it.
    pub fn mailer(&self) -> Mailer {
        let mail = Mail {
            smtp_url: Some(format!("smtp://127.0.0.1:{}", self.port)),
            smtp_from: Some("IotaBackup <backup@example.org>".into()),
            ..Mail::default()
        };
        Mailer::new(&mail, None).unwrap().unwrap()
    }

    /// From now on it does this.
    pub fn set(&self, counter: Counter) {
        lock(&self.shared).0 = counter;
    }

    /// What has arrived since this was last asked.
    pub fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut lock(&self.shared).1)
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(shared: &Mutex<(Counter, Vec<Letter>)>) -> std::sync::MutexGuard<'_, (Counter, Vec<Letter>)> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(stream: TcpStream, shared: Arc<Mutex<(Counter, Vec<Letter>)>>) -> std::io::Result<()> {
    let counter = lock(&shared).0;
    if counter == Counter::Away {
        return Ok(());
    }
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 post.example.org\r\n").await?;
    let mut letter = Letter { to: Vec::new(), text: String::new() };
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-post.example.org\r\n250 8BITMIME",
            "RCPT" if counter == Counter::Refusing => "550 5.1.1 nobody of that name\tlives here",
            "RCPT" => {
                letter.to.push(line.trim().trim_start_matches("RCPT TO:").trim_matches(['<', '>']).to_owned());
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                letter.text = data(&mut stream).await?;
                lock(&shared).1.push(letter.clone());
                "250 taken"
            }
            "QUIT" => "221 bye",
            "MAIL" | "RSET" | "NOOP" => "250 ok",
            _ => "500 what?",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// Up to the line with one dot.
async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            // Long lines were broken softly.
            return Ok(text.replace("=\r\n", ""));
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
