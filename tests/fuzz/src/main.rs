//! `make fuzz`: every target, or those named, on mutations of its corpus for some seconds each.
//!
//! Options: `--seconds N` (60), `--seed N` (the mutations; printed with a failure). Ends with exit code 1
//! and the input when a target panics, or when an input takes more than a second and more than a
//! second for each MiB.

// A broken promise ends it loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use gatepost_test_e2e::Random;
use gatepost_test_fuzz::mutation::{attempt, corpus, mutate};
use gatepost_test_fuzz::{TARGETS, Target};

/// Inputs grow by mutation of mutations; beyond this they start afresh.
const INPUT_OCTETS: usize = 1024 * 1024;

struct Options {
    seconds: u64,
    seed: u64,
    targets: Vec<Target>,
}

fn options() -> Result<Options> {
    let mut options = Options { seconds: 60, seed: 1, targets: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => options.seconds = words.next().context("--seconds N")?.parse()?,
            "--seed" => options.seed = words.next().context("--seed N")?.parse()?,
            name => {
                let target = TARGETS.iter().find(|target| target.name == name);
                options.targets.push(*target.with_context(|| format!("{name} is no target"))?);
            }
        }
    }
    if options.targets.is_empty() {
        options.targets = TARGETS.to_vec();
    }
    Ok(options)
}

fn main() -> Result<()> {
    let options = options()?;
    for target in &options.targets {
        search(target, &options)?;
    }
    Ok(())
}

fn search(target: &Target, options: &Options) -> Result<()> {
    let inputs = corpus(target);
    ensure!(!inputs.is_empty(), "{} has no corpus", target.name);
    let mut random = Random::new(options.seed);
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let (mut runs, mut slowest) = (0_u64, Duration::ZERO);
    while Instant::now() < end {
        let (name, input) = &inputs[random.below(inputs.len() as u64) as usize];
        let mut octets = input.clone();
        for _ in 0..=random.below(8) {
            octets = mutate(&octets, &mut random);
            if octets.len() > INPUT_OCTETS {
                break;
            }
            let start = Instant::now();
            attempt(target, &format!("{name}, seed {}, run {runs}", options.seed), &octets);
            let taken = start.elapsed();
            slowest = slowest.max(taken);
            runs += 1;
            if taken > Duration::from_secs(1 + octets.len() as u64 / (1024 * 1024)) {
                bail!("{}: {taken:?} for {}", target.name, octets.escape_ascii());
            }
        }
    }
    println!("{:<20} {runs:>10} runs, slowest {:.1} ms", target.name, slowest.as_secs_f64() * 1e3);
    Ok(())
}
