//! What signers on cards, keys and HSMs share.
//!
//! | file | holds |
//! | --- | --- |
//! | `returned` | what its return values mean |
//! | `certificate` | the certificate in a file, and the proof that a key is its |
//! | `form` | what devices sign, and the form in which they answer |

mod certificate;
mod form;
mod returned;

pub use certificate::{algorithm, certificate_file, prove, verified};
pub use form::{rsa_sha1_padded, sha1_digest_info, sm2_value};
pub use returned::{Code, Codes, Returned};
pub use tongguan_loading::Library;
