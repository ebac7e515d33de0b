// SPDX-License-Identifier: EUPL-1.2
//! The facts of the machine that the numbers hold for, and what of it this process uses.

use std::fs;
use std::process::Command;

/// A line of Markdown for each fact.
pub(crate) fn facts() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory_kb = field("/proc/meminfo", "MemTotal").and_then(|it| first_number(&it));
    let memory_gib = memory_kb.unwrap_or(0) / 1024 / 1024;
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    let rust = Command::new("rustc").arg("--version").output();
    let rust = rust.ok().and_then(|it| String::from_utf8(it.stdout).ok()).unwrap_or_default();
    let date = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %:z");
    let build =
        if cfg!(debug_assertions) { "debug: these numbers mean nothing" } else { "release" };
    format!(
        "- {cores} cores, {cpu}; {memory_gib} GiB; Linux {kernel}; load at the start {load}\n\
         - {}; {build} build; {date}\n\
         - functions, tables, queues and Meta's stand-in share this machine; tables in memory \
           unless a row says otherwise; the stand-in answers after 90 to 220 ms\n",
        rust.trim(),
    )
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|it| it.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_number(text: &str) -> Option<u64> {
    text.split(' ').next()?.parse().ok()
}

/// The most memory a process has held, in KiB.
pub(crate) fn peak_kib(process: u32) -> Option<u64> {
    first_number(&field(&format!("/proc/{process}/status"), "VmHWM")?)
}

/// Seconds this process has spent on all cores.
pub(crate) fn cpu_seconds() -> f64 {
    let text = read("/proc/self/stat");
    // The name of the program comes first, in brackets, and may hold anything.
    let after = text.rsplit_once(')').map_or("", |it| it.1);
    // The kernel counts for us in hundredths of a second, whatever its own clock.
    after.split(' ').skip(12).take(2).filter_map(|it| it.parse::<f64>().ok()).sum::<f64>() / 100.0
}
