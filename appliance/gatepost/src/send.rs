//! `gatepost send`: a small test sender that speaks plain SMTP and shows the dialogue.

use std::path::PathBuf;

use clap::Args;
use mail::Address;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::face::safe;

/// Arguments of `gatepost send`.
#[derive(Debug, Args)]
pub struct SendArguments {
    /// Where to: HOST:PORT.
    #[arg(long, default_value = "127.0.0.1:2525")]
    pub server: String,
    /// Envelope sender.
    #[arg(long, default_value = "sender@example.test")]
    pub from: Address,
    /// Envelope recipient; may be given more than once.
    #[arg(long, required = true)]
    pub to: Vec<Address>,
    /// What: `clean`, `eicar`, `gtube`, or the path of a message file.
    pub what: String,
}

/// Sends; exit 0 when accepted, 1 when refused or put off, 3 when nothing answers there.
pub async fn run(arguments: SendArguments, json: bool) -> u8 {
    let message = match message(&arguments) {
        Ok(message) => message,
        Err(text) => {
            eprintln!("gatepost send: {text}");
            return 2;
        }
    };
    match converse(&arguments, &message, json).await {
        Ok(last) => {
            let accepted = last.starts_with('2');
            if json {
                println!("{}", json!({"accepted": accepted, "reply": last}));
            } else {
                println!("{}: {}", if accepted { "accepted" } else { "not accepted" }, safe(&last));
            }
            u8::from(!accepted)
        }
        Err(error) => {
            eprintln!(
                "gatepost send: {} did not answer as a mail server ({error}). The message was not \
                 accepted. Is the gateway running there?",
                arguments.server
            );
            3
        }
    }
}

/// The message with strict line ends.
fn message(arguments: &SendArguments) -> Result<Vec<u8>, String> {
    let body = match arguments.what.as_str() {
        "clean" => b"Hello,\r\n\r\nthis is a clean test message.\r\n".to_vec(),
        "eicar" => [&engines::eicar()[..], b"\r\n"].concat(),
        "gtube" => [&engines::gtube()[..], b"\r\n"].concat(),
        path => return file(&PathBuf::from(path)),
    };
    let now = world::Clock::now(&world::RealClock);
    let to: Vec<String> = arguments.to.iter().map(ToString::to_string).collect();
    let head = format!(
        "From: <{}>\r\nTo: {}\r\nSubject: Gatepost test: {}\r\nDate: {}\r\n\
         Message-ID: <{}.{}@gatepost.invalid>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n",
        arguments.from,
        to.join(", "),
        arguments.what,
        now.rfc5322(),
        now.0,
        std::process::id(),
    );
    Ok([head.as_bytes(), &body].concat())
}

/// A message from a file; bare line ends become CR LF, as every sender's library would do.
fn file(path: &PathBuf) -> Result<Vec<u8>, String> {
    let raw = std::fs::read(path).map_err(|error| {
        format!(
            "{} cannot be read ({error}). Nothing was sent. Name clean, eicar, gtube or a message \
             file.",
            path.display()
        )
    })?;
    let mut strict = Vec::with_capacity(raw.len() + raw.len() / 32);
    for line in raw.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        strict.extend(text.iter().map(|octet| if *octet == b'\r' { b' ' } else { *octet }));
        strict.extend_from_slice(b"\r\n");
    }
    Ok(strict)
}

async fn converse(
    arguments: &SendArguments,
    message: &[u8],
    json: bool,
) -> std::io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(&arguments.server).await?);
    let mut last = reply(&mut stream, json).await?;
    let mut commands = vec!["EHLO gatepost-send.invalid".to_owned()];
    commands.push(format!("MAIL FROM:<{}>", arguments.from));
    commands.extend(arguments.to.iter().map(|to| format!("RCPT TO:<{to}>")));
    commands.push("DATA".to_owned());
    for command in commands {
        if !last.starts_with('2') {
            return Ok(last);
        }
        if !json {
            println!("> {}", safe(&command));
        }
        stream.write_all(format!("{command}\r\n").as_bytes()).await?;
        last = reply(&mut stream, json).await?;
    }
    if !last.starts_with("354") {
        return Ok(last);
    }
    let mut stuffed = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.first() == Some(&b'.') {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed.extend_from_slice(b".\r\n");
    stream.write_all(&stuffed).await?;
    let last = reply(&mut stream, json).await?;
    let _ = stream.write_all(b"QUIT\r\n").await;
    Ok(last)
}

/// Octets of one reply that are read at most.
const REPLY_OCTETS: usize = 64 * 1024;

/// Reads one reply; its last line.
async fn reply(stream: &mut BufReader<TcpStream>, json: bool) -> std::io::Result<String> {
    let mut seen = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        seen += line.len();
        if seen > REPLY_OCTETS {
            return Err(std::io::Error::other("its reply has no end"));
        }
        let line = line.trim_end().to_owned();
        if !json {
            println!("< {}", safe(&line));
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line);
        }
    }
}
