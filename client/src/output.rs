use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::{self, Stdout, Write};

use crate::cli::{Color, Global};

/// Where a command's answer goes: text with colours, or JSON.
pub struct Output {
    out: AutoStream<Stdout>,
    json: bool,
}

/// Something went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something was refused or failed.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Something is under way or wants attention.
pub const OPEN: Style = AnsiColor::Yellow.on_default();
/// A heading.
pub const HEAD: Style = Style::new().bold();

impl Output {
    /// As the global options say.
    pub fn new(global: &Global) -> Self {
        let choice = match global.color {
            // anstream looks at the terminal, NO_COLOR and CLICOLOR itself.
            Color::Auto => AutoStream::choice(&io::stdout()),
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self {
            out: AutoStream::new(io::stdout(), choice),
            json: global.json,
        }
    }

    /// Whether JSON was asked for.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One line of text. Nothing in JSON mode.
    ///
    /// # Errors
    /// What writing to standard output says.
    pub fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        if self.json {
            Ok(())
        } else {
            writeln!(self.out, "{text}")
        }
    }

    /// One line that is the same in either mode.
    ///
    /// # Errors
    /// What writing to standard output says.
    pub fn raw(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// One JSON object on a line. Nothing in text mode.
    ///
    /// # Errors
    /// What writing to standard output says.
    pub fn object(&mut self, value: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut line = serde_json::to_vec(value).map_err(io::Error::other)?;
        line.push(b'\n');
        self.out.write_all(&line)
    }
}

/// `text` in `style`.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
