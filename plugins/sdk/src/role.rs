#![allow(unsafe_code, reason = "the plugin's side of the C ABI")]

use std::ffi::c_void;
use std::marker::PhantomData;
use tongguan_plugin_abi as abi;

use crate::entry::{called, create, destroy, info, octets, text};
use crate::{Context, Failure, Plugin};

/// A document as an enterprise hands it over.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// For messages: the file's path, `-` for standard input.
    pub name: &'a str,
    /// Its octets. Hostile until shown otherwise.
    pub octets: &'a [u8],
    /// The message to read it as, where the document itself may not tell.
    pub message: Option<&'a str>,
}

/// One thing wrong in a document. All but `rule`, `text` and `remedy` may be left empty.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// From 1; 0 when unknown.
    pub line: u32,
    /// From 1; 0 when unknown.
    pub column: u32,
    /// The place in the document.
    pub path: String,
    /// The field's English name.
    pub field_en: String,
    /// Its Chinese name.
    pub field_zh: String,
    /// The rule's stable name: `missing`.
    pub rule: String,
    /// What is wrong, without a full stop.
    pub text: String,
    /// What to do, without a full stop.
    pub remedy: String,
}

/// Why a document could not be read.
#[derive(Debug, Clone)]
pub enum Unread {
    /// Everything that is wrong with it; the document is refused whole.
    Refused(Vec<Problem>),
    /// Something else.
    Failed(Failure),
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A receipt for one declaration.
#[derive(Debug, Clone, Copy)]
pub struct Receipt<'a> {
    /// The declaration's message, `CEB311Message`.
    pub message: &'a str,
    /// The declaration's guid.
    pub guid: &'a str,
    /// The receipt's message, `CEB312Message`.
    pub receipt: &'a str,
    /// `returnStatus`.
    pub code: &'a str,
    /// `returnInfo`, without the declaration's personal data.
    pub text: &'a str,
}

/// Turns an enterprise's own documents into ones that Tongguan reads, and hears receipts.
pub trait Role: Plugin {
    /// The messages that it may declare: `["CEB311Message", …]`.
    fn declares(&self) -> Vec<String>;

    /// Turns a document into documents in a form that Tongguan itself reads: JSON, CSV or CEB XML
    /// with the standard's fields. Those are checked, completed and declared as any other.
    ///
    /// # Errors
    /// All that is wrong with it.
    fn read(&self, context: &Context, document: Document<'_>) -> Result<Vec<Vec<u8>>, Unread>;

    /// Hears of a receipt, once or more.
    ///
    /// # Errors
    /// Logged, and not told again.
    fn on_receipt(&self, context: &Context, receipt: Receipt<'_>) -> Result<(), Failure> {
        let _ = (context, receipt);
        Ok(())
    }
}

struct Made<R>(PhantomData<R>);

impl<R: Role> Made<R> {
    const CALLS: &'static abi::Role = &abi::Role {
        size: abi::size_of::<abi::Role>(),
        reserved: 0,
        declares: Some(declares::<R>),
        read: Some(read::<R>),
        on_receipt: Some(on_receipt::<R>),
    };
    const PLUGIN: &'static abi::Plugin = &abi::Plugin {
        size: abi::size_of::<abi::Plugin>(),
        abi: abi::ABI,
        info: Some(about::<R>),
        create: Some(create::<R>),
        destroy: Some(destroy::<R>),
        signer: std::ptr::null(),
        transport: std::ptr::null(),
        role: Self::CALLS,
    };
}

#[doc(hidden)]
pub fn descriptor<R: Role>() -> *const abi::Plugin {
    Made::<R>::PLUGIN
}

unsafe extern "C" fn about<R: Role>(to: *mut abi::Info) -> i32 {
    // SAFETY: the ABI's promise.
    unsafe { info::<R>(abi::ROLE, to) }
}

unsafe extern "C" fn declares<R: Role>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
) -> i32 {
    // SAFETY: the ABI's promise.
    unsafe {
        called::<R>(instance, call, timeout_ms, |role, context| {
            let all = role.declares();
            let mut all = all.iter();
            all.try_for_each(|message| context.put(abi::MESSAGE, message.as_bytes()))
        })
    }
}

fn tell(context: &Context, problem: &Problem) {
    let text = |text: &String| abi::Bytes::of(text.as_bytes());
    context.problem(&abi::Problem {
        size: abi::size_of::<abi::Problem>(),
        line: problem.line,
        column: problem.column,
        reserved: 0,
        path: text(&problem.path),
        field_en: text(&problem.field_en),
        field_zh: text(&problem.field_zh),
        rule: text(&problem.rule),
        text: text(&problem.text),
        remedy: text(&problem.remedy),
    });
}

unsafe extern "C" fn read<R: Role>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
    document: *const abi::Document,
) -> i32 {
    // SAFETY: the ABI's promise, for the document too; the ABI's first version has all its fields.
    unsafe {
        called::<R>(instance, call, timeout_ms, |role, context| {
            let document = document
                .as_ref()
                .ok_or_else(|| Failure::rejected("the host gave no document"))?;
            let given = Document {
                name: text(document.name)?,
                octets: octets(document.octets),
                message: Some(text(document.message)?).filter(|name| !name.is_empty()),
            };
            match role.read(context, given) {
                Ok(all) => {
                    let mut all = all.iter();
                    all.try_for_each(|one| context.put(abi::DOCUMENT, one))
                }
                Err(Unread::Failed(failure)) => Err(failure),
                Err(Unread::Refused(problems)) => {
                    for problem in &problems {
                        tell(context, problem);
                    }
                    Err(Failure::rejected("the document is refused"))
                }
            }
        })
    }
}

unsafe extern "C" fn on_receipt<R: Role>(
    instance: *mut c_void,
    call: abi::Call,
    timeout_ms: u32,
    receipt: *const abi::Receipt,
) -> i32 {
    // SAFETY: the ABI's promise, for the receipt too; the ABI's first version has all its fields.
    unsafe {
        called::<R>(instance, call, timeout_ms, |role, context| {
            let receipt = receipt
                .as_ref()
                .ok_or_else(|| Failure::rejected("the host gave no receipt"))?;
            role.on_receipt(
                context,
                Receipt {
                    message: text(receipt.message)?,
                    guid: text(receipt.guid)?,
                    receipt: text(receipt.receipt)?,
                    code: text(receipt.code)?,
                    text: text(receipt.text)?,
                },
            )
        })
    }
}
