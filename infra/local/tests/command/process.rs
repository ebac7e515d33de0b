// SPDX-License-Identifier: EUPL-1.2
//! Processes with a folder of their own: whatever happens to a test, none outlives it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// No start and no answer takes longer, even on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_mins(1);

/// The line files of the two yardsticks.
pub(crate) const LINES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lines");

/// A machine on which the command is run: a working directory, a data folder and a log.
pub(crate) struct Home(TempDir);

/// A process. Dropping it kills it, as [`Running::kill`] does.
pub(crate) struct Process(Child);

/// A stack that serves.
pub(crate) struct Running {
    process: Process,
    pub(crate) url: String,
}

/// A process that has ended by itself.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Drop for Home {
    /// Whoever looks at a test that failed wants to know what the stack said.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "tmp"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Everything below a folder of this home, or nothing if it is not there.
    pub(crate) fn files(&self, name: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(name)) else { return Vec::new() };
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// What all processes of this home logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The command with nothing of the environment this test runs in.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_filodiretto"));
        command
            .args(arguments)
            .current_dir(self.path("work"))
            .env_clear()
            .env("TMPDIR", self.path("tmp"))
            .env("FILODIRETTO_LINES", LINES);
        command
    }

    /// The stack on the data folder of this home.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.env("FILODIRETTO_DATA", self.path("data"));
        self.starts(command)
    }

    /// Runs a command that serves on any free port, until it says so.
    pub(crate) fn starts(&self, mut command: Command) -> Running {
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        command.args(["--port", "0"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut process = Process(command.spawn().unwrap());
        let stdout = process.0.stdout.take().unwrap();
        let (said, hears) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                said.send(line).ok();
            }
        });
        let line = hears.recv_timeout(LIMIT).unwrap_or_default();
        let url = line.strip_prefix("ready ").map(str::to_owned);
        let url = url.unwrap_or_else(|| panic!("not ready, but {line:?}: {}", self.log()));
        Running { process, url }
    }

    /// Runs a command that ends by itself, with this on its standard input.
    pub(crate) fn ends(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process(command.spawn().unwrap());
        let mut stdin = process.0.stdin.take().unwrap();
        let input = input.to_vec();
        // A command that refuses to start does not read.
        std::thread::spawn(move || stdin.write_all(&input).ok());
        let out = whole(process.0.stdout.take().unwrap());
        let err = whole(process.0.stderr.take().unwrap());
        let out = out.recv_timeout(LIMIT).expect("the command did not end");
        let err = err.recv_timeout(LIMIT).expect("the command did not end");
        Ended { code: process.0.wait().unwrap().code(), out, err }
    }
}

fn whole(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (said, hears) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).ok();
        said.send(String::from_utf8(bytes).unwrap_or_default()).ok();
    });
    hears
}

impl Running {
    /// `kill -9`: nothing of it runs when this returns.
    pub(crate) fn kill(self) {
        drop(self.process);
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap()
    }
}

/// A folder with the yardsticks' line files, to be changed.
pub(crate) fn copy_lines(to: &Path) {
    std::fs::create_dir(to).unwrap();
    for name in ["pordenone.toml", "barberino-demografici.toml"] {
        std::fs::copy(Path::new(LINES).join(name), to.join(name)).unwrap();
    }
}
