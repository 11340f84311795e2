//! What a server does that is worse than an error.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::message::{Framing, head};
use super::rules::Reply;

/// How a request is ill served. None leaves the connection open for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// It is read and never answered.
    Hang,
    /// The connection is closed instead of an answer.
    Drop,
    /// The server's answer, with its whole length in the head and half of its body.
    Half,
    /// The server's answer in chunks, of which the last never comes.
    CutChunks,
    /// The server's answer, a byte of its body every second.
    Trickle,
    /// Success, and a body without end.
    Endless,
    /// Bytes that are not HTTP.
    NoHttp,
}

/// How often a connection that is kept waiting is looked at.
const LOOK: Duration = Duration::from_millis(50);

impl Breakage {
    /// Whether the server has to be asked what it would answer.
    pub(super) fn needs_answer(self) -> bool {
        match self {
            Self::Half | Self::CutChunks | Self::Trickle => true,
            Self::Hang | Self::Drop | Self::Endless | Self::NoHttp => false,
        }
    }

    /// Serves it so; `answer` is the server's, if it was asked, and `goes_on` false when the proxy ends.
    pub(super) fn serve(
        self,
        connection: &mut impl Write,
        raw: &TcpStream,
        answer: Reply,
        goes_on: impl Fn() -> bool,
    ) -> Result<()> {
        let half = answer.body.len() / 2;
        match self {
            Self::Drop => {}
            Self::Hang => while !waited(raw, LOOK, &goes_on) {},
            Self::NoHttp => connection.write_all(b"220 mail.example.org ESMTP\r\n\r\n")?,
            Self::Half => {
                connection.write_all(head(&answer, Framing::Length(answer.body.len())).as_bytes())?;
                connection.write_all(&answer.body[..half])?;
            }
            Self::CutChunks => {
                connection.write_all(head(&answer, Framing::Chunked).as_bytes())?;
                chunk(connection, &answer.body[..half])?;
            }
            Self::Trickle => {
                connection.write_all(head(&answer, Framing::Length(answer.body.len())).as_bytes())?;
                for byte in answer.body.iter() {
                    connection.write_all(&[*byte])?;
                    connection.flush()?;
                    if waited(raw, Duration::from_secs(1), &goes_on) {
                        break;
                    }
                }
            }
            Self::Endless => {
                connection.write_all(head(&Reply::new(200, ""), Framing::Chunked).as_bytes())?;
                connection.write_all(b"9\r\n{\"data\":\"\r\n")?;
                while goes_on() {
                    chunk(connection, &[b'x'; 16 << 10])?;
                }
            }
        }
        Ok(connection.flush()?)
    }
}

fn chunk(connection: &mut impl Write, bytes: &[u8]) -> Result<()> {
    connection.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
    connection.write_all(bytes)?;
    Ok(connection.write_all(b"\r\n")?)
}

/// Waits so long; true if the client has gone or the proxy ends meanwhile.
fn waited(raw: &TcpStream, time: Duration, goes_on: &impl Fn() -> bool) -> bool {
    let end = Instant::now() + time;
    loop {
        if !goes_on() || is_closed(raw) {
            return true;
        }
        match end.checked_duration_since(Instant::now()) {
            None => return false,
            Some(left) => std::thread::sleep(left.min(LOOK)),
        }
    }
}

fn is_closed(raw: &TcpStream) -> bool {
    let looked = raw.set_nonblocking(true).and_then(|()| raw.peek(&mut [0]));
    let _ = raw.set_nonblocking(false);
    match looked {
        Ok(read) => read == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}
