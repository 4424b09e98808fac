"""A partner for the tests: pyas2lib behind an HTTP server, or as a sender.

    peer.py serve CONFIG     takes messages until it is stopped; prints "ready"
    peer.py send CONFIG      sends; prints what came of each as JSON

CONFIG is a JSON file; to send several, `each` lists what changes. The library does all that AS2 says; here is only the HTTP around it, and
the faults that a test wants: `cut`, `slow`, `delay`, `mic`, `deny`, `spoil`, `strip`.
"""

import http.server
import json
import pathlib
import sys
import threading
import time
import urllib.error
import urllib.request

from pyas2lib import Mdn, Message, Organization, Partner

config = json.loads(pathlib.Path(sys.argv[2]).read_text())


def parties(config):
    """Who sends and who takes, as the library has them."""

    def octets(name):
        return pathlib.Path(config[name]).read_bytes()

    me = Organization(
        as2_name=config["me"],
        sign_key=octets("key"),
        sign_key_pass="",
        decrypt_key=octets("decrypt_key" if "decrypt_key" in config else "key"),
        decrypt_key_pass="",
        mdn_url=config.get("mdn_url"),
        domain="peer.example",
    )
    partner = Partner(
        as2_name=config["partner"],
        verify_cert=octets("partner_certificate"),
        encrypt_cert=octets("partner_certificate"),
        validate_certs=False,
        compress=config.get("compress", True),
        sign=config.get("sign", True),
        digest_alg=config.get("digest", "sha256"),
        encrypt=config.get("encrypt", True),
        enc_alg=config.get("cipher", "aes_256_cbc"),
        mdn_mode=config.get("mdn", "SYNC"),
        mdn_digest_alg=config.get("mdn_digest", "sha256"),
    )
    return me, partner


def raw(headers, body):
    return b"".join(f"{k}: {v}\r\n".encode() for k, v in headers.items()) + b"\r\n" + body


def post(url, headers, body):
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers.items()), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers.items()), error.read()
    except urllib.error.URLError as error:
        return str(error.reason), {}, b""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.take(self, raw(self.headers, body))

    def answer(self, status, headers=None, body=b""):
        self.send_response(status)
        for name, value in (headers or {}).items():
            # http.server writes a line; a long header may come folded.
            self.send_header(name, " ".join(str(value).split()))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


def serve():
    me, partner = parties(config)
    known = set()
    folder = pathlib.Path(config["folder"])
    faults = dict(config.get("faults", {}))
    lock = threading.Lock()

    def take(handler, content):
        with lock:
            message = Message()
            status, _, mdn = message.parse(
                content,
                find_org_cb=lambda name: me if name == me.as2_name else None,
                find_partner_cb=lambda name: partner if name == partner.as2_name else None,
                find_message_cb=lambda id, _: id in known,
            )
            with open(folder / "log", "a") as log:
                told = [message.message_id, status, message.compressed, message.signed, message.encrypted]
                log.write(json.dumps(told) + "\n")
            if status == "processed":
                known.add(message.message_id)
                count = len(list(folder.glob("*.payload")))
                part = folder / f"{count:03}.part"
                part.write_bytes(message.content)
                part.rename(folder / f"{count:03}.payload")
            cut = faults.pop("cut", False)
        if faults.get("mic"):
            message.mic = b"AAAA" + message.mic[4:]
            mdn.build(message=message, status="processed")
        if faults.get("deny"):
            mdn.build(message=message, status="processed/error", detailed_status=faults["deny"])
        time.sleep(faults.get("slow", 0))
        if cut:
            handler.close_connection = True
            return
        if mdn.mdn_mode == "ASYNC":
            handler.answer(200)

            def later():
                time.sleep(faults.get("delay", 0))
                post(mdn.mdn_url, mdn.headers, mdn.content)

            threading.Thread(target=later, daemon=True).start()
        else:
            handler.answer(200, mdn.headers, mdn.content)

    server = Server(("127.0.0.1", config["port"]), Handler)
    server.take = take
    print("ready", flush=True)
    server.serve_forever()


def send(config):
    message = Message(*parties(config))
    message.build(
        pathlib.Path(config["data"]).read_bytes(),
        subject="a receipt",
        content_type=config.get("content_type", "application/octet-stream"),
        message_id=config.get("message_id"),
    )
    headers, body = dict(message.headers), message.content
    if "spoil" in config:
        at = config["spoil"] % len(body)
        body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    for name in config.get("strip", []):
        headers.pop(name, None)
    headers.update(config.get("headers", {}))
    came = threading.Event()
    told = {}

    def read(content):
        mdn = Mdn()
        told["mdn"] = mdn.parse(content, lambda *_: message)
        told["mdn_id"] = mdn.message_id
        told["text"] = content.decode("latin-1")
        came.set()

    if "mdn_port" in config:

        def take(handler, content):
            read(content)
            handler.answer(200)

        server = Server(("127.0.0.1", config["mdn_port"]), Handler)
        server.take = take
        threading.Thread(target=server.serve_forever, daemon=True).start()
    status, answered, content = post(config["url"], headers, body)
    told["status"] = status
    if "mdn_port" in config:
        told["later"] = came.wait(config.get("wait", 10))
        server.shutdown()
        server.server_close()
    elif status == 200 and content:
        read(raw(answered, content))
    return told


if sys.argv[1] == "serve":
    serve()
else:
    print(json.dumps([send(config | changes) for changes in config.get("each", [{}])]))
