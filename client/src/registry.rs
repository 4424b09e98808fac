use serde_json::Value;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::Arc;

use tongguan_contracts::{Failure, PartOptions, Role, SecretRef, SignerBuilder, Transport};
use tongguan_core::{LIBRARY, Manifest, Registry};
use tongguan_simulator::Face;

/// The parts that are built into this program, and what loads others. The core knows none of them by name.
pub fn built_in() -> Registry {
    let mut registry = Registry::default();
    for (kind, build) in tongguan_roles::all() {
        registry.role(kind, build);
    }
    registry.device("eport", tongguan_signer_eport::build);
    registry.device("pkcs11", tongguan_signer_pkcs11::build);
    registry.device("sdf", tongguan_signer_sdf::build);
    registry.device("skf", tongguan_signer_skf::build);
    registry.signer("software", tongguan_signer_software::build);
    registry.transport("amqp", tongguan_transport_amqp::build);
    registry.transport("amqp10", tongguan_transport_amqp10::build);
    registry.transport("as2", tongguan_transport_as2::build);
    registry.transport("directory", tongguan_transport_directory::build);
    registry.transport("ftp", tongguan_transport_ftp::build);
    registry.transport("sftp", tongguan_transport_ftp::build_sftp);
    registry.transport("http", tongguan_transport_http::build);
    registry.transport("ibmmq", tongguan_transport_ibmmq::build);
    registry.role(LIBRARY, loaded_role);
    registry.device(LIBRARY, tongguan_plugin_host::signer);
    registry.transport(LIBRARY, tongguan_plugin_host::transport);
    registry.standings(tongguan_plugin_host::standings);
    registry
}

/// A signer of this program, for a client on another machine.
pub fn signer(kind: &str) -> Option<SignerBuilder> {
    // What is loaded is served as itself.
    let known = (kind != LIBRARY).then(|| built_in().find_signer("", kind))?;
    known.ok()
}

/// A role from a library. What it makes of documents is read as the standard's own forms.
fn loaded_role(options: PartOptions) -> Result<Arc<dyn Role>, Failure> {
    tongguan_plugin_host::role(options, tongguan_roles::standard)
}

