"""Puts a virtual IC card into a virtual reader (vpcd, of vsmartcard), until it is killed.

    insert.py PORT FOLDER

The card is an OpenPGP card of the Python package smartcard-app-openpgp, which wants the PIN (123456) for
each signature. It signs by the key FOLDER/key.pem, has the certificate FOLDER/certificate.der, and
writes how often it was given a PIN into FOLDER/tries, and how often a wrong one into FOLDER/wrong.
"""

import pathlib
import socket
import struct
import sys

import ZODB
from cryptography.hazmat.primitives import serialization
from smartcard import MASTER_FILE_IDENTIFIER, Card
from smartcard.app import openpgp
from smartcard.app.openpgp.tag import AlgorithmAttributesSignature as Attributes
from smartcard.asn1 import CodecBER
from smartcard.utils import transaction_manager

WELL = b"\x90\x00"
VERIFY, GET_DATA, SELECT_DATA = 0x20, 0xCA, 0xA5
CERTIFICATE = b"\x7f\x21"
# The third of the card's certificates is that of the key for signatures (OpenPGP card 3.4, 7.2.5).
OF_SIGNATURES = 2


def personalise(folder):
    """A card with the folder's key."""
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    connection = ZODB.DB(None).open(transaction_manager=transaction_manager)
    rsa = {
        "algorithm": Attributes.RSA,
        "parameter_dict": {
            "public_exponent_bit_length": 32,
            "modulus_bit_length": 2048,
            "import_format": Attributes.RSA.IMPORT_FORMAT_STANDARD,
        },
    }
    with transaction_manager:
        card = connection.root.card = Card(name=b"card")
        application = openpgp.OpenPGP(
            identifier=b"\x12\x34", manufacturer=b"\xff\x01", serial=b"\x20\x26\x00\x01"
        )
        application.activateSelf()
        card.createFile(card.traverse((MASTER_FILE_IDENTIFIER,)), application)
        encoded = Attributes.encode(codec=CodecBER, value=rsa)
        application.putData(tag=Attributes, encode=False, index=0, value=encoded)
        # Without a fingerprint, OpenSC sees no key.
        application._setSignatureFingerprint(bytes(range(1, 21)))
        application._storePrivateKey(
            role=openpgp.KEY_ROLE_SIGN,
            key=key,
            information=openpgp.KEY_INFORMATION_IMPORTED_TO_CARD,
        )
    return card


class Inserted:
    """A card in the reader."""

    def __init__(self, card, folder):
        self.card = card
        self.folder = folder
        self.selected = 0
        self.counts = {"tries": 0, "wrong": 0}

    def reset(self):
        with transaction_manager:
            self.card.clearVolatile()

    def answer(self, command):
        # What the package does not have: certificates.
        if command[1] == SELECT_DATA:
            self.selected = command[2]
            return WELL
        if command[1] == GET_DATA and command[2:4] == CERTIFICATE:
            own = self.selected == OF_SIGNATURES
            return ((self.folder / "certificate.der").read_bytes() if own else b"") + WELL
        answer = bytes(self.card.runAPDU(bytearray(command)))
        if command[1] == VERIFY and len(command) > 5:
            self.count("tries")
            if answer != WELL:
                self.count("wrong")
        return answer

    def count(self, what):
        self.counts[what] += 1
        (self.folder / what).write_text(str(self.counts[what]))


def main():
    port, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    card = Inserted(personalise(folder), folder)
    reader = socket.create_connection(("127.0.0.1", port))

    def receive(size):
        octets = b""
        while len(octets) < size:
            # The reader writes a length, then waits to have it acknowledged.
            reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            more = reader.recv(size - len(octets))
            if not more:
                sys.exit()
            octets += more
        return octets

    def send(octets):
        reader.sendall(struct.pack(">H", len(octets)) + octets)

    print("in", flush=True)
    while True:
        command = receive(struct.unpack(">H", receive(2))[0])
        if len(command) > 1:
            send(card.answer(command))
        elif command[0] == 4:
            send(card.card.getATR())
        else:
            card.reset()


main()
