//! A signer that is another program: the front of a smart card, an HSM or a key-management service.

use std::fmt;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::error::CredentialsError;
use crate::identity::{Algorithm, ChainFacts, Signer, check_chain};

/// No signature is longer: RSA with 4096 bits has 512 bytes.
const MAX_SIGNATURE: u64 = 2048;
/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(5);

/// Signs by running a program: it gets the bytes of the claim on standard input, and gives the raw signature on
/// standard output. Its own messages go to standard error. ECDSA signatures may be DER, as `openssl` and most
/// services give them, or r and s.
///
/// The signature is checked under the certificate when the signed file is read back, so a program that signs with
/// another key is an error, not an invalid file.
pub struct CommandSigner {
    program: PathBuf,
    arguments: Vec<String>,
    chain_pem: String,
    facts: ChainFacts,
    limit: Duration,
}

impl CommandSigner {
    /// A signer that runs `program` with `arguments`, whose key belongs to the first certificate of `chain_pem`.
    /// The certificate's key decides the algorithm.
    ///
    /// # Errors
    /// [`CredentialsError::Chain`] when verifiers would refuse the chain.
    pub fn new(
        program: impl Into<PathBuf>,
        arguments: Vec<String>,
        chain_pem: &str,
    ) -> Result<Self, CredentialsError> {
        Ok(Self {
            program: program.into(),
            arguments,
            chain_pem: chain_pem.to_owned(),
            facts: check_chain(chain_pem, None)?,
            limit: Duration::from_secs(60),
        })
    }

    /// How long one signature may take, at most; a minute otherwise. The program is ended then.
    #[must_use]
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Common name of the signer's certificate.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.facts.subject
    }

    /// When the signer's certificate expires, seconds since 1970.
    #[must_use]
    pub const fn not_after(&self) -> i64 {
        self.facts.not_after
    }

    fn failed(&self, reason: &dyn fmt::Display) -> CredentialsError {
        CredentialsError::Signing {
            reason: format!("`{}`: {reason}", self.program.display()),
        }
    }

    /// Runs the program once. Input and output go through threads of their own, so that neither side blocks the
    /// other, and so that a program whose children hold its output open cannot outlast the limit.
    fn run(&self, data: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        let started = Instant::now();
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| self.failed(&error))?;
        if let Some(mut input) = child.stdin.take() {
            let data = data.to_vec();
            // A program that needs no more input may close it: that is its own affair.
            std::thread::spawn(move || input.write_all(&data));
        }
        let (sender, receiver) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut signature = Vec::new();
                let read = output.take(MAX_SIGNATURE).read_to_end(&mut signature);
                let _ = sender.send(read.map(|_| signature));
            });
        }
        let Ok(output) = receiver.recv_timeout(self.limit) else {
            return Err(self.end(&mut child));
        };
        let status = self.wait(&mut child, started)?;
        if status.success() {
            output.map_err(|error| self.failed(&error))
        } else {
            Err(self.failed(&format!("expected exit status 0, found {status}")))
        }
    }

    fn wait(&self, child: &mut Child, started: Instant) -> Result<ExitStatus, CredentialsError> {
        loop {
            if let Some(status) = child.try_wait().map_err(|error| self.failed(&error))? {
                return Ok(status);
            }
            if started.elapsed() > self.limit {
                return Err(self.end(child));
            }
            std::thread::sleep(POLL);
        }
    }

    fn end(&self, child: &mut Child) -> CredentialsError {
        let _ = child.kill();
        let _ = child.wait();
        let limit = self.limit.as_secs_f64();
        self.failed(&format!("gave no signature within {limit} s"))
    }
}

impl Signer for CommandSigner {
    fn algorithm(&self) -> Algorithm {
        self.facts.algorithm
    }

    fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, CredentialsError> {
        let signature = self.run(data)?;
        let found = signature.len();
        let (signature, expected) = match self.facts.algorithm {
            Algorithm::Ed25519 => (signature, 64),
            Algorithm::Es256 => (
                p256::ecdsa::Signature::from_der(&signature)
                    .map_or(signature, |parsed| parsed.to_bytes().to_vec()),
                64,
            ),
            Algorithm::Es384 => (
                p384::ecdsa::Signature::from_der(&signature)
                    .map_or(signature, |parsed| parsed.to_bytes().to_vec()),
                96,
            ),
            Algorithm::Ps256 if (256..=512).contains(&found) => (signature, found),
            Algorithm::Ps256 => (signature, 256),
        };
        if signature.len() == expected {
            Ok(signature)
        } else {
            Err(self.failed(&format!(
                "expected a signature of {expected} bytes, found {found}"
            )))
        }
    }
}

impl fmt::Debug for CommandSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandSigner")
            .field("program", &self.program)
            .field("subject", &self.facts.subject)
            .finish_non_exhaustive()
    }
}