/// Where a platform that is reached by HTTP listens, where that is not what the manifest says.
#[derive(Debug, Clone, Default)]
pub struct At {
    pub address: Option<SocketAddr>,
    /// The certificate and its key, as PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// The other side of a transport of the manifest: what the enterprise sends, it receives. By HTTP it
/// is where the manifest says, or at an address of its own.
pub fn other_side(
    manifest: &Manifest,
    name: &str,
    http: &At,
) -> Result<Arc<dyn Transport>, Failure> {
    let (kind, mut options) = manifest.transport(name)?;
    options.part = format!("the other side of {}", options.part);
    match kind.as_str() {
        "directory" => {
            swap(&mut options, "inbox", "outbox");
            for folder in ["archive", "error"] {
                if let Some(Value::String(path)) = options.options.get_mut(folder) {
                    *path = format!("{path}-platform");
                }
            }
            tongguan_transport_directory::build(options)
        }
        "amqp" => {
            // Envelopes come from the queue that the enterprise sends to, by the broker's default
            // exchange; answers go to the one that it reads.
            let name = |options: &PartOptions, table: &str, key: &str| {
                options.options[table][key]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let queue = name(&options, "send", "routing_key");
            let key = name(&options, "receive", "queue");
            options.options["send"] = serde_json::json!({ "routing_key": key });
            options.options["receive"] = serde_json::json!({ "queue": queue });
            tongguan_transport_amqp::build(options)
        }
        "amqp10" => {
            swap(&mut options, "send", "receive");
            tongguan_transport_amqp10::build(options)
        }
        "ftp" | "sftp" => {
            swap_only(&mut options, "folder");
            match kind.as_str() {
                "sftp" => tongguan_transport_ftp::build_sftp(options),
                _ => tongguan_transport_ftp::build(options),
            }
        }
        "ibmmq" => {
            swap_only(&mut options, "queue");
            tongguan_transport_ibmmq::build(options)
        }
        // A queue manager lies between the two sides.
        "http" if options.options["profile"] == "ibmmq" => {
            if let Some(Value::Object(values)) = options.options.get_mut("values") {
                let (to, from) = (values.remove("send_queue"), values.remove("receive_queue"));
                values.extend(to.map(|to| ("receive_queue".to_owned(), to)));
                values.extend(from.map(|from| ("send_queue".to_owned(), from)));
            }
            tongguan_transport_http::build(options)
        }
        "http" => platform(name, &options, http),
        "as2" => tongguan_transport_as2::build(partner(options)?),
        other => Err(Failure::misconfigured(
            options.part,
            "stand behind it",
            format!("a transport of kind {other:?} has no stand-in"),
        )),
    }
}

/// The platform that an `http` transport talks to.
fn platform(name: &str, options: &PartOptions, at: &At) -> Result<Arc<dyn Transport>, Failure> {
    let (part, table) = (&options.part, &options.options);
    let url = table["url"].as_str().unwrap_or_default();
    let scheme = match at.tls {
        Some(_) => "https://",
        None => "http://",
    };
    let place = url.strip_prefix(scheme).unwrap_or_default();
    let place = place.split('/').next().unwrap_or_default();
    let resolved = place.to_socket_addrs().ok();
    let listen = at
        .address
        .or_else(|| resolved?.find(|address| address.ip().is_loopback()));
    let listen = listen.ok_or_else(|| {
        let why = format!("url = {url:?} is no {scheme} address of this machine with a port");
        Failure::misconfigured(part, "listen there", why).remedy(
            "say where to listen: tongguan simulate --http 127.0.0.1:8080; with TLS, \
                 --http-certificate and --http-key too",
        )
    })?;
    let token = table["secrets"]["token"].as_str();
    let token = token.map(|text| {
        let secret = SecretRef::parse(text);
        let secret =
            secret.map_err(|why| Failure::misconfigured(part, "read secrets.token", why))?;
        secret.resolve(part, &options.base)
    });
    let push = match &table["listen"] {
        Value::Object(door) => Some(pusher(options, door)?),
        _ => None,
    };
    let face = Face {
        listen,
        folder: options.base.join("platform").join(name),
        token: token.transpose()?,
        tls: at.tls.clone(),
        push,
    };
    face.open()
}

/// What pushes receipts to where the manifest listens for them.
fn pusher(
    options: &PartOptions,
    door: &serde_json::Map<String, Value>,
) -> Result<Arc<dyn Transport>, Failure> {
    let text = |name: &str| door.get(name).and_then(Value::as_str);
    let mut table = serde_json::json!({
        "url": format!("http://{}", text("address").unwrap_or_default()),
        "send": { "path": text("path").unwrap_or("/"), "body": "raw", "text": "{envelope}" },
    });
    if let Some(token) = text("token") {
        table["secrets"] = serde_json::json!({ "token": token });
        table["headers"] = serde_json::json!({ "Authorization": "Bearer {token}" });
    }
    let mut options = options.clone();
    options.options = table;
    tongguan_transport_http::build(options)
}

/// An AS2 transport as its partner has it. The partner's key lies beside its certificate, as NAME.key:
/// only a rehearsal has it.
fn partner(mut options: PartOptions) -> Result<PartOptions, Failure> {
    let part = options.part.clone();
    let wrong = |why: &str, remedy: &str| {
        Failure::misconfigured(&part, "stand behind it", why).remedy(remedy)
    };
    let given = |name: &str| options.options[name].as_str().map(str::to_owned);
    let url: Option<hyper::Uri> = given("url").and_then(|url| url.parse().ok());
    let place = url.as_ref().and_then(|url| {
        let host = url.host()?.replace("localhost", "127.0.0.1");
        let here = url.scheme_str() == Some("http");
        let address = format!("{host}:{}", url.port_u16()?);
        here.then_some((address, url.path().to_owned()))
    });
    let (listen, path) = place.ok_or_else(|| {
        let remedy = "for a rehearsal: url = \"http://127.0.0.1:4081/as2\"";
        wrong(
            "url is no address with a port of this machine, in clear",
            remedy,
        )
    })?;
    let back = given("listen").ok_or_else(|| {
        wrong(
            "it has no listen: nothing can come back",
            "add listen = \"127.0.0.1:4080\"",
        )
    })?;
    let back = format!(
        "http://{back}{}",
        given("path").as_deref().unwrap_or("/as2")
    );
    let (Some(ours), Some(theirs)) = (given("certificate"), given("partner_certificate")) else {
        let remedy = "add certificate beside key, and partner_certificate";
        return Err(wrong("the partner needs both certificates", remedy));
    };
    let key = std::path::Path::new(&theirs).with_extension("key");
    swap(&mut options, "as2_from", "as2_to");
    if let Value::Object(table) = &mut options.options {
        for name in ["password", "tls", "ca", "mdn_hosts"] {
            table.remove(name);
        }
        if table.contains_key("mdn_url") {
            table.insert(
                "mdn_url".to_owned(),
                format!("http://{listen}{path}").into(),
            );
        }
        for folder in ["state", "evidence"] {
            if let Some(Value::String(name)) = table.get_mut(folder) {
                name.push_str("-platform");
            }
        }
        let key = key.display().to_string();
        for (name, value) in [
            ("url", back),
            ("listen", listen),
            ("path", path),
            ("key", key),
            ("certificate", theirs),
            ("partner_certificate", ours),
        ] {
            table.insert(name.to_owned(), value.into());
        }
    }
    Ok(options)
}

/// Changes send and receive over. What else only one side has stays with it.
fn swap_only(options: &mut PartOptions, place: &str) {
    swap(options, "send", "receive");
    for direction in ["send", "receive"] {
        if let Some(Value::Object(table)) = options.options.get_mut(direction) {
            table.retain(|name, _| name == place);
        }
    }
}

fn swap(options: &mut PartOptions, one: &str, other: &str) {
    if let Value::Object(table) = &mut options.options {
        let (first, second) = (table.remove(one), table.remove(other));
        if let Some(second) = second {
            table.insert(one.to_owned(), second);
        }
        if let Some(first) = first {
            table.insert(other.to_owned(), first);
        }
    }
}
