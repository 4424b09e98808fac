//! Parts that are wrong on purpose: the kit fails each by the check that it breaks.

mod roles;
mod signers;
mod transports;
