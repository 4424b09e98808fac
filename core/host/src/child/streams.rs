use std::fs::File;
use std::io;

/// The way in and the way out.
pub(super) struct Streams {
    pub input: File,
    pub output: File,
}

/// Takes standard input and output for the protocol alone: what a library reads from them is
/// nothing, and what it prints goes to standard error.
#[cfg(unix)]
pub(super) fn take() -> io::Result<Streams> {
    use std::os::fd::AsFd as _;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(Streams {
        input: input.into(),
        output: output.into(),
    })
}

/// Takes standard input and output for the protocol. A library must not print here.
#[cfg(windows)]
pub(super) fn take() -> io::Result<Streams> {
    use std::os::windows::io::AsHandle as _;
    Ok(Streams {
        input: io::stdin().as_handle().try_clone_to_owned()?.into(),
        output: io::stdout().as_handle().try_clone_to_owned()?.into(),
    })
}
