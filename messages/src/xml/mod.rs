//! A scanner for XML 1.0 with namespaces, for hostile input of any size.
//!
//! It takes what the recommendations call a well-formed, namespace-well-formed document in UTF-8
//! and nothing else; a document type is refused, so there are no entities but the five that XML
//! itself knows. It keeps a window of the input, never all of it, and gives tokens as ranges of
//! that window. The general libraries lose too much time on what our messages never have; the
//! one thing a message does have, thousands of small elements in a known order, has a short way
//! through ([`Scanner::leaf`]).

mod chars;
mod markup;
mod place;
mod prolog;
mod reference;
mod scanner;
mod scope;
mod window;

pub(crate) use chars::{below, equal, every, foreign_char, split_name};
pub(crate) use markup::RawAttribute;
pub(crate) use place::Counter;
pub(crate) use reference::{expand, normalize};
pub(crate) use scanner::{Fault, Scanner, Token};
pub(crate) use scope::{XML, XS, XSI};
pub(crate) use window::Window;
