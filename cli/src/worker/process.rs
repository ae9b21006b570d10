//! One worker process, as the command sees it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::protocol::{Greeting, Request, Setup, receive, send, send_bytes};
use crate::answer::Answer;

/// How long a worker may take to begin: it computes the keys' plans.
const START: Duration = Duration::from_secs(120);
/// Of what a worker writes on standard error, so much is looked at.
const LARGEST_LAST_WORDS: u64 = 8192;

/// A worker process that waits for files.
pub(super) struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    greetings: Receiver<Greeting>,
    answers: Receiver<Answer>,
    last_words: Receiver<String>,
    answered: u32,
}

/// How a worker ended over a file.
#[derive(Debug)]
pub(super) enum End {
    CpuTime,
    WallTime,
    Memory,
    Stack,
    FileSize,
    Other(String),
}

impl Worker {
    pub(super) fn start(setup: &Setup, registry: Option<&Path>) -> Result<Self> {
        let program = std::env::current_exe().context("this program's own file is not known")?;
        let mut command = Command::new(program);
        command.arg("verify-worker");
        if let Some(path) = registry {
            command.arg("--registry").arg(path);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FILIGRANE_") {
                command.env_remove(name);
            }
        }
        // Ctrl-C is for the command: running files finish.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("a worker process cannot be started")?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            bail!("a worker process has no pipes");
        };
        let (greetings, answers) = listen(stdout);
        let mut worker = Self {
            child,
            stdin: Some(stdin),
            greetings,
            answers,
            last_words: keep_last_words(stderr),
            answered: 0,
        };
        worker.greet(setup)?;
        Ok(worker)
    }

    fn greet(&mut self, setup: &Setup) -> Result<()> {
        if let Some(stdin) = &mut self.stdin {
            // A worker that is gone already tells why below.
            let _ = send(stdin, setup);
        }
        match self.greetings.recv_timeout(START) {
            Ok(Greeting::Ready) => Ok(()),
            Ok(Greeting::Refused(reason)) => bail!("{reason}"),
            Err(_) => match self.end() {
                End::Memory => bail!("a worker process cannot begin within `--max-memory`"),
                end => bail!("a worker process did not begin ({end:?})"),
            },
        }
    }

    /// Sends a file and waits for the answer. After an error the worker is gone.
    pub(super) fn ask(
        &mut self,
        request: &Request,
        bytes: &[u8],
        sidecar: Option<&[u8]>,
        wall: Duration,
    ) -> Result<Answer, End> {
        if let Some(stdin) = &mut self.stdin {
            // What goes wrong here is told by how the worker ended.
            let _ = send(stdin, request)
                .and_then(|()| send_bytes(stdin, bytes))
                .and_then(|()| sidecar.map_or(Ok(()), |sidecar| send_bytes(stdin, sidecar)));
        }
        match self.answers.recv_timeout(wall) {
            Ok(answer) => {
                self.answered += 1;
                Ok(answer)
            }
            Err(RecvTimeoutError::Timeout) => Err(End::WallTime),
            Err(RecvTimeoutError::Disconnected) => Err(self.end()),
        }
    }

    /// How many files it has answered.
    pub(super) const fn answered(&self) -> u32 {
        self.answered
    }

    /// How the process ended; one that has not is ended.
    fn end(&mut self) -> End {
        self.stdin = None;
        let last_words = self
            .last_words
            .recv_timeout(Duration::from_secs(10))
            .unwrap_or_default();
        // It closed its pipes and is gone, or about to be.
        for _ in 0..100 {
            match self.child.try_wait() {
                Ok(Some(status)) => return classify(status, &last_words),
                Ok(None) => thread::sleep(Duration::from_millis(10)),
                Err(error) => return End::Other(error.to_string()),
            }
        }
        End::Other("it stopped answering".to_owned())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the worker's standard output on a thread, so that waiting for it can have an end.
fn listen(mut stdout: impl Read + Send + 'static) -> (Receiver<Greeting>, Receiver<Answer>) {
    let (greet, greetings) = sync_channel(1);
    let (answer, answers) = sync_channel(1);
    thread::spawn(move || {
        let Ok(Some(greeting)) = receive(&mut stdout) else {
            return;
        };
        if greet.send(greeting).is_err() {
            return;
        }
        while let Ok(Some(message)) = receive(&mut stdout) {
            if answer.send(message).is_err() {
                return;
            }
        }
    });
    (greetings, answers)
}

/// Keeps the end of what the worker writes on standard error, and drains the rest.
fn keep_last_words(mut stderr: impl Read + Send + 'static) -> Receiver<String> {
    let (send, last_words) = sync_channel(1);
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stderr.read(&mut buffer) {
            kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
            let surplus = kept.len().saturating_sub(LARGEST_LAST_WORDS as usize);
            kept.drain(..surplus);
        }
        let _ = send.send(String::from_utf8_lossy(&kept).into_owned());
    });
    last_words
}

/// The runtime says in words when memory or the stack ran out, and then aborts.
fn classify(status: ExitStatus, last_words: &str) -> End {
    if last_words.contains("memory allocation of")
        || last_words.contains("memory allocation failed")
    {
        return End::Memory;
    }
    if last_words.contains("overflowed its stack") {
        return End::Stack;
    }
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        use std::os::unix::process::ExitStatusExt;
        let signal = status.signal();
        let is = |known: Signal| signal == Some(known.as_raw());
        if is(Signal::XCPU) {
            return End::CpuTime;
        }
        if is(Signal::XFSZ) {
            return End::FileSize;
        }
        // Nobody else kills a worker but the system that is out of memory.
        if is(Signal::KILL) {
            return End::Memory;
        }
    }
    End::Other(status.to_string())
}
