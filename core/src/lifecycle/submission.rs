//! Documents in: their declarations are read, and are safe or refused together.

use tongguan_contracts::{Declaration, Document, DocumentRefused, Failure, Role};

use super::Client;
use crate::store::Submitted;
use crate::traces::{Taking, now};

/// What a document's submission came to.
#[derive(Debug)]
pub enum Submission {
    /// Every declaration in it is safe.
    Taken(Vec<Submitted>),
    /// Nothing of it was taken.
    Refused(DocumentRefused),
}

/// How declarations are taken.
enum How<'a> {
    New,
    /// Under a caller's own key.
    Once(&'a str),
    /// In the place of that one.
    InPlaceOf(&'a str),
}

impl Client {
    /// Reads a document and takes its declarations: all on disk when this returns, or none.
    ///
    /// # Errors
    /// The store failed, or a different declaration with the same business key is there.
    pub async fn submit(
        &self,
        role: (&str, &dyn Role),
        document: Document<'_>,
    ) -> Result<Submission, Failure> {
        self.take(role, document, How::New).await
    }

    /// As [`Client::submit`], under a key of the caller's own (an idempotency key): the same
    /// document again, under the same key, gives the same ids.
    ///
    /// # Errors
    /// The key was used for another document; and as [`Client::submit`].
    pub async fn submit_once(
        &self,
        role: (&str, &dyn Role),
        document: Document<'_>,
        key: &str,
    ) -> Result<Submission, Failure> {
        self.take(role, document, How::Once(key)).await
    }

    /// Takes the one declaration in a document in the place of one that ended badly, by that one's
    /// id, guid or business key.
    ///
    /// # Errors
    /// It cannot be replaced where it stands; and as [`Client::submit`].
    pub async fn resubmit(
        &self,
        role: (&str, &dyn Role),
        document: Document<'_>,
        id: &str,
    ) -> Result<Submission, Failure> {
        self.take(role, document, How::InPlaceOf(id)).await
    }

    async fn take(
        &self,
        (name, role): (&str, &dyn Role),
        document: Document<'_>,
        how: How<'_>,
    ) -> Result<Submission, Failure> {
        let begun = now();
        let declarations = match self.read(role, document)? {
            Ok(declarations) => declarations,
            Err(refused) => return Ok(Submission::Refused(refused)),
        };
        let checked = now();
        let traced = |d: &Declaration| {
            self.tracer.kept(&d.guid)?;
            Some((d.message.clone(), d.guid.clone()))
        };
        let traced: Vec<_> = declarations.iter().map(traced).collect();
        let taken = match how {
            How::New => self.store.submit(name, declarations).await?,
            How::Once(key) => self.store.submit_once(key, name, declarations).await?,
            How::InPlaceOf(id) => {
                let count = declarations.len();
                let [one] = <[Declaration; 1]>::try_from(declarations).map_err(|_| {
                    let holds = format!("the document holds {count} declarations");
                    Failure::rejected("client", format!("replace {id}"), holds).remedy(
                        "give a document with the one that is to take its place, and no other",
                    )
                })?;
                vec![self.store.replace(id, name, one).await?]
            }
        };
        let taking = Taking { begun, checked };
        for (one, traced) in taken.iter().zip(traced) {
            if let (Some((message, guid)), false) = (traced, one.already_there) {
                self.tracer.submitted(&taking, &message, &guid, &one.id);
            }
        }
        Ok(Submission::Taken(taken))
    }

    /// Reads a document whose declarations all have a route.
    fn read(
        &self,
        role: &dyn Role,
        document: Document<'_>,
    ) -> Result<Result<Vec<Declaration>, DocumentRefused>, Failure> {
        let declarations = match role.read(document) {
            Ok(declarations) => declarations,
            Err(refused) => return Ok(Err(refused)),
        };
        for declaration in &declarations {
            if self.manifest.route(&declaration.message).is_none() {
                return Err(Failure::misconfigured(
                    "manifest",
                    format!("find the route of {}", declaration.message),
                    "no [[routes]] names it",
                )
                .remedy("add it to the messages of a route"));
            }
        }
        Ok(Ok(declarations))
    }
}
